//! Extractors and built-in routes: cases that are specific to axum.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use authlib_axum::{
    ClientConfig, ClientName, CurrentUser, LogoutOptions, OAuth, OAuthBuilder, OAuthCallback,
    OAuthClient, OAuthSession, Result, UserInfo, cookie_session_layer, routes, session_layer,
    token_updates,
};
use authlib_provider::{Fault, Provider, TestClient, TestUser};
use axum::body::{Body, to_bytes};
use axum::extract::Path;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use tower::ServiceExt as _;
use tower_sessions::{MemoryStore, Session};

const ISSUER: &str = "https://op.example";

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

async fn login(client: OAuthClient<Op>) -> Result<Response> {
    client.authorize_redirect("/authorize").await
}

async fn authorize(callback: OAuthCallback<Op>) -> Result<Json<UserInfo>> {
    let token = callback.authorize_access_token().await?;
    Ok(Json(token.userinfo()?.clone()))
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
    oauth_at(provider, "https://app.example")
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
    app: Router,
    cookie: String,
}

impl Browser {
    fn new(app: Router) -> Self {
        Self { app, cookie: String::new() }
    }

    async fn send(&mut self, method: &str, uri: impl AsRef<str>) -> (StatusCode, String, String) {
        let uri = uri.as_ref();
        let path = uri.strip_prefix("https://app.example").unwrap_or(uri);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::ACCEPT, "application/json")
            .body(Body::empty())
            .unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let text = |name| {
            let value = response.headers().get(name).map(|value| value.to_str().unwrap());
            value.unwrap_or_default().to_owned()
        };
        let location = text(header::LOCATION);
        for cookie in response.headers().get_all(header::SET_COOKIE).iter() {
            keep(&mut self.cookie, cookie.to_str().unwrap());
        }
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, location, String::from_utf8(body.to_vec()).unwrap())
    }
}

fn layered(router: Router<OAuth>, oauth: OAuth) -> Router {
    let layer = session_layer(MemoryStore::default(), &oauth);
    router.layer(layer).with_state(oauth)
}

#[tokio::test]
async fn typed_client_logs_in_and_sets_secure_cookie() {
    let provider = provider();
    let router = Router::new().route("/login", get(login)).route("/authorize", get(authorize));
    let mut browser = Browser::new(layered(router, oauth(&provider)));
    let (status, location, _) = browser.send("GET", "/login").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(browser.cookie.starts_with("__Host-session-p"), "{}", browser.cookie);
    let back = provider.approve(&location, "alice").unwrap();
    let (status, _, body) = browser.send("GET", &back).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(body.contains("\"name\":\"Alice\""));
}

/// Without a session store, the whole session is in cookies. A copy of them is useless after the logout.
#[tokio::test]
async fn cookie_sessions_need_no_store_and_end_at_logout() {
    async fn who(user: Option<CurrentUser>) -> String {
        user.map(|user| user.identity().unwrap().subject).unwrap_or_default()
    }
    let provider = provider();
    let router = Router::new().merge(routes()).route("/who", get(who));
    let mut browser = Browser::new(router.layer(cookie_session_layer(&oauth(&provider))));
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

/// The next user of the browser must not see what the application kept of the last one.
#[tokio::test]
async fn logout_clears_values_of_the_application() {
    async fn put(session: Session) -> String {
        session.insert("cart", "secret").await.unwrap();
        String::new()
    }
    async fn cart(session: Session) -> String {
        session.get::<String>("cart").await.unwrap().unwrap_or_default()
    }
    for (keeps, is_logged_in) in [(false, true), (false, false), (true, true)] {
        let provider = provider();
        let builder = builder(&provider, "https://app.example");
        let builder = if keeps { builder.keep_session_at_logout() } else { builder };
        let router = routes().route("/put", get(put)).route("/cart", get(cart));
        let mut browser = Browser::new(layered(router, builder.build().unwrap()));
        browser.send("GET", "/put").await;
        if is_logged_in {
            let (_, location, _) = browser.send("GET", "/login/op").await;
            browser.send("GET", &provider.approve(&location, "alice").unwrap()).await;
        }
        assert_eq!(browser.send("GET", "/cart").await.2, "secret");
        let old = browser.cookie.clone();
        let (status, ..) = browser.send("POST", "/logout").await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let expected = if keeps { "secret" } else { "" };
        assert_eq!(browser.send("GET", "/cart").await.2, expected);
        browser.cookie = old;
        assert_eq!(browser.send("GET", "/cart").await.2, "", "the old session has ended");
    }
}

/// W2: without a session layer there is no redirect, and the log says why.
#[tokio::test]
async fn missing_session_layer_fails_login() {
    let provider = provider();
    let app = Router::new().route("/login", get(login)).with_state(oauth(&provider));
    let mut browser = Browser::new(app);
    let (status, location, body) = browser.send("GET", "/login").await;
    assert_eq!((status, location.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, ""));
    assert!(body.contains("server_error") && !body.contains("session_layer"), "{body}");
    assert!(provider.received_requests().is_empty());
}

#[tokio::test]
async fn unknown_client_returns_404_and_require_fails_startup() {
    async fn missing(client: OAuthClient<Missing>) -> Result<Response> {
        client.authorize_redirect("/authorize").await
    }
    let provider = provider();
    let router = Router::new().route("/login", get(missing));
    let mut browser = Browser::new(layered(router, oauth(&provider)));
    assert_eq!(browser.send("GET", "/login").await.0, StatusCode::NOT_FOUND);
    let error = OAuth::builder().require_client(Missing::NAME).build().unwrap_err();
    assert!(error.to_string().contains("`missing`"), "{error}");
}

#[tokio::test]
async fn routed_client_names_missing_route_parameter() {
    async fn unrouted(client: OAuthClient) -> Result<Response> {
        client.authorize_redirect("/authorize").await
    }
    let provider = provider();
    let router = Router::new().route("/login", get(unrouted));
    let mut browser = Browser::new(layered(router, oauth(&provider)));
    assert_eq!(browser.send("GET", "/login").await.0, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn built_in_routes_log_in_and_out() {
    async fn who(user: Option<CurrentUser>) -> String {
        user.and_then(|user| user.login.sub.clone()).unwrap_or_default()
    }
    async fn leave(session: OAuthSession) -> Result<Response> {
        let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out").next("/who");
        session.logout_redirect(options, "/").await
    }
    let provider = provider();
    let router = routes().route("/who", get(who)).route("/leave", post(leave));
    let mut browser = Browser::new(layered(router, oauth(&provider)));
    assert_eq!(browser.send("GET", "/who").await.2, "");
    let (_, location, _) = browser.send("GET", "/login/op?next=/who").await;
    let back = provider.approve(&location, "alice").unwrap();
    let (status, next, _) = browser.send("GET", &back).await;
    assert_eq!((status, next.as_str()), (StatusCode::SEE_OTHER, "/who"));
    assert_eq!(browser.send("GET", "/who").await.2, "alice");
    let (_, location, _) = browser.send("POST", "/logout").await;
    assert!(location.starts_with("https://op.example/end_session?"), "{location}");
    assert_eq!(browser.send("GET", "/who").await.2, "");
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
#[tokio::test]
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
    async fn missing(_: CurrentUser<Missing>) {}
    let provider = provider();
    let client = ClientConfig::new("two").client_id("app").client_secret("secret").issuer(ISSUER);
    let oauth = builder(&provider, "https://app.example").register(client).build().unwrap();
    let router = routes()
        .route("/op", get(op))
        .route("/two", get(two))
        .route("/newest", get(newest))
        .route("/missing", get(missing));
    let mut browser = Browser::new(layered(router, oauth));
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

#[tokio::test]
async fn token_update_event_carries_old_token() {
    async fn call(client: OAuthClient<Op>) -> Result<String> {
        let response = client.user().await?.get("echo").send().await?;
        Ok(response.status().to_string())
    }
    let provider = provider();
    let oauth = oauth(&provider);
    let mut updates = token_updates(&oauth, 4);
    let router = Router::new()
        .route("/login", get(login))
        .route("/authorize", get(authorize))
        .route("/call", get(call));
    let mut browser = Browser::new(layered(router, oauth));
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

#[tokio::test]
async fn every_http_method_calls_api_as_logged_in_user() {
    async fn call(client: OAuthClient<Op>, Path(method): Path<String>) -> Result<String> {
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
    let router = Router::new()
        .route("/login", get(login))
        .route("/authorize", get(authorize))
        .route("/call/{method}", get(call));
    let mut browser = Browser::new(layered(router, oauth(&provider)));
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
#[tokio::test]
async fn cookie_names_differ_by_port() {
    let provider = provider();
    let mut names = Vec::new();
    for base_url in ["http://localhost:3000", "http://localhost:3001/", "https://app.example"] {
        let app = Router::new()
            .route("/login", get(login))
            .layer(session_layer(MemoryStore::default(), &oauth_at(&provider, base_url)));
        let mut browser = Browser::new(app);
        browser.send("GET", "/login").await;
        names.push(browser.cookie.split_once("-p").unwrap().0.to_owned());
    }
    assert_eq!(names, ["session3000", "session3001", "__Host-session"]);
}

#[tokio::test]
async fn errors_are_rendered_as_the_request_accepts() {
    async fn fails(user: CurrentUser) -> Result<String> {
        Ok(user.userinfo()?.sub().to_owned())
    }
    async fn core_error() -> Result<String> {
        Err(authlib_core::Error::new(authlib_core::ErrorKind::InvalidRequest, "x"))?
    }
    async fn own_error() -> Result<String> {
        let missing = std::fs::read_to_string("/no/such/file");
        missing.map_err(authlib_axum::Error::from_any)
    }
    let router = Router::new()
        .route("/user", get(fails))
        .route("/core", get(core_error))
        .route("/own", get(own_error))
        .route("/named/{client}", get(async |_: OAuthClient| "found"));
    let app = layered(router, oauth(&provider()));
    for (path, status, code) in [
        ("/user", 401, "not_logged_in"),
        ("/core", 400, "invalid_request"),
        ("/own", 500, "server_error"),
        ("/named/nobody", 404, "unknown_client"),
        ("/named/%ff", 404, "unknown_client"),
    ] {
        for (accept, content_type) in
            [("application/json", "application/json"), ("text/html", "text/html; charset=utf-8")]
        {
            let request = Request::get(path).header(header::ACCEPT, accept);
            let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], content_type, "{path}");
            let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
            let body = String::from_utf8(body.to_vec()).unwrap();
            assert_eq!(body.contains(code), accept == "application/json", "{path}: {body}");
        }
    }
}

/// A state of a foreign type, as loco's, can't implement `FromRef` for the registry.
#[tokio::test]
async fn registry_is_found_whatever_the_state_and_the_session_layer() {
    let provider = provider();
    let sessions = tower_sessions::SessionManagerLayer::new(MemoryStore::default());
    let router: Router<&'static str> =
        Router::new().route("/login", get(login)).route("/authorize", get(authorize));
    let extension = axum::Extension(oauth(&provider));
    let app = router.layer(sessions).layer(extension).with_state("a foreign state");
    let mut browser = Browser::new(app);
    let (_, location, _) = browser.send("GET", "/login").await;
    let back = provider.approve(&location, "alice").unwrap();
    let (status, _, body) = browser.send("GET", back.as_str()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}
