//! The complete programs of the guide, each with the embedded provider and a browser.

#![expect(clippy::unwrap_used, reason = "test code: a failure is a failed test")]
// The programs' `main` is not called; not every program uses all of `users.rs`.
#![allow(
    clippy::duplicate_mod,
    dead_code,
    missing_debug_implementations,
    unreachable_pub,
    reason = "programs as in the guide"
)]

#[path = "../programs/admission_axum.rs"]
mod admission_axum;
#[path = "../programs/connect_actix.rs"]
mod connect_actix;
#[path = "../programs/connect_axum.rs"]
mod connect_axum;
#[path = "../programs/connect_rocket.rs"]
mod connect_rocket;
#[path = "../programs/ends_actix.rs"]
mod ends_actix;
#[path = "../programs/ends_axum.rs"]
mod ends_axum;
#[path = "../programs/ends_rocket.rs"]
mod ends_rocket;
#[path = "../programs/spa_axum.rs"]
mod spa_axum;
#[path = "../programs/users_actix.rs"]
mod users_actix;
#[path = "../programs/users_axum.rs"]
mod users_axum;
#[path = "../programs/users_rocket.rs"]
mod users_rocket;

use std::net::TcpListener;

use authlib_conformance::{Browser, Page};
use authlib_core::{ClientConfig, Keyring, LinkPolicy, OAuth, OAuthBuilder};
use authlib_provider::{Fault, Provider, Server, TestClient, TestUser};
use authlib_sqlx::SqlxStore;
use reqwest::Method;
use url::Url;

/// A port for the program, and its registry with two clients of two providers.
struct Bed {
    port: u16,
    listener: Option<TcpListener>,
    one: Server,
    two: Server,
    database: String,
}

impl Bed {
    async fn new(name: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let folder = std::env::temp_dir().join(format!("authlib-guide-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let database = folder.join(format!("{name}.sqlite")).display().to_string();
        let port = listener.local_addr().unwrap().port();
        Self {
            port,
            listener: Some(listener),
            one: provider().await,
            two: provider().await,
            database,
        }
    }

    fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// As the programs build it, with tokens in memory.
    fn builder(&self) -> OAuthBuilder {
        let client = |name: &str, server: &Server| {
            let client = ClientConfig::new(name).client_id("demo").client_secret("demo-secret");
            client.issuer(server.issuer()).scope("openid profile email")
        };
        OAuth::builder()
            .base_url(self.url())
            .register(client("one", &self.one))
            .register(client("two", &self.two))
    }

    async fn registry(&self, pool: sqlx::SqlitePool) -> OAuth {
        let tokens = SqlxStore::from_sqlite(pool).keyring(Keyring::generate("test").unwrap());
        tokens.migrate().await.unwrap();
        self.builder()
            .link_policy(LinkPolicy::new().trust_email_of("one"))
            .token_store(tokens)
            .build()
            .unwrap()
    }
}

async fn provider() -> Server {
    let client = TestClient::confidential("demo", "demo-secret").any_loopback_redirect();
    let make = |issuer: String| {
        Provider::builder(issuer)
            .client(client)
            .user(TestUser::new("alice").name("Alice <i>").email("alice@example.com"))
            .user(TestUser::new("bob").name("Bob"))
            .user(TestUser::new("employee").claim("hd", "example.com"))
            .user(TestUser::new("auditor").email("Auditor@example.org"))
            .user(TestUser::new("root").claim("groups", serde_json::json!(["admins"])))
            .build()
    };
    Server::start(make).await.unwrap()
}

/// A browser at the program.
struct Visitor<'b> {
    browser: Browser,
    bed: &'b Bed,
}

impl<'b> Visitor<'b> {
    fn new(bed: &'b Bed) -> Self {
        Self { browser: Browser::new(), bed }
    }

    /// Approves as this account, and returns the page after the callback.
    async fn approve(&self, page: Page, account: &str) -> Page {
        let location = page.location();
        let server = match location.as_str().starts_with(self.bed.one.issuer()) {
            true => &self.bed.one,
            false => &self.bed.two,
        };
        let back = server.provider().approve(location.as_str(), account).unwrap();
        self.browser.follow(self.browser.get(back).await).await
    }

    async fn log_in(&self, client: &str, account: &str) -> Page {
        let page = self.browser.get(format!("{}/login/{client}", self.bed.url())).await;
        self.approve(page, account).await
    }

    async fn post(&self, path: &str) -> Page {
        let url = Url::parse(&self.bed.url()).unwrap();
        self.browser.submit(&url.join(path).unwrap(), &[], &url).await
    }

    async fn connect(&self, client: &str, account: &str) -> Page {
        let page = self.post(&format!("/connect/{client}")).await;
        self.approve(page, account).await
    }

    async fn home(&self) -> String {
        self.browser.get(self.bed.url()).await.body
    }
}

/// The first login creates a user, and the next logins find it.
async fn users_table(bed: &Bed) {
    let (first, second) = (Visitor::new(bed), Visitor::new(bed));
    assert!(first.home().await.contains("/login/one"));
    assert!(first.log_in("one", "alice").await.body.contains("You are user 1"));
    assert!(first.home().await.contains("Hello, Alice &lt;i>"), "{}", first.home().await);
    assert!(second.log_in("one", "bob").await.body.contains("You are user 2"));
    assert!(second.log_in("one", "alice").await.body.contains("You are user 1"));
    assert!(second.log_in("two", "alice").await.body.contains("You are user 3"), "not by name");
    assert_eq!(second.post("/logout").await.status, 303);
    assert!(second.home().await.contains("/login/one"));
    assert!(first.home().await.contains("You are user 1"), "it is logged in all the same");
}

/// A user connects and disconnects accounts, and logs in with each of them.
async fn connected_accounts(bed: &Bed) {
    let (alice, other) = (Visitor::new(bed), Visitor::new(bed));
    assert!(alice.log_in("one", "alice").await.body.contains("You are user 1"));
    assert!(alice.connect("two", "bob").await.body.contains("You are user 1"));
    assert!(alice.home().await.contains("disconnect two"));
    assert!(other.log_in("two", "bob").await.body.contains("You are user 1"));
    // The account of another user.
    assert!(other.log_in("one", "bob").await.body.contains("You are user 2"));
    assert_eq!(other.connect("two", "bob").await.status, 409);
    assert!(other.home().await.contains("connect two"));
    // Disconnected, the account is a new user's.
    assert_eq!(alice.post("/disconnect/two").await.status, 303);
    assert!(alice.home().await.contains("connect two"));
    assert_eq!(alice.post("/disconnect/one").await.status, 409, "the only account");
    assert!(other.log_in("two", "bob").await.body.contains("You are user 3"));
    // Provider two has not proven that the address is Alice's.
    assert!(other.log_in("two", "alice").await.body.contains("You are user 4"));
}

/// Logins end by a logout, everywhere, by the provider, and by an administrator.
async fn ended_logins(bed: &Bed) {
    let (first, second, admin) = (Visitor::new(bed), Visitor::new(bed), Visitor::new(bed));
    let both_log_in = async || {
        for browser in [&first, &second] {
            assert_eq!(browser.log_in("one", "alice").await.body, "You are logged in");
        }
    };
    let nobody = "You are not logged in";
    both_log_in().await;
    let page = first.post("/logout").await;
    assert!(first.browser.follow(page).await.status < 400);
    assert_eq!(first.home().await, nobody);
    assert_eq!(second.home().await, "You are logged in");
    both_log_in().await;
    assert_eq!(first.post("/logout-everywhere").await.status, 303);
    assert_eq!((first.home().await.as_str(), second.home().await.as_str()), (nobody, nobody));
    both_log_in().await;
    let claims = serde_json::json!({"sub": "alice"});
    let token = bed.one.provider().logout_token("demo", &claims);
    let form = [("logout_token".to_owned(), token)];
    let url = Url::parse(&bed.url()).unwrap().join("/backchannel-logout/one").unwrap();
    assert_eq!(Browser::new().submit(&url, &form, &url).await.status, 200);
    assert_eq!((first.home().await.as_str(), second.home().await.as_str()), (nobody, nobody));
    both_log_in().await;
    let issuer = bed.one.issuer().replace(':', "%3A").replace('/', "%2F");
    let ban = format!("/ban/{issuer}/alice");
    assert_eq!(first.post(&ban).await.status, 403, "she is no administrator");
    admin.log_in("one", "root").await;
    assert_eq!(admin.post(&ban).await.body, "2 logins ended");
    assert_eq!((first.home().await.as_str(), second.home().await.as_str()), (nobody, nobody));
}

#[tokio::test]
async fn axum_program_of_ended_logins() {
    let mut bed = Bed::new("ends-axum").await;
    let oauth = bed.builder().build().unwrap();
    serve_axum(&mut bed, ends_axum::app(oauth));
    ended_logins(&bed).await;
}

#[actix_web::test]
async fn actix_program_of_ended_logins() {
    let mut bed = Bed::new("ends-actix").await;
    let oauth = bed.builder().build().unwrap();
    let data = actix_web::web::Data::new(oauth.clone());
    serve_actix(&mut bed, &oauth, data, ends_actix::routes);
    ended_logins(&bed).await;
}

#[rocket::async_test]
async fn rocket_program_of_ended_logins() {
    let mut bed = Bed::new("ends-rocket").await;
    let oauth = bed.builder().build().unwrap();
    serve_rocket(&mut bed, |rocket| ends_rocket::app(rocket, oauth)).await;
    ended_logins(&bed).await;
}

#[tokio::test]
async fn axum_program_of_users_table() {
    let mut bed = Bed::new("users-axum").await;
    let users = users_axum::users::Users::open(&bed.database).await.unwrap();
    let oauth = bed.registry(users.pool()).await;
    serve_axum(&mut bed, users_axum::app(&oauth, users));
    users_table(&bed).await;
}

#[tokio::test]
async fn axum_program_of_connected_accounts() {
    let mut bed = Bed::new("connect-axum").await;
    let users = connect_axum::users::Users::open(&bed.database).await.unwrap();
    let oauth = bed.registry(users.pool()).await;
    serve_axum(&mut bed, connect_axum::app(&oauth, users));
    connected_accounts(&bed).await;
}

/// Employees by a claim of the ID token, guests by a verified address, and nobody else.
#[tokio::test]
async fn axum_program_of_admission() {
    let mut bed = Bed::new("admission-axum").await;
    let oauth = bed.builder().build().unwrap();
    serve_axum(&mut bed, admission_axum::app(&oauth));
    for (account, may_log_in) in
        [("employee", true), ("auditor", true), ("alice", false), ("bob", false)]
    {
        let visitor = Visitor::new(&bed);
        let page = visitor.log_in("one", account).await;
        let expected = match may_log_in {
            true => format!("Hello, {account}!"),
            false => "This account has no access.".to_owned(),
        };
        assert_eq!((page.status == 200, page.body), (may_log_in, expected), "{account}");
        let page = visitor.browser.get(bed.url()).await;
        assert_eq!(page.status == 200, may_log_in, "{account}: {}", page.body);
    }
    bed.one.provider().inject(Fault::claim("email_verified", false));
    assert_eq!(Visitor::new(&bed).log_in("one", "auditor").await.status, 403);
}

/// A script of the page calls the API with the cookie; scripts of other sites change nothing.
#[tokio::test]
async fn axum_program_of_single_page_application() {
    let mut bed = Bed::new("spa-axum").await;
    let oauth = bed.builder().build().unwrap();
    serve_axum(&mut bed, spa_axum::app(&oauth));
    let visitor = Visitor::new(&bed);
    let me = || visitor.browser.get_json(format!("{}/api/me", bed.url()));
    assert_eq!(
        (me().await.status, me().await.json()["error"].clone()),
        (401, "not_logged_in".into())
    );
    visitor.log_in("one", "bob").await;
    assert_eq!(me().await.json(), serde_json::json!({"sub": "bob", "name": "Bob"}));
    for (site, status) in
        [("same-origin", 200), ("same-site", 403), ("cross-site", 403), ("none", 403)]
    {
        let headers = [("content-type", "application/json"), ("sec-fetch-site", site)];
        let (url, body) = (format!("{}/api/notes", bed.url()), "{\"a\":1}".to_owned());
        let page = visitor.browser.request(Method::POST, url, &headers, Some(body)).await;
        assert_eq!(page.status, status, "{site}: {}", page.body);
    }
    assert_eq!(visitor.post("/logout").await.status, 303);
    assert_eq!(me().await.status, 401);
}

fn serve_axum(bed: &mut Bed, app: axum::Router) {
    let listener = bed.listener.take().unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
}

#[actix_web::test]
async fn actix_program_of_users_table() {
    let mut bed = Bed::new("users-actix").await;
    let users = users_actix::users::Users::open(&bed.database).await.unwrap();
    let oauth = bed.registry(users.pool()).await;
    serve_actix(&mut bed, &oauth, actix_web::web::Data::new(users), users_actix::routes);
    users_table(&bed).await;
}

#[actix_web::test]
async fn actix_program_of_connected_accounts() {
    let mut bed = Bed::new("connect-actix").await;
    let users = connect_actix::users::Users::open(&bed.database).await.unwrap();
    let oauth = bed.registry(users.pool()).await;
    serve_actix(&mut bed, &oauth, actix_web::web::Data::new(users), connect_actix::routes);
    connected_accounts(&bed).await;
}

fn serve_actix<T: Send + Sync + 'static>(
    bed: &mut Bed,
    oauth: &OAuth,
    users: actix_web::web::Data<T>,
    routes: fn(&mut actix_web::web::ServiceConfig),
) {
    let sessions = authlib_actix::cookie_session_middleware(oauth);
    let app = move || {
        let app = actix_web::App::new().app_data(users.clone());
        app.configure(routes).wrap(sessions.clone())
    };
    let listener = bed.listener.take().unwrap();
    let server = actix_web::HttpServer::new(app).workers(1).listen(listener).unwrap();
    actix_web::rt::spawn(server.disable_signals().run());
}

#[rocket::async_test]
async fn rocket_program_of_users_table() {
    let mut bed = Bed::new("users-rocket").await;
    let users = users_rocket::users::Users::open(&bed.database).await.unwrap();
    let oauth = bed.registry(users.pool()).await;
    serve_rocket(&mut bed, |rocket| users_rocket::app(rocket, oauth, users)).await;
    users_table(&bed).await;
}

#[rocket::async_test]
async fn rocket_program_of_connected_accounts() {
    let mut bed = Bed::new("connect-rocket").await;
    let users = connect_rocket::users::Users::open(&bed.database).await.unwrap();
    let oauth = bed.registry(users.pool()).await;
    serve_rocket(&mut bed, |rocket| connect_rocket::app(rocket, oauth, users)).await;
    connected_accounts(&bed).await;
}

type Rocket = rocket::Rocket<rocket::Build>;

async fn serve_rocket(bed: &mut Bed, app: impl FnOnce(Rocket) -> Rocket) {
    drop(bed.listener.take());
    let figment = rocket::Config::figment().merge(("port", bed.port)).merge(("log_level", "off"));
    let figment = figment.merge(("shutdown.ctrlc", false)).merge(("shutdown.signals", ["hup"]));
    let (sender, listens) = tokio::sync::oneshot::channel();
    let told = rocket::fairing::AdHoc::on_liftoff("listens", |_| {
        let _ = sender.send(());
        Box::pin(async {})
    });
    let app = app(rocket::custom(figment).attach(told)).ignite().await.unwrap();
    tokio::spawn(app.launch());
    listens.await.unwrap();
}
