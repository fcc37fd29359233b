//! H35, B13: the log at `TRACE`, errors and `Debug` output contain no secret.

use std::time::Duration;

use authlib_core::adapter::LoginError;
use authlib_core::{ClientConfig, LogoutOptions, OAuth, login};
use authlib_provider::{Endpoint, Fault, Reply};
use url::Url;

use crate::test_bed::keys::keyed_bed;
use crate::test_bed::log::capture_log;
use crate::test_bed::oauth1::{self, PLACEMENTS};
use crate::test_bed::{Browser, SECRET, TestBed, location};

/// The values of `names` in a URL's query.
fn values(url: &str, names: &[&str]) -> Vec<String> {
    let url = Url::parse(url).unwrap();
    let found = url.query_pairs().filter(|(name, _)| names.contains(&name.as_ref()));
    found.map(|(_, value)| value.into_owned()).collect()
}

/// The PKCE verifiers of a browser's pending logins.
async fn verifiers(browser: &Browser) -> Vec<String> {
    let state = login::Session::load(browser).await.unwrap().unwrap();
    let state = serde_json::to_value(&state).unwrap();
    let pending = state["pending"].as_array().unwrap();
    pending.iter().map(|login| login["code_verifier"].as_str().unwrap().to_owned()).collect()
}

/// H35, B13.
#[tokio::test]
async fn login_refresh_call_and_logout_log_no_secret() {
    let (log, _guard) = capture_log();
    let bed = TestBed::new();
    let browser = Browser::default();
    let mut secrets = vec![SECRET.to_owned()];
    let url = bed.start(&browser).await.unwrap();
    secrets.extend(values(&url, &["state", "nonce", "code_challenge"]));
    secrets.extend(verifiers(&browser).await);
    let state = login::Session::load(&browser).await.unwrap();
    log.show(&format!("{state:?}"));
    let back = bed.provider.approve(&url, "alice").unwrap();
    secrets.extend(values(back.as_str(), &["code"]));
    let login = bed.finish(&browser, &back).await.unwrap();
    let old = login.token().unwrap().clone();
    bed.clock.advance(Duration::from_secs(3600));
    let heard = log.clone();
    bed.oauth.subscribe(move |update| heard.show(&format!("{update:?}")));
    let new = bed.app().active_token(&login.owner()).await.unwrap();
    let request = bed.app().get("user", &login.owner());
    log.show(&format!("{login:?} {new:?} {request:?} {:?} {:?}", bed.oauth, bed.app()));
    request.send().await.unwrap();
    let about = bed.app().introspect_token(&new.access_token, None).await.unwrap();
    log.show(&format!("{about:?}"));
    for token in [old, new] {
        secrets.push(token.access_token.expose().to_owned());
        secrets.push(token.refresh_token.unwrap().expose().to_owned());
        secrets.push(token.id_token.unwrap().expose().to_owned());
    }
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out").revoke_tokens();
    let away = bed.log_out(&browser, &[], options).await.unwrap();
    let away = location(&away).to_owned();
    secrets.extend(values(&away, &["state"]));
    secrets.push(login.owner().user);
    // E-mail addresses and names must not be logged either.
    secrets.extend(["alice@example.com".to_owned(), "Alice".to_owned()]);

    assert!(secrets.len() >= 15, "{secrets:?}");
    assert!(log.text().contains("user logged in"), "{}", log.text());
    log.check(&secrets, "the whole trip");
}

/// H35, B13: As above, for OAuth 1.0a: neither secrets nor signatures.
#[tokio::test]
async fn oauth1_login_and_calls_log_no_secret() {
    let (log, _guard) = capture_log();
    for placement in PLACEMENTS {
        let bed = oauth1::oauth1_bed(|client| oauth1::signing(client, "HMAC-SHA1", placement));
        let browser = Browser::default();
        let url = bed.start(&browser).await.unwrap();
        let mut secrets = values(&url, &["oauth_token"]);
        let state = login::Session::load(&browser).await.unwrap().unwrap();
        log.show(&format!("{state:?}"));
        let state = serde_json::to_value(&state).unwrap();
        secrets.push(state["pending"][0]["token_secret"].as_str().unwrap().to_owned());
        let back = bed.provider.approve(&url, "alice").unwrap();
        secrets.extend(values(back.as_str(), &["oauth_verifier"]));
        bed.provider.inject(Fault::Response(Endpoint::OAuth1AccessToken, Reply::html(500)));
        let error = bed.finish(&browser, &back).await.unwrap_err();
        log.show(&format!("{error} {error:?}"));
        bed.provider.clear_faults();
        let login = bed.log_in(&browser).await.unwrap();
        let call = bed.app().post("x", &login.owner());
        log.show(&format!("{login:?} {call:?} {:?} {:?}", bed.oauth, bed.app()));
        call.send().await.unwrap();
        let away = bed.app().post("https://evil.example/?a=hush", &login.owner()).send().await;
        log.show(&format!("{:?}", away.unwrap_err()));
        for seen in bed.provider.received_requests() {
            let header = seen.header("authorization").unwrap_or_default();
            let header = header.split_once("oauth_signature=\"").map(|(_, rest)| rest);
            secrets.extend(header.map(|rest| rest.trim_end_matches('"').to_owned()));
            secrets.extend(seen.secret("oauth_signature").map(ToOwned::to_owned));
        }
        secrets.push(login.token().unwrap().access_token.expose().to_owned());
        secrets.push(login.token().unwrap().token_secret.as_ref().unwrap().expose().to_owned());
        secrets.extend([oauth1::SECRET.to_owned(), login.owner().user, "hush".to_owned()]);
        assert!(secrets.len() >= 10, "{secrets:?}");
        log.check(&secrets, placement);
    }
    assert!(log.text().contains("user logged in"), "{}", log.text());
}

/// H35, B13: Every kind of failure, with `Display` and `Debug` of its error, causes included.
#[tokio::test]
async fn failures_show_no_secret() {
    let faults = [
        Fault::AuthorizationParam("state".into(), "wrong".into()),
        Fault::AuthorizationParam("iss".into(), "https://evil.example".into()),
        Fault::AuthorizationTwice("code".into(), "x".into()),
        Fault::AuthorizationError("access_denied".into(), "no".into()),
        Fault::AuthorizationError("server_error".into(), "no".into()),
        Fault::Response(Endpoint::Token, Reply::json(400, r#"{"error":"invalid_grant"}"#)),
        Fault::Response(Endpoint::Token, Reply::json(401, r#"{"error":"invalid_client"}"#)),
        Fault::Response(Endpoint::Token, Reply::html(500)),
        Fault::Response(Endpoint::Token, Reply::Reset),
        Fault::Response(Endpoint::Jwks, Reply::html(500)),
        Fault::Response(Endpoint::UserInfo, Reply::json(401, "{}")),
        Fault::token("token_type", "mac"),
        Fault::token("id_token", 1),
        Fault::BadSignature,
        Fault::claim("nonce", "another"),
        Fault::claim("at_hash", "AAAA"),
        Fault::claim("sub", 1),
        Fault::NoIdToken,
        Fault::user_info("sub", "mallory"),
    ];
    for fault in faults {
        let (log, _guard) = capture_log();
        let bed = TestBed::new();
        let browser = Browser::default();
        let case = format!("{fault:?}");
        let url = bed.start(&browser).await.unwrap();
        let mut secrets = values(&url, &["state", "nonce", "code_challenge"]);
        secrets.extend(verifiers(&browser).await);
        secrets.push(SECRET.to_owned());
        bed.provider.inject(fault);
        let back = bed.provider.approve(&url, "alice").unwrap();
        secrets.extend(values(back.as_str(), &["code"]).into_iter().filter(|code| code != "x"));
        let error = bed.finish(&browser, &back).await.unwrap_err();
        log.show(&format!("{error} {} {error:?} {error:#?}", error.report()));
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            log.show(&format!("{inner} {inner:?}"));
            cause = inner.source();
        }
        let response = LoginError::from(error).response(None);
        log.show(&String::from_utf8_lossy(response.body()));
        assert!(log.text().contains("login failed") || log.text().contains("rejected"), "{case}");
        log.check(&secrets, &case);
    }
}

/// A client with a private key: neither the key nor its assertions are shown, valid or invalid.
#[tokio::test]
async fn private_key_and_assertions_are_never_shown() {
    let (log, _guard) = capture_log();
    let pem = include_str!("../../client-keys/p256.pem");
    let mut secrets: Vec<_> = pem.lines().filter(|line| line.len() > 40).map(Into::into).collect();
    // The beginning of the header of every assertion.
    secrets.push("eyJhbGciOi".to_owned());
    for known in ["p256", "p384"] {
        let bed = keyed_bed(known, |client| client.private_key(pem));
        let result = bed.log_in(&Browser::default()).await;
        assert_eq!(result.is_ok(), known == "p256");
        log.show(&format!("{:?} {:?}", bed.oauth, bed.app()));
        if let Ok(login) = result {
            bed.clock.advance(Duration::from_secs(3600));
            bed.app().active_token(&login.owner()).await.unwrap();
        } else if let Err(error) = result {
            log.show(&format!("{error} {} {error:?} {error:#?}", error.report()));
        }
    }
    let spoilt = pem.replace("-----END", "END");
    let client = ClientConfig::new("a").private_key(spoilt.as_str());
    log.show(&format!("{client:?}"));
    let variables =
        [("B_CLIENT_ID".to_owned(), "b".to_owned()), ("B_PRIVATE_KEY".to_owned(), spoilt)];
    let file = format!("[oauth.b]\nprivate_key = ['''{pem}''']\n");
    let broken = format!("[oauth.c]\nprivate_key = \"{pem}\n");
    let builder = OAuth::builder()
        .discover_clients()
        .register(client)
        .load_toml(&file)
        .load_toml(&broken)
        .load_env_from(variables);
    log.show(&format!("{builder:?}"));
    let error = builder.build().unwrap_err();
    log.show(&format!("{error} {error:?}"));
    assert!(log.text().contains("`private_key`"), "{}", log.text());
    log.check(&secrets, "private key");
}

/// If a provider repeats the request in its error, it is not logged.
#[tokio::test]
async fn echoed_request_body_is_not_quoted() {
    let (log, _guard) = capture_log();
    let bed = TestBed::new();
    let browser = Browser::default();
    for (status, content_type) in
        [(400, "text/plain"), (200, "text/html"), (500, "application/json")]
    {
        let body = "code=the-code&client_secret=hush".to_owned();
        let content_type = content_type.to_owned();
        let reply = Reply::Body { status, content_type, body };
        bed.provider.inject(Fault::Response(Endpoint::Token, reply));
        let error = bed.log_in(&browser).await.unwrap_err();
        log.show(&format!("{error} {error:?}"));
        bed.provider.clear_faults();
    }
    log.check(&["hush".to_owned(), "the-code".to_owned()], "echo");
}

#[tokio::test]
async fn invalid_settings_show_no_secret() {
    let (log, _guard) = capture_log();
    let builder = OAuth::builder()
        .discover_clients()
        .register(ClientConfig::new("a").client_secret("hush").authorize_param("state", "hush"))
        .load_toml("[oauth.b]\nclient_secret = ['hush']\naccess_token_url = 'https://u:hush@x/'\n")
        .load_toml("[oauth.c]\nclient_secret = \"hush\n")
        .load_env_from([("A_CLIENT_SECRT".to_owned(), "hush".to_owned())]);
    log.show(&format!("{builder:?}"));
    let error = builder.build().unwrap_err();
    log.show(&format!("{error} {error:?}"));
    assert!(log.text().contains("A_CLIENT_SECRT"));
    log.check(&["hush".to_owned()], "settings");
}

/// Some servers echo what they reject.
#[tokio::test]
async fn provider_errors_that_echo_secrets_are_redacted() {
    let (log, _guard) = capture_log();
    let bed = TestBed::new();
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&url, "alice").unwrap();
    let code = values(back.as_str(), &["code"]).remove(0);
    let body = format!(
        r#"{{"error":"invalid_grant","error_description":"code {code} of a client with secret {SECRET}"}}"#
    );
    bed.provider.inject(Fault::Response(Endpoint::Token, Reply::json(400, body)));
    let error = bed.finish(&browser, &back).await.unwrap_err();
    let told = error.provider_error().unwrap().error_description.clone().unwrap();
    assert_eq!(told, "code [redacted] of a client with secret [redacted]");
    log.show(&format!("{error} {} {error:?}", error.report()));
    log.check(&[code, SECRET.to_owned()], "echo");
}
