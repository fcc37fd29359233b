use http::header::HOST;

use super::*;
use crate::numeric_date::from_unix_seconds;
use crate::oauth1::escape::escaped;
use crate::oauth1::temporary_credentials::{TemporaryCredentials, temporary_request};
use crate::oauth1::token_credentials::{Token, token_request};
use crate::params::Params;

fn client() -> ClientCredentials {
    let secret = Secret::new("s~e c");
    ClientCredentials { identifier: "ck&1".to_owned(), secret, rsa_key: None }
}

/// The default way to sign.
fn signing<'a>(client: &'a ClientCredentials, nonce: &'a Secret) -> Signing<'a> {
    Signing {
        client,
        token: None,
        method: SignatureMethod::HmacSha1,
        placement: SignatureLocation::Header,
        realm: None,
        nonce,
        now: from_unix_seconds(1_700_000_000),
        callback: None,
        verifier: None,
    }
}

/// What a case changes of [`signing`].
#[derive(Clone, Copy)]
struct Case<'a> {
    placement: SignatureLocation,
    method: SignatureMethod,
    realm: Option<&'a str>,
    callback: Option<&'a str>,
}

const USUAL: Case<'_> = Case {
    placement: SignatureLocation::Header,
    method: SignatureMethod::HmacSha1,
    realm: None,
    callback: None,
};

impl Case<'_> {
    fn sign(&self, request: Request) -> Result<Request> {
        let (client, nonce) = (client(), Secret::new("n-7"));
        let (token, secret, verifier) = (Secret::new("tk"), Secret::new("t&s"), Secret::new("v/2"));
        let signing = Signing {
            token: Some(TokenCredentials { token: &token, secret: &secret }),
            method: self.method,
            placement: self.placement,
            realm: self.realm,
            callback: self.callback,
            verifier: Some(&verifier),
            ..signing(&client, &nonce)
        };
        signing.sign(request)
    }

    fn rejected(&self, request: Request, text: &str) {
        let error = self.sign(request).unwrap_err();
        let setting = matches!(text, "realm" | "URL");
        let kind = if setting { ErrorKind::Config } else { ErrorKind::InvalidRequest };
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

fn placed(placement: SignatureLocation) -> Case<'static> {
    Case { placement, ..USUAL }
}

fn request(method: Method, uri: &str, content_type: Option<&'static str>, body: &str) -> Request {
    let mut request = Request::new(body.to_owned().into());
    *request.method_mut() = method;
    *request.uri_mut() = uri.parse().unwrap();
    if let Some(content_type) = content_type {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    request
}

/// A request whose signature was computed without a library.
fn vector() -> Request {
    let uri = "https://API.Example.test:443/a%20b/C?b5=%3D%253D&a3=a&c%40=&a2=r%20b";
    request(Method::POST, uri, Some(FORM), "c2=&a3=2+q")
}

fn header(request: &Request) -> &str {
    request.headers()[AUTHORIZATION].to_str().unwrap()
}

/// How often each protocol parameter is in `text`.
fn each_once(text: &str) {
    for name in [
        "nonce",
        "timestamp",
        "version",
        "signature_method",
        "consumer_key",
        "token",
        "verifier",
        "signature",
    ] {
        assert_eq!(text.matches(&format!("oauth_{name}=")).count(), 1, "{name} in {text}");
    }
}

/// T122, T123 and T184: the header to the byte, in Authlib's order, and the rest as it was.
#[test]
fn header_has_all_oauth_parameters_and_body_stays() {
    let signed = Case { realm: Some("Photos & more"), ..USUAL }.sign(vector()).unwrap();
    assert_eq!(
        header(&signed),
        "OAuth realm=\"Photos & more\", oauth_nonce=\"n-7\", oauth_timestamp=\"1700000000\", \
         oauth_version=\"1.0\", oauth_signature_method=\"HMAC-SHA1\", \
         oauth_consumer_key=\"ck%261\", oauth_token=\"tk\", oauth_verifier=\"v%2F2\", \
         oauth_signature=\"IQ%2F%2BQPlqtWT95ncFOyJhkHmLhfc%3D\""
    );
    assert!(signed.headers()[AUTHORIZATION].is_sensitive());
    assert_eq!(signed.uri(), vector().uri());
    assert_eq!(signed.body(), vector().body());
    let plain = Case { method: SignatureMethod::Plaintext, ..USUAL }.sign(vector()).unwrap();
    assert!(header(&plain).ends_with("oauth_signature=\"s~e%2520c%26t%2526s\""));
}

/// H17, T122, T181, T182, T185 and T186: each parameter is sent once, at the configured location.
#[test]
fn each_oauth_parameter_is_sent_once() {
    let signature = "oauth_signature=IQ%2F%2BQPlqtWT95ncFOyJhkHmLhfc%3D";
    let signed = placed(SignatureLocation::Body).sign(vector()).unwrap();
    let body = str::from_utf8(signed.body()).unwrap();
    assert!(body.starts_with("c2=&a3=2+q&oauth_nonce=n-7&") && body.ends_with(signature), "{body}");
    each_once(body);
    assert_eq!(signed.uri(), vector().uri());
    assert!(!signed.headers().contains_key(AUTHORIZATION));

    let signed = placed(SignatureLocation::Query).sign(vector()).unwrap();
    let uri = signed.uri().to_string();
    let kept = format!("{}&oauth_nonce=n-7&", vector().uri());
    assert!(uri.starts_with(&kept) && uri.ends_with(signature), "{uri}");
    each_once(&uri);
    assert_eq!(signed.body(), vector().body());
    assert!(!signed.headers().contains_key(AUTHORIZATION));
}

#[test]
fn missing_query_or_body_is_added_for_signature() {
    for (uri, expected) in [
        ("https://api.example.test:8443", "https://api.example.test:8443/?oauth_nonce="),
        ("https://api.example.test/a?", "https://api.example.test/a?oauth_nonce="),
    ] {
        let bare = request(Method::GET, uri, None, "");
        let signed = placed(SignatureLocation::Query).sign(bare).unwrap();
        assert!(signed.uri().to_string().starts_with(expected), "{}", signed.uri());
    }
    let mut bare = request(Method::POST, "https://api.example.test:8443", None, "");
    bare.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    let signed = placed(SignatureLocation::Body).sign(bare).unwrap();
    assert_eq!(signed.headers()[CONTENT_TYPE], FORM);
    assert!(!signed.headers().contains_key(CONTENT_LENGTH));
    let body = str::from_utf8(signed.body()).unwrap();
    assert!(body.ends_with("oauth_signature=0xYbcjDBv7UtwJOE%2FHjFMZfYQNU%3D"), "{body}");
    each_once(body);
}

/// H17: a request that already has protocol parameters is rejected.
#[test]
fn existing_oauth_parameters_are_rejected() {
    for (uri, body) in [
        ("https://a.example/?oauth_token=x", ""),
        ("https://a.example/?%6Fauth_nonce=x", ""),
        ("https://a.example/", "a=b&oauth_callback="),
    ] {
        for placement in
            [SignatureLocation::Body, SignatureLocation::Header, SignatureLocation::Query]
        {
            let request = request(Method::POST, uri, Some(FORM), body);
            placed(placement).rejected(request, "each is allowed once");
        }
    }
    let mut authorized = vector();
    authorized.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
    USUAL.rejected(authorized, "already has an `Authorization` header");
}

/// T124, H19: a body that is not a form is kept and protected by its hash, or the request fails.
#[test]
fn non_form_body_is_kept() {
    // The vector of draft-eaton-oauth-bodyhash, and others by OpenSSL.
    for (method, expected) in [
        (SignatureMethod::HmacSha1, Some("Lve95gjOVATpfV8EL5X4nxwjKHE=")),
        (SignatureMethod::HmacSha256, Some("f4OxZX/x/FO5LcGBSKHWXfwtSx+j1ncoSt3SABJtkGk=")),
        (SignatureMethod::Plaintext, None),
    ] {
        let text = request(Method::PUT, "https://a.example/", Some("text/plain"), "Hello World!");
        let signed = Case { method, ..USUAL }.sign(text).unwrap();
        assert_eq!(signed.body().as_ref(), b"Hello World!");
        let hash = expected.map(|hash| format!("oauth_body_hash=\"{}\"", escaped(hash.as_bytes())));
        assert_eq!(hash.is_some(), header(&signed).contains("oauth_body_hash"), "{method}");
        assert!(hash.is_none_or(|hash| header(&signed).contains(&hash)), "{method}");
    }
    let xml = "multipart/related; boundary=x";
    for content_type in [Some("application/json"), Some(xml), None] {
        let json = request(Method::POST, "https://a.example/", content_type, r#"{"a":1}"#);
        let signed = placed(SignatureLocation::Query).sign(json.clone()).unwrap();
        assert_eq!(signed.body(), json.body());
        assert!(signed.uri().query().unwrap().contains("oauth_body_hash="));
        placed(SignatureLocation::Body).rejected(json, "only a form body");
    }
    let form = USUAL.sign(vector()).unwrap();
    assert!(!header(&form).contains("oauth_body_hash"));
    for content_type in [None, Some("application/json")] {
        let empty = request(Method::GET, "https://a.example/", content_type, "");
        assert!(!header(&USUAL.sign(empty).unwrap()).contains("oauth_body_hash"));
    }
}

#[test]
fn request_without_body_stays_without_body() {
    for method in [Method::GET, Method::HEAD, Method::DELETE] {
        let text = format!("a {method} request");
        let request = request(method, "https://a.example/", None, "");
        placed(SignatureLocation::Body).rejected(request, &text);
    }
}

#[test]
fn invalid_realm_is_rejected() {
    for realm in ["a\"b", "a\\b", "a\r\nX-B: c", "ä"] {
        Case { realm: Some(realm), ..USUAL }.rejected(vector(), "realm");
    }
    assert!(Case { realm: Some(""), ..USUAL }.sign(vector()).is_ok());
}

/// O4: requests by plain http are not signed, except to a loopback host.
#[test]
fn only_https_and_loopback_urls_are_signed() {
    for uri in [
        "http://a.example/",
        "http://localhost@a.example/",
        "https://user@a.example/",
        "/relative",
        "ftp://a.example/",
    ] {
        for method in [SignatureMethod::HmacSha1, SignatureMethod::Plaintext] {
            let request = request(Method::GET, uri, None, "");
            Case { method, ..USUAL }.rejected(request, "URL");
        }
    }
    for uri in ["http://127.0.0.1:4000/", "https://a.example", "https://a.example/?q=\\"] {
        assert!(USUAL.sign(request(Method::GET, uri, None, "")).is_ok(), "{uri}");
    }
}

/// T121: no client id.
#[test]
fn client_without_identifier_signs_nothing() {
    let client = ClientCredentials { identifier: String::new(), ..client() };
    let nonce = Secret::new("n");
    let signing = Signing { callback: Some(OUT_OF_BAND), ..signing(&client, &nonce) };
    let error = signing.sign(vector()).unwrap_err();
    assert!(error.to_string().contains("`client_id`"), "{error}");
}

/// H18: a callback with an escape of its own, encoded once in the header.
#[test]
fn oauth_callback_is_percent_encoded_once() {
    let callback = Some("https://app.example.test/cb?next=%2Fhome");
    let signed = Case { callback, ..USUAL }.sign(vector()).unwrap();
    let expected = "oauth_callback=\"https%3A%2F%2Fapp.example.test%2Fcb%3Fnext%3D%252Fhome\"";
    assert!(header(&signed).contains(expected), "{}", header(&signed));
}

/// T180, T183 and B10: the first request of a login has the callback and no token, the second the temporary
/// token and the verifier, all others neither.
#[test]
fn login_requests_have_expected_parameters() {
    let (client, nonce, verifier) = (client(), Secret::new("n"), Secret::new("v"));
    let endpoint = url::Url::parse("https://op.example/oauth").unwrap();
    let usual = Signing { method: SignatureMethod::Plaintext, ..signing(&client, &nonce) };
    let temporary =
        TemporaryCredentials { token: Secret::new("tt"), secret: Secret::new("t-secret") };
    let token = Token::new("at", "a-secret");
    let none = Params::new();
    for (signing, request, has, has_not) in [
        (
            Signing { callback: Some(OUT_OF_BAND), ..usual },
            temporary_request(&endpoint, &none),
            ["oauth_callback=\"oob\"", "oauth_signature=\"s~e%2520c%26\""],
            ["oauth_token=", "oauth_verifier="],
        ),
        (
            Signing { token: Some(temporary.credentials()), verifier: Some(&verifier), ..usual },
            token_request(&endpoint, &none),
            ["oauth_token=\"tt\", oauth_verifier=\"v\"", "%26t-secret\""],
            ["oauth_callback=", "a-secret"],
        ),
        (
            Signing { token: Some(token.credentials()), ..usual },
            request(Method::GET, "https://op.example/api", None, ""),
            ["oauth_token=\"at\"", "%26a-secret\""],
            ["oauth_callback=", "oauth_verifier="],
        ),
    ] {
        let signed = signing.sign(request).unwrap();
        let header = header(&signed);
        assert!(has.iter().all(|part| header.contains(part)), "{header}");
        assert!(!has_not.iter().any(|part| header.contains(part)), "{header}");
    }
}

#[test]
fn custom_method_receives_base_string() {
    let (client, nonce) = (client(), Secret::new("n"));
    let signing = Signing { callback: Some(OUT_OF_BAND), ..signing(&client, &nonce) };
    let mut request = request(Method::POST, "https://10.0.0.1/a", None, "x");
    request.headers_mut().insert(HOST, HeaderValue::from_static("api.example"));
    let unsigned = signing.unsigned(request, "X-SM3", Some(Hash::Sha256)).unwrap();
    let text = unsigned.base_string().expose();
    assert!(text.starts_with("POST&https%3A%2F%2Fapi.example%2Fa&oauth_body_hash%3D"), "{text}");
    assert!(text.contains("oauth_callback%3Doob%26") && text.contains("method%3DX-SM3"), "{text}");
    let signed = unsigned.with_signature(&Secret::new("a\"b=")).unwrap();
    assert!(header(&signed).ends_with("oauth_signature=\"a%22b%3D\""), "{}", header(&signed));
    assert_eq!(signed.body().as_ref(), b"x");
}

#[test]
fn placements_use_authlib_names() {
    for (name, expected) in [
        ("HEADER", Some(SignatureLocation::Header)),
        ("body", Some(SignatureLocation::Body)),
        ("Query", Some(SignatureLocation::Query)),
        ("cookie", None),
    ] {
        assert_eq!(SignatureLocation::from_name(name), expected);
    }
}

#[test]
fn debug_of_signing_types_shows_no_secret() {
    let (client, nonce) = (client(), Secret::new("nonce-of-mine"));
    let signing = Signing { method: SignatureMethod::Plaintext, ..signing(&client, &nonce) };
    let unsigned = signing.unsigned(vector(), "PLAINTEXT", None).unwrap();
    let shown = format!("{signing:?} {unsigned:?}");
    assert!(!shown.contains("s~e c") && !shown.contains("nonce-of-mine"), "{shown}");
    let signed = USUAL.sign(vector()).unwrap();
    assert!(!format!("{:?}", signed.headers()).contains("IQ%2F"));
}
