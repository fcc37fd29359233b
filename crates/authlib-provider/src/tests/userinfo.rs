use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use serde_json::Value;

use super::flow::{CALLBACK, ISSUER, get, get_as, json, param, provider, query, redeem};
use crate::{Fault, Provider, TestClient, TestUser};

pub(super) fn access_token(provider: &Provider, scope: &str) -> String {
    let asked = format!("{ISSUER}/authorize?{}", query(&[("scope", scope)]));
    let user = provider.0.state().users[0].sub.clone();
    let url = provider.approve(&asked, &user).unwrap();
    let answer = redeem(provider, &format!("{ISSUER}/token"), &param(&url, "code").unwrap());
    json(&answer)["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn scopes_select_the_claims() {
    let user = TestUser::new("7")
        .name("Seven")
        .email("seven@example.com")
        .email_verified(true)
        .picture("https://img.example/7.png")
        .address("7 Street")
        .phone("+7")
        .claim("preferred_username", "seven");
    let client = TestClient::confidential("id", "secret").redirect_uri(CALLBACK);
    let provider = Provider::builder(ISSUER).client(client).user(user).signing_alg("ES256").build();
    let check = |scope: &str, names: &[&str]| {
        let token = access_token(&provider, scope);
        let claims = json(&get_as(&provider, &format!("{ISSUER}/userinfo"), &token));
        let found: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(found, names, "{scope}");
    };
    check("openid", &["sub"]);
    check("openid profile", &["name", "picture", "preferred_username", "sub"]);
    check("openid email", &["email", "email_verified", "sub"]);
    check("openid address phone", &["address", "phone_number", "sub"]);
}

#[test]
fn userinfo_requires_a_bearer_token() {
    let provider = provider();
    let url = format!("{ISSUER}/userinfo");
    let none = get(&provider, &url);
    assert_eq!(none.status(), 401);
    assert_eq!(none.headers()[WWW_AUTHENTICATE], "Bearer");
    let wrong = get_as(&provider, &url, "wrong");
    assert_eq!(wrong.status(), 401);
    assert_eq!(wrong.headers()[WWW_AUTHENTICATE], "Bearer error=\"invalid_token\"");
    // Like the API, it also reads a token in the query (RFC 6750 §2.3).
    let token = access_token(&provider, "openid");
    assert_eq!(get(&provider, &format!("{url}?access_token={token}")).status(), 200);
}

#[test]
fn userinfo_can_be_a_jwt_with_faults_of_its_own() {
    let provider = provider();
    let token = access_token(&provider, "openid");
    let userinfo = || get_as(&provider, &format!("{ISSUER}/userinfo"), &token);
    provider.inject(Fault::UserInfoSigned(vec![Fault::claim("aud", "other")]));
    let response = userinfo();
    assert_eq!(response.headers()[CONTENT_TYPE], "application/jwt");
    let jwt = String::from_utf8(response.body().clone()).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!((&claims["aud"], &claims["iss"]), (&"other".into(), &ISSUER.into()));
    assert!(super::flow::Login::at(&provider).signed, "the ID token has no fault");
}

#[test]
fn issuer_may_have_a_path() {
    let issuer = "https://op.example/tenant";
    let provider = Provider::builder(issuer).signing_alg("ES256").build();
    let urls = [
        "https://op.example/tenant/.well-known/openid-configuration",
        "https://op.example/tenant/.well-known/oauth-authorization-server",
        "https://op.example/.well-known/oauth-authorization-server/tenant",
    ];
    for url in urls {
        let metadata = json(&get(&provider, url));
        assert_eq!(metadata["issuer"], issuer, "{url}");
        assert_eq!(metadata["token_endpoint"], "https://op.example/tenant/token");
    }
    assert_eq!(get(&provider, "https://op.example/tenant/jwks").status(), 200);
    assert_eq!(get(&provider, "https://op.example/jwks").status(), 404);
}

#[test]
fn rotation_keeps_old_keys_or_the_kid() {
    let provider = provider();
    let keys =
        || json(&get(&provider, &format!("{ISSUER}/jwks")))["keys"].as_array().unwrap().clone();
    let before = keys();
    provider.rotate_keys();
    let after = keys();
    assert_eq!((after.len(), &after[0]), (2, &before[0]));
    assert_ne!(after[1]["kid"], before[0]["kid"]);
    provider.rotate_keys_keeping_kid();
    let kept = keys();
    assert_eq!((kept.len(), &kept[1]["kid"]), (2, &after[1]["kid"]));
    assert_ne!(kept[1]["x"], after[1]["x"]);
    for _ in 0..20 {
        provider.rotate_keys();
    }
    assert!(keys().len() < 10, "the set is bounded");
}

#[test]
fn id_tokens_are_signed_with_each_algorithm() {
    let provider = provider();
    for alg in ["RS256", "EdDSA", "ES384", "unheard-of"] {
        provider.sign_with(alg);
        let login = super::flow::Login::at(&provider);
        assert!(login.signed, "{alg}");
        assert_eq!(login.header["alg"], if alg == "unheard-of" { "ES384" } else { alg });
    }
}
