//! Guards and built-in routes: cases that are specific to Rocket.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use authlib_core::clock::{Clock as _, FixedClock};
use authlib_core::store::MemoryPendingLoginStore;
use authlib_provider::Fault;
use authlib_rocket::{
    AuthorizeOptions, ClientConfig, ClientName, CurrentUser, LogoutOptions, OAuthCallback,
    OAuthClient, OAuthFairing, OAuthResponse, OAuthSession, Result, catchers, on_token_update,
    redirect,
};
use rocket::http::{Method, Status};
use rocket::{get, post, routes};

use crate::common::{BASE_URL, Browser, ISSUER, builder, provider, provider_builder, rocket};

struct Op;
impl ClientName for Op {
    const NAME: &'static str = "op";
}

struct Two;
impl ClientName for Two {
    const NAME: &'static str = "two";
}

#[get("/login")]
async fn login(client: OAuthClient<'_, Op>) -> Result<OAuthResponse> {
    client.authorize_redirect("/authorize").await
}

#[get("/authorize")]
async fn authorize(callback: OAuthCallback<'_, Op>) -> Result<String> {
    let token = callback.authorize_access_token().await?;
    Ok(token.userinfo()?.name().unwrap_or_default().to_owned())
}

#[post("/authorize", data = "<callback>")]
async fn authorize_posted(callback: OAuthCallback<'_, Op>) -> Result<String> {
    let token = callback.authorize_access_token().await?;
    Ok(token.userinfo()?.name().unwrap_or_default().to_owned())
}

/// A login with data of the length in the query.
#[get("/with?<length>")]
async fn with(client: OAuthClient<'_, Op>, length: usize) -> Result<OAuthResponse> {
    let options = AuthorizeOptions::new().redirect_uri("/authorize").data("x".repeat(length));
    client.authorize_redirect(options).await
}

#[get("/who")]
fn who(user: CurrentUser) -> String {
    authlib_rocket::login::CurrentUser::from(user).login.sub.unwrap_or_default()
}

#[get("/who", rank = 2)]
fn nobody() -> &'static str {
    "nobody"
}

#[post("/leave")]
async fn leave(session: OAuthSession<'_>) -> Result<OAuthResponse> {
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out").next("/who");
    session.logout_redirect(options, "/").await
}

#[get("/private")]
fn private(_user: CurrentUser) {}

#[rocket::async_test]
async fn typed_client_logs_in_and_sets_secure_cookies() {
    let provider = provider();
    let mut browser = Browser::at(builder(&provider), routes![login, authorize]).await;
    let start = browser.get("/login").await;
    assert_eq!(start.status, Status::SeeOther);
    let before = browser.cookies.clone();
    let done = browser.get(&provider.approve(&start.location, "alice").unwrap()).await;
    assert_eq!((done.status, done.body.as_str()), (Status::Ok, "Alice"));
    assert_eq!((before.len(), browser.cookies.len()), (1, 1), "the pending login is gone");
    assert_ne!(before.keys().next(), browser.cookies.keys().next());
    for (name, kept) in before.iter().chain(&browser.cookies) {
        assert!(name.starts_with("__Host-session-"), "{name}");
        for attribute in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age="] {
            assert!(kept.header.contains(attribute), "{attribute}: {}", kept.header);
        }
        assert!(!kept.value.contains("client"), "encrypted");
    }
    assert!(before.values().all(|kept| kept.header.contains("Max-Age=600")));
    assert!(browser.cookies.values().all(|kept| kept.header.contains("Max-Age=43200")));
}

#[rocket::async_test]
async fn http_cookies_are_insecure_and_named_by_port() {
    let builder = builder(&provider()).base_url("http://localhost:8000");
    let mut browser = Browser::at(builder, routes![login]).await;
    browser.get("/login").await;
    let (name, kept) = browser.cookies.first_key_value().unwrap();
    assert!(name.starts_with("session8000-") && !kept.header.contains("Secure"), "{name}");
}

#[rocket::async_test]
async fn built_in_routes_log_in_and_out() {
    let provider = provider();
    let all = [authlib_rocket::routes(), routes![who, nobody, private, leave]].concat();
    let mut browser = Browser::at(builder(&provider), all).await;
    assert_eq!(browser.get("/who").await.body, "nobody", "the next route takes over");
    let start = browser.get("/login/op?next=/who").await;
    let done = browser.get(&provider.approve(&start.location, "alice").unwrap()).await;
    assert_eq!((done.status, done.location.as_str()), (Status::SeeOther, "/who"));
    assert_eq!(browser.get("/who").await.body, "alice");
    let before = browser.cookies.clone();
    let out = browser.send(Method::Post, "/logout", &[], "").await;
    assert!(out.location.starts_with("https://op.example/end_session?"), "{}", out.location);
    assert_eq!(browser.get("/who").await.body, "nobody");
    let state = out.location.split_once("state=").unwrap().1;
    assert_eq!(browser.get("/logged-out?state=x").await.status, Status::BadRequest);
    let back = browser.get(&format!("/logged-out?state={state}")).await;
    assert_eq!((back.status, back.location.as_str()), (Status::SeeOther, "/"));
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies.keys());
    browser.cookies = before;
    assert_eq!(browser.get("/who").await.body, "nobody", "a copy of the cookie opens nothing");
    let start = browser.get("/login/op").await;
    browser.get(&provider.approve(&start.location, "alice").unwrap()).await;
    let out = browser.send(Method::Post, "/leave", &[], "").await;
    let state = out.location.split_once("state=").unwrap().1;
    let back = browser.get(&format!("/logged-out?state={state}")).await;
    assert_eq!(back.location, "/who", "the `next` of the logout");
}

/// `CurrentUser<C>` is the login with one client, whatever the newest is.
#[rocket::async_test]
async fn typed_user_is_logged_in_with_that_client() {
    #[get("/op")]
    fn op(user: CurrentUser<Op>) -> String {
        authlib_rocket::login::CurrentUser::from(user).client.name().to_owned()
    }
    #[get("/two")]
    fn two(user: Option<CurrentUser<Two>>) -> String {
        user.map_or_else(|| "nobody".to_owned(), |user| user.client.name().to_owned())
    }
    #[get("/newest")]
    fn newest(user: CurrentUser) -> String {
        authlib_rocket::login::CurrentUser::from(user).client.name().to_owned()
    }
    let provider = provider();
    let client = ClientConfig::new("two").client_id("app").client_secret("secret").issuer(ISSUER);
    let all = [authlib_rocket::routes(), routes![op, two, newest]].concat();
    let mut browser = Browser::at(builder(&provider).register(client), all).await;
    assert_eq!(browser.get("/op").await.status, Status::Unauthorized);
    for (client, of_two) in [("op", "nobody"), ("two", "two")] {
        let start = browser.get(format!("/login/{client}")).await;
        browser.get(&provider.approve(&start.location, "alice").unwrap()).await;
        assert_eq!(browser.get("/newest").await.body, client);
        assert_eq!(browser.get("/op").await.body, "op");
        assert_eq!(browser.get("/two").await.body, of_two);
    }
}

#[rocket::async_test]
async fn catcher_renders_guard_errors() {
    let all = [authlib_rocket::routes(), routes![private]].concat();
    let mut browser = Browser::at(builder(&provider()), all).await;
    for (path, status, error) in [
        ("/login/nobody", Status::NotFound, "unknown_client"),
        ("/private", Status::Unauthorized, "not_logged_in"),
        ("/no-such-page", Status::NotFound, "not_found"),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, status, "{path}");
        assert!(page.body.contains(&format!("\"error\":\"{error}\"")), "{path}: {}", page.body);
    }
}

#[rocket::async_test]
async fn question_mark_error_renders_as_accepted_json() {
    #[get("/fails")]
    fn fails() -> Result<()> {
        Err(authlib_core::Error::new(authlib_core::ErrorKind::AccessDenied, "x").into())
    }
    let mut browser = Browser::at(builder(&provider()), routes![fails]).await;
    let page = browser.get("/fails").await;
    assert_eq!(page.status, Status::Forbidden);
    assert!(page.body.contains("\"error\":\"access_denied\""), "{}", page.body);
}

#[rocket::async_test]
async fn route_parameter_selects_client() {
    #[get("/a/<_>/login/<client>")]
    async fn named(client: &str, app: OAuthClient<'_>) -> String {
        format!("{client} {}", app.client().name())
    }
    #[get("/login")]
    async fn unnamed(_client: OAuthClient<'_>) {}
    let rocket = rocket().attach(OAuthFairing::new(builder(&provider())));
    let rocket = rocket.mount("/deep/down", routes![named, unnamed]).register("/", catchers());
    let mut browser = Browser::of(rocket).await;
    assert_eq!(browser.get("/deep/down/a/x/login/op").await.body, "op op");
    let page = browser.get("/deep/down/login").await;
    assert_eq!(page.status, Status::InternalServerError);
    assert!(page.body.contains("server_error"), "{}", page.body);
}

/// C9: Rocket sends a HEAD request to the route for GET.
#[rocket::async_test]
async fn head_request_to_callback_keeps_pending_login() {
    let provider = provider();
    let mut browser = Browser::at(builder(&provider), authlib_rocket::routes()).await;
    let start = browser.get("/login/op").await;
    let back = provider.approve(&start.location, "alice").unwrap();
    assert_eq!(browser.send(Method::Head, &back, &[], "").await.status, Status::NoContent);
    assert_eq!(browser.get(&back).await.status, Status::SeeOther);
}

#[rocket::async_test]
async fn form_post_callback_is_resubmitted_from_same_site() {
    let provider = provider();
    let mut browser = Browser::at(builder(&provider), routes![login, authorize_posted]).await;
    let start = browser.get("/login").await;
    let back = provider.approve(&start.location, "alice").unwrap();
    let form = back.query().unwrap();
    let cookies = std::mem::take(&mut browser.cookies);
    let foreign = [("origin", "https://op.example"), ("sec-fetch-site", "cross-site")];
    let page = browser.send(Method::Post, "/authorize", &foreign, form).await;
    assert_eq!(page.status, Status::Ok);
    assert!(page.body.contains("action=\"?again=1\""), "{}", page.body);
    browser.cookies = cookies;
    let own = [("origin", BASE_URL), ("sec-fetch-site", "same-origin")];
    let done = browser.send(Method::Post, "/authorize?again=1", &own, form).await;
    assert_eq!((done.status, done.body.as_str()), (Status::Ok, "Alice"));
    let large = format!("state=s&code={}", "x".repeat(100_000));
    let page = browser.send(Method::Post, "/authorize", &own, &large).await;
    assert_eq!(page.status, Status::PayloadTooLarge);
}

/// C1: a cookie that the browser sends again is not accepted again.
#[rocket::async_test]
async fn replayed_cookie_does_not_reactivate_used_login() {
    let provider = provider();
    let mut browser = Browser::at(builder(&provider), routes![login, authorize, who, nobody]).await;
    let start = browser.get("/login").await;
    let back = provider.approve(&start.location, "alice").unwrap();
    let before = browser.cookies.clone();
    assert_eq!(browser.get(&back).await.status, Status::Ok);
    browser.cookies = before;
    assert_eq!(browser.get(&back).await.status, Status::BadRequest);
    assert_eq!(browser.get("/who").await.body, "nobody");
}

/// Cookies that are not encrypted, or encrypted for another name, are ignored.
#[rocket::async_test]
async fn forged_cookie_is_anonymous() {
    let provider = provider();
    let mut browser = Browser::at(builder(&provider), routes![login, authorize, who, nobody]).await;
    let start = browser.get("/login").await;
    let back = provider.approve(&start.location, "alice").unwrap();
    let (name, kept) = browser.cookies.pop_first().unwrap();
    assert!(kept.plain.contains("\"state\":"), "{}", kept.plain);
    for (name, value) in [(name.clone(), &kept.plain), (format!("{name}x"), &kept.value)] {
        let forged = common::Kept { value: value.clone(), ..kept.clone() };
        browser.cookies = [(name, forged)].into();
        assert_eq!(browser.get(&back).await.status, Status::BadRequest);
    }
    browser.cookies = [(name, kept)].into();
    assert_eq!(browser.get(&back).await.status, Status::Ok);
}

#[rocket::async_test]
async fn many_tabs_stay_within_cookie_limit() {
    let provider = provider();
    let mut browser = Browser::at(builder(&provider), authlib_rocket::routes()).await;
    let mut starts = Vec::new();
    for _ in 0..30 {
        starts.push(browser.get("/login/op?next=/some/page").await.location);
    }
    let sent: usize =
        browser.cookies.iter().map(|(name, kept)| name.len() + kept.value.len() + 3).sum();
    assert!(browser.cookies.len() >= 4, "{}", browser.cookies.len());
    assert!(sent < 6 * 1024, "{sent} bytes; servers and proxies stop at 8 KiB");
    let newest = provider.approve(starts.last().unwrap(), "alice").unwrap();
    assert_eq!(browser.get(&newest).await.status, Status::SeeOther);
}

/// A cookie that the browser would drop is not sent: the callback would fail.
#[rocket::async_test]
async fn oversized_pending_login_needs_pending_login_store() {
    let provider = provider();
    let mut browser = Browser::at(builder(&provider), routes![with]).await;
    let mut longest = 0;
    for length in (0..4000).step_by(20) {
        let page = browser.get(&format!("/with?length={length}")).await;
        if page.status != Status::SeeOther {
            assert_eq!((page.status, page.location.as_str()), (Status::ServiceUnavailable, ""));
            assert!(length > 2000, "{length}");
            break;
        }
        longest =
            browser.cookies.values().map(|kept| kept.header.len()).max().unwrap().max(longest);
        browser.cookies.clear();
    }
    assert!((3000..=4096).contains(&longest), "{longest}");

    let store = builder(&provider).pending_login_store(MemoryPendingLoginStore::new());
    let mut browser = Browser::at(store, routes![with, authorize]).await;
    let start = browser.get("/with?length=100000").await;
    assert!(browser.cookies.values().all(|kept| kept.header.len() < 500));
    let done = browser.get(&provider.approve(&start.location, "alice").unwrap()).await;
    assert_eq!((done.status, done.body.as_str()), (Status::Ok, "Alice"));
}

#[rocket::async_test]
async fn login_expires_even_if_browser_keeps_cookie() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let clock = Arc::new(FixedClock::new(now));
    let theirs = clock.clone();
    let provider = provider_builder().clock(move || theirs.now()).build();
    let builder = builder(&provider).clock(clock.clone());
    let fairing = OAuthFairing::new(builder.login_lifetime(Duration::from_secs(3600)));
    let routes = routes![login, authorize, who, nobody];
    let mut browser = Browser::of(rocket().attach(fairing).mount("/", routes)).await;
    let start = browser.get("/login").await;
    let done = browser.get(&provider.approve(&start.location, "alice").unwrap()).await;
    assert_eq!(done.status, Status::Ok, "{}", done.body);
    assert!(browser.cookies.values().all(|kept| kept.header.contains("Max-Age=3600")));
    clock.advance(Duration::from_secs(3599));
    assert_eq!(browser.get("/who").await.body, "alice");
    clock.advance(Duration::from_secs(1));
    assert_eq!(browser.get("/who").await.body, "nobody");
}

#[rocket::async_test]
async fn token_update_event_carries_old_token() {
    #[get("/call")]
    async fn call(client: OAuthClient<'_, Op>) -> Result<String> {
        let call = client.user().await?.post("echo");
        let response = call.send().await?;
        Ok(response.status().to_string())
    }
    let provider = provider();
    let updates = Arc::new(Mutex::new(Vec::new()));
    let seen = updates.clone();
    let rocket = rocket()
        .attach(OAuthFairing::new(builder(&provider)))
        .attach(on_token_update(move |update| seen.lock().unwrap().push(update.clone())))
        .mount("/", routes![login, authorize, call]);
    let mut browser = Browser::of(rocket).await;
    assert_eq!(browser.get("/call").await.status, Status::Unauthorized);
    provider.inject(Fault::token("expires_in", 0));
    let start = browser.get("/login").await;
    browser.get(&provider.approve(&start.location, "alice").unwrap()).await;
    provider.clear_faults();
    let page = browser.get("/call").await;
    assert_eq!((page.status, page.body.as_str()), (Status::Ok, "200 OK"));
    let updates = updates.lock().unwrap();
    assert_eq!(updates.len(), 1);
    assert_eq!(updates[0].owner.client, "op");
    assert_ne!(updates[0].token.access_token, updates[0].old.access_token);
}

#[rocket::async_test]
async fn every_http_method_calls_api_as_logged_in_user() {
    #[get("/call/<method>")]
    async fn call(client: OAuthClient<'_, Op>, method: &str) -> Result<String> {
        let user = client.user().await?;
        let call = match method {
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
    let mut browser = Browser::at(builder(&provider), routes![login, authorize, call]).await;
    assert_eq!(browser.get("/call/PUT").await.status, Status::Unauthorized);
    let start = browser.get("/login").await;
    browser.get(&provider.approve(&start.location, "alice").unwrap()).await;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] {
        let page = browser.get(&format!("/call/{method}")).await;
        assert_eq!(page.body, "200 OK", "{method}");
        let seen = provider.received_requests().pop().unwrap();
        assert_eq!((seen.method.as_str(), seen.authorization.as_deref()), (method, Some("Bearer")));
    }
}

/// S7.
#[rocket::async_test]
async fn redirect_stays_on_same_site() {
    #[get("/to?<path>")]
    fn to(path: &str) -> OAuthResponse {
        redirect(path)
    }
    #[get("/session")]
    async fn session(session: OAuthSession<'_>) -> Result<&'static str> {
        Ok(session.current_user().await?.map_or("nobody", |_| "somebody"))
    }
    let mut browser = Browser::at(builder(&provider()), routes![to, session]).await;
    for (path, location) in [("/inbox", "/inbox"), ("//evil.example", "/")] {
        let page = browser.get(&format!("/to?path={path}")).await;
        assert_eq!((page.status, page.location.as_str()), (Status::SeeOther, location));
    }
    assert_eq!(browser.get("/session").await.body, "nobody");
}
