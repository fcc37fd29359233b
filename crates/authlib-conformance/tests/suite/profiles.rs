//! Security profiles: an example app in the role of a FAPI client, by its configuration file alone.

use authlib_conformance::{App, Browser, Fixture, TestKey};
use authlib_provider::certificates::{CA, CLIENT};
use authlib_provider::{Endpoint, Fault, TestClient};
use reqwest::Method;
use serde_json::{Value, json};

const CERTIFICATE: &str = "tls_client_certificate = 'CERTIFICATES/client.pem'\n\
                           tls_client_key = 'CERTIFICATES/client.key.pem'\n";

/// The client authenticates with its certificate, also if it has a key for its requests.
const BY_CERTIFICATE: &str = "token_endpoint_auth_method = 'tls_client_auth'";

/// ID tokens are encrypted to the client's key.
const ENCRYPTED: &str = "id_token_encrypted_response_alg = 'RSA-OAEP-256'";

/// The request is pushed also in FAPI 1.0.
const PUSHED: &str = "require_pushed_authorization_requests = true";

/// What the provider binds tokens to.
#[derive(Clone, Copy)]
enum BoundTo {
    Certificate,
    DpopKey,
}

/// An app with this profile. The client authenticates with a key, or without one with its certificate.
async fn fixture(package: &str, profile: &str, bound: BoundTo, key: bool, more: &str) -> Fixture {
    let signing = TestKey::for_algorithm("PS256");
    let mut settings = format!("profile = '{profile}'\n{more}\n");
    if key {
        let kid = &signing.public_jwk["kid"];
        settings +=
            &format!("private_key = \"\"\"{}\"\"\"\nprivate_key_id = {kid}\n", signing.private_pem);
    }
    if more.contains(ENCRYPTED) {
        settings += &format!("decryption_keys = [\"\"\"{}\"\"\"]\n", signing.private_pem);
    }
    if matches!(bound, BoundTo::Certificate) || !key {
        settings += CERTIFICATE;
    }
    let encryption_key = Some(signing.public_jwk.clone()).filter(|_| more.contains(ENCRYPTED));
    let keys = json!({ "keys": [signing.public_jwk] });
    let signs = profile != "fapi2";
    let register = |client: TestClient| {
        let client = client.jwks(keys);
        let client = match key && !more.contains(BY_CERTIFICATE) {
            true => client.auth_method("private_key_jwt"),
            false => client.auth_method("tls_client_auth").tls_certificate(CLIENT),
        };
        let client = match encryption_key {
            Some(key) => client.encrypt_to(key),
            None => client,
        };
        let client = match bound {
            BoundTo::Certificate => client.tls_client_certificate_bound_access_tokens(),
            BoundTo::DpopKey => client.dpop_bound_access_tokens(),
        };
        let client = client.response_type("code id_token");
        if signs { client.request_object_signing_alg("PS256") } else { client }
    };
    let pushed = profile != "fapi1_advanced" || more.contains(PUSHED);
    Fixture::over_tls(
        package,
        register,
        |provider| {
            let provider = provider.signing_alg("PS256");
            if pushed { provider.pushed_authorization(true) } else { provider }
        },
        &settings,
        &[],
    )
    .await
}

/// A login, an API call, a refresh and another API call.
async fn assert_works(fixture: &Fixture, browser: &Browser) {
    let done = fixture.log_in_by_page(browser).await;
    assert_eq!(done.status, 303, "{}\n{}", done.body, fixture.app.log());
    assert!(fixture.is_alice(browser).await);
    for _ in 0..2 {
        let echo = browser.get_json(fixture.url("/api/op/accounts")).await;
        assert_eq!(echo.status, 200, "{}", echo.body);
        let refreshed = browser.request(Method::POST, fixture.url("/refresh/op"), &[], None).await;
        assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    }
}

fn browser() -> Browser {
    Browser::trusting(Some(CA))
}

pub(crate) async fn fapi2_login_has_tokens_bound_by_dpop_or_certificate(package: &str) {
    for (bound, key) in
        [(BoundTo::DpopKey, true), (BoundTo::Certificate, true), (BoundTo::Certificate, false)]
    {
        let fixture = fixture(package, "fapi2", bound, key, "").await;
        if matches!(bound, BoundTo::DpopKey) {
            fixture.provider().inject(Fault::DpopNonce);
        }
        assert_works(&fixture, &browser()).await;
        let requests = fixture.provider().received_requests();
        for endpoint in [Endpoint::PushedAuthorization, Endpoint::Token, Endpoint::Api] {
            let last = requests.iter().rev().find(|one| one.endpoint == endpoint).unwrap();
            let is_bound = match bound {
                BoundTo::Certificate => last.certificate.is_some() && last.header("dpop").is_none(),
                BoundTo::DpopKey => last.header("dpop").is_some(),
            };
            assert!(is_bound, "{last:?}");
        }
    }
}

/// With the metadata of RFC 8414, and without an ID token.
pub(crate) async fn fapi2_login_works_without_openid(package: &str) {
    let more = "scope = 'accounts'\n\
                server_metadata_url = 'ISSUER/.well-known/oauth-authorization-server'";
    for bound in [BoundTo::DpopKey, BoundTo::Certificate] {
        let fixture = fixture(package, "fapi2", bound, true, more).await;
        assert_works(&fixture, &browser()).await;
    }
}

/// RFC 9396: with what exactly is requested.
pub(crate) async fn fapi2_login_requests_authorization_details(package: &str) {
    let more = "authorization_details = [{ type = 'account', actions = ['read'] }]";
    let fixture = fixture(package, "fapi2", BoundTo::DpopKey, true, more).await;
    assert_works(&fixture, &browser()).await;
    let requests = fixture.provider().received_requests();
    let pushed = requests.iter().find(|one| one.endpoint == Endpoint::PushedAuthorization);
    let details = pushed.unwrap().field("authorization_details").unwrap().to_owned();
    assert_eq!(details, r#"[{"actions":["read"],"type":"account"}]"#);
}

/// FAPI 1.0 Advanced with RFC 9126, with the response types of [`fapi1_advanced_login_has_a_signed_response`].
pub(crate) async fn fapi1_advanced_login_works_with_a_pushed_request(package: &str) {
    for more in [PUSHED.to_owned(), format!("{PUSHED}\nresponse_mode = 'jwt'")] {
        let fixture = fixture(package, "fapi1_advanced", BoundTo::Certificate, true, &more).await;
        assert_works(&fixture, &browser()).await;
        let requests = fixture.provider().received_requests();
        let pushed = requests.iter().find(|one| one.endpoint == Endpoint::PushedAuthorization);
        let names = &pushed.unwrap().names;
        assert!(names.iter().any(|name| name == "request"), "{names:?}");
    }
}

/// RFC 9101 §4 and JARM, beside what FAPI 2.0 requires.
pub(crate) async fn fapi2_message_signing_login_signs_both_directions(package: &str) {
    for bound in [BoundTo::DpopKey, BoundTo::Certificate] {
        let fixture = fixture(package, "fapi2_message_signing", bound, true, "").await;
        assert_works(&fixture, &browser()).await;
        let requests = fixture.provider().received_requests();
        let pushed = requests.iter().find(|one| one.endpoint == Endpoint::PushedAuthorization);
        let names = &pushed.unwrap().names;
        assert!(names.iter().any(|name| name == "request"), "{names:?}");
        assert!(!names.iter().any(|name| name == "redirect_uri"), "{names:?}");
    }
}

/// FAPI 1.0 Advanced §5.2.2: `code id_token`, or a signed response with a code.
pub(crate) async fn fapi1_advanced_login_has_a_signed_response(package: &str) {
    for more in ["", "response_mode = 'jwt'", BY_CERTIFICATE, ENCRYPTED] {
        let fixture = fixture(package, "fapi1_advanced", BoundTo::Certificate, true, more).await;
        let start = browser().get(fixture.url("/login/op")).await.location();
        let names: Vec<_> = start.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert!(names.contains(&"request".to_owned()), "{names:?}");
        assert!(!names.contains(&"redirect_uri".to_owned()), "{names:?}");
        assert_works(&fixture, &browser()).await;
        let requests = fixture.provider().received_requests();
        let token = requests.iter().find(|one| one.endpoint == Endpoint::Token).unwrap();
        assert!(token.certificate.is_some());
        assert_eq!(token.secret("client_assertion").is_none(), more == BY_CERTIFICATE);
    }
}

/// One fault for each check of a profile.
pub(crate) async fn responses_that_profiles_forbid_are_refused(package: &str) {
    let not_announced = || {
        let name = "authorization_response_iss_parameter_supported";
        vec![Fault::metadata(name, false), Fault::AuthorizationMissing("iss".into())]
    };
    let null = Value::Null;
    let metadata = |name: &str| vec![Fault::metadata(name, null.clone())];
    let signed = |fault: Fault| vec![Fault::AuthorizationSigned(vec![fault])];
    let s_hash = vec![Fault::front_channel_claim("s_hash", null.clone())];
    let unbound = metadata("tls_client_certificate_bound_access_tokens");
    for (profile, bound, cases) in [
        (
            "fapi2",
            BoundTo::DpopKey,
            vec![
                (metadata("pushed_authorization_request_endpoint"), 501),
                (vec![Fault::token("token_type", "Bearer")], 502),
                (vec![Fault::SignedBy("RS256".into())], 400),
                (not_announced(), 400),
            ],
        ),
        ("fapi2", BoundTo::Certificate, vec![(unbound.clone(), 501)]),
        (
            "fapi2_message_signing",
            BoundTo::DpopKey,
            vec![
                (vec![Fault::AuthorizationPlain], 400),
                (signed(Fault::SignedBy("RS256".into())), 400),
                (signed(Fault::Unsigned("none".into())), 400),
            ],
        ),
        (
            "fapi1_advanced",
            BoundTo::Certificate,
            vec![
                (s_hash, 400),
                (vec![Fault::SignedBy("RS256".into())], 400),
                (vec![Fault::AuthorizationMissing("id_token".into())], 400),
                (unbound, 501),
            ],
        ),
    ] {
        for (faults, status) in cases {
            // The app has not read the metadata yet.
            let fixture = fixture(package, profile, bound, true, "").await;
            for fault in faults.clone() {
                fixture.provider().inject(fault);
            }
            let browser = browser();
            let done = fixture.log_in_by_page(&browser).await;
            fixture.provider().clear_faults();
            assert_eq!(done.status, status, "{profile} {faults:?}: {}", done.body);
            assert!(!fixture.is_alice(&browser).await, "{profile} {faults:?}");
            assert_eq!(fixture.count(Endpoint::Api), 0, "{profile} {faults:?}");
        }
    }
}

/// The profiles with what they bind tokens to.
const ROLES: [(&str, BoundTo); 3] = [
    ("fapi2", BoundTo::DpopKey),
    ("fapi2_message_signing", BoundTo::DpopKey),
    ("fapi1_advanced", BoundTo::Certificate),
];

/// Faults of a signed message that is for this client.
fn invalid_claims() -> Vec<Fault> {
    let mut faults = vec![
        Fault::claim("iss", "https://evil.example"),
        Fault::claim("aud", "other"),
        Fault::ClaimTime("exp".into(), -3600),
        Fault::SignedBy("RS256".into()),
        Fault::Unsigned("none".into()),
        Fault::BadSignature,
    ];
    faults.extend(["iss", "aud", "exp"].map(Fault::without_claim));
    faults
}

/// The deviations of the OpenID Foundation's plans for clients of FAPI after which a client must stop.
pub(crate) async fn invalid_messages_stop_every_fapi_login(package: &str) {
    for (profile, bound) in ROLES {
        let mut faults = invalid_claims();
        faults.extend([
            Fault::claim("aud", json!(["app", "other"])),
            Fault::claim("nonce", "another"),
            Fault::without_claim("nonce"),
        ]);
        match profile {
            "fapi1_advanced" => {
                for (name, value) in
                    [("c_hash", Value::Null), ("c_hash", json!("A")), ("s_hash", json!("A"))]
                {
                    faults.push(Fault::front_channel_claim(name, value));
                }
                faults.push(Fault::ClaimTime("iat".into(), -7 * 24 * 3600));
            }
            "fapi2" => {
                faults.push(Fault::AuthorizationParam("iss".into(), "https://evil.example".into()));
                faults.push(Fault::AuthorizationMissing("iss".into()));
                faults.push(Fault::AuthorizationMissing("state".into()));
                faults.push(Fault::AuthorizationParam("state".into(), "another".into()));
            }
            _ => {
                let signed = |fault| Fault::AuthorizationSigned(vec![fault]);
                faults.extend(invalid_claims().into_iter().map(signed));
                faults.push(signed(Fault::without_claim("state")));
            }
        }
        let fixture = fixture(package, profile, bound, true, "").await;
        for fault in faults {
            let browser = browser();
            fixture.provider().inject(fault.clone());
            let done = fixture.log_in_by_page(&browser).await;
            fixture.provider().clear_faults();
            assert_eq!(done.status, 400, "{profile} {fault:?}: {}", done.body);
            assert!(!fixture.is_alice(&browser).await, "{profile} {fault:?}");
        }
        assert_eq!(fixture.count(Endpoint::UserInfo), 0, "{profile}");
        if profile == "fapi1_advanced" {
            // The ID token of the response is checked before the code is used.
            assert_eq!(fixture.count(Endpoint::Token), 0, "{profile}");
        }
        assert_works(&fixture, &browser()).await;
    }
}

/// The deviations after which a client must finish.
pub(crate) async fn unusual_valid_messages_finish_every_fapi_login(package: &str) {
    for (profile, bound) in ROLES {
        let token_type = match bound {
            BoundTo::Certificate => "bEARER",
            BoundTo::DpopKey => "dPOP",
        };
        let fixture = fixture(package, profile, bound, true, "").await;
        for fault in [
            Fault::claim("aud", json!(["app"])),
            Fault::without_claim("at_hash"),
            Fault::TokenMissing("expires_in".into()),
            Fault::TokenMissing("scope".into()),
            Fault::token("token_type", token_type),
        ] {
            fixture.provider().inject(fault);
            assert_works(&fixture, &browser()).await;
            fixture.provider().clear_faults();
        }
    }
}

pub(crate) async fn forbidden_settings_of_profiles_fail_startup(package: &str) {
    let client = "[oauth.op]\nissuer = 'https://op.example'\nclient_id = 'app'\n";
    let rsa = TestKey::for_algorithm("RS256").private_pem;
    let key = format!("{client}private_key = '''{rsa}'''\n");
    for (config, settings) in [
        (
            format!("{client}profile = 'fapi1_advanced'\nclient_secret = 's'"),
            &["`client_secret`", "`private_key`", "`tls_client_certificate`"][..],
        ),
        (
            format!(
                "{key}profile = 'fapi1_advanced'\ndpop = 'login'\nresponse_type = 'code'\n\
                 request_object_signing_alg = 'RS256'\ntls_client_certificate_bound_access_tokens = false"
            ),
            &[
                "`dpop`",
                "`response_type`",
                "`request_object_signing_alg`",
                "`tls_client_certificate_bound_access_tokens`",
            ],
        ),
        (
            format!(
                "{key}profile = 'fapi2'\ntoken_endpoint_auth_signing_alg = 'RS256'\ndpop = 'off'"
            ),
            &["`token_endpoint_auth_signing_alg`", "`dpop`"],
        ),
    ] {
        let said = App::refuse(package, &config).await;
        for setting in settings {
            assert!(said.contains(setting), "{setting}: {said}");
        }
    }
}
