use http::HeaderMap;
use serde_json::{Value, json};

use super::flow::{
    CALLBACK, ISSUER, basic, builder, code, get_as, json, now, post_with, provider, redeem, refresh,
};
use crate::{Endpoint, Provider, TestClient};

const REVOKE: &str = "https://op.example/revoke";
const INTROSPECT: &str = "https://op.example/introspect";

fn tokens(provider: &Provider) -> (String, String) {
    let token = json(&redeem(provider, &format!("{ISSUER}/token"), &code(provider)));
    let text = |name: &str| token[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

fn introspect(provider: &Provider, token: &str) -> Value {
    json(&post_with(provider, INTROSPECT, &[("token", token)], basic("id", "secret")))
}

#[test]
fn revocation_revokes_the_tokens_of_one_login() {
    for which in ["access", "refresh"] {
        let provider = provider();
        let (access, again) = tokens(&provider);
        let (other, _) = tokens(&provider);
        let token = if which == "access" { &access } else { &again };
        // A wrong hint is ignored (RFC 7009 §2.1).
        let pairs = [("token", token.as_str()), ("token_type_hint", "saml")];
        let response = post_with(&provider, REVOKE, &pairs, basic("id", "secret"));
        assert_eq!(response.status(), 200, "{which}");
        let userinfo = format!("{ISSUER}/userinfo");
        assert_eq!(get_as(&provider, &userinfo, &access).status(), 401, "{which}");
        assert_eq!(json(&refresh(&provider, &again))["error"], "invalid_grant", "{which}");
        assert_eq!(get_as(&provider, &userinfo, &other).status(), 200, "{which}");
    }
}

#[test]
fn invalid_revocations_and_introspections_are_rejected() {
    let other = TestClient::confidential("other", "hush").redirect_uri(CALLBACK);
    let provider = builder().client(other).build();
    let (access, _) = tokens(&provider);
    let check = |url: &str, token: &str, headers: HeaderMap, status: u16| {
        let response = post_with(&provider, url, &[("token", token)], headers);
        assert_eq!(response.status(), status, "{url}");
        json(&response)
    };
    for url in [REVOKE, INTROSPECT] {
        assert_eq!(check(url, "", basic("id", "secret"), 400)["error"], "invalid_request");
        assert_eq!(check(url, &access, basic("id", "wrong"), 401)["error"], "invalid_client");
        assert_eq!(check(url, &access, HeaderMap::new(), 401)["error"], "invalid_client");
        let twice = [("token", "a"), ("token", "b")];
        assert_eq!(post_with(&provider, url, &twice, basic("id", "secret")).status(), 400);
        assert_eq!(super::flow::get(&provider, url).status(), 405);
    }
    check(REVOKE, "unknown", basic("id", "secret"), 200);
    // Another client can neither revoke nor introspect the token.
    assert_eq!(check(REVOKE, &access, basic("other", "hush"), 400)["error"], "invalid_grant");
    assert_eq!(check(INTROSPECT, &access, basic("other", "hush"), 200), json!({ "active": false }));
    let public = [("client_id", "public"), ("token", access.as_str())];
    assert_eq!(post_with(&provider, INTROSPECT, &public, HeaderMap::new()).status(), 401);
    assert_eq!(introspect(&provider, &access)["active"], true);
}

#[test]
fn introspection_describes_active_tokens_only() {
    let provider = provider();
    let (access, again) = tokens(&provider);
    let about = introspect(&provider, &access);
    let exp = now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 3600;
    for (name, value) in [
        ("active", json!(true)),
        ("client_id", json!("id")),
        ("token_type", json!("Bearer")),
        ("sub", json!("alice")),
        ("iss", json!(ISSUER)),
        ("exp", json!(exp)),
        ("iat", json!(exp - 3600)),
    ] {
        assert_eq!(about[name], value, "{name}");
    }
    assert_eq!(introspect(&provider, &again)["active"], true);
    refresh(&provider, &again);
    let over = json!({ "active": false });
    assert_eq!(introspect(&provider, &again), over, "a spent refresh token");
    assert_eq!(introspect(&provider, "unknown"), over);
    let short = builder().access_token_lifetime(std::time::Duration::ZERO).build();
    assert_eq!(introspect(&short, &tokens(&short).0), over, "an expired token");
    // The introspected token is a secret and is not recorded.
    assert_eq!(provider.count(Endpoint::Introspect), 4);
    assert!(provider.received_requests().iter().all(|seen| seen.field("token").is_none()));
}
