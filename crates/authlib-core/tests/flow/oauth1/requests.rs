//! Signed requests (RFC 5849 §3). The provider verifies the signature and returns what it received.

use authlib_core::transport::{Body, TransportError};
use authlib_core::{ErrorKind, Multipart};
use authlib_provider::{Endpoint, Fault, Reply};
use futures_util::stream;
use http::Method;
use serde_json::{Value, json};

use crate::test_bed::ISSUER;
use crate::test_bed::oauth1::{client, logged_in, place, signed_with};

/// Without a token, the client signs with its own secret only.
#[tokio::test]
async fn request_without_token_is_signed_with_client_secret_only() {
    let (client, bed) = client("HMAC-SHA1", "HEADER");
    let response = client.get("x").send().await.unwrap();
    assert_eq!(response.status(), 401);
    let (_, header) = signed_with(&bed, Endpoint::OAuth1Api);
    assert!(header.contains("oauth_signature=") && !header.contains("oauth_token="), "{header}");
    // A request without the token is not signed, and may go anywhere.
    client.get(&format!("{ISSUER}/api/x")).without_token().send().await.unwrap();
    assert_eq!(bed.provider.received_requests().last().unwrap().authorization, None);
}

/// Query and form values: sent unchanged, and signed as sent.
const AWKWARD: [(&str, &str); 10] = [
    ("q", "two  words"),
    ("q", "+ % & = ; # ? / ~"),
    ("q", ""),
    ("", "nameless"),
    ("it's", "O'Neil (a*b)!"),
    ("é", "ü ☃ 😀"),
    ("escaped", "%20%2B%zz"),
    ("a[b]", "[]{}<>\"\\^`|"),
    ("line", "a\r\nb\tc"),
    ("q", "+ % & = ; # ? / ~"),
];

/// T125, O5: with every method and location.
#[tokio::test]
async fn special_parameters_arrive_unchanged() {
    let expected: Vec<_> = AWKWARD.iter().map(|(name, value)| json!([name, value])).collect();
    for method in ["HMAC-SHA1", "HMAC-SHA512", "PLAINTEXT", "RSA-SHA256"] {
        for placement in ["HEADER", "BODY", "QUERY"] {
            let (client, bed) = logged_in(method, placement).await;
            let posted = client.post("a%20b/%C3%BC;p=1").query(AWKWARD).form(AWKWARD);
            let response = posted.send().await.unwrap();
            assert_eq!(response.status(), 200, "{method} {placement}");
            assert_eq!(place(&bed, Endpoint::OAuth1Api), placement, "{method}");
            let echo: Value = response.json().unwrap();
            assert_eq!(echo["path"], "/oauth1/api/a%20b/%C3%BC;p=1");
            let twice = [expected.clone(), expected.clone()].concat();
            assert_eq!(echo["parameters"], json!(twice), "{method} {placement}");
            if placement != "BODY" {
                let got = client.get("x?raw=a'b&c=%41+").query(AWKWARD).send().await.unwrap();
                let echo: Value = got.json().unwrap();
                assert_eq!(echo["parameters"][0], json!(["raw", "a'b"]));
                assert_eq!(echo["parameters"][1], json!(["c", "A "]));
                assert_eq!(echo["parameters"].as_array().unwrap().len(), 12);
            }
        }
    }
}

/// H19, T124: non-form bodies arrive unchanged; buffered bodies are protected by a hash.
#[tokio::test]
async fn oauth1_non_form_bodies_arrive_unchanged() {
    for placement in ["HEADER", "QUERY"] {
        let (client, bed) = logged_in("HMAC-SHA1", placement).await;
        let has_hash = || {
            let (names, header) = signed_with(&bed, Endpoint::OAuth1Api);
            header.contains("oauth_body_hash") || names.iter().any(|n| n == "oauth_body_hash")
        };
        let sent = json!({"status": "it's & = + é"});
        let echo: Value = client.put("x").json(&sent).send().await.unwrap().json().unwrap();
        assert_eq!(echo["body"], sent.to_string());
        assert!(has_hash());
        let form = Multipart::new().text("a", "1 & 2").file(
            "photo",
            "a.xml",
            "text/xml",
            b"<a>&amp;</a>".to_vec(),
        );
        let response = client.post("x").multipart(&form).send().await.unwrap();
        let body = response.json::<Value>().unwrap()["body"].as_str().unwrap().to_owned();
        assert!(body.contains("1 & 2") && body.contains("<a>&amp;</a>"), "{body}");
        assert!(has_hash());
        let pieces = [Ok::<_, TransportError>("streamed "), Ok("body")];
        let body = Body::stream(stream::iter(pieces));
        let echo = client.post("x").stream("text/plain", body).send().await.unwrap();
        assert_eq!(echo.json::<Value>().unwrap()["body"], "streamed body");
        assert!(!has_hash(), "nobody has read it yet");
        let response = client.patch("x").body("text/plain", "").send_streaming().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(client.delete("x").send().await.unwrap().status(), 200);
        assert_eq!(client.head("x").send().await.unwrap().status(), 200);
    }
}

/// Requests that can't be signed are not sent, and the error says what to change.
#[tokio::test]
async fn unsignable_request_is_not_sent() {
    let (client, bed) = logged_in("HMAC-SHA1", "BODY").await;
    let stream = || Body::stream(stream::iter([Ok::<_, TransportError>("a=b")]));
    for request in [
        client.get("x"),
        client.delete("x"),
        client.head("x"),
        client.post("x").json(&json!({})),
        client.post("x").body("text/plain", "x"),
        client.post("x").stream("text/plain", stream()),
        client.post("x").stream("application/x-www-form-urlencoded", stream()),
        client.post("x?oauth_token=mine"),
        client.post("x").form([("oauth_nonce", "mine")]),
        client.request(Method::POST, "x").header("authorization", "Basic none"),
    ] {
        let error = request.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    }
    assert!(bed.provider.received_requests().is_empty());
}

/// H20, H22, O4, O8: signed requests go to the API only, and redirects are returned.
#[tokio::test]
async fn request_to_another_origin_is_not_signed() {
    for placement in ["HEADER", "QUERY"] {
        let (client, bed) = logged_in("HMAC-SHA1", placement).await;
        for url in [
            "https://evil.example/oauth1/api/",
            "//evil.example/",
            "http://op.example/oauth1/api/",
            "https://op.example:444/oauth1/api/",
            "https://op.example@evil.example/oauth1/api/",
            "/oauth1/request_token",
            "../access_token",
            "%2e%2e/access_token",
        ] {
            let error = client.get(url).send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{url}: {error}");
        }
        assert!(bed.provider.received_requests().is_empty());
        for (status, to) in [(302, "https://evil.example/x"), (307, "/oauth1/api/y"), (308, "z")] {
            let away = Reply::Redirect(status, to.to_owned());
            bed.provider.inject(Fault::Response(Endpoint::OAuth1Api, away));
            let response = client.post("x").form([("a", "b")]).send().await.unwrap();
            assert_eq!(
                (response.status(), &response.headers()["location"]),
                (status.try_into().unwrap(), &to.parse().unwrap())
            );
            bed.provider.clear_faults();
        }
        assert_eq!(bed.provider.count(Endpoint::OAuth1Api), 3);
        assert_eq!(bed.provider.count(Endpoint::Unmatched), 0);
    }
}

/// RFC 6585 §4, RFC 9110 §15.6: an overloaded or broken server decides nothing about the token.
#[tokio::test]
async fn outage_of_oauth1_api_keeps_token() {
    let (client, bed) = logged_in("HMAC-SHA1", "HEADER").await;
    let token = client.token().await.unwrap();
    for status in [429, 500, 502, 503] {
        let challenge = r#"OAuth oauth_problem="token_revoked""#.to_owned();
        let reply = Reply::Challenge(status, challenge);
        bed.provider.inject(Fault::Response(Endpoint::OAuth1Api, reply));
        assert_eq!(client.get("x").send().await.unwrap().status(), status);
        assert_eq!(client.token().await.unwrap(), token, "{status}");
        bed.provider.clear_faults();
        assert_eq!(client.get("x").send().await.unwrap().status(), 200, "{status}");
    }
}
