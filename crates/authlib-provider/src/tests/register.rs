//! Dynamic client registration (RFC 7591) and its management (RFC 7592).

use authlib_core::message::{Request, Response};
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::Jwk;
use serde_json::{Value, json};

use super::assertion::key;
use super::flow::{
    CALLBACK, ISSUER, VERIFIER, approved, basic, builder, encoded, get, get_as, json, location,
    param, post_with, provider, query,
};
use crate::{Endpoint, Provider};

const REGISTER: &str = "https://op.example/register";

fn send(provider: &Provider, method: Method, url: &str, token: &str, body: &Value) -> Response {
    let mut request = Request::new(body.to_string().into());
    *request.method_mut() = method;
    *request.uri_mut() = url.parse().unwrap();
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, "application/json".parse().unwrap());
    if !token.is_empty() {
        headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    }
    provider.handle(&request)
}

fn register(provider: &Provider, body: &Value) -> Response {
    send(provider, Method::POST, REGISTER, "", body)
}

fn open() -> Provider {
    builder().registration(None).build()
}

fn app() -> Value {
    json!({ "redirect_uris": [CALLBACK], "client_name": "New & fine" })
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {answer}"))
}

/// The token response for a code that this client redeems with its secret.
fn log_in(provider: &Provider, id: &str, secret: &str) -> Value {
    let back = approved(provider, &query(&[("client_id", id)]));
    let code = param(&back, "code").unwrap();
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    json(&post_with(provider, &format!("{ISSUER}/token"), &fields, basic(id, secret)))
}

#[test]
fn registration_is_off_by_default() {
    let metadata = |provider: &Provider| {
        json(&get(provider, &format!("{ISSUER}/.well-known/openid-configuration")))
    };
    assert_eq!(metadata(&provider()).get("registration_endpoint"), None);
    assert_eq!(register(&provider(), &app()).status(), 404);
    assert_eq!(metadata(&open())["registration_endpoint"], REGISTER);
    let provider = builder().registration(Some("initial")).build();
    for (token, status) in [("", 401), ("wrong", 401), ("initial", 201)] {
        let answer = send(&provider, Method::POST, REGISTER, token, &app());
        assert_eq!(answer.status(), status, "{token}");
        assert_eq!(answer.headers().contains_key(WWW_AUTHENTICATE), status == 401);
    }
    assert_eq!(get(&provider, REGISTER).status(), 405);
    assert_eq!(provider.count(Endpoint::Register), 4);
}

#[test]
fn registered_client_logs_users_in() {
    let provider = open();
    let answer = register(&provider, &app());
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["cache-control"]),
        (201, &"no-store".parse().unwrap())
    );
    let answer = json(&answer);
    for (name, value) in [
        ("client_secret_expires_at", json!(0)),
        ("client_id_issued_at", json!(1_700_000_000)),
        ("client_name", json!("New & fine")),
        ("redirect_uris", json!([CALLBACK])),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("grant_types", json!(["authorization_code"])),
    ] {
        assert_eq!(answer[name], value, "{name}");
    }
    let (id, secret) = (text(&answer, "client_id"), text(&answer, "client_secret"));
    let token = log_in(&provider, id, secret);
    let userinfo = get_as(&provider, &format!("{ISSUER}/userinfo"), text(&token, "access_token"));
    assert_eq!(json(&userinfo)["sub"], "alice");
    assert_eq!(log_in(&provider, id, "wrong")["error"], "invalid_client");
    assert_ne!(text(&json(&register(&provider, &app())), "client_id"), id);
}

#[test]
fn only_secret_based_clients_get_a_secret() {
    let provider = open();
    let jwk = Jwk::from_encoding_key(&key(), Algorithm::ES256).unwrap();
    for (method, has_one) in [
        ("client_secret_basic", true),
        ("client_secret_post", true),
        ("client_secret_jwt", true),
        ("private_key_jwt", false),
        ("none", false),
    ] {
        let mut asked = app();
        asked["token_endpoint_auth_method"] = method.into();
        asked["jwks"] = json!({ "keys": [jwk] });
        let answer = json(&register(&provider, &asked));
        assert_eq!(answer["token_endpoint_auth_method"], method);
        assert_eq!(answer.get("client_secret").is_some(), has_one, "{method}");
    }
}

#[test]
fn invalid_client_metadata_is_rejected() {
    let provider = open();
    let check = |changes: Value, error: &str| {
        let mut asked = app();
        asked.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let answer = register(&provider, &asked);
        assert_eq!(answer.status(), 400, "{changes}");
        assert_eq!(json(&answer)["error"], error, "{changes}");
    };
    for uris in [
        json!([]),
        json!(["relative"]),
        json!(["http://app.example/cb"]),
        json!(["https://app.example/cb#x"]),
        json!([CALLBACK, "javascript:alert(1)"]),
    ] {
        check(json!({ "redirect_uris": uris }), "invalid_redirect_uri");
    }
    for changes in [
        json!({ "redirect_uris": CALLBACK }),
        json!({ "redirect_uris": [1] }),
        json!({ "token_endpoint_auth_method": "tls_client_auth" }),
        json!({ "token_endpoint_auth_method": 1 }),
        json!({ "token_endpoint_auth_method": "private_key_jwt" }),
        json!({ "jwks_uri": "https://app.example/jwks" }),
    ] {
        check(changes, "invalid_client_metadata");
    }
    assert_eq!(register(&provider, &json!([])).status(), 400);
    let form = post_with(&provider, REGISTER, &[("redirect_uris", CALLBACK)], Default::default());
    assert_eq!(json(&form)["error"], "invalid_client_metadata");
    for uri in ["http://127.0.0.1:8000/cb", "http://localhost/cb", "com.example.app:/cb"] {
        assert_eq!(register(&provider, &json!({ "redirect_uris": [uri] })).status(), 201, "{uri}");
    }
    // A client without the authorization code grant needs no redirect URI.
    let service = json!({ "grant_types": ["client_credentials"] });
    assert_eq!(register(&provider, &service).status(), 201);
}

#[test]
fn client_reads_changes_and_deletes_its_registration() {
    let provider = open();
    let first = json(&register(&provider, &app()));
    let uri = text(&first, "registration_client_uri").to_owned();
    let token = text(&first, "registration_access_token").to_owned();
    let (id, secret) = (text(&first, "client_id"), text(&first, "client_secret"));
    assert_eq!(uri, format!("{REGISTER}/{id}"));
    let none = json!({});
    for (url, token) in [(&uri, "wrong"), (&uri, ""), (&format!("{REGISTER}/other"), &token)] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = send(&provider, method, url, token, &none);
            assert_eq!(answer.status(), 401);
            assert!(answer.headers().contains_key(WWW_AUTHENTICATE));
        }
    }
    let send = |method: Method, body: &Value| send(&provider, method, &uri, &token, body);
    let read = send(Method::GET, &none);
    assert_eq!((read.status().as_u16(), json(&read)), (200, first.clone()));
    assert_eq!(send(Method::POST, &none).status(), 405);

    let other = "https://app.example/other";
    let mut asked =
        json!({ "client_id": id, "client_secret": secret, "redirect_uris": [CALLBACK, other] });
    let changed = json(&send(Method::PUT, &asked));
    assert_eq!(changed["redirect_uris"], json!([CALLBACK, other]));
    assert_eq!(changed.get("client_name"), None, "what is left out is gone");
    assert_eq!((&changed["client_secret"], text(&changed, "client_id")), (&json!(secret), id));
    assert_eq!(json(&send(Method::GET, &none)), changed);
    for (name, value, error) in [
        ("client_id", json!("other"), "invalid_request"),
        ("client_secret", json!("chosen"), "invalid_request"),
        ("registration_access_token", json!(token), "invalid_request"),
        ("redirect_uris", json!(["nowhere"]), "invalid_redirect_uri"),
    ] {
        let before = asked.clone();
        asked[name] = value;
        let answer = send(Method::PUT, &asked);
        assert_eq!((answer.status().as_u16(), &json(&answer)["error"]), (400, &json!(error)));
        asked = before;
    }
    assert_eq!(json(&send(Method::GET, &none)), changed);

    let login = log_in(&provider, id, secret);
    assert_eq!(send(Method::DELETE, &none).status(), 204);
    assert_eq!(send(Method::GET, &none).status(), 401);
    let userinfo = get_as(&provider, &format!("{ISSUER}/userinfo"), text(&login, "access_token"));
    assert_eq!(userinfo.status(), 401, "its tokens are gone");
    let asked = format!("{ISSUER}/authorize?{}", query(&[("client_id", id)]));
    assert_eq!(get(&provider, &asked).status(), 400);
}

/// With the ID token alone, signed with the client's secret.
#[test]
fn registered_client_logs_users_out() {
    let provider = builder().signing_alg("HS256").registration(None).build();
    let bye = "https://new.example/bye";
    let mut asked = app();
    asked["post_logout_redirect_uris"] = json!([bye]);
    let client = json(&register(&provider, &asked));
    let login = log_in(&provider, text(&client, "client_id"), text(&client, "client_secret"));
    let query = [("id_token_hint", text(&login, "id_token")), ("post_logout_redirect_uri", bye)];
    let answer = get(&provider, &format!("{ISSUER}/end_session?{}", encoded(&query)));
    assert_eq!(location(&answer).as_str(), bye);
}
