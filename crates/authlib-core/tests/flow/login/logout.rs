//! Logout requests (OpenID Connect RP-Initiated Logout 1.0 §2), and the pending logout in the
//! session.

use authlib_core::login::{self, Session as _};
use authlib_core::store::{MemoryPendingLoginStore, TokenStore as _};
use authlib_core::{ClientConfig, ErrorKind, LogoutOptions, Result};
use authlib_provider::Endpoint;
use http::Method;
use url::Url;

use crate::test_bed::stores::Shared;
use crate::test_bed::{Browser, HOUR, TestBed, location};

/// Logs Alice in and out again; returns the logout URL.
async fn log_out(bed: &TestBed, browser: &Browser, options: LogoutOptions) -> Url {
    bed.log_in(browser).await.unwrap();
    let response = bed.log_out(browser, &[], options).await.unwrap();
    Url::parse("https://app.example").unwrap().join(location(&response)).unwrap()
}

fn param(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// The client of a redirect back.
async fn returned(
    bed: &TestBed,
    browser: &Browser,
    method: &Method,
    query: Option<&str>,
) -> Result<Option<String>> {
    let response = login::validate_logout_response(&bed.oauth, browser, method, query).await?;
    Ok(response.map(|response| response.client))
}

async fn back(bed: &TestBed, browser: &Browser, state: &str) -> Result<Option<String>> {
    returned(bed, browser, &Method::GET, Some(&format!("state={state}"))).await
}

/// T025, T052, T073.
#[tokio::test]
async fn logout_without_redirect_uri_has_no_state() {
    let (bed, browser) = (TestBed::new(), Browser::default());
    let to = log_out(&bed, &browser, LogoutOptions::new()).await;
    assert!(to.as_str().starts_with("https://op.example/end_session?id_token_hint="), "{to}");
    assert_eq!(param(&to, "client_id").as_deref(), Some("app"));
    assert_eq!((param(&to, "post_logout_redirect_uri"), param(&to, "state")), (None, None));
    let kept = serde_json::to_value(browser.load().await.unwrap().unwrap()).unwrap();
    let records = kept["logouts"].as_array().map_or(0, Vec::len);
    assert_eq!(records, 0, "{kept}");
    assert!(back(&bed, &browser, "").await.is_err());
}

/// T026, T081.
#[tokio::test]
async fn logout_sends_client_id_hint_and_ui_locales() {
    let mut options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
    options.logout_hint = Some("alice@example.com & others".to_owned());
    options.ui_locales = Some("de-CH fr".to_owned());
    let to = log_out(&TestBed::new(), &Browser::default(), options).await;
    assert_eq!(param(&to, "client_id").as_deref(), Some("app"));
    assert_eq!(param(&to, "logout_hint").as_deref(), Some("alice@example.com & others"));
    assert_eq!(param(&to, "ui_locales").as_deref(), Some("de-CH fr"));
    assert_eq!(to.query_pairs().count(), 6, "{to}");
}

/// T027, T029: Each logout has a new `state`.
#[tokio::test]
async fn logout_url_comes_with_its_pending_state() {
    let bed = TestBed::new();
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
    let mut states = Vec::new();
    for _ in 0..2 {
        let (url, pending) = bed.app().create_logout_url(None, &options).await.unwrap().unwrap();
        assert_eq!(pending.unwrap().client(), "op");
        assert_eq!(param(&url, "id_token_hint"), None);
        states.push(param(&url, "state").unwrap());
    }
    assert!(states[0].len() >= 20 && states[0] != states[1], "{states:?}");
}

/// The refresh token of a refresh that is running is revoked, too, and no row remains.
#[tokio::test]
async fn logout_revokes_what_a_refresh_in_flight_returns() {
    let store = Shared::default();
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
    let browser = Browser::default();
    let first = bed.log_in(&browser).await.unwrap();
    bed.clock.advance(HOUR);
    bed.provider.clear_requests();
    let (app, owner) = (bed.app(), first.owner());
    let logout = async {
        // The provider has rotated the refresh token, and its response is on the way.
        while bed.provider.count(Endpoint::Token) == 0 {
            tokio::task::yield_now().await;
        }
        let options = LogoutOptions::new().revoke_tokens();
        bed.log_out(&browser, &[], options).await.unwrap();
    };
    let (refreshed, ()) = tokio::join!(app.active_token(&owner), logout);
    let new = refreshed.unwrap().refresh_token.unwrap();
    assert_ne!(Some(&new), first.token().unwrap().refresh_token.as_ref());
    assert_eq!(bed.provider.count(Endpoint::Revoke), 1);
    assert!(!app.introspect_token(&new, None).await.unwrap().active());
    assert!(store.load(&owner).await.unwrap().is_none());
    assert!(app.active_token(&owner).await.is_err());
    assert!(bed.is_anonymous(&browser).await);
}

/// T027: the caller's own `state` is sent, and validated once.
#[tokio::test]
async fn caller_can_set_state_of_logout() {
    let (bed, browser) = (TestBed::new(), Browser::default());
    let own = LogoutOptions::new().post_logout_redirect_uri("/logged-out").state("my-own-state");
    let to = log_out(&bed, &browser, own.clone()).await;
    assert_eq!(param(&to, "state").as_deref(), Some("my-own-state"));
    assert!(back(&bed, &browser, "another").await.is_err());
    assert_eq!(back(&bed, &browser, "my-own-state").await.unwrap().as_deref(), Some("op"));
    assert!(back(&bed, &browser, "my-own-state").await.is_err(), "used before");
    let (_, pending) = bed.app().create_logout_url(None, &own).await.unwrap().unwrap();
    assert_eq!(pending.unwrap().client(), "op");
    // Without a redirect nothing comes back, and an empty `state` matches nothing.
    let alone = LogoutOptions::new().state("my-own-state");
    let (url, pending) = bed.app().create_logout_url(None, &alone).await.unwrap().unwrap();
    assert!(pending.is_none() && param(&url, "state").is_none(), "{url}");
    let empty = LogoutOptions::new().post_logout_redirect_uri("/logged-out").state("");
    let error = bed.app().create_logout_url(None, &empty).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

/// T026: parameters of one provider, from the client's settings and of one logout.
#[tokio::test]
async fn logout_has_configured_and_own_parameters() {
    let config = |client: ClientConfig| client.logout_param("tenant", "a b").logout_param("x", "1");
    let bed = TestBed::with(|p| p, config, |oauth| oauth);
    let options = LogoutOptions::new().param("federated", "").param("x", "2");
    let to = log_out(&bed, &Browser::default(), options).await;
    assert_eq!(param(&to, "tenant").as_deref(), Some("a b"));
    assert_eq!(param(&to, "federated").as_deref(), Some(""));
    let of_x: Vec<_> = to.query_pairs().filter(|(name, _)| name == "x").collect();
    assert_eq!(of_x, [("x".into(), "2".into())]);
    for name in ["client_id", "id_token_hint", "post_logout_redirect_uri", "state"] {
        let options = LogoutOptions::new().param(name, "forged");
        let error = bed.app().create_logout_url(None, &options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{name}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

/// Amazon Cognito: its logout has `logout_uri` and returns no `state`.
#[tokio::test]
async fn logout_of_cognito_returns_without_state() {
    let config = |client: ClientConfig| client.post_logout_redirect_param("logout_uri");
    let bed = TestBed::with(|p| p, config, |oauth| oauth);
    let browser = Browser::default();
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
    let to = log_out(&bed, &browser, options).await;
    assert_eq!(param(&to, "logout_uri").as_deref(), Some("https://app.example/logged-out"));
    assert_eq!((param(&to, "post_logout_redirect_uri"), param(&to, "state")), (None, None));
    assert_eq!(returned(&bed, &browser, &Method::GET, None).await.unwrap(), None);
}

/// T030 to T032, T054 to T056, T075 to T077: what the check returns, and why it fails.
#[tokio::test]
async fn post_logout_redirect_names_client_or_failed_check() {
    let (bed, browser) = (TestBed::new(), Browser::default());
    let options = || LogoutOptions::new().post_logout_redirect_uri("/logged-out");
    let check = async |browser: &Browser, method: Method, query: Option<&str>| {
        returned(&bed, browser, &method, query).await
    };
    // Without a pending logout it is an ordinary request.
    assert_eq!(check(&browser, Method::GET, None).await.unwrap(), None);
    assert_eq!(check(&browser, Method::GET, Some("x=1")).await.unwrap(), None);

    let state = param(&log_out(&bed, &browser, options()).await, "state").unwrap();
    let right = format!("state={state}");
    let twice = format!("{right}&{right}");
    let other = Browser::default();
    for (browser, query, says) in [
        (&browser, None, "the post-logout redirect has no `state`"),
        (&browser, Some("x=1"), "the post-logout redirect has no `state`"),
        (&browser, Some("state="), "no pending logout of this browser matches `state`"),
        (&browser, Some("state=wrong"), "no pending logout of this browser matches `state`"),
        (&browser, Some(twice.as_str()), "parameter `state` is repeated"),
        (&other, Some(right.as_str()), "no pending logout of this browser matches `state`"),
    ] {
        let error = check(browser, Method::GET, query).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidCallback, "{query:?}");
        assert!(error.to_string().contains(says), "{query:?}: {error}");
    }
    // A prefetch does not use it up.
    assert_eq!(check(&browser, Method::HEAD, Some(&right)).await.unwrap(), None);
    let named = check(&browser, Method::GET, Some(&right)).await.unwrap();
    assert_eq!(named.as_deref(), Some("op"));
    let error = check(&browser, Method::GET, Some(&right)).await.unwrap_err();
    assert!(error.to_string().contains("no pending logout"), "used before: {error}");

    let state = param(&log_out(&bed, &browser, options()).await, "state").unwrap();
    bed.clock.advance(std::time::Duration::from_secs(601));
    let late = check(&browser, Method::GET, Some(&format!("state={state}"))).await.unwrap_err();
    assert!(late.to_string().contains("more than 10 minutes ago"), "{late}");
}

/// T078, T080: A pending logout has no secret, and stays in the session even with a pending login
/// store.
#[tokio::test]
async fn post_logout_redirect_is_single_use_with_store() {
    let bed = TestBed::with(
        |p| p,
        |c| c,
        |oauth| oauth.pending_login_store(MemoryPendingLoginStore::new()),
    );
    let browser = Browser::default();
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
    let state = param(&log_out(&bed, &browser, options).await, "state").unwrap();
    let kept = serde_json::to_string(&browser.load().await.unwrap().unwrap()).unwrap();
    assert!(kept.contains(&state) && !kept.contains("eyJ"), "{kept}");
    assert!(back(&bed, &Browser::default(), &state).await.is_err(), "another browser");
    assert_eq!(back(&bed, &browser, &state).await.unwrap().as_deref(), Some("op"));
    let kept = serde_json::to_string(&browser.load().await.unwrap().unwrap()).unwrap();
    assert!(!kept.contains(&state), "{kept}");
    assert!(back(&bed, &browser, &state).await.is_err(), "used before");
}

/// T079.
#[tokio::test]
async fn post_logout_redirect_uri_accepts_url_type() {
    let uri = Url::parse("https://app.example/logged-out?to=a b").unwrap();
    let options = LogoutOptions::new().post_logout_redirect_uri(uri.clone());
    let to = log_out(&TestBed::new(), &Browser::default(), options).await;
    assert_eq!(param(&to, "post_logout_redirect_uri").as_deref(), Some(uri.as_str()));
    assert!(to.as_str().contains("logged-out%3Fto%3Da%2520b"), "{to}");
}

/// RP-Initiated Logout 1.0 §2 has six parameters.
#[tokio::test]
async fn logout_options_set_each_parameter_and_return_data() {
    let (bed, browser) = (TestBed::new(), Browser::default());
    for (next, expected) in
        [("/bye?x=1", "/bye?x=1"), ("https://evil.example/", "/"), ("//evil.example", "/")]
    {
        let options = LogoutOptions::new()
            .id_token_hint("a.b.c")
            .logout_hint("alice")
            .client_id("another")
            .post_logout_redirect_uri("/logged-out")
            .state("my-own-state")
            .ui_locales("de fr")
            .next(next)
            .data("cart");
        let to = log_out(&bed, &browser, options).await;
        for (name, value) in [
            ("id_token_hint", "a.b.c"),
            ("logout_hint", "alice"),
            ("client_id", "another"),
            ("post_logout_redirect_uri", "https://app.example/logged-out"),
            ("state", "my-own-state"),
            ("ui_locales", "de fr"),
        ] {
            assert_eq!(param(&to, name).as_deref(), Some(value), "{name}");
        }
        let query = Some("state=my-own-state");
        let response =
            login::validate_logout_response(&bed.oauth, &browser, &Method::GET, query).await;
        let response = response.unwrap().unwrap();
        assert_eq!((response.client.as_str(), response.next.as_str()), ("op", expected));
        assert_eq!(response.data, Some("cart".into()));
    }
}
