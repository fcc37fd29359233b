//! Encrypted ID tokens, user info and authorization responses (RFC 7516).

use authlib_conformance::{App, Browser, Fixture, TestKey};
use authlib_provider::{Endpoint, Fault};
use serde_json::json;

/// An app whose client gets everything encrypted.
async fn fixture(package: &str, settings: &str) -> Fixture {
    let key = TestKey::for_algorithm("RS256");
    let settings = format!("decryption_keys = [\"\"\"{}\"\"\"]\n{settings}", key.private_pem);
    Fixture::with_client(package, |client| client.encrypt_to(key.public_jwk), &settings).await
}

const REQUIRED: &str = "id_token_encrypted_response_alg = 'RSA-OAEP-256'\n\
                        id_token_encrypted_response_enc = 'A256GCM'\n";

pub(crate) async fn encrypted_messages_are_decrypted_and_verified(package: &str) {
    for settings in ["", REQUIRED, "response_mode = 'query.jwt'", "response_mode = 'form_post.jwt'"]
    {
        let fixture = fixture(package, settings).await;
        fixture.provider().inject(Fault::UserInfoSigned(Vec::new()));
        let browser = Browser::new();
        let done = fixture.log_in_by_page(&browser).await;
        assert_eq!(done.status, 303, "{settings}: {}", done.body);
        let profile = browser.get_json(fixture.url("/profile")).await.json();
        assert_eq!(profile["claims"]["name"], "Alice Example", "{settings}");
        fixture.provider().clear_faults();
        fixture.provider().expire_access_tokens();
        // The refreshed ID token is encrypted too.
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let url = fixture.url("/refresh/op");
        let page = browser.request(reqwest::Method::POST, url, &form, None).await;
        assert_eq!(page.status, 200, "{settings}: {}", page.body);
    }
}

pub(crate) async fn damaged_or_unsafe_encryption_is_refused(package: &str) {
    let fixture = fixture(package, REQUIRED).await;
    for fault in [
        Fault::BadEncryption,
        Fault::NotEncrypted,
        Fault::EncryptedContent("{\"sub\":\"alice\"}".into()),
        Fault::EncryptedContent("a.b.c.d.e".into()),
        Fault::EncryptionHeader("alg".into(), json!("RSA1_5")),
        Fault::EncryptionHeader("alg".into(), json!("RSA-OAEP")),
        Fault::EncryptionHeader("enc".into(), json!("A128GCM")),
        Fault::EncryptionHeader("zip".into(), json!("DEF")),
        Fault::EncryptionHeader("crit".into(), json!(["exp"])),
        Fault::BadSignature,
        Fault::claim("nonce", "another"),
    ] {
        let page = fixture.assert_rejects(fault.clone(), 400).await;
        assert_eq!(page.json()["error"], "invalid_id_token", "{fault:?}");
    }
    assert_eq!(fixture.count(Endpoint::UserInfo), 0);
    // Without a key the error says so.
    let key = TestKey::for_algorithm("RS256");
    let without =
        Fixture::with_client(package, |client| client.encrypt_to(key.public_jwk), "").await;
    assert_eq!(without.log_in(&Browser::new()).await.status, 400);
    assert!(without.app.log().contains("the client has no `decryption_keys`"));
}

pub(crate) async fn encryption_keys_are_checked_and_published(package: &str) {
    let fixture = fixture(package, "").await;
    let keys = Browser::new().get(fixture.url("/jwks/op")).await.json()["keys"].clone();
    assert_eq!((keys[0]["use"].as_str(), keys[0]["kty"].as_str()), (Some("enc"), Some("RSA")));
    assert!(keys[0]["d"].is_null() && keys[1].is_null(), "{keys}");
    let client =
        "[oauth.op]\nclient_id = 'app'\nclient_secret = 's'\nissuer = 'https://op.example'\n";
    for (settings, says) in [
        ("decryption_keys = ['x']", "`decryption_keys` has a key that"),
        ("id_token_encrypted_response_alg = 'RSA1_5'", "`RSA-OAEP-256`"),
        ("id_token_encrypted_response_alg = 'ECDH-ES'", "no key of `decryption_keys` fits"),
        ("userinfo_encrypted_response_enc = 'A128GCM'", "is not used without"),
        ("request_object_encryption_alg = 'ECDH-ES'", "is not used without"),
    ] {
        let output = App::refuse(package, &format!("{client}{settings}\n")).await;
        assert!(output.contains(says), "{settings}: {output}");
    }
}
