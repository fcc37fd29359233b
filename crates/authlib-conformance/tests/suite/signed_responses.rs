//! Authorization responses that are JWTs (JARM).

use authlib_conformance::{Browser, Fixture};
use authlib_provider::{Endpoint, Fault};
use serde_json::json;

const MODES: [&str; 4] = ["query.jwt", "form_post.jwt", "fragment.jwt", "jwt"];

async fn fixture(package: &str, settings: &str) -> Fixture {
    Fixture::with(package, |provider| provider, settings).await
}

pub(crate) async fn login_works_with_a_signed_response_in_every_mode(package: &str) {
    for mode in MODES {
        let fixture = fixture(package, &format!("response_mode = '{mode}'")).await;
        let browser = Browser::new();
        let done = fixture.log_in_by_page(&browser).await;
        assert_eq!(done.status, 303, "{mode}: {}", done.body);
        assert!(fixture.is_alice(&browser).await, "{mode}");
        let error = Fault::AuthorizationError("access_denied".into(), "no".into());
        fixture.provider().inject(error);
        let done = fixture.log_in_by_page(&Browser::new()).await;
        assert_eq!(done.status, 403, "{mode}: {}", done.body);
    }
}

pub(crate) async fn invalid_signed_responses_are_400_before_token_request(package: &str) {
    let fixture = fixture(package, "response_mode = 'query.jwt'").await;
    for fault in [
        Fault::without_claim("iss"),
        Fault::without_claim("aud"),
        Fault::without_claim("exp"),
        Fault::without_claim("state"),
        Fault::claim("iss", "https://evil.example"),
        Fault::claim("aud", "other"),
        Fault::claim("state", "another"),
        Fault::ClaimTime("exp".into(), -120),
        Fault::ClaimTwice("code".into(), json!("mallory")),
        Fault::Unsigned("none".into()),
        Fault::BadSignature,
        Fault::ForeignKey,
        Fault::EmbeddedJwk,
        Fault::HmacWithPublicKey,
        Fault::SignedBy("ES256".into()),
        Fault::header("typ", "at+jwt"),
    ] {
        let browser = Browser::new();
        fixture.provider().inject(Fault::AuthorizationSigned(vec![fault.clone()]));
        let done = fixture.log_in_by_page(&browser).await;
        fixture.provider().clear_faults();
        assert_eq!(done.status, 400, "{fault:?}: {}", done.body);
        assert!(!fixture.is_alice(&browser).await, "{fault:?}");
    }
    assert_eq!(fixture.count(Endpoint::Token), 0);
    assert_eq!(fixture.log_in_by_page(&Browser::new()).await.status, 303);
}

pub(crate) async fn missing_and_unrequested_signed_responses_are_400(package: &str) {
    let signed = fixture(package, "response_mode = 'jwt'").await;
    signed.provider().inject(Fault::AuthorizationPlain);
    assert_eq!(signed.log_in_by_page(&Browser::new()).await.status, 400);
    signed.provider().clear_faults();
    let plain = Fixture::new(package).await;
    let fault = Fault::AuthorizationParam("response".into(), "a.b.c".into());
    plain.assert_rejects(fault, 400).await;
    // A parameter beside the JWT is not signed.
    let browser = Browser::new();
    let mut back = signed.allowed(&browser).await;
    back.query_pairs_mut().append_pair("code", "mallory");
    assert_eq!(browser.get_json(back.as_str()).await.status, 400);
    assert_eq!(signed.count(Endpoint::Token) + plain.count(Endpoint::Token), 0);
}
