//! Logins and their callbacks: valid ones, and faults of the provider, the browser or an attacker.

use std::time::Duration;

use authlib_core::adapter::{FormBody, LoginCallback};
use authlib_core::config::ResponseMode;
use authlib_core::login;
use authlib_core::{AuthorizeOptions, ErrorKind, LogoutOptions};
use authlib_provider::{Endpoint, Fault, Reply};
use http::Method;
use serde_json::json;

use crate::test_bed::{Browser, ISSUER, SECRET, TestBed, location, request};

#[tokio::test]
async fn login_sends_required_parameters_and_identifies_user() {
    let bed = TestBed::new();
    let browser = Browser::default();
    let options = AuthorizeOptions::from("/authorize/op").next("/inbox?x=1").data(json!({"a": 1}));
    let url = bed.start_with(&browser, options).await.unwrap();
    for name in ["state=", "nonce=", "code_challenge=", "code_challenge_method=S256"] {
        assert!(url.contains(name), "{url}");
    }
    let back = bed.provider.approve(&url, "alice").unwrap();
    let login = bed.finish(&browser, &back).await.unwrap();
    let user = login.token().unwrap().userinfo().unwrap();
    assert_eq!((user.sub(), user.name(), user.iss()), ("alice", Some("Alice"), Some(ISSUER)));
    assert_eq!(login.next, "/inbox?x=1");
    assert_eq!(login.data, Some(json!({"a": 1})));
    assert_eq!(*browser.renewed.borrow(), 1);
    let seen = bed.provider.received_requests();
    let token = seen.iter().find(|seen| seen.endpoint == Endpoint::Token).unwrap();
    assert_eq!(token.authorization.as_deref(), Some("Basic"));
    assert!(token.names.contains(&"code_verifier".to_owned()));
    let user_agent = seen
        .iter()
        .all(|seen| seen.user_agent.as_ref().is_some_and(|agent| agent.starts_with("authlib-rs/")));
    assert!(user_agent);
}

/// The failing check for each fault in an ID token: the login fails before user info is fetched,
/// and the error names the check.
#[tokio::test]
async fn invalid_id_tokens_fail_login() {
    let far = 10_000;
    let table = [
        (Fault::Unsigned("none".into()), "three parts"),
        (Fault::Unsigned("nOnE".into()), "three parts"),
        (Fault::BadSignature, "signature is wrong"),
        (Fault::ForeignKey, "signature is wrong"),
        (Fault::EmbeddedJwk, "signature is wrong"),
        (Fault::HmacWithPublicKey, "algorithm \"HS256\" is not allowed"),
        (Fault::SignedBy("ES256".into()), "algorithm \"ES256\" is not allowed"),
        (Fault::header("alg", json!("none")), "algorithm \"none\" is not allowed"),
        (Fault::header("alg", json!(null)), "`alg`"),
        (Fault::header("kid", json!("nobody-s")), "no key for RS256 with `kid`"),
        (Fault::header("kid", json!(7)), "`kid`"),
        (Fault::header("crit", json!(["exp"])), "`crit`"),
        (Fault::header("b64", json!(false)), "`b64`"),
        (Fault::header("typ", json!("at+jwt")), "`typ`"),
        (Fault::header("typ", json!("logout+jwt")), "`typ`"),
        (Fault::claim("iss", "https://evil.example"), "`iss`"),
        (Fault::claim("iss", "https://op.example/"), "`iss`"),
        (Fault::claim("iss", json!(["https://op.example"])), "`iss` has the wrong type"),
        (Fault::without_claim("iss"), "`iss` is missing"),
        (Fault::claim("aud", "other"), "`aud`"),
        (Fault::claim("aud", json!([])), "`aud`"),
        (Fault::claim("aud", json!(["app", "other"])), "`azp`"),
        (Fault::claim("aud", json!([1])), "`aud` has the wrong type"),
        (Fault::without_claim("aud"), "`aud` is missing"),
        (Fault::claim("azp", "other"), "`azp`"),
        (Fault::without_claim("sub"), "`sub` is missing"),
        (Fault::claim("sub", ""), "`sub` is missing"),
        (Fault::claim("sub", json!(1)), "`sub` has the wrong type"),
        (Fault::claim("sub", "x".repeat(256)), "`sub` is longer"),
        (Fault::without_claim("exp"), "`exp` is missing"),
        (Fault::ClaimTime("exp".into(), -60), "expired"),
        (Fault::claim("exp", "9999999999"), "`exp` has the wrong type"),
        (Fault::claim("exp", json!(null)), "`exp` has the wrong type"),
        (Fault::claim("exp", json!(-1)), "`exp` has the wrong type"),
        (Fault::without_claim("iat"), "`iat` is missing"),
        (Fault::ClaimTime("iat".into(), -7 * 24 * 3600), "long before this login"),
        (Fault::ClaimTime("iat".into(), far), "`iat` is 10000 seconds in the future"),
        (Fault::ClaimTime("nbf".into(), far), "`nbf` is 10000 seconds in the future"),
        (Fault::claim("nbf", "text"), "`nbf` has the wrong type"),
        (Fault::claim("nonce", "another"), "`nonce` is not"),
        (Fault::without_claim("nonce"), "no `nonce`"),
        (Fault::claim("nonce", json!(1)), "`nonce` has the wrong type"),
        (Fault::claim("at_hash", "AAAA"), "`at_hash`"),
        (Fault::claim("at_hash", json!(true)), "`at_hash` has the wrong type"),
        (Fault::claim("auth_time", "now"), "`auth_time` has the wrong type"),
        (Fault::claim("events", json!({})), "`events`"),
        (Fault::ClaimTwice("sub".into(), json!("mallory")), "repeat a name"),
    ];
    for (fault, says) in table {
        let bed = TestBed::new();
        let browser = Browser::default();
        bed.provider.inject(fault.clone());
        let error = bed.log_in(&browser).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidIdToken, "{fault:?}: {error}");
        assert!(error.report().to_string().contains(says), "{fault:?}: {error}");
        assert!(bed.is_anonymous(&browser).await, "{fault:?}");
        assert_eq!(bed.provider.count(Endpoint::UserInfo), 0, "{fault:?}");
        assert_eq!(*browser.renewed.borrow(), 0, "{fault:?}");
    }
}

#[tokio::test]
async fn unusual_valid_id_tokens_are_accepted() {
    for fault in [
        Fault::claim("aud", json!(["app"])),
        Fault::without_claim("at_hash"),
        Fault::without_claim("auth_time"),
        Fault::header("typ", json!(null)),
        Fault::header("kid", json!(null)),
        Fault::header("x-private", json!({"a": 1})),
        Fault::ClaimTime("exp".into(), -59),
        Fault::ClaimTime("iat".into(), 60),
        Fault::claim("exp", json!(1_900_000_000.5)),
        Fault::JwksExotic,
        Fault::JwksWithoutKid,
        Fault::token("token_type", "bEaReR"),
        Fault::TokenMissing("expires_in".into()),
        Fault::TokenMissing("scope".into()),
        Fault::metadata("verify", json!(false)),
        Fault::metadata("client_id", json!("somebody-else")),
        Fault::MovedPaths,
    ] {
        let bed = TestBed::new();
        bed.provider.inject(fault.clone());
        let login = bed.log_in(&Browser::default()).await;
        assert!(login.is_ok(), "{fault:?}: {login:?}");
    }
    let bed = TestBed::new();
    bed.provider.inject(Fault::claim("aud", json!(["app", "other"])));
    bed.provider.inject(Fault::claim("azp", "app"));
    assert!(bed.log_in(&Browser::default()).await.is_ok());
}

/// Broken back-channel responses: metadata, keys, token and user info.
#[tokio::test]
async fn broken_back_channel_responses_are_502_without_login() {
    use ErrorKind::{InvalidResponse, Transport};
    let canary = "https://canary.example/";
    let mut table = Vec::new();
    for endpoint in [Endpoint::Discovery, Endpoint::Jwks, Endpoint::Token, Endpoint::UserInfo] {
        for (reply, kind) in [
            (Reply::html(500), InvalidResponse),
            (Reply::html(200), InvalidResponse),
            (Reply::json(200, "{"), InvalidResponse),
            (Reply::json(200, "[]"), InvalidResponse),
            (Reply::json(200, "{\"a\":".repeat(10_000)), InvalidResponse),
            (Reply::json(503, "{}"), InvalidResponse),
            (Reply::Redirect(302, canary.into()), InvalidResponse),
            (Reply::Redirect(307, canary.into()), InvalidResponse),
            (Reply::Reset, Transport),
            (Reply::Truncated, Transport),
            (Reply::Hang, Transport),
            (Reply::Oversized(100 << 20), Transport),
            (Reply::GzipBomb(100 << 20), Transport),
        ] {
            table.push((Fault::Response(endpoint, reply), kind));
        }
    }
    table.extend([
        (Fault::Response(Endpoint::Jwks, Reply::json(200, r#"{"keys":[]}"#)), InvalidResponse),
        (Fault::metadata("issuer", json!("https://evil.example")), InvalidResponse),
        (Fault::metadata("issuer", json!("https://op.example/")), InvalidResponse),
        (Fault::metadata("issuer", json!(null)), InvalidResponse),
        (Fault::metadata("token_endpoint", json!("http://op.example/token")), InvalidResponse),
        (Fault::metadata("jwks_uri", json!("http://op.example/jwks")), InvalidResponse),
        (Fault::NoIdToken, InvalidResponse),
        (Fault::token("access_token", json!(null)), InvalidResponse),
        (Fault::token("error", json!("oops")), InvalidResponse),
        (Fault::token("token_type", json!("mac")), InvalidResponse),
        (Fault::TokenMissing("token_type".into()), InvalidResponse),
        (Fault::user_info("sub", "mallory"), InvalidResponse),
        (Fault::user_info("sub", json!(1)), InvalidResponse),
        (Fault::UserInfoMissing("sub".into()), InvalidResponse),
    ]);
    // A token response has a smaller limit than other documents.
    let large = |endpoint| Fault::Response(endpoint, Reply::Oversized(300 << 10));
    table.extend([
        (large(Endpoint::Token), Transport),
        (large(Endpoint::UserInfo), InvalidResponse),
    ]);
    for (fault, kind) in table {
        let bed = TestBed::new();
        let browser = Browser::default();
        bed.provider.inject(fault.clone());
        let error = bed.log_in(&browser).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
        assert!(bed.is_anonymous(&browser).await, "{fault:?}");
        assert!(bed.provider.count(Endpoint::Token) <= 1, "{fault:?}");
    }
}

#[tokio::test]
async fn invalid_callbacks_never_reach_token_endpoint() {
    let param = |name: &str, value: &str| Fault::AuthorizationParam(name.into(), value.into());
    let missing = |name: &str| Fault::AuthorizationMissing(name.into());
    let twice = |name: &str, value: &str| Fault::AuthorizationTwice(name.into(), value.into());
    let error = |error: &str| Fault::AuthorizationError(error.into(), "<script>".into());
    use ErrorKind::{AccessDenied, AuthorizationError, InvalidCallback};
    for (fault, kind) in [
        (param("state", "wrong"), InvalidCallback),
        (missing("state"), InvalidCallback),
        (twice("state", "wrong"), InvalidCallback),
        (param("iss", "https://evil.example"), InvalidCallback),
        (missing("iss"), InvalidCallback),
        (twice("iss", ISSUER), InvalidCallback),
        (twice("code", "other"), InvalidCallback),
        (missing("code"), InvalidCallback),
        (param("id_token", "a.b.c"), InvalidCallback),
        (param("access_token", "x"), InvalidCallback),
        (error("access_denied"), AccessDenied),
        (error("login_required"), AuthorizationError),
        (error("temporarily_unavailable"), AuthorizationError),
    ] {
        let bed = TestBed::new();
        let browser = Browser::default();
        bed.provider.inject(fault.clone());
        let failed = bed.log_in(&browser).await.unwrap_err();
        assert_eq!(failed.kind(), kind, "{fault:?}: {failed}");
        assert_eq!(bed.provider.count(Endpoint::Token), 0, "{fault:?}");
        assert!(bed.is_anonymous(&browser).await, "{fault:?}");
    }
}

/// C1, H01, H02: `state` is valid once, in its browser, for ten minutes.
#[tokio::test]
async fn state_is_valid_once_in_its_browser_for_ten_minutes() {
    let bed = TestBed::new();
    let (browser, other) = (Browser::default(), Browser::default());
    let url = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&url, "alice").unwrap();

    // S1: the callback in another browser, with and without a session.
    assert_eq!(bed.finish(&other, &back).await.unwrap_err().kind(), ErrorKind::InvalidCallback);
    bed.start(&other).await.unwrap();
    assert_eq!(bed.finish(&other, &back).await.unwrap_err().kind(), ErrorKind::InvalidCallback);
    assert_eq!(bed.provider.count(Endpoint::Token), 0);

    bed.finish(&browser, &back).await.unwrap();
    assert_eq!(bed.finish(&browser, &back).await.unwrap_err().kind(), ErrorKind::InvalidCallback);
    assert_eq!(bed.provider.count(Endpoint::Token), 1);

    let url = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&url, "alice").unwrap();
    bed.clock.advance(Duration::from_secs(601));
    let error = bed.finish(&browser, &back).await.unwrap_err();
    assert!(error.to_string().contains("10 minutes"), "{error}");
}

#[tokio::test]
async fn concurrent_callbacks_redeem_code_once() {
    let bed = TestBed::new();
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&url, "alice").unwrap();
    // Each with a copy of the session, as on two replicas.
    let copy = Browser::default();
    let state = login::Session::load(&browser).await.unwrap().unwrap();
    login::Session::save(&copy, &state).await.unwrap();
    let (one, two) = tokio::join!(bed.finish(&browser, &back), bed.finish(&copy, &back));
    assert!(one.is_ok() != two.is_ok());
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

/// S5 and H23: several tabs finish in any order.
#[tokio::test]
async fn tabs_finish_in_any_order_and_flood_keeps_newest() {
    let bed = TestBed::new();
    let browser = Browser::default();
    let first = bed.start(&browser).await.unwrap();
    let second = bed.start(&browser).await.unwrap();
    for url in [second, first] {
        let back = bed.provider.approve(&url, "alice").unwrap();
        bed.finish(&browser, &back).await.unwrap();
    }
    // S4: after a thousand starts, eight records are left.
    let oldest = bed.start(&browser).await.unwrap();
    let mut newest = String::new();
    for _ in 0..1000 {
        newest = bed.start(&browser).await.unwrap();
    }
    let state = login::Session::load(&browser).await.unwrap().unwrap();
    assert!(serde_json::to_string(&state).unwrap().len() < 8 * 600);
    let back = bed.provider.approve(&oldest, "alice").unwrap();
    assert!(bed.finish(&browser, &back).await.is_err());
    let back = bed.provider.approve(&newest, "alice").unwrap();
    assert!(bed.finish(&browser, &back).await.is_ok());
}

/// C2: the `state` of one client is rejected by another, and used up.
#[tokio::test]
async fn state_of_another_client_is_rejected_and_consumed() {
    let other = authlib_core::ClientConfig::new("other")
        .client_id("app")
        .client_secret(SECRET)
        .issuer(ISSUER)
        .scope("openid");
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.register(other));
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&url, "alice").unwrap();
    // The callback is dropped: the next copy of it waits for that.
    let error = bed.callback("other", &browser, &back).await.unwrap().log_in().await.unwrap_err();
    assert!(error.to_string().contains("started with client `op`"), "{error}");
    assert!(bed.finish(&browser, &back).await.is_err());
    assert_eq!(bed.provider.count(Endpoint::Token), 0);
}

/// H25 and C3: the `state` of a logout is not valid for a login.
#[tokio::test]
async fn logout_state_and_login_state_are_not_interchangeable() {
    let bed = TestBed::new();
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
    let response = bed.log_out(&browser, &[], options).await.unwrap();
    assert!(bed.is_anonymous(&browser).await);
    let location = url::Url::parse(location(&response)).unwrap();
    assert!(location.as_str().starts_with("https://op.example/end_session?id_token_hint="));
    let state = location.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();

    let back = format!("https://app.example/authorize/op?code=c&state={state}&iss={ISSUER}");
    assert_eq!(bed.finish(&browser, &back).await.unwrap_err().kind(), ErrorKind::InvalidCallback);

    let check = |query: String| {
        let (oauth, browser) = (&bed.oauth, &browser);
        async move {
            let query = Some(query.as_str());
            let back = login::validate_logout_response(oauth, browser, &Method::GET, query).await;
            back.map(|back| back.map(|back| back.client))
        }
    };
    assert!(check("state=wrong".into()).await.is_err());
    assert!(check(String::new()).await.is_err());
    assert_eq!(check(format!("state={state}")).await.unwrap().as_deref(), Some("op"));
    assert!(check(format!("state={state}")).await.is_err());
    assert_eq!(check(String::new()).await.unwrap(), None);
}

/// T045, S9: reserved parameters can't be replaced.
#[tokio::test]
async fn reserved_parameters_are_rejected_by_name() {
    let bed = TestBed::new();
    for name in [
        "state",
        "nonce",
        "redirect_uri",
        "code_challenge",
        "code_verifier",
        "client_id",
        "scope",
        "iss",
    ] {
        let options = AuthorizeOptions::from("/authorize/op").param(name, "x");
        let error = bed.start_with(&Browser::default(), options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains(name), "{error}");
    }
}

/// H33: `max_age` is sent and checked against `auth_time`.
#[tokio::test]
async fn max_age_is_enforced() {
    let bed = TestBed::new();
    let options = || AuthorizeOptions::from("/authorize/op").max_age(Duration::from_secs(30));
    let browser = Browser::default();
    for (fault, says) in [
        (Fault::without_claim("auth_time"), "no `auth_time`"),
        (Fault::ClaimTime("auth_time".into(), -200), "longer ago than `max_age`"),
    ] {
        bed.provider.inject(fault);
        let url = bed.start_with(&browser, options()).await.unwrap();
        assert!(url.contains("max_age=30"));
        let back = bed.provider.approve(&url, "alice").unwrap();
        let error = bed.finish(&browser, &back).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        bed.provider.clear_faults();
    }
    let url = bed.start_with(&browser, options()).await.unwrap();
    let back = bed.provider.approve(&url, "alice").unwrap();
    assert!(bed.finish(&browser, &back).await.is_ok());
}

/// C11: a stolen code in another session is rejected by the provider, or by the nonce if the
/// provider ignores PKCE.
#[tokio::test]
async fn stolen_code_is_useless_in_another_session() {
    for ignored in [false, true] {
        let bed = TestBed::new();
        if ignored {
            bed.provider.inject(Fault::PkceIgnored);
        }
        let (victim, attacker) = (Browser::default(), Browser::default());
        let url = bed.start(&victim).await.unwrap();
        let stolen = bed.provider.approve(&url, "alice").unwrap();
        let own = bed.start(&attacker).await.unwrap();
        let state = |url: &str| {
            let url = url::Url::parse(url).unwrap();
            url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
        };
        let injected = stolen.as_str().replace(&state(&url), &state(&own));
        let error = bed.finish(&attacker, &injected).await.unwrap_err();
        let kind = if ignored { ErrorKind::InvalidIdToken } else { ErrorKind::InvalidResponse };
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[tokio::test]
async fn form_post_without_session_is_resubmitted_same_site() {
    let bed =
        TestBed::with(|p| p, |client| client.response_mode(ResponseMode::FormPost), |oauth| oauth);
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    assert!(url.contains("response_mode=form_post"));
    let state = url::Url::parse(&url).unwrap();
    let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let form = format!("error=access_denied&state={state}&iss={ISSUER}");
    let headers =
        [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    let post = |browser, query| {
        let (app, form) = (bed.app(), form.clone());
        async move {
            let request = request(Method::POST, query, &headers);
            LoginCallback::read(app, browser, &request, form.as_bytes()).await
        }
    };
    // Without the cookie, the page resubmits the form once.
    let stranger = Browser::default();
    let page = post(&stranger, None).await.unwrap_err();
    assert_eq!(page.status(), 200);
    let page = String::from_utf8(page.response(None).into_body()).unwrap();
    assert!(page.contains(&state) && page.contains("again=1"));
    assert!(post(&stranger, Some("again=1")).await.is_ok());
    // With the cookie, the form is not resubmitted. H03: the error in the form is used.
    let error = post(&browser, None).await.unwrap().log_in().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
}

/// C9: HEAD and prefetch don't use up the login; C6, C12: one place for parameters, limited size.
#[tokio::test]
async fn callback_is_bounded_in_one_place_and_not_prefetched() {
    let bed = TestBed::new();
    let browser = Browser::default();
    let form = |body: &[u8]| {
        let mut form = FormBody::new();
        let _ = form.push(body);
        form.finish()
    };
    let receive =
        |method: Method, query: String, headers: &[(&'static str, &str)], body: Vec<u8>| {
            let request = request(method, Some(&query), headers);
            let (app, browser) = (bed.app(), &browser);
            async move { LoginCallback::read(app, browser, &request, &form(&body)?).await }
        };
    let posted = ("content-type", "application/x-www-form-urlencoded");
    for (method, headers) in [
        (Method::HEAD, &[][..]),
        (Method::GET, &[("purpose", "prefetch")][..]),
        (Method::GET, &[("sec-purpose", "prefetch;prerender")][..]),
    ] {
        let received = receive(method, "code=c&state=s".into(), headers, vec![]).await;
        assert_eq!(received.unwrap_err().status(), 204);
    }
    let refused = [
        receive(Method::POST, "code=c".into(), &[posted], b"state=s".to_vec()).await,
        receive(Method::POST, String::new(), &[("content-type", "application/json")], vec![]).await,
        receive(Method::POST, String::new(), &[posted], vec![0xff]).await,
        receive(Method::GET, format!("state={}", "s".repeat(513)), &[], vec![]).await,
        receive(Method::GET, format!("x={}", "s".repeat(20_000)), &[], vec![]).await,
    ];
    for received in refused {
        assert_eq!(received.unwrap_err().kind(), ErrorKind::InvalidCallback);
    }
    let large = receive(Method::POST, String::new(), &[posted], vec![b'a'; 70_000]).await;
    assert_eq!(large.unwrap_err().kind(), ErrorKind::PayloadTooLarge);
}
