//! The OAuth 1.0a client at the servers of Authlib and oauthlib: logins, and calls whose parameters
//! the server echoes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use authlib_conformance::{Browser, InteropKind, InteropServer, TestKey};
use authlib_core::clock::FixedClock;
use authlib_core::oauth1::{SignatureLocation, SignatureMethod, TemporaryCredentials};
use authlib_core::random::Random;
use authlib_core::transport::{Body, TransportError};
use authlib_core::{
    ClientBuilder, ClientConfig, ErrorKind, Multipart, OAuth1Client, Params, Result, Secret,
};
use futures_util::stream;
use serde_json::{Value, json};

const CALLBACK: &str = "https://app.example.com/cb";

const SECRET: &str = "kd94hf9+3k42~3 kf%44/&";

const PLAIN_SECRET: &str = "kd94hf93k423kf44";

const PLACEMENTS: [&str; 3] = ["HEADER", "BODY", "QUERY"];

/// The signature methods of each server. Authlib's has no SHA-2.
const SERVERS: [(InteropKind, &[&str]); 2] = [
    (InteropKind::AuthlibOAuth1, &["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"]),
    (
        InteropKind::OauthlibOAuth1,
        &[
            "HMAC-SHA1",
            "HMAC-SHA256",
            "HMAC-SHA512",
            "RSA-SHA1",
            "RSA-SHA256",
            "RSA-SHA512",
            "PLAINTEXT",
        ],
    ),
];

async fn server(kind: InteropKind) -> Option<InteropServer> {
    let key = TestKey::for_algorithm("RS256").public_jwk;
    let clients = [("app", SECRET), ("plain", PLAIN_SECRET)].map(
        |(id, secret)| json!({ "client_id": id, "client_secret": secret, "rsa_public_key": key }),
    );
    InteropServer::start(kind, &json!({ "clients": clients })).await
}

fn settings(server: &InteropServer, method: &str, placement: &str) -> ClientConfig {
    // oauthlib decodes `oauth_` parameters in a form or query once too often, so PLAINTEXT
    // signatures work there only without escapes.
    let (id, secret) = match (method, placement) {
        ("PLAINTEXT", "BODY" | "QUERY") => ("plain", PLAIN_SECRET),
        _ => ("app", SECRET),
    };
    let client = ClientConfig::new("op")
        .client_id(id)
        .client_secret(secret)
        .request_token_url(server.url("/initiate"))
        .authorization_endpoint(server.url("/authorize"))
        .token_endpoint(server.url("/token"))
        .api_base_url(server.url("/api/"))
        .signature_method(SignatureMethod::from_name(method).unwrap())
        .signature_location(SignatureLocation::from_name(placement).unwrap());
    if !method.starts_with("RSA") {
        return client;
    }
    client.private_key(TestKey::for_algorithm("RS256").private_pem)
}

fn builder(server: &InteropServer, method: &str, placement: &str) -> ClientBuilder<OAuth1Client> {
    OAuth1Client::builder(settings(server, method, placement))
}

fn client(server: &InteropServer, method: &str, placement: &str) -> OAuth1Client {
    builder(server, method, placement).build().unwrap()
}

/// The callback URL after `alice` has decided.
async fn decided(
    server: &InteropServer,
    client: &OAuth1Client,
    temporary: &TemporaryCredentials,
    decision: &str,
) -> String {
    let asked = Params::new().with("decision", decision);
    let page = client.create_authorization_url(temporary, &asked).unwrap();
    server.decide(&Browser::new(), page.as_str(), "alice", decision).await.location().into()
}

/// The three steps of RFC 5849 §2.
async fn log_in(server: &InteropServer, client: &OAuth1Client) -> Result<()> {
    let temporary = client.fetch_request_token(CALLBACK).await?;
    let back = decided(server, client, &temporary, "allow").await;
    let verifier = client.parse_authorization_response(&temporary, &back)?;
    client.fetch_access_token(&temporary, &verifier).await.map(drop)
}

#[tokio::test]
async fn login_and_call_work_for_every_method_and_location() {
    for (kind, methods) in SERVERS {
        let Some(server) = server(kind).await else { return };
        for method in methods {
            for placement in PLACEMENTS {
                let case = format!("{kind:?} {method} {placement}");
                let client = client(&server, method, placement);
                log_in(&server, &client).await.expect(&case);
                // A GET has no body for the signature.
                let call =
                    if placement == "BODY" { client.post("echo") } else { client.get("echo") };
                let response = call.query([("a", "b c"), ("d", "")]).send().await.unwrap();
                assert_eq!(response.status(), 200, "{case}: {:?}", response.text());
                let echo: Value = response.json().unwrap();
                assert_eq!(echo["query"], json!([["a", "b c"], ["d", ""]]), "{case}");
                let form = [("status", "it's 1+1 & more = 100%"), ("empty", "")];
                let response = client.post("echo").form(form).send().await.unwrap();
                assert_eq!(response.status(), 200, "{case}: {:?}", response.text());
                assert_eq!(response.json::<Value>().unwrap()["form"], json!(form), "{case}");
            }
        }
    }
}

/// H18: a callback that contains percent-escapes, which both sides sign unchanged.
#[tokio::test]
async fn callback_with_percent_escapes_is_signed_verbatim() {
    let Some(server) = server(InteropKind::OauthlibOAuth1).await else { return };
    let callback = "https://app.example.com/cb?next=%2Fhome%3Fa%3Db&x=a%20b";
    for method in ["HMAC-SHA1", "RSA-SHA256", "PLAINTEXT"] {
        let client = client(&server, method, "HEADER");
        let temporary = client.fetch_request_token(callback).await.unwrap();
        let back = decided(&server, &client, &temporary, "allow").await;
        assert!(back.contains("next=%2Fhome%3Fa%3Db"), "{back}");
        let verifier = client.parse_authorization_response(&temporary, &back).unwrap();
        client.fetch_access_token(&temporary, &verifier).await.unwrap();
    }
}

/// Only oauthlib supports duplicate names and non-ASCII; Authlib's server rejects or signs them
/// differently.
#[tokio::test]
async fn special_parameters_are_echoed_unchanged() {
    let Some(server) = server(InteropKind::OauthlibOAuth1).await else { return };
    // Names in the order in which Flask echoes them.
    let awkward = [
        ("q", "two  words"),
        ("q", "+ % & = ; # ? / ~ @ $"),
        ("q", ""),
        ("q", "two  words"),
        ("it's", "O'Neil (a*b)! \"quoted\""),
        ("é", "ü ☃ 😀"),
        ("escaped", "%20%2B%25zz"),
        ("a[b]", "[]{}<>\\^`|"),
    ];
    for method in ["HMAC-SHA1", "HMAC-SHA256", "RSA-SHA256", "PLAINTEXT"] {
        for placement in PLACEMENTS {
            let case = format!("{method} {placement}");
            let client = client(&server, method, placement);
            log_in(&server, &client).await.unwrap();
            // Each of these URLs has a port; this path has an escape.
            let call = client.post("%65cho").query(awkward).form(awkward);
            let response = call.send().await.unwrap();
            assert_eq!(response.status(), 200, "{case}: {:?}", response.text());
            let echo: Value = response.json().unwrap();
            assert_eq!(echo["query"], json!(awkward), "{case}");
            assert_eq!(echo["form"], json!(awkward), "{case}");
            assert_eq!(echo["user"], "alice");
            if placement == "BODY" {
                continue;
            }
            let url = "echo?raw=it's&plus=a+b&lower=%c3%a9&bare&=&q=%2B";
            let response = client.get(url).send().await.unwrap();
            assert_eq!(response.status(), 200, "{case}: {:?}", response.text());
            let query = &response.json::<Value>().unwrap()["query"];
            assert_eq!(query[0], json!(["raw", "it's"]), "{case}");
            assert_eq!((&query[1], &query[2]), (&json!(["plus", "a b"]), &json!(["lower", "é"])));
        }
    }
}

#[tokio::test]
async fn non_form_bodies_arrive_unchanged() {
    let Some(server) = server(InteropKind::OauthlibOAuth1).await else { return };
    for method in ["HMAC-SHA1", "RSA-SHA512"] {
        let client = client(&server, method, "HEADER");
        log_in(&server, &client).await.unwrap();
        let sent = json!({"status": "it's & = + é"});
        let echo: Value = client.put("echo").json(&sent).send().await.unwrap().json().unwrap();
        assert_eq!(echo["body"], sent.to_string());
        let form = Multipart::new().text("a", "1 & 2").file("f", "f.txt", "text/plain", "x y");
        let response = client.post("echo").multipart(&form).send().await.unwrap();
        assert_eq!(response.status(), 200, "{:?}", response.text());
        assert_eq!(response.json::<Value>().unwrap()["form"], json!([["a", "1 & 2"]]));
        let pieces = stream::iter([Ok::<_, TransportError>("streamed "), Ok("body")]);
        let call = client.post("echo").stream("text/plain", Body::stream(pieces));
        assert_eq!(call.send().await.unwrap().json::<Value>().unwrap()["body"], "streamed body");
        assert_eq!(client.delete("echo").send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn client_without_token_signs_two_legged_request() {
    let Some(server) = server(InteropKind::OauthlibOAuth1).await else { return };
    for (method, placement) in [("HMAC-SHA1", "HEADER"), ("RSA-SHA1", "BODY")] {
        let client = client(&server, method, placement);
        let response = client.post("two-legged").form([("a", "1 2")]).send().await.unwrap();
        assert_eq!(response.status(), 200, "{:?}", response.text());
        assert_eq!(response.json::<Value>().unwrap()["client"], "app");
    }
}

/// The user enters the verifier, or denies access, in the format of each server.
#[tokio::test]
async fn out_of_band_login_and_denial_work() {
    for (kind, _) in SERVERS {
        let Some(server) = server(kind).await else { return };
        let client = client(&server, "HMAC-SHA1", "HEADER");
        let temporary = client.fetch_request_token("oob").await.unwrap();
        let asked = Params::new().with("login", "bob");
        let page = client.create_authorization_url(&temporary, &asked).unwrap();
        let shown = Browser::new().get(page).await;
        let shown = Browser::new().follow(shown).await;
        let shown = Params::parse(&shown.body);
        let typed = Secret::new(shown.only("oauth_verifier").unwrap().unwrap());
        client.fetch_access_token(&temporary, &typed).await.unwrap();
        let me: Value = client.get("me").send().await.unwrap().json().unwrap();
        assert_eq!(me["sub"], "bob", "{kind:?}");

        let temporary = client.fetch_request_token(CALLBACK).await.unwrap();
        let back = decided(&server, &client, &temporary, "deny").await;
        let error = client.parse_authorization_response(&temporary, &back).unwrap_err();
        let expected = match kind {
            // Twitter's `denied`.
            InteropKind::OauthlibOAuth1 => ErrorKind::AccessDenied,
            // Authlib's server sends `error=access_denied`, which OAuth 1.0a does not define.
            _ => ErrorKind::InvalidCallback,
        };
        assert_eq!(error.kind(), expected, "{kind:?}: {error} {back}");
        // It was not approved, so every verifier is wrong.
        let error = client.fetch_access_token(&temporary, &Secret::new("guess")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{kind:?}: {error}");
    }
}

/// The same nonce for every request.
struct Stuck;

impl Random for Stuck {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        bytes.fill(7);
        Ok(())
    }
}

#[tokio::test]
async fn wrong_secret_stale_timestamp_and_replay_are_typed_errors() {
    #[expect(clippy::disallowed_methods, reason = "the servers have a real clock")]
    let now = SystemTime::now();
    for (kind, _) in SERVERS {
        let Some(server) = server(kind).await else { return };
        let wrong = settings(&server, "HMAC-SHA1", "HEADER").client_secret("another");
        let wrong = OAuth1Client::new(wrong).unwrap();
        let unknown = settings(&server, "HMAC-SHA1", "HEADER").client_id("nobody");
        let unknown = OAuth1Client::new(unknown).unwrap();
        let hour_ago = Arc::new(FixedClock::new(now - Duration::from_secs(3600)));
        let stale = builder(&server, "HMAC-SHA1", "HEADER").clock(hour_ago);
        let stale = stale.build().unwrap();
        for (case, client) in [("wrong", wrong), ("unknown", unknown), ("stale", stale)] {
            let error = client.fetch_request_token(CALLBACK).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{kind:?} {case}: {error}");
            assert!(!format!("{error:?}").contains(SECRET));
        }
        let stuck = builder(&server, "HMAC-SHA1", "HEADER")
            .clock(Arc::new(FixedClock::new(now)))
            .random(Stuck)
            .build()
            .unwrap();
        stuck.fetch_request_token(CALLBACK).await.unwrap();
        let error = stuck.fetch_request_token(CALLBACK).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{kind:?}: {error}");
        if matches!(kind, InteropKind::OauthlibOAuth1) {
            assert_eq!(error.provider_error().unwrap().error, "nonce_used");
        }
    }
}
