//! [`OAuth1Client`]: the same flow and signatures as the async client.

use authlib_core::client::blocking::OAuth1Client;
use authlib_core::oauth1::SignatureLocation;
use authlib_core::{ClientConfig, ErrorKind, Multipart, Params, Secret};
use authlib_provider::{Endpoint, Fault, Provider, Server, TestClient, TestUser};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const CALLBACK: &str = "https://app.example/cb?next=%2Fhome";

/// The provider on a loopback port, with a runtime of its own.
struct TestBed {
    server: Server,
    _runtime: Runtime,
}

impl TestBed {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = { runtime }.worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(Server::start(|issuer| {
            Provider::builder(issuer)
                .client(TestClient::oauth1("photos", "s~e c%41").redirect_uri(CALLBACK))
                .user(TestUser::new("alice").name("Alice"))
                .build()
        }));
        Self { server: server.unwrap(), _runtime: runtime }
    }

    fn provider(&self) -> &Provider {
        self.server.provider()
    }

    fn client(&self, placement: &str) -> OAuth1Client {
        let at = |path: &str| format!("{}/oauth1/{path}", self.server.issuer());
        OAuth1Client::new(
            ClientConfig::new("photos")
                .client_id("photos")
                .client_secret("s~e c%41")
                .request_token_url(at("request_token"))
                .authorization_endpoint(at("authorize"))
                .token_endpoint(at("access_token"))
                .api_base_url(at("api/"))
                .signature_location(SignatureLocation::from_name(placement).unwrap()),
        )
        .unwrap()
    }

    fn logged_in(&self, placement: &str) -> OAuth1Client {
        let client = self.client(placement);
        let temporary = client.fetch_request_token(CALLBACK).unwrap();
        let page = client.create_authorization_url(&temporary, &Params::new()).unwrap();
        let back = self.provider().approve(page.as_str(), "alice").unwrap();
        let verifier = client.parse_authorization_response(&temporary, back.as_str()).unwrap();
        client.fetch_access_token(&temporary, &verifier).unwrap();
        client
    }

    /// Where the signature of the last request to `endpoint` was.
    fn place(&self, endpoint: Endpoint) -> &'static str {
        let seen = self.provider().received_requests();
        let seen = seen.iter().rev().find(|seen| seen.endpoint == endpoint).unwrap();
        let count = |names: &[String]| names.iter().filter(|n| n.starts_with("oauth_")).count();
        let (in_query, all) = (count(&seen.query_names), count(&seen.names));
        match (seen.header("authorization"), in_query, all - in_query) {
            (Some(header), 0, 0) if header.contains("oauth_signature=") => "HEADER",
            (None, 6.., 0) => "QUERY",
            (None, 0, 6..) => "BODY",
            other => panic!("{other:?}"),
        }
    }
}

/// T187 to T189: the signature is at the configured location; JSON responses are accepted too.
#[test]
fn request_token_works_with_each_placement() {
    let bed = TestBed::new();
    bed.provider().inject(Fault::OAuth1Json);
    for placement in ["HEADER", "BODY", "QUERY"] {
        let temporary = bed.client(placement).fetch_request_token(CALLBACK).unwrap();
        assert!(!temporary.token.is_empty() && !temporary.secret.is_empty());
        assert_eq!(bed.place(Endpoint::OAuth1RequestToken), placement);
    }
}

/// T190: no token without a verifier; with one, the header has verifier, token, key and signature.
#[test]
fn access_token_request_needs_verifier() {
    let bed = TestBed::new();
    let client = bed.client("HEADER");
    let temporary = client.fetch_request_token("oob").unwrap();
    let error = client.fetch_access_token(&temporary, &Secret::new("")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
    assert_eq!(bed.provider().count(Endpoint::OAuth1AccessToken), 0);
    let page = client.create_authorization_url(&temporary, &Params::new()).unwrap();
    let typed = Secret::new(bed.provider().approve_out_of_band(page.as_str(), "alice"));
    let token = client.fetch_access_token(&temporary, &typed).unwrap();
    assert_eq!(token.extra().only("user_id"), Ok(Some("alice")));
    assert_eq!(client.token().unwrap(), Some(token.clone()));
    let seen = bed.provider().received_requests();
    let header = seen.last().unwrap().header("authorization").unwrap();
    for name in ["oauth_verifier", "oauth_token", "oauth_consumer_key", "oauth_signature"] {
        assert!(header.contains(&format!("{name}=\"")), "{header}");
    }
    let other = bed.client("HEADER");
    other.set_token(token).unwrap();
    assert_eq!(other.get("x").send().unwrap().status(), 200);
}

/// T191 to T193: API calls by each placement.
#[test]
fn api_calls_work_with_each_placement() {
    let bed = TestBed::new();
    for placement in ["HEADER", "QUERY"] {
        let client = bed.logged_in(placement);
        let echo: Value = client.get("x?a=it's").send().unwrap().json().unwrap();
        assert_eq!((&echo["sub"], &echo["parameters"]), (&json!("alice"), &json!([["a", "it's"]])));
        assert_eq!(bed.place(Endpoint::OAuth1Api), placement);
    }
    let client = bed.logged_in("BODY");
    let form = [("status", "a+b é"), ("status", "")];
    let echo: Value = client.post("x").form(form).send().unwrap().json().unwrap();
    assert_eq!(echo["parameters"], json!(form));
    assert_eq!(bed.place(Endpoint::OAuth1Api), "BODY");
    let client = bed.logged_in("QUERY");
    let echo: Value = client.post("x").form(form).send().unwrap().json().unwrap();
    assert_eq!(echo["parameters"], json!(form));
    assert_eq!(bed.place(Endpoint::OAuth1Api), "QUERY", "a POST");
}

#[test]
fn non_form_bodies_are_signed_and_sent_unchanged() {
    let bed = TestBed::new();
    let client = bed.logged_in("HEADER");
    let echo: Value = client.put("x").json(&json!({"a": 1})).send().unwrap().json().unwrap();
    assert_eq!(echo["body"], r#"{"a":1}"#);
    let form = Multipart::new().text("a", "1 & 2");
    let echo: Value = client.post("x").multipart(&form).send().unwrap().json().unwrap();
    assert!(echo["body"].as_str().unwrap().contains("1 & 2"));
    let response = client.post("x").stream("text/plain", &b"read as it comes"[..]).send().unwrap();
    assert_eq!(response.json::<Value>().unwrap()["body"], "read as it comes");
    let error = client.get("https://evil.example/").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

#[test]
fn denial_is_access_denied() {
    let bed = TestBed::new();
    let client = bed.client("HEADER");
    let temporary = client.fetch_request_token(CALLBACK).unwrap();
    let page = client.create_authorization_url(&temporary, &Params::new()).unwrap();
    let back = bed.provider().deny(page.as_str()).unwrap();
    let error = client.parse_authorization_response(&temporary, back.as_str()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
}
