//! ID tokens from another application.

use authlib_core::ErrorKind;
use authlib_provider::Endpoint;

use crate::test_bed::{Browser, TestBed};

/// T034, T083: it is verified like that of a login: issuer, nonce and keys.
#[tokio::test]
async fn external_id_token_is_verified_by_nonce_and_keys() {
    let bed = TestBed::new();
    let url = bed.start(&Browser::default()).await.unwrap();
    let nonce = url::Url::parse(&url).unwrap();
    let nonce = nonce.query_pairs().find(|(name, _)| name == "nonce").unwrap().1.into_owned();
    let browser = Browser::default();
    let login = bed.log_in(&browser).await.unwrap();
    let text = login.token().unwrap().id_token.as_ref().unwrap().expose().to_owned();
    let own = login.token().unwrap().userinfo().unwrap().get::<String>("nonce").unwrap().unwrap();
    let app = bed.app();
    assert_eq!(app.parse_id_token(&text, Some(&own)).await.unwrap().sub(), "alice");
    for wrong in [Some(nonce.as_str()), Some(""), None] {
        let error = app.parse_id_token(&text, wrong).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidIdToken);
    }
    assert!(app.parse_id_token("", None).await.is_err());
    assert!(app.parse_id_token(&format!("{text}x"), Some(&own)).await.is_err());
    assert!(bed.provider.count(Endpoint::Jwks) <= 2);
}
