//! The API, and the three locations of a bearer token (RFC 6750 §2).

use authlib_core::message::{Request, Response};
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use super::flow::{ISSUER, code, encoded, get, get_as, json, provider, redeem, refresh};
use super::userinfo::access_token;
use crate::Provider;

const ECHO: &str = "https://op.example/api/echo";
const FORM: &str = "application/x-www-form-urlencoded";

fn call(
    provider: &Provider,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response {
    let mut request = Request::new(body.to_vec().into());
    *request.method_mut() = method;
    *request.uri_mut() = url.parse().unwrap();
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    provider.handle(&request)
}

#[test]
fn api_echoes_the_request() {
    let provider = provider();
    let token = access_token(&provider, "openid profile");
    let bearer = format!("bearer {token}");
    let url = format!("{ECHO}?{}", encoded(&[("q", "a b")]));
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let headers = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
        let echo = json(&call(&provider, method.clone(), &url, &headers, "é".as_bytes()));
        let expected = json!({
            "sub": "alice",
            "scope": "openid profile",
            "resource": [],
            "token_in": "header",
            "method": method.as_str(),
            "path": "/api/echo",
            "query": [["q", "a b"]],
            "query_string": "q=a+b",
            "content_type": "text/plain",
            "body": "é",
            "body_length": 2,
        });
        assert_eq!(echo, expected);
    }
    let head = call(&provider, Method::HEAD, &url, &[("authorization", &bearer)], b"");
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
    let binary = call(&provider, Method::PUT, &url, &[("authorization", &bearer)], &[0xff; 3]);
    let binary = json(&binary);
    assert_eq!((&binary["body"], &binary["body_length"]), (&Value::Null, &json!(3)));
    let teapot = get_as(&provider, &format!("{ISSUER}/api/teapot"), &token);
    assert_eq!(teapot.status(), 418);
}

#[test]
fn api_accepts_one_token_in_header_form_or_query() {
    let provider = provider();
    let token = access_token(&provider, "openid");
    let form = format!("a=b&access_token={token}");
    let in_query = format!("{ECHO}?access_token={token}");
    let header = format!("Bearer {token}");
    let header = (AUTHORIZATION.as_str(), header.as_str());
    let as_form = (CONTENT_TYPE.as_str(), FORM);
    let check = |method: Method, url: &str, headers: &[(&str, &str)], body: &str| {
        let answer = call(&provider, method, url, headers, body.as_bytes());
        let challenge = answer.headers().get(WWW_AUTHENTICATE);
        let challenge = challenge.map_or("", |value| value.to_str().unwrap()).to_owned();
        let place = json(&answer)["token_in"].as_str().unwrap_or_default().to_owned();
        (answer.status().as_u16(), place + &challenge)
    };
    let ok = |place: &str| (200, place.to_owned());
    let refused = |status, challenge: &str| (status, challenge.to_owned());
    let post = Method::POST;
    assert_eq!(check(Method::GET, ECHO, &[header], ""), ok("header"));
    assert_eq!(check(post.clone(), ECHO, &[as_form], &form), ok("body"));
    assert_eq!(check(Method::GET, &in_query, &[], ""), ok("query"));
    // The body of a GET and a body that is not a form are ignored.
    let none = refused(401, "Bearer");
    assert_eq!(check(Method::GET, ECHO, &[as_form], &form), none);
    assert_eq!(check(post.clone(), ECHO, &[], &form), none);
    assert_eq!(check(Method::GET, ECHO, &[], ""), none);
    assert_eq!(check(Method::GET, ECHO, &[("authorization", "Basic aTpz")], ""), none);
    let twice = refused(400, "Bearer error=\"invalid_request\"");
    assert_eq!(check(post.clone(), ECHO, &[header, as_form], &form), twice);
    assert_eq!(check(post.clone(), &in_query, &[as_form], &form), twice);
    assert_eq!(check(Method::GET, &in_query, &[header], ""), twice);
    assert_eq!(check(Method::GET, &format!("{in_query}&access_token=x"), &[], ""), twice);
    let wrong = refused(401, "Bearer error=\"invalid_token\"");
    assert_eq!(check(Method::GET, ECHO, &[("authorization", "Bearer wrong")], ""), wrong);
    assert_eq!(check(post, ECHO, &[as_form], "access_token=wrong"), wrong);
    assert_eq!(check(Method::GET, &format!("{ECHO}?access_token=wrong"), &[], ""), wrong);
}

#[test]
fn expire_access_tokens_keeps_refresh_tokens() {
    let provider = provider();
    let token = json(&redeem(&provider, &format!("{ISSUER}/token"), &code(&provider)));
    let (first, again) = (token["access_token"].as_str().unwrap(), &token["refresh_token"]);
    assert_eq!(get_as(&provider, ECHO, first).status(), 200);
    provider.expire_access_tokens();
    let answer = get_as(&provider, ECHO, first);
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.headers()[WWW_AUTHENTICATE], "Bearer error=\"invalid_token\"");
    let next = json(&refresh(&provider, again.as_str().unwrap()));
    assert_eq!(get_as(&provider, ECHO, next["access_token"].as_str().unwrap()).status(), 200);
}

#[test]
fn stream_has_the_requested_length() {
    let provider = provider();
    let token = access_token(&provider, "openid");
    let ask =
        |bytes: &str| get_as(&provider, &format!("{ISSUER}/api/stream?bytes={bytes}"), &token);
    for size in [0, 1, 3_000_000] {
        let answer = ask(&size.to_string());
        assert_eq!((answer.status().as_u16(), answer.body().len()), (200, size));
    }
    for wrong in ["", "-1", "many", "67108865"] {
        assert_eq!(ask(wrong).status(), 400, "{wrong}");
    }
    assert_eq!(get(&provider, &format!("{ISSUER}/api/stream?bytes=1")).status(), 401);
}
