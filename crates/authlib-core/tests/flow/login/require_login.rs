//! What protected routes require.

use std::time::Duration;

use authlib_core::adapter::{self, LoginClient};
use authlib_core::login::RequireLogin;
use authlib_core::{AuthorizeOptions, ErrorKind, Result};
use authlib_provider::{Fault, TestUser};
use http::Method;
use serde_json::json;
use url::Url;

use crate::test_bed::{Browser, HOUR, SECOND, TestBed, location, request};

const NAVIGATION: &[(&str, &str)] =
    &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

/// The response to a navigation with the query `q=1`: a status, and where it redirects to.
async fn open(bed: &TestBed, browser: &Browser, required: &RequireLogin) -> (u16, String) {
    let request = request(Method::GET, Some("q=1"), NAVIGATION);
    match adapter::require_login(&bed.oauth, browser, &request, required).await {
        Ok(user) => (200, user.unwrap().identity().unwrap().subject),
        Err(error) if error.status() == 303 => (303, location(&error.response(None)).to_owned()),
        Err(error) => (error.status(), error.to_string()),
    }
}

fn bed_with_groups() -> TestBed {
    TestBed::with(
        |provider| {
            let groups = json!(["staff", "admins"]);
            provider.user(TestUser::new("carol").claim("groups", groups).claim("level", 3))
        },
        |client| client,
        |oauth| {
            oauth.register(
                authlib_core::ClientConfig::new("other").client_id("x").issuer("https://x.example"),
            )
        },
    )
}

async fn log_in_as(
    bed: &TestBed,
    browser: &Browser,
    user: &str,
    options: AuthorizeOptions,
) -> Result<()> {
    let url = bed.start_with(browser, options).await?;
    let back = bed.provider.approve(&url, user).unwrap();
    bed.finish(browser, &back).await.map(drop)
}

#[tokio::test]
async fn scopes_claims_and_client_are_required() {
    let bed = bed_with_groups();
    let browser = Browser::default();
    log_in_as(&bed, &browser, "carol", "/authorize/op".into()).await.unwrap();
    let any = RequireLogin::new;
    for (required, status) in [
        (any(), 200),
        (any().client("op"), 200),
        (any().client("other"), 303),
        (any().scope("openid email"), 200),
        (any().scope("openid admin"), 403),
        (any().claim("groups", "admins"), 200),
        (any().claim("groups", "owners"), 403),
        (any().claim("level", 3), 200),
        (any().claim("level", "3"), 403),
        (any().claim("sub", "carol").claim("none", true), 403),
    ] {
        let response = open(&bed, &browser, &required).await;
        assert_eq!(response.0, status, "{required:?}: {}", response.1);
    }
}

#[tokio::test]
async fn redirect_names_login_path_and_next() {
    let bed = bed_with_groups();
    let browser = Browser::default();
    let any = RequireLogin::new;
    for (required, expected) in [
        (any(), "/login/op?next=%2F%3Fq%3D1"),
        (any().client("other"), "/login/other?next=%2F%3Fq%3D1"),
        (any().login_path("/welcome?a=b"), "/welcome?a=b&next=%2F%3Fq%3D1"),
        (any().max_age(SECOND * 90), "/login/op?max_age=90&next=%2F%3Fq%3D1"),
        (any().login_path("/welcome").max_age(SECOND), "/welcome?max_age=1&next=%2F%3Fq%3D1"),
    ] {
        assert_eq!(open(&bed, &browser, &required).await, (303, expected.to_owned()));
    }
}

#[tokio::test]
async fn form_of_a_post_is_not_redirected() {
    let bed = TestBed::new();
    let request = request(Method::POST, None, &[NAVIGATION, &[("accept", "text/html")]].concat());
    let required = RequireLogin::new();
    let browser = Browser::default();
    let error =
        adapter::require_login(&bed.oauth, &browser, &request, &required).await.unwrap_err();
    assert_eq!(error.status(), 401);
    assert!(
        error.response(None).headers()["content-type"].to_str().unwrap().starts_with("text/html")
    );
}

/// A proxy may have removed the path of the base URL.
#[tokio::test]
async fn redirect_is_below_the_base_url() {
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.base_url("https://app.example/portal"));
    let request = request(Method::GET, Some("q=1"), NAVIGATION).of_app(Some(&bed.oauth));
    let (browser, required) = (Browser::default(), RequireLogin::new());
    let checked = adapter::require_login(&bed.oauth, &browser, &request, &required);
    let error = checked.await.unwrap_err();
    let expected = "/portal/login/op?next=%2Fportal%3Fq%3D1";
    assert_eq!(location(&error.response(None)), expected);
}

/// The user authenticates again, and only then has access (OpenID Connect Core §3.1.2.1).
#[tokio::test]
async fn max_age_requires_a_recent_authentication() {
    let bed = TestBed::new();
    let browser = Browser::default();
    let required = RequireLogin::new().max_age(Duration::from_secs(600));
    let options = || AuthorizeOptions::from("/authorize/op").max_age(Duration::from_secs(600));
    log_in_as(&bed, &browser, "alice", options()).await.unwrap();
    assert_eq!(open(&bed, &browser, &required).await.0, 200);
    bed.clock.advance(HOUR / 2);
    assert_eq!(open(&bed, &browser, &required).await.0, 303);
    log_in_as(&bed, &browser, "alice", options()).await.unwrap();
    assert_eq!(open(&bed, &browser, &required).await.0, 200);
}

/// Without this error, browser and provider would redirect for ever.
#[tokio::test]
async fn login_that_ignores_max_age_is_reported() {
    let bed = TestBed::new();
    let browser = Browser::default();
    bed.provider.inject(Fault::claim("auth_time", 1_799_990_000));
    log_in_as(&bed, &browser, "alice", "/authorize/op".into()).await.unwrap();
    let required = RequireLogin::new().max_age(Duration::from_secs(600));
    let (status, error) = open(&bed, &browser, &required).await;
    assert_eq!(status, ErrorKind::Config.status());
    assert!(error.contains("`max_age`"), "{error}");
}

/// Anybody can make a link to the login: its `max_age` must not allow an older authentication than the settings do.
#[tokio::test]
async fn max_age_of_login_url_only_shortens_that_of_settings() {
    let bed =
        TestBed::with(|p| p, |client| client.max_age(Duration::from_secs(300)), |oauth| oauth);
    for (query, sent) in [("max_age=4000000000", "300"), ("max_age=60", "60"), ("", "300")] {
        let request = request(Method::GET, Some(query), &[]);
        let browser = Browser::default();
        let client = LoginClient::new(bed.app(), &browser, request);
        let response = client.authorize_redirect("/authorize/op").await.unwrap();
        let url = Url::parse(location(&response)).unwrap();
        let max_age = url.query_pairs().find(|(name, _)| name == "max_age").unwrap().1;
        assert_eq!(max_age, sent, "{query}");
    }
}
