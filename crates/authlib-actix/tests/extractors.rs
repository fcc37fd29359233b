//! Extractors and built-in routes: cases that are specific to actix-web.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashMap;
use std::rc::Rc;

use actix_session::storage::SessionStore as _;
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::cookie::time::Duration;
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{App, HttpResponse, test, web};
use authlib_actix::{
    ClientConfig, ClientName, CurrentUser, LogoutOptions, MemoryStore, OAuth, OAuthBuilder,
    OAuthCallback, OAuthClient, OAuthSession, Result, UserInfo, cookie_session_middleware,
    redirect, routes, session_middleware, token_updates,
};
use authlib_provider::{Endpoint, Fault, Provider, TestClient, TestUser};
use futures_util::future::LocalBoxFuture;

const ISSUER: &str = "https://op.example";
const BASE_URL: &str = "https://app.example";

struct Op;
impl ClientName for Op {
    const NAME: &'static str = "op";
}

struct Two;
impl ClientName for Two {
    const NAME: &'static str = "two";
}

struct Missing;
impl ClientName for Missing {
    const NAME: &'static str = "missing";
}

async fn login(client: OAuthClient<Op>) -> Result<HttpResponse> {
    client.authorize_redirect("/authorize").await
}

async fn authorize(callback: OAuthCallback<Op>) -> Result<web::Json<UserInfo>> {
    let token = callback.authorize_access_token().await?;
    Ok(web::Json(token.userinfo()?.clone()))
}

fn by_type(config: &mut web::ServiceConfig) {
    config.route("/login", web::get().to(login)).route("/authorize", web::get().to(authorize));
}

fn provider() -> Provider {
    let client = TestClient::confidential("app", "secret")
        .redirect_uri("https://app.example/authorize")
        .redirect_uri("https://app.example/authorize/op")
        .redirect_uri("https://app.example/authorize/two")
        .post_logout_redirect_uri("https://app.example/logged-out");
    Provider::builder(ISSUER).client(client).user(TestUser::new("alice").name("Alice")).build()
}

fn oauth(provider: &Provider) -> OAuth {
    oauth_at(provider, BASE_URL)
}

fn oauth_at(provider: &Provider, base_url: &str) -> OAuth {
    builder(provider, base_url).build().unwrap()
}

fn builder(provider: &Provider, base_url: &str) -> OAuthBuilder {
    let op = ClientConfig::new("op")
        .client_id("app")
        .client_secret("secret")
        .issuer(ISSUER)
        .api_base_url(format!("{ISSUER}/api"))
        .scope("openid profile");
    OAuth::builder()
        .base_url(base_url)
        .register(op)
        .require_client(Op::NAME)
        .http_client(provider.clone())
}

/// Adds a cookie to the `Cookie` header, or removes it.
fn keep(cookies: &mut String, set_cookie: &str) {
    let (pair, attributes) = set_cookie.split_once(';').unwrap_or((set_cookie, ""));
    let name = |pair: &str| pair.split('=').next().unwrap().to_owned();
    let others = cookies.split("; ").filter(|old| !old.is_empty() && name(old) != name(pair));
    let new = Some(pair).filter(|_| !attributes.contains("Max-Age=0"));
    *cookies = others.chain(new).collect::<Vec<_>>().join("; ");
}

/// A browser that keeps the cookies of an application.
struct Browser {
    app: Box<dyn Fn(test::TestRequest) -> LocalBoxFuture<'static, ServiceResponse>>,
    cookie: String,
}

impl Browser {
    async fn send(&mut self, method: &str, uri: impl AsRef<str>) -> (StatusCode, String, String) {
        let uri = uri.as_ref();
        let path = uri.strip_prefix(BASE_URL).unwrap_or(uri);
        let request = test::TestRequest::with_uri(path)
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .insert_header((header::COOKIE, self.cookie.as_str()))
            .insert_header((header::ACCEPT, "application/json"));
        let response = (self.app)(request).await;
        let text = |name| {
            let value = response.headers().get(name).map(|value| value.to_str().unwrap());
            value.unwrap_or_default().to_owned()
        };
        let location = text(header::LOCATION);
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            keep(&mut self.cookie, cookie.to_str().unwrap());
        }
        let status = response.status();
        let body = test::read_body(response).await;
        (status, location, String::from_utf8(body.to_vec()).unwrap())
    }
}

/// A browser at an application with a registry, a session and these routes.
macro_rules! browse {
    ($oauth:expr, $routes:expr) => {{
        let sessions = session_middleware(MemoryStore::new(), Key::generate(), &$oauth);
        browse!(App::new().wrap(sessions).configure($routes))
    }};
    ($app:expr) => {{
        let app = Rc::new(test::init_service($app).await);
        let app = move |request: test::TestRequest| -> LocalBoxFuture<'static, ServiceResponse> {
            let app = app.clone();
            Box::pin(async move { test::call_service(&*app, request.to_request()).await })
        };
        Browser { app: Box::new(app), cookie: String::new() }
    }};
}

#[actix_web::test]
async fn typed_client_logs_in_and_sets_secure_cookie() {
    let provider = provider();
    let mut browser = browse!(oauth(&provider), by_type);
    let (status, location, _) = browser.send("GET", "/login").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(browser.cookie.starts_with("__Host-session-p"), "{}", browser.cookie);
    let back = provider.approve(&location, "alice").unwrap();
    let (status, _, body) = browser.send("GET", &back).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(body.contains("\"name\":\"Alice\""));
}

/// W2: without a session middleware there is no redirect, and the log says why, for every request,
/// although actix-session provides a temporary session.
#[actix_web::test]
async fn missing_session_middleware_fails_login() {
    async fn twice(_: OAuthClient<Op>, client: OAuthClient<Op>) -> Result<HttpResponse> {
        client.authorize_redirect("/authorize").await
    }
    let provider = provider();
    let app = App::new().app_data(web::Data::new(oauth(&provider))).configure(by_type);
    let app = app.route("/twice", web::get().to(twice));
    let mut browser = browse!(app);
    for path in ["/login", "/twice", "/authorize?code=c&state=s"] {
        let (status, location, body) = browser.send("GET", path).await;
        assert_eq!((status, location.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, ""), "{path}");
        assert!(body.contains("server_error") && !body.contains("session_middleware"), "{body}");
    }
    assert!(provider.received_requests().is_empty());
}

#[actix_web::test]
async fn missing_registry_is_an_error() {
    let sessions = SessionMiddleware::new(MemoryStore::new(), Key::generate());
    let app = App::new().wrap(sessions).configure(routes);
    let mut browser = browse!(app);
    for (method, path) in [("GET", "/login/op"), ("POST", "/logout")] {
        let (status, _, body) = browser.send(method, path).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.contains("server_error"), "{body}");
    }
}

#[actix_web::test]
async fn unknown_client_returns_404_and_require_fails_startup() {
    async fn missing(client: OAuthClient<Missing>) -> Result<HttpResponse> {
        client.authorize_redirect("/authorize").await
    }
    let provider = provider();
    let mut browser = browse!(oauth(&provider), |config| {
        config.route("/login", web::get().to(missing));
    });
    assert_eq!(browser.send("GET", "/login").await.0, StatusCode::NOT_FOUND);
    let error = OAuth::builder().require_client(Missing::NAME).build().unwrap_err();
    assert!(error.to_string().contains("`missing`"), "{error}");
}

#[actix_web::test]
async fn routed_client_names_missing_route_parameter() {
    async fn unrouted(client: OAuthClient) -> Result<HttpResponse> {
        client.authorize_redirect("/authorize").await
    }
    let provider = provider();
    let mut browser = browse!(oauth(&provider), |config| {
        config.route("/login", web::get().to(unrouted));
    });
    assert_eq!(browser.send("GET", "/login").await.0, StatusCode::INTERNAL_SERVER_ERROR);
}

#[actix_web::test]
async fn built_in_routes_keep_other_session_data() {
    async fn who(user: Option<CurrentUser>, session: Session) -> String {
        let own = session.get::<u32>("own").unwrap().unwrap_or_default();
        session.insert("own", own + 1).unwrap();
        let sub = user.and_then(|user| user.login.sub.clone()).unwrap_or_default();
        format!("{sub}{own}")
    }
    async fn leave(session: OAuthSession) -> Result<HttpResponse> {
        let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out").next("/who");
        session.logout_redirect(options, "/").await
    }
    let provider = provider();
    let oauth = builder(&provider, BASE_URL).keep_session_at_logout().build().unwrap();
    let mut browser = browse!(oauth, |config| {
        config.configure(routes).route("/who", web::get().to(who));
        config.route("/leave", web::post().to(leave));
    });
    assert_eq!(browser.send("GET", "/who").await.2, "0");
    let before = browser.cookie.clone();
    let (_, location, _) = browser.send("GET", "/login/op?next=/who").await;
    let back = provider.approve(&location, "alice").unwrap();
    let (status, next, _) = browser.send("GET", &back).await;
    assert_eq!((status, next.as_str()), (StatusCode::SEE_OTHER, "/who"));
    assert_eq!(browser.send("GET", "/who").await.2, "alice1");
    let after = std::mem::replace(&mut browser.cookie, before);
    assert_eq!(browser.send("GET", "/who").await.2, "0", "the old session is gone");
    browser.cookie = after;
    let (_, location, _) = browser.send("POST", "/logout").await;
    assert!(location.starts_with("https://op.example/end_session?"), "{location}");
    assert_eq!(browser.send("GET", "/who").await.2, "2");
    let state = location.split_once("state=").unwrap().1;
    assert_eq!(browser.send("GET", "/logged-out?state=x").await.0, StatusCode::BAD_REQUEST);
    let (status, next, _) = browser.send("GET", &format!("/logged-out?state={state}")).await;
    assert_eq!((status, next.as_str()), (StatusCode::SEE_OTHER, "/"));
    let (_, location, _) = browser.send("GET", "/login/op").await;
    browser.send("GET", &provider.approve(&location, "alice").unwrap()).await;
    let (_, location, _) = browser.send("POST", "/leave").await;
    let state = location.split_once("state=").unwrap().1;
    let (_, next, _) = browser.send("GET", &format!("/logged-out?state={state}")).await;
    assert_eq!(next, "/who", "the `next` of the logout");
}

/// `CurrentUser<C>` is the login with one client, whatever the newest is.
#[actix_web::test]
async fn typed_user_is_logged_in_with_that_client() {
    async fn op(user: CurrentUser<Op>) -> String {
        user.client.name().to_owned()
    }
    async fn two(user: Option<CurrentUser<Two>>) -> String {
        user.map_or_else(|| "nobody".to_owned(), |user| user.client.name().to_owned())
    }
    async fn newest(user: CurrentUser) -> String {
        user.client.name().to_owned()
    }
    async fn missing(_: CurrentUser<Missing>) -> String {
        String::new()
    }
    let provider = provider();
    let client = ClientConfig::new("two").client_id("app").client_secret("secret").issuer(ISSUER);
    let oauth = builder(&provider, BASE_URL).register(client).build().unwrap();
    let mut browser = browse!(oauth, |config| {
        config.configure(routes).route("/op", web::get().to(op)).route("/two", web::get().to(two));
        config.route("/newest", web::get().to(newest)).route("/missing", web::get().to(missing));
    });
    assert_eq!(browser.send("GET", "/op").await.0, StatusCode::UNAUTHORIZED);
    for (client, of_two) in [("op", "nobody"), ("two", "two")] {
        let (_, location, _) = browser.send("GET", format!("/login/{client}")).await;
        browser.send("GET", &provider.approve(&location, "alice").unwrap()).await;
        assert_eq!(browser.send("GET", "/newest").await.2, client);
        assert_eq!(browser.send("GET", "/op").await.2, "op");
        assert_eq!(browser.send("GET", "/two").await.2, of_two);
    }
    assert_eq!(browser.send("GET", "/missing").await.0, StatusCode::NOT_FOUND);
}

/// Without a session store, the whole session is in cookies. A copy of them is useless after the logout.
#[actix_web::test]
async fn cookie_sessions_need_no_store_and_end_at_logout() {
    async fn who(user: Option<CurrentUser>) -> String {
        user.map(|user| user.identity().unwrap().subject).unwrap_or_default()
    }
    let provider = provider();
    let oauth = oauth(&provider);
    let app = App::new().wrap(cookie_session_middleware(&oauth)).configure(routes);
    let mut browser = browse!(app.route("/who", web::get().to(who)));
    let (_, location, _) = browser.send("GET", "/login/op?next=/who").await;
    let back = provider.approve(&location, "alice").unwrap();
    let (status, next, body) = browser.send("GET", &back).await;
    assert_eq!((status, next.as_str()), (StatusCode::SEE_OTHER, "/who"), "{body}");
    assert!(browser.cookie.starts_with("__Host-session-l"), "{}", browser.cookie);
    assert_eq!(browser.send("GET", "/who").await.2, "alice");
    let copied = browser.cookie.clone();
    browser.send("POST", "/logout").await;
    assert_eq!(browser.send("GET", "/who").await.2, "");
    browser.cookie = copied;
    assert_eq!(browser.send("GET", "/who").await.2, "", "the login has ended");
}

/// The application may end a session without this library.
#[actix_web::test]
async fn cleared_session_and_removed_value_log_out() {
    async fn end(session: Session, how: web::Path<String>) -> &'static str {
        match how.as_str() {
            "clear" => session.clear(),
            "purge" => session.purge(),
            _ => drop(session.remove("authlib")),
        }
        "ended"
    }
    async fn who(user: Option<CurrentUser>) -> String {
        user.map(|user| user.identity().unwrap().subject).unwrap_or_default()
    }
    for how in ["clear", "purge", "remove"] {
        let provider = provider();
        let mut browser = browse!(oauth(&provider), |config| {
            config
                .configure(routes)
                .route("/who", web::get().to(who))
                .route("/end/{how}", web::get().to(end));
        });
        let (_, location, _) = browser.send("GET", "/login/op").await;
        let back = provider.approve(&location, "alice").unwrap();
        browser.send("GET", &back).await;
        assert_eq!(browser.send("GET", "/who").await.2, "alice");
        let cookie = browser.cookie.clone();
        assert_eq!(browser.send("GET", &format!("/end/{how}")).await.2, "ended");
        browser.cookie = cookie;
        assert_eq!(browser.send("GET", "/who").await.2, "", "{how}");
    }
}

/// The next user of the browser must not see what the application kept of the last one.
#[actix_web::test]
async fn logout_clears_values_of_the_application() {
    async fn put(session: Session) -> &'static str {
        session.insert("cart", "secret").unwrap();
        ""
    }
    async fn cart(session: Session) -> String {
        session.get::<String>("cart").unwrap().unwrap_or_default()
    }
    for (keeps, is_logged_in) in [(false, true), (false, false), (true, true)] {
        let provider = provider();
        let builder = builder(&provider, BASE_URL);
        let builder = if keeps { builder.keep_session_at_logout() } else { builder };
        let mut browser = browse!(builder.build().unwrap(), |config| {
            config
                .configure(routes)
                .route("/put", web::get().to(put))
                .route("/cart", web::get().to(cart));
        });
        browser.send("GET", "/put").await;
        if is_logged_in {
            let (_, location, _) = browser.send("GET", "/login/op").await;
            browser.send("GET", provider.approve(&location, "alice").unwrap()).await;
        }
        assert_eq!(browser.send("GET", "/cart").await.2, "secret");
        let old = browser.cookie.clone();
        assert_eq!(browser.send("POST", "/logout").await.0, StatusCode::SEE_OTHER);
        let expected = if keeps { "secret" } else { "" };
        assert_eq!(browser.send("GET", "/cart").await.2, expected);
        browser.cookie = old;
        assert_eq!(browser.send("GET", "/cart").await.2, "", "the old session has ended");
    }
}

/// Session values that the application writes before and after the login are kept, and so is the
/// login.
#[actix_web::test]
async fn handler_can_write_to_session_during_login() {
    async fn start(session: Session, client: OAuthClient<Op>) -> Result<HttpResponse> {
        session.insert("before", 1).unwrap();
        let response = client.authorize_redirect("/authorize").await;
        session.insert("after", 2).unwrap();
        response
    }
    async fn end(session: Session, callback: OAuthCallback<Op>) -> Result<String> {
        session.insert("own", 3).unwrap();
        callback.log_in().await?;
        let keys = ["before", "after", "own"];
        Ok(keys.map(|key| session.get::<u32>(key).unwrap().unwrap_or(0).to_string()).concat())
    }
    let provider = provider();
    let mut browser = browse!(oauth(&provider), |config| {
        config.route("/login", web::get().to(start)).route("/authorize", web::get().to(end));
    });
    // In a new and in an existing session.
    for _ in 0..2 {
        let (_, first, _) = browser.send("GET", "/login").await;
        let (_, second, _) = browser.send("GET", "/login").await;
        for location in [second, first] {
            let back = provider.approve(&location, "alice").unwrap();
            let (status, _, body) = browser.send("GET", &back).await;
            assert_eq!((status, body.as_str()), (StatusCode::OK, "123"));
        }
    }
}

/// Logins work with actix-session's own middleware.
#[actix_web::test]
async fn login_works_in_application_session_middleware() {
    let provider = provider();
    let sessions = SessionMiddleware::new(MemoryStore::new(), Key::generate());
    let app = App::new().app_data(web::Data::new(oauth(&provider))).wrap(sessions);
    let mut browser = browse!(app.configure(by_type));
    let (_, location, _) = browser.send("GET", "/login").await;
    let before = browser.cookie.clone();
    let back = provider.approve(&location, "alice").unwrap();
    let (status, _, body) = browser.send("GET", &back).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_ne!(browser.cookie, before, "the session has a new id");
    assert_eq!(provider.count(Endpoint::Token), 1);
    assert_eq!(browser.send("GET", &back).await.0, StatusCode::SEE_OTHER, "logged in already");
    assert_eq!(provider.count(Endpoint::Token), 1, "nothing is redeemed twice");
}

/// C9.
#[actix_web::test]
async fn head_request_to_callback_keeps_pending_login() {
    let provider = provider();
    let mut browser = browse!(oauth(&provider), routes);
    let (_, location, _) = browser.send("GET", "/login/op").await;
    let back = provider.approve(&location, "alice").unwrap();
    assert_eq!(browser.send("HEAD", &back).await.0, StatusCode::NO_CONTENT);
    assert_eq!(browser.send("GET", &back).await.0, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn login_in_purged_session_is_an_error() {
    async fn purge(session: Session, callback: OAuthCallback<Op>) -> Result<String> {
        session.purge();
        Ok(callback.log_in().await?.login.client.clone())
    }
    let provider = provider();
    let mut browser = browse!(oauth(&provider), |config| {
        config.route("/login", web::get().to(login)).route("/authorize", web::get().to(purge));
    });
    let (_, location, _) = browser.send("GET", "/login").await;
    let back = provider.approve(&location, "alice").unwrap();
    assert_eq!(browser.send("GET", &back).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[actix_web::test]
async fn token_update_event_carries_old_token() {
    async fn call(client: OAuthClient<Op>) -> Result<String> {
        let call = client.user().await?.post("echo");
        let response = call.send().await?;
        Ok(response.status().to_string())
    }
    let provider = provider();
    let oauth = oauth(&provider);
    let mut updates = token_updates(&oauth, 4);
    let mut browser = browse!(oauth, |config| {
        config.configure(by_type).route("/call", web::get().to(call));
    });
    assert_eq!(browser.send("GET", "/call").await.0, StatusCode::UNAUTHORIZED);
    provider.inject(Fault::token("expires_in", 0));
    let (_, location, _) = browser.send("GET", "/login").await;
    let back = provider.approve(&location, "alice").unwrap();
    browser.send("GET", &back).await;
    provider.clear_faults();
    let (status, _, body) = browser.send("GET", "/call").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "200 OK"));
    let update = updates.try_recv().unwrap();
    assert_eq!(update.owner.client, "op");
    assert_ne!(update.token.access_token, update.old.access_token);
    assert_ne!(update.token.refresh_token, update.old.refresh_token);
}

#[actix_web::test]
async fn every_http_method_calls_api_as_logged_in_user() {
    async fn call(client: OAuthClient<Op>, method: web::Path<String>) -> Result<String> {
        let user = client.user().await?;
        let call = match method.as_str() {
            "GET" => user.get("echo"),
            "POST" => user.post("echo"),
            "PUT" => user.put("echo"),
            "PATCH" => user.patch("echo"),
            "DELETE" => user.delete("echo"),
            _ => user.head("echo"),
        };
        let response = call.send().await?;
        Ok(response.status().to_string())
    }
    let provider = provider();
    let mut browser = browse!(oauth(&provider), |config| {
        config.configure(by_type).route("/call/{method}", web::get().to(call));
    });
    assert_eq!(browser.send("GET", "/call/PUT").await.0, StatusCode::UNAUTHORIZED);
    let (_, location, _) = browser.send("GET", "/login").await;
    let back = provider.approve(&location, "alice").unwrap();
    browser.send("GET", &back).await;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] {
        let (_, _, body) = browser.send("GET", &format!("/call/{method}")).await;
        assert_eq!(body, "200 OK", "{method}");
        let seen = provider.received_requests().pop().unwrap();
        assert_eq!((seen.method.as_str(), seen.authorization.as_deref()), (method, Some("Bearer")));
    }
}

/// W7: cookies are shared between ports, so two applications on one host need different names.
#[actix_web::test]
async fn cookie_names_differ_by_port() {
    let provider = provider();
    let mut names = Vec::new();
    for base_url in ["http://localhost:3000", "http://localhost:3001/", "https://app.example"] {
        let mut browser = browse!(oauth_at(&provider, base_url), by_type);
        browser.send("GET", "/login").await;
        names.push(browser.cookie.split_once("-p").unwrap().0.to_owned());
    }
    assert_eq!(names, ["session3000", "session3001", "__Host-session"]);
}

/// S7.
#[actix_web::test]
async fn redirect_stays_on_same_site() {
    for (path, to) in [("/inbox", "/inbox"), ("//evil.example", "/")] {
        let response = redirect(path);
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let location = response.headers().get(header::LOCATION).unwrap();
        assert_eq!(location, to);
        assert!(location.is_sensitive());
        assert_eq!(response.headers().get(header::CACHE_CONTROL).unwrap(), "no-store");
    }
}

#[actix_web::test]
async fn ended_session_cannot_be_revived_by_old_id() {
    let (store, ttl) = (MemoryStore::new(), Duration::DAY);
    let values = |text: &str| HashMap::from([("x".to_owned(), text.to_owned())]);
    let key = store.save(values("a"), &ttl).await.unwrap();
    let key = store.update(key, values("b"), &ttl).await.unwrap();
    assert_eq!(store.clone().load(&key).await.unwrap(), Some(values("b")), "clones are one store");
    store.delete(&key).await.unwrap();
    let old: String = key.into();
    let new = store.update(old.clone().try_into().unwrap(), values("c"), &ttl).await.unwrap();
    assert_ne!(new.as_ref(), old);
    assert_eq!(store.load(&old.try_into().unwrap()).await.unwrap(), None);
}
