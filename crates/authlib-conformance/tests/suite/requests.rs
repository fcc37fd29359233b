//! Requests of a login to the provider.

use authlib_conformance::{Browser, Fixture};
use authlib_provider::{Endpoint, Fault};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

fn param(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// T015, T069.
pub(crate) async fn metadata_and_keys_are_fetched_once_with_user_agent(package: &str) {
    for (settings, agent) in [("", "authlib"), ("user_agent = 'shop/1.0'", "shop/1.0")] {
        let fixture = Fixture::with(package, |p| p, settings).await;
        for _ in 0..3 {
            assert_eq!(fixture.log_in(&Browser::new()).await.status, 303);
        }
        let count = |endpoint| fixture.count(endpoint);
        assert_eq!((count(Endpoint::Discovery), count(Endpoint::Jwks)), (1, 1));
        for seen in fixture.provider().received_requests() {
            let sent = seen.user_agent.as_deref().unwrap_or_default();
            assert!(sent.starts_with(agent), "{:?}: {sent:?}", seen.endpoint);
        }
    }
}

/// T016, T070.
pub(crate) async fn metadata_document_provides_authorization_endpoint(package: &str) {
    let fixture = Fixture::new(package).await;
    fixture.provider().inject(Fault::MovedPaths);
    let browser = Browser::new();
    let page = browser.get(fixture.url("/login/op")).await;
    assert_eq!(page.status, 303, "{}", page.body);
    let start = page.location();
    assert!(start.as_str().starts_with(fixture.provider().issuer()), "{start}");
    assert!(start.path().len() > "/authorize".len() && start.path().ends_with("/authorize"));
    let back = fixture.provider().approve(start.as_str(), "alice").unwrap();
    assert_eq!(browser.get(&back).await.status, 303);
    assert!(fixture.is_alice(&browser).await);
}

/// T017, T044, T064.
pub(crate) async fn pkce_verifier_matches_challenge_of_its_login(package: &str) {
    let spa = "[oauth.op]\nissuer = 'ISSUER'\nclient_id = 'spa'\nscope = 'openid'";
    let app = format!("{}\nclient_secret = '{}'", spa.replace("spa", "app"), Fixture::secret());
    for (file, authorization) in [(spa, None), (app.as_str(), Some("Basic"))] {
        let fixture = Fixture::configured(package, file, &[]).await;
        let browser = Browser::new();
        let start = || async { browser.get(fixture.url("/login/op")).await.location() };
        let (first, second) = (start().await, start().await);
        assert_eq!(param(&first, "code_challenge_method").as_deref(), Some("S256"));
        let challenge = |url: &Url| param(url, "code_challenge").unwrap();
        assert_eq!(challenge(&first).len(), 43);
        assert_ne!(challenge(&first), challenge(&second));
        // The provider checks the verifier against the challenge: that of another login is
        // rejected.
        let crossed = first.as_str().replace(&challenge(&first), &challenge(&second));
        let back = fixture.provider().approve(&crossed, "alice").unwrap();
        assert_eq!(browser.get_json(&back).await.status, 502);
        let back = fixture.provider().approve(second.as_str(), "alice").unwrap();
        assert_eq!(browser.get(&back).await.status, 303);
        let seen = fixture.provider().received_requests();
        let requests: Vec<_> =
            seen.iter().filter(|seen| seen.endpoint == Endpoint::Token).collect();
        assert_eq!(requests.len(), 2);
        for request in requests {
            assert_eq!(request.authorization.as_deref(), authorization);
            assert!(request.secret("code_verifier").unwrap().len() >= 43);
            assert_eq!(request.field("client_id"), authorization.is_none().then_some("spa"));
        }
    }
}

/// T018, T046.
pub(crate) async fn id_token_repeats_nonce_of_authorization_url(package: &str) {
    // With a configured HMAC key, as in Authlib's test, and with the provider's keys.
    let key = URL_SAFE_NO_PAD.encode(Fixture::secret());
    let hmac = format!(
        "id_token_signed_response_alg = 'HS256'\njwks = {{ keys = [{{ kty = 'oct', k = '{key}' }}] }}"
    );
    for (settings, algorithm) in [(hmac.as_str(), "HS256"), ("", "RS256")] {
        let fixture = Fixture::with(package, |p| p.signing_alg(algorithm), settings).await;
        let browser = Browser::new();
        let start = browser.get(fixture.url("/login/op")).await.location();
        let nonce = param(&start, "nonce").unwrap();
        assert!(nonce.len() >= 20, "{nonce}");
        let back = fixture.provider().approve(start.as_str(), "alice").unwrap();
        assert_eq!(browser.get(&back).await.status, 303, "{algorithm}\n{}", fixture.app.log());
        let profile = browser.get(fixture.url("/profile")).await.json();
        assert_eq!(
            (&profile["sub"], &profile["claims"]["nonce"]),
            (&"alice".into(), &nonce.into())
        );
    }
}
