//! Sources of settings and their precedence.

use authlib_conformance::{App, Browser, Fixture, TestKey};
use authlib_provider::{Endpoint, Fault, TestClient};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

/// T002, T040, T058.
pub(crate) async fn environment_alone_provides_id_and_secret(package: &str) {
    let file = "[oauth.op]\nissuer = 'ISSUER'\nscope = 'openid'";
    let id_and_secret = [("OP_CLIENT_ID", "app"), ("OP_CLIENT_SECRET", Fixture::secret())];
    // An empty table in the file.
    let all = [&id_and_secret[..], &[("OP_ISSUER", "ISSUER"), ("OP_SCOPE", "openid")]].concat();
    for (file, vars) in [(file, &id_and_secret[..]), ("", &all)] {
        let fixture = Fixture::configured(package, file, vars).await;
        let browser = Browser::new();
        assert_eq!(fixture.log_in(&browser).await.status, 303, "{file:?}");
        assert!(fixture.is_alice(&browser).await, "{file:?}");
        let seen = fixture.provider().received_requests();
        let token = seen.iter().find(|seen| seen.endpoint == Endpoint::Token).unwrap();
        assert_eq!(token.authorization.as_deref(), Some("Basic"), "{file:?}");
    }
}

/// T003, T039, T059.
pub(crate) async fn environment_overrides_file_per_setting(package: &str) {
    let file = "[oauth.op]\nissuer = 'ISSUER'\nclient_id = 'of the file'\n\
                authorize_params = { ui_locales = 'de', display = 'page' }";
    let vars = [
        ("OP_CLIENT_ID", "app"),
        ("OP_CLIENT_SECRET", Fixture::secret()),
        ("OP_AUTHORIZE_PARAMS", r#"{"display":"popup"}"#),
        ("OP_SCOPE", ""),
    ];
    let fixture = Fixture::configured(package, file, &vars).await;
    let browser = Browser::new();
    let start = browser.get(fixture.url("/login/op")).await.location();
    let param = |name: &str| {
        let found = start.query_pairs().find(|(known, _)| known == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    assert_eq!(param("client_id"), "app");
    assert_eq!((param("display").as_str(), param("ui_locales").as_str()), ("popup", "de"));
    assert_eq!(param("scope"), "openid", "an empty variable counts as absent");
    assert_eq!(fixture.log_in(&browser).await.status, 303);
}

/// T014.
pub(crate) async fn preset_provides_authorization_endpoint(package: &str) {
    let vars = [("GITHUB_CLIENT_ID", "id"), ("GITHUB_CLIENT_SECRET", "secret")];
    let fixture = Fixture::configured(package, "", &vars).await;
    let start = Browser::new().get(fixture.url("/login/github")).await;
    assert_eq!(start.status, 303, "{}", start.body);
    let start = start.location();
    assert_eq!(start.host_str(), Some("github.com"));
    assert_eq!(start.path(), "/login/oauth/authorize");
}

/// T016, T068.
pub(crate) async fn missing_authorization_endpoint_fails_startup(package: &str) {
    for settings in ["", "access_token_url = 'https://op.example/token'"] {
        let file = format!("[oauth.op]\nclient_id = 'app'\n{settings}");
        let said = App::refuse(package, &file).await;
        assert!(said.contains("`op`") && said.contains("`authorize_url`"), "{settings}: {said}");
    }
}

/// Slack omits `token_type`.
pub(crate) async fn built_in_hooks_are_enabled_by_file_and_environment(package: &str) {
    let client = format!(
        "[oauth.op]\nissuer = 'ISSUER'\nclient_id = 'app'\nclient_secret = '{}'\n",
        Fixture::secret()
    );
    let hook = "default_token_type_bearer";
    for (settings, vars, status) in [
        (String::new(), &[][..], 502),
        (format!("hooks = ['parse_form_response', '{hook}']"), &[][..], 303),
        (String::new(), &[("OP_HOOKS", hook)][..], 303),
    ] {
        let fixture = Fixture::configured(package, &format!("{client}{settings}"), vars).await;
        fixture.provider().inject(Fault::TokenMissing("token_type".into()));
        let page = fixture.log_in(&Browser::new()).await;
        assert_eq!(page.status, status, "{settings} {vars:?}: {}", page.body);
    }
    let log = App::refuse(package, &format!("{client}hooks = ['x']")).await;
    assert!(log.contains("not a built-in hook"), "{log}");
}

/// RFC 7519 §4.1.6: the provider's clock is fast.
pub(crate) async fn clock_skew_is_a_bounded_setting(package: &str) {
    for (settings, status) in [("", 400), ("clock_skew = 300", 303)] {
        let fixture = Fixture::with(package, |p| p, settings).await;
        fixture.provider().inject(Fault::ClaimTime("iat".into(), 120));
        let page = fixture.log_in(&Browser::new()).await;
        assert_eq!(page.status, status, "{}", page.body);
    }
    let output = App::refuse(package, "[oauth.google]\nclient_id = 'x'\nclock_skew = 301\n").await;
    assert!(output.contains("`clock_skew` is more than 300 seconds"), "{output}");
}

/// RFC 6749 §2.3.1, Reddit's installed apps.
pub(crate) async fn empty_secret_is_sent_by_basic_if_configured(package: &str) {
    let config = "[oauth.op]\nclient_id = 'installed'\nclient_secret = ''\nissuer = 'ISSUER'\n\
                  scope = 'openid'\n";
    for (method, status) in [("token_endpoint_auth_method = 'client_secret_basic'", 303), ("", 502)]
    {
        let fixture = Fixture::configured(package, &format!("{config}{method}\n"), &[]).await;
        let page = fixture.log_in(&Browser::new()).await;
        assert_eq!(page.status, status, "{method}: {}", page.body);
        let seen = fixture.provider().received_requests();
        let token = seen.iter().find(|seen| seen.endpoint == Endpoint::Token).unwrap();
        let basic = (status == 303).then_some("Basic");
        assert_eq!(token.authorization.as_deref(), basic, "{method}");
    }
}

/// RFC 7517 §5: the provider fetches them from the client's `jwks_uri`.
pub(crate) async fn public_keys_of_the_client_are_served(package: &str) {
    let key = include_str!("../../../authlib-core/tests/client-keys/p256.pem");
    let config = format!(
        "[oauth.op]\nissuer = 'ISSUER'\nclient_id = 'app'\nprivate_key = \"\"\"{key}\"\"\"\n\
         private_key_id = 'k1'\n[oauth.plain]\nissuer = 'ISSUER'\nclient_id = 'app'\nclient_secret = 's'\n"
    );
    let fixture = Fixture::configured(package, &config, &[]).await;
    let page = Browser::new().get(fixture.url("/jwks/op")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "application/jwk-set+json"));
    let keys = page.json()["keys"].clone();
    assert_eq!((keys[0]["kid"].as_str(), keys[0]["crv"].as_str()), (Some("k1"), Some("P-256")));
    assert!(keys[0]["x"].is_string() && keys[1].is_null() && keys[0]["d"].is_null(), "{keys}");
    let page = Browser::new().get(fixture.url("/jwks/plain")).await;
    assert_eq!(page.json(), json!({ "keys": [] }));
    assert_eq!(Browser::new().get(fixture.url("/jwks/nobody")).await.status, 404);
}

/// A mounted secret, such as that of Docker or Kubernetes, is replaced while the app runs.
pub(crate) async fn secret_of_a_file_changes_without_a_restart(package: &str) {
    const NEW_SECRET: &str = "the next secret of the client, long enough";
    let file =
        std::env::temp_dir().join(format!("authlib-secret-{package}-{}", std::process::id()));
    std::fs::write(&file, format!("{}\n", Fixture::secret())).unwrap();
    let config = format!(
        "[oauth.op]\nissuer = 'ISSUER'\nclient_id = 'app'\nscope = 'openid'\n\
         client_secret_file = '{}'\n",
        file.display()
    );
    let fixture = Fixture::configured(package, &config, &[]).await;
    let browser = Browser::new();
    assert_eq!(fixture.log_in(&browser).await.status, 303);
    fixture.provider().inject(Fault::ClientSecret(NEW_SECRET.into()));
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 502, "the old secret");
    std::fs::write(&file, format!("{NEW_SECRET}\n")).unwrap();
    let refreshed = browser.request(Method::POST, fixture.url("/refresh/op"), &[], None).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 303, "the new secret");
    // What was read last is used if the file is gone.
    std::fs::remove_file(&file).unwrap();
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 303);
    let log = fixture.app.log();
    assert!(!log.contains(NEW_SECRET) && !log.contains(Fixture::secret()));
}

/// The key that signed the assertion of the last token request.
fn signing_key_id(fixture: &Fixture) -> String {
    let seen = fixture.provider().received_requests();
    let token = seen.iter().rfind(|seen| seen.endpoint == Endpoint::Token).unwrap();
    let assertion = token.secret("client_assertion").unwrap();
    let header = URL_SAFE_NO_PAD.decode(assertion.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// The provider keeps the client's keys for a while, so it must know the next key before it signs.
pub(crate) async fn next_key_is_published_before_it_signs(package: &str) {
    let kids = ["2026-11", "2027-02"];
    let [present, next] = ["ES256", "RS256"].map(TestKey::for_algorithm);
    let jwks = [(&present, kids[0]), (&next, kids[1])].map(|(key, kid)| {
        let mut jwk = key.public_jwk.clone();
        jwk["kid"] = kid.into();
        jwk
    });
    let config = |more: &str| {
        format!(
            "\n[oauth.keyed]\nissuer = 'ISSUER'\nclient_id = 'keyed'\nscope = 'openid'\n\
             private_key = \"\"\"{}\"\"\"\nprivate_key_id = '{}'\n\
             next_private_key = \"\"\"{}\"\"\"\nnext_private_key_id = '{}'\n{more}\n",
            present.private_pem, kids[0], next.private_pem, kids[1]
        )
    };
    let jwks = json!({ "keys": jwks });
    let fixture = Fixture::with(
        package,
        |provider| {
            let client = TestClient::public("keyed").auth_method("private_key_jwt").jwks(jwks);
            provider.client(client.any_loopback_redirect())
        },
        &config(""),
    )
    .await;
    // The next key is only published, then it has a time that is to come, then the time has come.
    for (more, signing) in [
        ("", kids[0]),
        ("next_private_key_not_before = 33000000000", kids[0]),
        ("next_private_key_not_before = 1000000000", kids[1]),
    ] {
        let app = fixture.replica(package, &config(more), &[]).await;
        let keys = Browser::new().get(app.own_url("/jwks/keyed")).await.json()["keys"].clone();
        let published: Vec<_> =
            keys.as_array().unwrap().iter().filter_map(|key| key["kid"].as_str()).collect();
        assert_eq!(published, kids, "{more}");
        assert!(!keys.to_string().contains("\"d\""), "{more}: a private key");
        let browser = Browser::new();
        let start = browser.get(app.own_url("/login/keyed")).await.location();
        let back = fixture.provider().approve(start.as_str(), "alice").unwrap();
        let done = browser.get(app.at(&back)).await;
        assert_eq!(done.status, 303, "{more}: {}\n{}", done.body, app.log());
        assert_eq!(signing_key_id(&fixture), signing, "{more}");
    }
}
