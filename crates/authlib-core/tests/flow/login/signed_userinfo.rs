//! Signed user info (OpenID Connect Core §5.3.2): verified at login and later, with the keys of ID tokens.

use authlib_core::{ErrorKind, OAuth2Client};
use authlib_provider::{Endpoint, Fault, Reply};

use crate::test_bed::{Browser, TestBed, sent};

/// A bed whose client has these settings.
fn bed(settings: &str) -> TestBed {
    let toml = format!("[oauth.op]\n{settings}");
    TestBed::with(|provider| provider, |client| client, |oauth| oauth.load_toml(&toml))
}

#[tokio::test]
async fn signed_userinfo_is_used_like_plain_userinfo() {
    for (settings, accept) in
        [("", "application/json"), ("userinfo_signed_response_alg = 'RS256'", "application/jwt")]
    {
        let bed = bed(settings);
        bed.provider.inject(Fault::UserInfoSigned(Vec::new()));
        let login = bed.log_in(&Browser::default()).await.unwrap();
        let claims = login.token().unwrap().userinfo().unwrap();
        assert_eq!((claims.sub(), claims.name()), ("alice", Some("Alice")));
        assert_eq!(sent(&bed, Endpoint::UserInfo)[0].header("accept"), Some(accept));
        bed.provider.rotate_keys();
        let client = OAuth2Client::for_owner(&bed.app(), login.owner());
        assert_eq!(client.userinfo().await.unwrap().sub(), "alice", "after a key rotation");
    }
}

#[tokio::test]
async fn invalid_signed_userinfo_ends_the_login() {
    for (fault, says) in [
        (Fault::BadSignature, "signature"),
        (Fault::ForeignKey, "signature"),
        (Fault::EmbeddedJwk, "signature"),
        (Fault::HmacWithPublicKey, "signature"),
        (Fault::Unsigned("none".into()), "signature"),
        (Fault::SignedBy("ES256".into()), "signature"),
        (Fault::claim("aud", "other"), "`aud`"),
        (Fault::claim("iss", "https://evil.example"), "`iss`"),
        (Fault::claim("sub", "mallory"), "another `sub`"),
        (Fault::without_claim("sub"), "no `sub`"),
        (Fault::header("typ", "at+jwt"), "`typ`"),
        (Fault::ClaimTime("exp".into(), -3600), "expired"),
    ] {
        let bed = bed("");
        bed.provider.inject(Fault::UserInfoSigned(vec![fault.clone()]));
        let error = bed.log_in(&Browser::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{fault:?}: {error}");
        assert!(error.report().to_string().contains(says), "{fault:?}: {}", error.report());
    }
}

#[tokio::test]
async fn required_signature_of_userinfo_must_be_there() {
    let plain = bed("userinfo_signed_response_alg = 'RS256'");
    let error = plain.log_in(&Browser::default()).await.unwrap_err();
    assert!(error.to_string().contains("plain JSON"), "{error}");
    let other = bed("userinfo_signed_response_alg = 'ES256'");
    other.provider.inject(Fault::UserInfoSigned(Vec::new()));
    let error = other.log_in(&Browser::default()).await.unwrap_err();
    assert!(error.to_string().contains("`userinfo_signed_response_alg`"), "{error}");
}

#[tokio::test]
async fn encrypted_userinfo_needs_a_key() {
    let bed = bed("");
    let reply = Reply::Body {
        status: 200,
        content_type: "application/jwt".to_owned(),
        body: "a.b.c.d.e".to_owned(),
    };
    bed.provider.inject(Fault::Response(Endpoint::UserInfo, reply));
    let error = bed.log_in(&Browser::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(error.to_string().contains("no `decryption_keys`"), "{error}");
}
