//! OAuth 1.0a: logins and signed requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use authlib_core::message::{Request, Response};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use serde_json::json;

use super::flow::{CALLBACK, ISSUER, basic, builder, encoded, get, json, post, post_with, text};
use crate::request::{Fields, field, parse};
use crate::{Endpoint, Fault, Provider, Reply, TestClient};

const NOW: u64 = 1_700_000_000;

fn provider() -> Provider {
    builder()
        .client(TestClient::oauth1("ck", "c s").redirect_uri(CALLBACK))
        .client(TestClient::oauth1("other", "c s").redirect_uri(CALLBACK))
        .build()
}

fn request(method: Method, path: &str, oauth: &[(&str, &str)]) -> Request {
    let mut request = Request::default();
    *request.method_mut() = method;
    *request.uri_mut() = format!("{ISSUER}{path}").parse().unwrap();
    let pairs: Vec<_> = oauth
        .iter()
        .map(|(name, value)| {
            format!("{name}=\"{}\"", encoded(&[("", value)]).trim_start_matches('='))
        })
        .collect();
    let header = format!("OAuth {}", pairs.join(", ")).replace('+', "%20");
    request.headers_mut().insert(AUTHORIZATION, header.parse().unwrap());
    request
}

/// A PLAINTEXT request; `changes` replace parameters, or remove them if empty.
fn plain(
    provider: &Provider,
    path: &str,
    token_secret: &str,
    changes: &[(&str, &str)],
) -> Response {
    let signature = format!("c%20s&{token_secret}");
    let mut oauth = vec![
        ("oauth_consumer_key", "ck"),
        ("oauth_signature_method", "PLAINTEXT"),
        ("oauth_signature", signature.as_str()),
    ];
    oauth.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    oauth.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    provider.handle(&request(Method::POST, path, &oauth))
}

fn fields(response: &Response) -> Fields {
    assert_eq!(response.status(), 200, "{}", text(response));
    parse(&text(response))
}

fn value(fields: &Fields, name: &str) -> String {
    field(fields, name).unwrap_or_default().to_owned()
}

/// Temporary credentials.
fn temporary(provider: &Provider, callback: &str) -> (String, String) {
    let changes = [("oauth_callback", callback)];
    let answer = fields(&plain(provider, "/oauth1/request_token", "", &changes));
    assert_eq!(value(&answer, "oauth_callback_confirmed"), "true");
    (value(&answer, "oauth_token"), value(&answer, "oauth_token_secret"))
}

fn page(token: &str) -> String {
    format!("{ISSUER}/oauth1/authorize?{}", encoded(&[("oauth_token", token)]))
}

/// The parameters of the callback after `alice` approved.
fn called_back(provider: &Provider, token: &str) -> Fields {
    let back = provider.approve(&page(token), "alice").unwrap();
    parse(back.as_str().strip_prefix(&format!("{CALLBACK}?")).unwrap())
}

/// Token credentials.
fn login(provider: &Provider) -> (String, String) {
    let (token, secret) = temporary(provider, CALLBACK);
    let verifier = value(&called_back(provider, &token), "oauth_verifier");
    let changes = [("oauth_token", token.as_str()), ("oauth_verifier", &verifier)];
    let answer = fields(&plain(provider, "/oauth1/access_token", &secret, &changes));
    assert_eq!(value(&answer, "user_id"), "alice");
    assert_eq!(value(&answer, "screen_name"), "Alice Example");
    (value(&answer, "oauth_token"), value(&answer, "oauth_token_secret"))
}

#[track_caller]
fn check_refused(response: &Response, status: u16, problem: &str) {
    let body = parse(&text(response));
    assert_eq!(value(&body, "oauth_problem"), problem, "{}", text(response));
    assert_eq!(response.status(), status);
    assert_eq!(response.headers().contains_key("www-authenticate"), status == 401);
}

#[test]
fn login_gives_access_to_the_api() {
    let provider = provider();
    let (token, secret) = login(&provider);
    let changes = [("oauth_token", token.as_str())];
    let response = plain(&provider, "/oauth1/api/me?a=b&a=c%20d", &secret, &changes);
    let answer = json(&response);
    assert_eq!(answer["sub"], "alice");
    assert_eq!(answer["client"], "ck");
    assert_eq!(answer["user"]["email"], "alice@example.com");
    assert_eq!(answer["path"], "/oauth1/api/me");
    assert_eq!(answer["parameters"], json!([["a", "b"], ["a", "c d"]]));
    assert_eq!(provider.count(Endpoint::OAuth1Api), 1);
    let seen = format!("{:?}", provider.received_requests());
    assert!(!seen.contains(&token) && !seen.contains(&secret), "{seen}");
}

#[test]
fn invalid_requests_for_temporary_credentials_are_rejected() {
    for (changes, status, problem) in [
        (&[][..], 400, "parameter_absent"),
        (&[("oauth_callback", "https://attacker.example/")], 400, "parameter_rejected"),
        (
            &[("oauth_callback", "oob"), ("oauth_consumer_key", "nobody")],
            401,
            "consumer_key_unknown",
        ),
        (&[("oauth_callback", "oob"), ("oauth_consumer_key", "id")], 401, "consumer_key_unknown"),
        (&[("oauth_callback", "oob"), ("oauth_consumer_key", "")], 400, "parameter_absent"),
        (&[("oauth_callback", "oob"), ("oauth_signature", "c s&")], 401, "signature_invalid"),
        (&[("oauth_callback", "oob"), ("oauth_signature", "")], 400, "parameter_absent"),
        (&[("oauth_callback", "oob"), ("oauth_version", "2.0")], 400, "version_rejected"),
        (
            &[("oauth_callback", "oob"), ("oauth_signature_method", "none")],
            400,
            "signature_method_rejected",
        ),
        (
            &[("oauth_callback", "oob"), ("oauth_signature_method", "RSA-SHA1")],
            400,
            "signature_method_rejected",
        ),
        (&[("oauth_callback", "oob"), ("oauth_token", "t")], 401, "token_rejected"),
        (&[("oauth_callback", "oob"), ("oauth_callback", "oob")], 400, "parameter_rejected"),
    ] {
        let response = plain(&provider(), "/oauth1/request_token", "", changes);
        check_refused(&response, status, problem);
    }
    let get = request(Method::GET, "/oauth1/request_token", &[("oauth_consumer_key", "ck")]);
    check_refused(&provider().handle(&get), 400, "method_rejected");
    let twice =
        request(Method::POST, "/oauth1/request_token?oauth_nonce=n", &[("oauth_token", "t")]);
    check_refused(&provider().handle(&twice), 400, "parameter_rejected");
}

#[test]
fn token_credentials_require_approval_verifier_and_client() {
    let provider = provider();
    let (token, secret) = temporary(&provider, CALLBACK);
    let exchange = |key: &str, verifier: &str, secret: &str| {
        let changes = [
            ("oauth_consumer_key", key),
            ("oauth_token", token.as_str()),
            ("oauth_verifier", verifier),
        ];
        plain(&provider, "/oauth1/access_token", secret, &changes)
    };
    check_refused(&exchange("ck", "guessed", &secret), 401, "permission_unknown");
    let verifier = value(&called_back(&provider, &token), "oauth_verifier");
    assert_eq!(provider.approve(&page(&token), "mallory"), None, "it is decided");
    check_refused(&exchange("ck", "guessed", &secret), 401, "verifier_invalid");
    check_refused(&exchange("ck", "", &secret), 400, "parameter_absent");
    check_refused(&exchange("ck", &verifier, "wrong"), 401, "signature_invalid");
    check_refused(&exchange("other", &verifier, &secret), 401, "token_rejected");
    assert_eq!(exchange("ck", &verifier, &secret).status(), 200);
    check_refused(&exchange("ck", &verifier, &secret), 401, "token_rejected");
    let changes = [("oauth_token", token.as_str())];
    check_refused(&plain(&provider, "/oauth1/api/me", &secret, &changes), 401, "token_rejected");
    check_refused(&plain(&provider, "/oauth1/api/me", &secret, &[]), 401, "token_rejected");
}

#[test]
fn denied_login_redirects_with_problem_or_denied() {
    let provider = provider();
    let (token, _) = temporary(&provider, CALLBACK);
    let said = encoded(&[("oauth_token", &token), ("oauth_problem", "user_refused")]);
    assert_eq!(provider.deny(&page(&token)).unwrap().as_str(), format!("{CALLBACK}?{said}"));
    assert_eq!(provider.deny(&page(&token)), None);
    provider.inject(Fault::OAuth1Denied);
    let (token, _) = temporary(&provider, CALLBACK);
    let said = encoded(&[("denied", &token)]);
    assert_eq!(provider.deny(&page(&token)).unwrap().as_str(), format!("{CALLBACK}?{said}"));
}

#[test]
fn out_of_band_page_shows_the_verifier() {
    let provider = provider();
    let (token, secret) = temporary(&provider, "oob");
    let verifier = provider.approve_out_of_band(&page(&token), "alice");
    let changes = [("oauth_token", token.as_str()), ("oauth_verifier", &verifier)];
    assert_eq!(plain(&provider, "/oauth1/access_token", &secret, &changes).status(), 200);
    let (token, _) = temporary(&provider, "oob");
    assert_eq!(provider.approve(&page(&token), "alice"), None);
    let (token, _) = temporary(&provider, CALLBACK);
    assert_eq!(provider.approve_out_of_band(&page(&token), "alice"), "");
}

#[test]
fn oauth1_page_redirects_after_the_decision() {
    let provider = provider();
    let (token, _) = temporary(&provider, CALLBACK);
    let shown = get(&provider, &page(&token));
    assert_eq!(shown.status(), 200);
    assert!(text(&shown).contains("Log in to ck") && text(&shown).contains("value=\"alice\""));
    let asked = encoded(&[("oauth_token", &token)]);
    let form = [("request", asked.as_str()), ("username", "bob"), ("decision", "allow")];
    let sent = post(&provider, &page(&token), &form);
    assert_eq!(sent.status(), 303);
    assert!(sent.headers()[LOCATION].to_str().unwrap().starts_with(CALLBACK));
    for unknown in ["", "x", &token] {
        assert_eq!(get(&provider, &page(unknown)).status(), 400);
    }
    provider.auto_approve("alice");
    let (token, _) = temporary(&provider, CALLBACK);
    assert_eq!(get(&provider, &page(&token)).status(), 303);
}

#[test]
fn temporary_credentials_expire_after_ten_minutes() {
    let seconds = Arc::new(AtomicU64::new(NOW));
    let clock = Arc::clone(&seconds);
    let provider = builder()
        .client(TestClient::oauth1("ck", "c s").redirect_uri(CALLBACK))
        .clock(move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)))
        .build();
    let (token, _) = temporary(&provider, CALLBACK);
    seconds.fetch_add(600, Ordering::Relaxed);
    assert_eq!(provider.approve(&page(&token), "alice"), None);
}

#[test]
fn oauth1_faults_change_the_responses() {
    let answer = |fault: Fault| {
        let provider = provider();
        provider.inject(fault);
        plain(&provider, "/oauth1/request_token", "", &[("oauth_callback", CALLBACK)])
    };
    let unconfirmed = Fault::OAuth1Param("oauth_callback_confirmed".to_owned(), None);
    assert!(!text(&answer(unconfirmed)).contains("confirmed"));
    let wrong = Some("false".to_owned());
    let wrong = answer(Fault::OAuth1Param("oauth_callback_confirmed".to_owned(), wrong));
    assert!(text(&wrong).contains("oauth_callback_confirmed=false"));
    let twice = answer(Fault::OAuth1ParamTwice("oauth_token".to_owned(), "x".to_owned()));
    assert_eq!(text(&twice).matches("oauth_token=").count(), 2);
    assert!(json(&answer(Fault::OAuth1Json))["oauth_token_secret"].is_string());
    let html = answer(Fault::Response(Endpoint::OAuth1RequestToken, Reply::html(500)));
    assert_eq!(html.status(), 500);
    for (fault, expected) in [
        (
            Fault::AuthorizationParam("oauth_token".to_owned(), "other".to_owned()),
            "oauth_token=other",
        ),
        (
            Fault::AuthorizationTwice("oauth_verifier".to_owned(), "v".to_owned()),
            "oauth_verifier=v",
        ),
        (Fault::AuthorizationMissing("oauth_verifier".to_owned()), "?oauth_token="),
    ] {
        let provider = provider();
        let (token, _) = temporary(&provider, CALLBACK);
        provider.inject(fault);
        let back = provider.approve(&page(&token), "alice").unwrap();
        assert!(back.as_str().contains(expected), "{back}");
    }
}

#[test]
fn oauth1_and_oauth2_clients_are_separate() {
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    for headers in [basic("ck", "c s"), basic("ck", "c%20s")] {
        let response = post_with(&provider(), &format!("{ISSUER}/token"), &form, headers);
        assert_eq!(response.status(), 401);
    }
}

/// An API request, signed with HMAC-SHA1 by this test's own code. `signed` is the normalised text of the other
/// parameters, all of which sort before `oauth_`.
fn hmac_signed(
    provider: &Provider,
    uri: &str,
    signed: &str,
    body: &str,
) -> impl Fn(u64, &str) -> Response {
    let (token, secret) = login(provider);
    let (provider, uri, signed, body) =
        (provider.clone(), uri.to_owned(), signed.to_owned(), body.to_owned());
    move |timestamp, nonce| {
        let parameters = format!(
            "{signed}oauth_consumer_key=ck&oauth_nonce={nonce}&oauth_signature_method=HMAC-SHA1\
             &oauth_timestamp={timestamp}&oauth_token={token}"
        );
        let escaped = parameters.replace('%', "%25").replace('&', "%26").replace('=', "%3D");
        let text = format!("POST&https%3A%2F%2Fop.example%2Foauth1%2Fapi%2Fme&{escaped}");
        let key = format!("c%20s&{secret}");
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
        let signature = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
        let timestamp = timestamp.to_string();
        let oauth = [
            ("oauth_consumer_key", "ck"),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &timestamp),
            ("oauth_token", &token),
            ("oauth_signature", &signature),
        ];
        let mut request = request(Method::POST, &uri, &oauth);
        *request.body_mut() = body.clone().into();
        let form = "application/x-www-form-urlencoded".parse().unwrap();
        request.headers_mut().insert(CONTENT_TYPE, form);
        provider.handle(&request)
    }
}

#[test]
fn nonce_and_timestamp_limit_a_signature() {
    let provider = provider();
    let send = hmac_signed(&provider, "/oauth1/api/me?b=c%20d", "a=1&b=c%20d&", "a=1");
    assert_eq!(send(NOW, "n1").status(), 200);
    check_refused(&send(NOW, "n1"), 401, "nonce_used");
    assert_eq!(send(NOW, "n2").status(), 200);
    assert_eq!(send(NOW - 1, "n1").status(), 200);
    assert_eq!(send(NOW + 300, "n1").status(), 200);
    check_refused(&send(NOW + 301, "n3"), 401, "timestamp_refused");
    check_refused(&send(NOW - 301, "n3"), 401, "timestamp_refused");
    check_refused(&send(0, "n3"), 400, "parameter_rejected");
    check_refused(&send(NOW, ""), 400, "parameter_absent");
}

#[test]
fn modified_requests_are_rejected() {
    for (uri, body) in [
        ("/oauth1/api/me?b=c%20d", "a=2"),
        ("/oauth1/api/me?b=c%20e", "a=1"),
        ("/oauth1/api/me?b=c%20d&b=", "a=1"),
        ("/oauth1/api/you?b=c%20d", "a=1"),
    ] {
        let provider = provider();
        let send = hmac_signed(&provider, uri, "a=1&b=c%20d&", body);
        check_refused(&send(NOW, "n"), 401, "signature_invalid");
        let good = hmac_signed(&provider, "/oauth1/api/me?b=c+d", "a=1&b=c%20d&", "a=1");
        assert_eq!(good(NOW, "n").status(), 200);
    }
}

#[test]
fn rejected_signature_does_not_use_up_the_nonce() {
    let provider = provider();
    let (token, secret) = login(&provider);
    for (signature, status) in [("c%20s&wrong", 401), (&*format!("c%20s&{secret}"), 200)] {
        let changes = [
            ("oauth_token", token.as_str()),
            ("oauth_signature", signature),
            ("oauth_nonce", "n"),
            ("oauth_timestamp", "1700000000"),
        ];
        let response = plain(&provider, "/oauth1/api/me", "", &changes);
        assert_eq!(response.status(), status, "{}", text(&response));
    }
}
