//! Step-up authentication (RFC 9470): an API that requires another login.

use authlib_core::adapter::{LoginClient, LoginError, RequestContext, Response};
use authlib_core::{AuthorizeOptions, Error, ErrorKind, OAuth2Client, Remedy};
use authlib_provider::{Endpoint, Fault, Reply};
use http::Method;
use serde_json::json;
use url::Url;

use crate::test_bed::{Browser, HOUR, ISSUER, SECOND, TestBed, location, request, sent};

const NAVIGATION: &[(&str, &str)] =
    &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

/// A page of the application that calls the API.
async fn page(bed: &TestBed, browser: &Browser) -> Result<(), Error> {
    let client = LoginClient::new(bed.app(), browser, request(Method::GET, None, &[]));
    client.user().await?.get("echo").send().await?.error_for_status().map(drop)
}

/// The response to a navigation to the page with the query `q=1`.
async fn open(bed: &TestBed, browser: &Browser) -> Option<Response> {
    let request = request(Method::GET, Some("q=1"), NAVIGATION).of_app(Some(&bed.oauth));
    let error = page(bed, browser).await.err()?;
    Some(LoginError::from(error).response(Some(&request)))
}

/// The query of a URL below the site.
fn params(url: &str) -> Vec<(String, String)> {
    let url = Url::parse(ISSUER).unwrap().join(url).unwrap();
    url.query_pairs().into_owned().collect()
}

fn param(url: &str, name: &str) -> Option<String> {
    params(url).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// The authorization URL of the login route, opened with this URL.
async fn log_in_at(bed: &TestBed, browser: &Browser, url: &str) -> Result<String, Error> {
    let query = url.split_once('?').map(|(_, query)| query);
    let request = request(Method::GET, query, &[]).of_app(Some(&bed.oauth));
    let mut options = AuthorizeOptions::from("/authorize/op");
    options.next = param(url, "next");
    let client = LoginClient::new(bed.app(), browser, request);
    client.authorize_redirect(options).await.map(|response| location(&response).to_owned())
}

/// Follows the redirect of the page to the login, and finishes it.
async fn step_up(bed: &TestBed, browser: &Browser) -> Result<String, Error> {
    let response = open(bed, browser).await.expect("the API refuses the token");
    let url = log_in_at(bed, browser, location(&response)).await?;
    let back = bed.provider.approve(&url, "alice").unwrap();
    bed.finish(browser, &back).await.map(|result| result.next)
}

#[tokio::test]
async fn navigation_logs_in_with_what_the_api_requires_and_returns() {
    for (fault, name, value) in [
        (Fault::ApiNeedsAcr("urn:gold urn:silver".into()), "acr_values", "urn:gold urn:silver"),
        (Fault::ApiNeedsMaxAge(90), "max_age", "90"),
        (Fault::ApiNeedsScope("pay".into()), "scope", "openid profile email pay"),
    ] {
        let bed = TestBed::new();
        let browser = Browser::default();
        bed.log_in(&browser).await.unwrap();
        bed.clock.advance(SECOND * 600);
        assert_eq!(open(&bed, &browser).await.map(|page| page.status()), None);
        bed.provider.inject(fault.clone());
        let response = open(&bed, &browser).await.unwrap();
        assert_eq!(response.status(), 303, "{fault:?}");
        let login = location(&response).to_owned();
        assert!(login.starts_with("/login/op?step_up="), "{login}");
        assert_eq!(param(&login, "next").unwrap(), "/?q=1");
        let url = log_in_at(&bed, &browser, &login).await.unwrap();
        assert_eq!(param(&url, name).as_deref(), Some(value), "{fault:?}");
        let back = bed.provider.approve(&url, "alice").unwrap();
        assert_eq!(bed.finish(&browser, &back).await.unwrap().next, "/?q=1");
        page(&bed, &browser).await.unwrap();
        assert_eq!(sent(&bed, Endpoint::Token).len(), 2, "{fault:?}: no refresh is tried");
    }
}

#[tokio::test]
async fn acr_and_auth_time_of_the_new_login_are_verified() {
    for (needs, fault, message) in [
        (Fault::ApiNeedsAcr("urn:gold".into()), Fault::claim("acr", "urn:silver"), "`acr` is"),
        (Fault::ApiNeedsAcr("urn:gold".into()), Fault::without_claim("acr"), "no `acr`"),
        (
            Fault::ApiNeedsMaxAge(90),
            Fault::claim("auth_time", 1_799_990_000),
            "longer ago than `max_age`",
        ),
        (Fault::ApiNeedsMaxAge(90), Fault::without_claim("auth_time"), "auth_time"),
    ] {
        let bed = TestBed::new();
        let browser = Browser::default();
        bed.log_in(&browser).await.unwrap();
        bed.clock.advance(SECOND * 600);
        bed.provider.inject(needs);
        bed.provider.inject(fault.clone());
        let error = step_up(&bed, &browser).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidIdToken, "{fault:?}: {error}");
        assert!(error.report().to_string().contains(message), "{fault:?}: {}", error.report());
    }
}

/// RFC 9470 gives no way out of a provider that does not do what the API requires.
#[tokio::test]
async fn token_that_is_refused_again_ends_with_an_error_page() {
    let bed = TestBed::new();
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    let challenge = r#"Bearer error="insufficient_user_authentication", acr_values="urn:gold""#;
    let refusal = Reply::Challenge(401, challenge.to_owned());
    bed.provider.inject(Fault::Response(Endpoint::Api, refusal));
    assert_eq!(step_up(&bed, &browser).await.unwrap(), "/?q=1");
    let error = step_up(&bed, &browser).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InsufficientAuthentication);
    assert!(error.to_string().contains("refused the token of the new login too"), "{error}");
    let request = request(Method::GET, None, NAVIGATION).of_app(Some(&bed.oauth));
    assert_eq!(LoginError::from(error).response(Some(&request)).status(), 401);
    // Later, the API may require it again.
    bed.clock.advance(SECOND * 61);
    assert_eq!(step_up(&bed, &browser).await.unwrap(), "/?q=1");
}

#[tokio::test]
async fn requirements_may_follow_each_other_three_times() {
    let bed = TestBed::new();
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    let need = |value: &str| {
        bed.provider.clear_faults();
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{value}\"");
        let refusal = Reply::Challenge(403, challenge);
        bed.provider.inject(Fault::Response(Endpoint::Api, refusal));
    };
    for value in ["a", "b", "c"] {
        need(value);
        step_up(&bed, &browser).await.unwrap();
    }
    need("d");
    let error = step_up(&bed, &browser).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InsufficientScope, "{error}");
}

#[tokio::test]
async fn scripts_get_json_with_what_is_required() {
    let bed = TestBed::new();
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    for (fault, status, code, name, value) in [
        (
            Fault::ApiNeedsAcr("urn:gold".into()),
            401,
            "insufficient_user_authentication",
            "acr_values",
            json!("urn:gold"),
        ),
        (Fault::ApiNeedsScope("pay".into()), 403, "insufficient_scope", "scope", json!("pay")),
    ] {
        bed.provider.clear_faults();
        bed.provider.inject(fault);
        let headers = [("accept", "application/json"), ("sec-fetch-mode", "cors")];
        let request = request(Method::GET, None, &headers).of_app(Some(&bed.oauth));
        let error = page(&bed, &browser).await.unwrap_err();
        assert_eq!(error.remedy(), Remedy::LogInAgain);
        let response = LoginError::from(error).response(Some(&request));
        assert_eq!(response.status(), status);
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!((&body["error"], &body[name]), (&json!(code), &value));
        assert!(body["login"].as_str().unwrap().starts_with("/login/op?step_up="), "{body}");
    }
}

/// The form of a POST would be lost on the way: the page has a link to the login instead.
#[tokio::test]
async fn post_is_not_redirected() {
    let bed = TestBed::new();
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    bed.provider.inject(Fault::ApiNeedsAcr("urn:gold".into()));
    let request = request(Method::POST, None, NAVIGATION).of_app(Some(&bed.oauth));
    let response =
        LoginError::from(page(&bed, &browser).await.unwrap_err()).response(Some(&request));
    assert_eq!(response.status(), 401);
    let text = String::from_utf8(response.into_body()).unwrap();
    assert!(text.contains("href=\"/login/op?step_up="), "{text}");
}

/// Otherwise another site could choose the scope of a login.
#[tokio::test]
async fn only_links_of_this_application_are_accepted() {
    let bed = TestBed::new();
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    bed.provider.inject(Fault::ApiNeedsScope("pay".into()));
    let login = location(&open(&bed, &browser).await.unwrap()).to_owned();
    let value = param(&login, "step_up").unwrap();
    let scope = async |value: &str| {
        let url = format!("/login/op?step_up={value}");
        let url = log_in_at(&bed, &Browser::default(), &url).await.unwrap();
        param(&url, "scope").unwrap()
    };
    assert_eq!(scope(&value).await, "openid profile email pay");
    let mut changed = value.clone();
    changed.truncate(value.len() - 2);
    for other in [changed.as_str(), "x", "%7B%22scope%22%3A%22pay%22%7D"] {
        assert_eq!(scope(other).await, "openid profile email", "{other}");
    }
    bed.clock.advance(HOUR);
    assert_eq!(scope(&value).await, "openid profile email");
}

#[tokio::test]
async fn another_origin_of_the_client_requires_nothing() {
    let bed = TestBed::with(
        |provider| provider,
        |client| client.api_base_url("https://other.example/api/").api_origin(ISSUER),
        |oauth| oauth,
    );
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    bed.provider.inject(Fault::ApiNeedsScope("pay".into()));
    let client = LoginClient::new(bed.app(), &browser, request(Method::GET, None, &[]));
    let user: OAuth2Client = client.user().await.unwrap();
    let response = user.get(&format!("{ISSUER}/api/echo")).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.step_up()), (403, None));
    let error = response.error_for_status().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
}

#[tokio::test]
async fn earlier_scope_is_kept_and_requested_claims_do_not_contradict() {
    let bed = TestBed::with(
        |provider| provider,
        |client| {
            client.claim_request(json!({
                "id_token": { "acr": { "essential": true, "values": ["urn:pin"] }, "email": null },
            }))
        },
        |oauth| oauth,
    );
    let browser = Browser::default();
    let options = AuthorizeOptions::from("/authorize/op").scope("openid calendar");
    let url = bed.start_with(&browser, options).await.unwrap();
    bed.provider.inject(Fault::claim("acr", "urn:pin"));
    let back = bed.provider.approve(&url, "alice").unwrap();
    bed.finish(&browser, &back).await.unwrap();
    bed.provider.clear_faults();
    bed.provider.inject(Fault::ApiNeedsAcr("urn:gold".into()));
    let login = location(&open(&bed, &browser).await.unwrap()).to_owned();
    let url = log_in_at(&bed, &browser, &login).await.unwrap();
    assert_eq!(param(&url, "scope").unwrap(), "openid profile email calendar");
    assert_eq!(param(&url, "claims").unwrap(), r#"{"id_token":{"email":null}}"#);
    let back = bed.provider.approve(&url, "alice").unwrap();
    bed.finish(&browser, &back).await.unwrap();
    page(&bed, &browser).await.unwrap();
}

#[tokio::test]
async fn login_path_is_a_setting_below_the_base_url() {
    let bed = TestBed::with(
        |provider| provider,
        |client| client.login_path("/sign-in?with=op"),
        |oauth| oauth.base_url("https://app.example/portal"),
    );
    let browser = Browser::default();
    let back = {
        let options = AuthorizeOptions::from("https://app.example/authorize/op");
        let url = bed.start_with(&browser, options).await.unwrap();
        bed.provider.approve(&url, "alice").unwrap()
    };
    bed.finish(&browser, &back).await.unwrap();
    bed.provider.inject(Fault::ApiNeedsScope("pay".into()));
    let login = location(&open(&bed, &browser).await.unwrap()).to_owned();
    assert!(login.starts_with("/portal/sign-in?with=op&step_up="), "{login}");
    assert_eq!(param(&login, "next").unwrap(), "/portal?q=1");
}

/// The error without a registry, as a page of an application without our layer.
#[tokio::test]
async fn without_a_registry_there_is_no_link() {
    let bed = TestBed::new();
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    bed.provider.inject(Fault::ApiNeedsAcr("urn:gold".into()));
    let error = LoginError::from(page(&bed, &browser).await.unwrap_err());
    let request: RequestContext = request(Method::GET, None, NAVIGATION);
    for request in [None, Some(&request)] {
        assert_eq!(error.response(request).status(), 401);
    }
}
