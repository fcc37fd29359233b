use super::flow::{ISSUER, Login, builder, encoded, get, location, provider, text};
use crate::{Fault, Provider};

const BYE: &str = "https://app.example/bye";

fn logout(provider: &Provider, pairs: &[(&str, &str)]) -> authlib_core::message::Response {
    get(provider, &format!("{ISSUER}/end_session?{}", encoded(pairs)))
}

#[test]
fn logout_redirects_with_state() {
    for alg in ["ES256", "EdDSA", "HS256", "RS256"] {
        let provider = builder().signing_alg(alg).build();
        let login = Login::at(&provider);
        let hint = login.token["id_token"].as_str().unwrap();
        // The fixed clock is years in the past: an expired hint is accepted.
        let pairs = [("id_token_hint", hint), ("post_logout_redirect_uri", BYE), ("state", "s9")];
        let response = logout(&provider, &pairs);
        assert_eq!(response.status(), 303, "{alg}");
        assert_eq!(location(&response).as_str(), "https://app.example/bye?state=s9");
    }
}

#[test]
fn id_token_hint_accepts_rotated_keys_but_not_foreign_keys() {
    let provider = provider();
    let login = Login::at(&provider);
    let hint = login.token["id_token"].as_str().unwrap();
    let check = |hint: &str, status: u16| {
        let pairs = [("id_token_hint", hint), ("post_logout_redirect_uri", BYE)];
        assert_eq!(logout(&provider, &pairs).status(), status);
    };
    provider.rotate_keys();
    check(hint, 303);
    let (message, _) = hint.rsplit_once('.').unwrap();
    check(&format!("{message}."), 400);
    for fault in [Fault::ForeignKey, Fault::BadSignature, Fault::claim("iss", "https://other")] {
        provider.inject(fault);
        let forged = Login::at(&provider);
        check(forged.token["id_token"].as_str().unwrap(), 400);
        provider.clear_faults();
    }
}

#[test]
fn logout_rejects_unregistered_redirect_uris() {
    let provider = provider();
    let check = |pairs: &[(&str, &str)], status: u16| {
        assert_eq!(logout(&provider, pairs).status(), status, "{pairs:?}");
    };
    check(&[("client_id", "id"), ("post_logout_redirect_uri", BYE)], 303);
    check(&[("client_id", "id"), ("post_logout_redirect_uri", "https://attacker.example")], 400);
    check(&[("client_id", "id"), ("post_logout_redirect_uri", "https://app.example/bye/")], 400);
    check(&[("client_id", "public"), ("post_logout_redirect_uri", BYE)], 400);
    check(&[("post_logout_redirect_uri", BYE)], 400);
    check(&[("id_token_hint", "e30.e30.e30"), ("post_logout_redirect_uri", BYE)], 400);
    let login = Login::at(&provider);
    let hint = login.token["id_token"].as_str().unwrap();
    check(&[("id_token_hint", hint), ("client_id", "public")], 400);
    check(&[("id_token_hint", hint), ("client_id", "id")], 200);
}

#[test]
fn logout_without_redirect_uri_shows_a_page() {
    let response = logout(&provider(), &[]);
    assert_eq!(response.status(), 200);
    assert!(text(&response).contains("You are logged out"));
}
