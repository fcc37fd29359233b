use http::header::{ACCEPT, AUTHORIZATION};
use serde_json::json;

use super::*;
use crate::message::test_response as response;
use crate::numeric_date::from_unix_seconds;
use crate::oauth2::test_responses::{HTML, JSON, assert_rejected_by_cause, changed};

const CLIENT_URI: &str = "https://server.example.com/register/s6BhdRkqt3";

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn endpoint() -> Url {
    url("https://server.example.com/register")
}

/// The response of RFC 7591 §3.2.1 with the members of RFC 7592 §3.
fn example() -> Value {
    json!({
        "client_id": "s6BhdRkqt3",
        "client_secret": "cf136dc3c1fc93f31185e5885805d",
        "client_id_issued_at": 2_893_256_800_u64,
        "client_secret_expires_at": 2_893_276_800_u64,
        "registration_access_token": "reg-23410913-abewfq.123483",
        "registration_client_uri": CLIENT_URI,
        "redirect_uris": [
            "https://client.example.org/callback",
            "https://client.example.org/callback2"],
        "grant_types": ["authorization_code", "refresh_token"],
        "client_name": "My Example Client",
        "token_endpoint_auth_method": "client_secret_basic",
        "logo_uri": "https://client.example.org/logo.png",
        "jwks_uri": "https://client.example.org/my_public_keys.jwks",
        "example_extension_parameter": "example_value"
    })
}

fn parse(response: &Response) -> Result<ClientInformation> {
    parse_registration_response(response, &endpoint())
}

fn registered(changes: &Value) -> Result<ClientInformation> {
    parse(&response(201, JSON, &changed(example(), changes).to_string()))
}

fn header(request: &Request, name: http::HeaderName) -> Option<&str> {
    request.headers().get(name).map(|value| value.to_str().unwrap())
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

#[test]
fn registration_posts_metadata_as_json() {
    let metadata = ClientMetadata::new()
        .redirect_uris(["https://client.example.org/callback"])
        .extra("client_id", "mine")
        .extra("client_secret", "mine")
        .extra("registration_access_token", "mine");
    let request = registration_request(&endpoint(), &metadata, None).unwrap();
    assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/register"));
    assert_eq!(header(&request, CONTENT_TYPE), Some(JSON));
    assert_eq!(header(&request, ACCEPT), Some(JSON));
    assert_eq!(header(&request, AUTHORIZATION), None);
    assert_eq!(body(&request), json!({"redirect_uris": ["https://client.example.org/callback"]}));
    let token = Secret::new("initial");
    let request = registration_request(&endpoint(), &metadata, Some(&token)).unwrap();
    assert_eq!(header(&request, AUTHORIZATION), Some("Bearer initial"));
    assert!(registration_request(&endpoint(), &metadata, Some(&Secret::new("a\nb"))).is_err());
}

#[test]
fn rfc_example_response_is_parsed() {
    let client = registered(&json!({})).unwrap();
    assert_eq!(client.client_id, "s6BhdRkqt3");
    assert_eq!(client.client_secret, Some(Secret::new("cf136dc3c1fc93f31185e5885805d")));
    assert_eq!(client.client_id_issued_at, Some(from_unix_seconds(2_893_256_800)));
    assert_eq!(client.client_secret_expires_at, Some(from_unix_seconds(2_893_276_800)));
    assert_eq!(client.registration_access_token, Some(Secret::new("reg-23410913-abewfq.123483")));
    assert_eq!(client.registration_client_uri, Some(url(CLIENT_URI)));
    assert_eq!(client.metadata.client_name.as_deref(), Some("My Example Client"));
    assert_eq!(client.metadata.grant_types, ["authorization_code", "refresh_token"]);
    assert_eq!(client.metadata.redirect_uris.len(), 2);
    assert_eq!(client.metadata.extra.keys().collect::<Vec<_>>(), ["example_extension_parameter"]);
    let shown = format!("{client:?}");
    for secret in ["cf136", "reg-23410913", "/register/"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn omitted_members_are_none_and_zero_is_never() {
    let body = r#"{"client_id":"c","client_secret":null,"jwks":null,"contacts":null}"#;
    let client = parse(&response(200, JSON, body)).unwrap();
    assert_eq!((client.client_secret, client.registration_client_uri), (None, None));
    assert_eq!(client.metadata, ClientMetadata::new());
    let client = registered(&json!({"client_secret_expires_at": 0})).unwrap();
    assert_eq!(client.client_secret_expires_at, None);
}

#[test]
fn members_of_wrong_type_are_rejected() {
    for (name, value, expected) in [
        ("client_id", json!("-"), "`client_id`"),
        ("client_id", json!(""), "`client_id`"),
        ("client_id", json!(null), "`client_id`"),
        ("client_id", json!(7), "`client_id`"),
        ("client_secret", json!(["x"]), "`client_secret`"),
    ] {
        let body = changed(example(), &json!({ name: value })).to_string();
        assert_rejected_by_cause(parse, &[(201, JSON, &body, expected)]);
    }
    let huge = registered(&json!({"client_secret_expires_at": 1e300})).unwrap();
    assert_eq!(huge.client_secret_expires_at, Some(from_unix_seconds(u64::MAX)));
}

/// Id and secret are issued once.
#[test]
fn odd_optional_members_do_not_cost_the_registration() {
    let client = registered(&json!({
        "client_secret_expires_at": "0", "client_id_issued_at": {}, "registration_access_token": 1,
        "redirect_uris": "hush", "client_name": 1,
    }));
    let client = client.unwrap();
    assert_eq!(client.client_id, "s6BhdRkqt3");
    assert!(client.client_secret.is_some());
    assert_eq!((client.client_secret_expires_at, client.client_id_issued_at), (None, None));
    assert!(client.registration_access_token.is_none());
    assert!(client.metadata.redirect_uris.is_empty() && client.metadata.client_name.is_none());
    assert_eq!(client.metadata.grant_types, ["authorization_code", "refresh_token"]);
}

#[test]
fn invalid_registrations_are_rejected_with_reason() {
    let good = example().to_string();
    assert_rejected_by_cause(
        parse,
        &[
            (201, HTML, "<p>", HTML),
            (202, JSON, &good, "202"),
            (400, JSON, r#"{"error":"invalid_redirect_uri"}"#, "check `redirect_uris`"),
            (400, JSON, r#"{"error":"invalid_client_metadata"}"#, "a member"),
            (400, JSON, r#"{"error":"invalid_software_statement"}"#, "`software_statement`"),
            (400, JSON, r#"{"error":"unapproved_software_statement"}"#, "trust"),
            (400, JSON, &good, "status 400"),
            (401, HTML, "", "initial access token"),
            (401, JSON, r#"{"error":"invalid_token"}"#, "invalid_token"),
        ],
    );
}

#[test]
fn registration_client_uri_must_be_https_or_local() {
    for (uri, accepted) in [
        (CLIENT_URI, true),
        ("https://other.example.com/register?client_id=x", true),
        ("http://server.example.com/register", false),
        ("http://127.0.0.1:9200/", false),
        ("http://localhost/register", false),
        ("file:///etc/passwd", false),
        ("javascript:alert(1)", false),
        ("/register/s6BhdRkqt3", false),
        ("https://user@server.example.com/", false),
        ("https://server.example.com/#x", false),
    ] {
        let got = registered(&json!({"registration_client_uri": uri}));
        assert_eq!(got.is_ok(), accepted, "{uri}");
        if let Err(error) = got {
            assert!(error.to_string().contains("`registration_client_uri`"), "{error}");
        }
    }
    let local = json!({"client_id": "c", "registration_client_uri": "http://127.0.0.1:9200/c"});
    let local = response(201, JSON, &local.to_string());
    assert!(parse_registration_response(&local, &url("http://127.0.0.1:9200/register")).is_ok());
}

#[test]
fn management_requests_send_registration_access_token() {
    let client = registered(&json!({})).unwrap();
    for (request, method) in [
        (read_request(&client).unwrap(), Method::GET),
        (update_request(&client).unwrap(), Method::PUT),
        (delete_request(&client).unwrap(), Method::DELETE),
    ] {
        assert_eq!(request.method(), method);
        assert_eq!(request.uri().to_string(), CLIENT_URI);
        assert_eq!(header(&request, AUTHORIZATION), Some("Bearer reg-23410913-abewfq.123483"));
        let json = method == Method::PUT;
        assert_eq!(header(&request, CONTENT_TYPE), json.then_some(JSON));
        assert_eq!(request.body().is_empty(), !json);
    }
}

/// RFC 7592 §2.2.
#[test]
fn update_sends_only_allowed_members() {
    let mut client = registered(&json!({})).unwrap();
    client.metadata = client
        .metadata
        .client_name("My New Example")
        .extra("client_secret_expires_at", 1)
        .extra("client_id", "other");
    let sent = body(&update_request(&client).unwrap());
    let mut expected = example();
    for name in SET_BY_PROVIDER {
        expected.as_object_mut().unwrap().remove(name);
    }
    expected["client_name"] = "My New Example".into();
    assert_eq!(sent, expected);
    client.client_secret = None;
    client.metadata = client.metadata.extra("client_secret", "chosen");
    assert_eq!(body(&update_request(&client).unwrap()).get("client_secret"), None);
}

#[test]
fn registration_without_management_data_is_not_managed() {
    let whole = registered(&json!({})).unwrap();
    for change in ["registration_access_token", "registration_client_uri"] {
        let client = registered(&json!({ change: "-" })).unwrap();
        for request in [read_request(&client), update_request(&client), delete_request(&client)] {
            assert_eq!(request.unwrap_err().kind(), ErrorKind::Unsupported);
        }
    }
    // The URI may come from a store: it is checked again.
    let mut kept = ClientInformation::new("s6BhdRkqt3");
    kept.registration_access_token = whole.registration_access_token;
    kept.registration_client_uri = Some(url("http://server.example.com/"));
    assert_eq!(read_request(&kept).unwrap_err().kind(), ErrorKind::InvalidResponse);
}

#[test]
fn update_response_replaces_its_members_only() {
    let requested = registered(&json!({})).unwrap();
    let read = |changes: &Value| {
        let body = changed(example(), changes).to_string();
        parse_management_response(&response(200, JSON, &body), &requested)
    };
    let new = read(&json!({
        "client_secret": "new", "client_secret_expires_at": 0, "registration_access_token": "new",
        "registration_client_uri": "https://server.example.com/r/2", "client_name": "Renamed"
    }))
    .unwrap();
    assert_eq!(new.client_secret, Some(Secret::new("new")));
    assert_eq!(new.client_secret_expires_at, None);
    assert_eq!(new.registration_access_token, Some(Secret::new("new")));
    assert_eq!(new.registration_client_uri, Some(url("https://server.example.com/r/2")));
    assert_eq!(new.metadata.client_name.as_deref(), Some("Renamed"));
    let same = read(&json!({
        "client_secret": "-", "client_secret_expires_at": "-", "client_id_issued_at": "-",
        "registration_access_token": "-", "registration_client_uri": "-"
    }))
    .unwrap();
    assert_eq!(same.client_secret, requested.client_secret);
    assert_eq!(same.client_secret_expires_at, requested.client_secret_expires_at);
    assert_eq!(same.client_id_issued_at, requested.client_id_issued_at);
    assert_eq!(same.registration_access_token, requested.registration_access_token);
    assert_eq!(same.registration_client_uri, requested.registration_client_uri);
    let error = read(&json!({"client_id": "other"})).unwrap_err();
    assert!(error.to_string().contains("another client"), "{error}");
    assert!(read(&json!({"registration_client_uri": "http://localhost/"})).is_err());
}

#[test]
fn rejected_management_has_hint() {
    let requested = registered(&json!({})).unwrap();
    let good = example().to_string();
    for (status, content_type, body, kind, message) in [
        (401, HTML, "<h1>", ErrorKind::InvalidResponse, "register again"),
        (401, JSON, r#"{"error":"invalid_token"}"#, ErrorKind::InvalidResponse, "invalid_token"),
        (403, JSON, "{}", ErrorKind::InvalidResponse, "403"),
        (404, JSON, r#"{"message":"x"}"#, ErrorKind::InvalidResponse, "404"),
        (405, HTML, "", ErrorKind::Unsupported, "does not support"),
        (
            400,
            JSON,
            r#"{"error":"invalid_client_metadata"}"#,
            ErrorKind::InvalidResponse,
            "a member",
        ),
        (201, JSON, good.as_str(), ErrorKind::InvalidResponse, "201"),
    ] {
        let rejection = response(status, content_type, body);
        let read = parse_management_response(&rejection, &requested).unwrap_err();
        let deleted = parse_delete_response(&rejection).unwrap_err();
        for error in [read, deleted] {
            assert_eq!(error.kind(), kind, "{status} {body}");
            assert!(error.to_string().contains(message), "{status} {body}: {error}");
        }
    }
    assert!(parse_delete_response(&response(204, JSON, "")).is_ok());
    assert!(parse_delete_response(&response(200, JSON, &good)).is_err());
    assert!(parse_management_response(&response(204, JSON, ""), &requested).is_err());
    assert!(parse_management_response(&response(200, HTML, "<p>"), &requested).is_err());
}

#[test]
fn private_key_is_never_registered() {
    let public = json!({"kty": "EC", "crv": "P-256", "x": "x", "y": "y"});
    let mut private = public.clone();
    private["d"] = json!("hush");
    let symmetric = json!({"kty": "oct", "k": "hush"});
    for (key, is_sent) in [(public, true), (private, false), (symmetric, false)] {
        let mut metadata = ClientMetadata::new();
        metadata.jwks = Some(json!({"keys": [{"kty": "RSA", "n": "n", "e": "AQAB"}, key]}));
        let mut client = registered(&json!({})).unwrap();
        client.metadata = metadata.clone();
        let requested = registration_request(&endpoint(), &metadata, None);
        for request in [requested, update_request(&client)] {
            match request {
                Ok(_) => assert!(is_sent),
                Err(error) => {
                    assert!(!is_sent);
                    assert_eq!(error.kind(), ErrorKind::Config);
                    assert!(!format!("{error:?}").contains("hush"));
                }
            }
        }
    }
}
