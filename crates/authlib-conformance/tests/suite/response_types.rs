//! Response types with tokens in the front channel (OpenID Connect Core §3.2 and §3.3).

use authlib_conformance::{App, Browser, Fixture};
use authlib_provider::{Endpoint, Fault};
use serde_json::json;

const TYPES: [&str; 5] =
    ["code id_token", "code token", "code id_token token", "id_token", "id_token token"];

async fn fixture(package: &str, response_type: &str, settings: &str) -> Fixture {
    let settings = format!("response_type = '{response_type}'\n{settings}");
    Fixture::with_response_type(package, response_type, &settings).await
}

pub(crate) async fn login_works_with_every_response_type_and_mode(package: &str) {
    for response_type in TYPES {
        for settings in ["", "response_mode = 'form_post'", "response_mode = 'fragment.jwt'"] {
            let fixture = fixture(package, response_type, settings).await;
            let browser = Browser::new();
            let done = fixture.log_in_by_page(&browser).await;
            assert_eq!(done.status, 303, "{response_type} {settings}: {}", done.body);
            assert!(fixture.is_alice(&browser).await, "{response_type} {settings}");
            let tokens = usize::from(response_type.contains("code"));
            assert_eq!(fixture.count(Endpoint::Token), tokens, "{response_type}");
            let has_token = response_type != "id_token";
            assert_eq!(fixture.count(Endpoint::UserInfo), usize::from(has_token));
            let user = browser.get_json(fixture.url("/userinfo/op")).await;
            assert_eq!(user.status, if has_token { 200 } else { 501 }, "{response_type}");
        }
    }
}

pub(crate) async fn front_channel_id_token_must_be_bound_and_valid(package: &str) {
    for (response_type, faults) in [
        ("code id_token", &["c_hash", "s_hash"][..]),
        ("code id_token token", &["c_hash", "at_hash"]),
        ("id_token token", &["at_hash"]),
        ("id_token", &["s_hash"]),
    ] {
        let fixture = fixture(package, response_type, "require_s_hash = true").await;
        let wrong = |name: &str| {
            [json!(null), json!("AAAAAAAAAAAAAAAAAAAAAA")]
                .map(|value| Fault::front_channel_claim(name, value))
        };
        let hashes = faults.iter().flat_map(|name| wrong(name));
        let others = [
            Fault::claim("nonce", "another"),
            Fault::without_claim("nonce"),
            Fault::claim("aud", "other"),
            Fault::claim("iss", "https://evil.example"),
            Fault::without_claim("sub"),
            Fault::BadSignature,
            Fault::Unsigned("none".into()),
            Fault::AuthorizationMissing("id_token".into()),
        ];
        for fault in hashes.chain(others) {
            let browser = Browser::new();
            fixture.provider().inject(fault.clone());
            let done = fixture.log_in_by_page(&browser).await;
            fixture.provider().clear_faults();
            assert_eq!(done.status, 400, "{response_type} {fault:?}: {}", done.body);
            assert!(!fixture.is_alice(&browser).await, "{response_type} {fault:?}");
        }
        assert_eq!(fixture.count(Endpoint::Token), 0, "{response_type}");
        assert_eq!(fixture.count(Endpoint::UserInfo), 0, "{response_type}");
    }
}

/// OpenID Connect Core §3.3.3.6.
pub(crate) async fn both_id_tokens_must_name_one_user(package: &str) {
    let fixture = fixture(package, "code id_token", "").await;
    let browser = Browser::new();
    fixture.provider().inject(Fault::front_channel_claim("sub", "mallory"));
    assert_eq!(fixture.log_in_by_page(&browser).await.status, 400);
    assert!(!fixture.is_alice(&browser).await);
    assert_eq!(fixture.count(Endpoint::UserInfo), 0);
}

pub(crate) async fn response_has_what_was_requested_and_nothing_else(package: &str) {
    for (response_type, fault) in [
        ("code id_token", Fault::AuthorizationMissing("code".into())),
        ("code id_token", Fault::AuthorizationParam("access_token".into(), "x".into())),
        ("code token", Fault::AuthorizationMissing("access_token".into())),
        ("code token", Fault::AuthorizationParam("id_token".into(), "x".into())),
        ("id_token", Fault::AuthorizationParam("code".into(), "x".into())),
        ("id_token token", Fault::AuthorizationParam("token_type".into(), "mac".into())),
    ] {
        let fixture = fixture(package, response_type, "").await;
        fixture.provider().inject(fault.clone());
        let done = fixture.log_in_by_page(&Browser::new()).await;
        assert_eq!(done.status, 400, "{response_type} {fault:?}: {}", done.body);
        assert_eq!(fixture.count(Endpoint::Token), 0, "{response_type} {fault:?}");
    }
}

pub(crate) async fn unsafe_response_types_fail_startup(package: &str) {
    let client =
        "[oauth.op]\nclient_id = 'app'\nclient_secret = 's'\nissuer = 'https://op.example'\n";
    for (settings, says) in [
        ("response_type = 'token'", "`response_type` is"),
        ("response_type = 'id_token'\nresponse_mode = 'query'", "`response_mode`"),
        ("response_type = 'id_token'\ndangerous_skip_nonce = true", "`dangerous_skip_nonce`"),
        ("response_type = 'id_token'\nscope = 'profile'", "`response_type`"),
        ("require_s_hash = true", "`require_s_hash`"),
    ] {
        let output = App::refuse(package, &format!("{client}{settings}\n")).await;
        assert!(output.contains(says), "{settings}: {output}");
    }
}
