//! Features of high-security profiles, by configuration alone.

use authlib_conformance::{App, Browser, Fixture};
use authlib_provider::{Endpoint, Fault};

/// RFC 9449 §8 and §9: login, user info and API call, each with a proof that has the server's nonce.
pub(crate) async fn dpop_login_and_api_call_use_server_nonces(package: &str) {
    let fixture = Fixture::with(package, |provider| provider, "dpop = 'login'").await;
    fixture.provider().inject(Fault::DpopNonce);
    fixture.provider().inject(Fault::DpopScheme("dpop".into()));
    fixture.provider().inject(Fault::token("token_type", "dPoP"));
    let browser = Browser::new();
    assert_eq!(fixture.log_in(&browser).await.status, 303);
    let page = browser.get_json(fixture.url("/api/op/user")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let requests = fixture.provider().received_requests();
    for endpoint in [Endpoint::Token, Endpoint::UserInfo, Endpoint::Api] {
        let last = requests.iter().rev().find(|request| request.endpoint == endpoint).unwrap();
        assert!(last.header("dpop").is_some(), "{endpoint:?}");
        assert_ne!(last.authorization.as_deref(), Some("Bearer"), "{endpoint:?}");
    }
}

/// B11 and B23.
pub(crate) async fn dpop_downgrade_and_endless_nonces_are_refused(package: &str) {
    let settings = "dpop_bound_access_tokens = true";
    let fixture = Fixture::with(package, |provider| provider, settings).await;
    fixture.assert_rejects(Fault::token("token_type", "Bearer"), 502).await;
    let before = fixture.count(Endpoint::Token);
    fixture.assert_rejects(Fault::DpopNonceNeverAccepted, 502).await;
    assert_eq!(fixture.count(Endpoint::Token) - before, 2);
}

/// A configuration without a secret: the app must say what the profile needs instead.
pub(crate) async fn fapi2_is_one_setting_and_refuses_what_it_forbids(package: &str) {
    let client =
        "[oauth.op]\nissuer = 'https://op.example'\nclient_id = 'app'\nprofile = 'fapi2'\n";
    let settings = format!("{client}client_secret = 's'\ndangerous_skip_pkce = true");
    let said = App::refuse(package, &settings).await;
    for setting in ["`client_secret`", "`dangerous_skip_pkce`", "`private_key`"] {
        assert!(said.contains(setting), "{setting}: {said}");
    }
}
