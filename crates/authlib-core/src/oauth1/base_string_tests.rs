use std::fmt::Display;

use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Method};
use oauth1_request::request::AssertSorted;
use oauth1_request::signature_method::{Sign, SignatureMethod};
use proptest::prelude::*;
use url::Url;

use super::*;
use crate::oauth1::escape::escaped;
use crate::oauth1::sent_pairs::FORM;
use crate::params::Params;

fn request(method: &str, uri: &str, form: Option<&str>) -> Request {
    let mut request = Request::new(form.unwrap_or_default().to_owned().into());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
    *request.uri_mut() = uri.parse().unwrap();
    if form.is_some() {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
    }
    request
}

fn check(request: &Request, oauth: &Params, expected: &str) {
    assert_eq!(base_string_with(request, oauth).unwrap().expose(), expected, "{request:?}");
}

fn rfc_params() -> Params {
    Params::new()
        .with("oauth_consumer_key", "9djdj82h48djs9d2")
        .with("oauth_token", "kkk9d7dh3k39sjv7")
        .with("oauth_signature_method", "HMAC-SHA1")
        .with("oauth_timestamp", "137131201")
        .with("oauth_nonce", "7d8f3e4a")
        .with("oauth_signature", "bYT5CMsGcbgUdFHObYMEfcx6bsw=")
}

/// The example of RFC 5849 §3.4.1.1, which has a form, a query, an encoded name, a repeated one, an
/// empty value and a name without `=`.
#[test]
fn rfc5849_section_3_4_1_1_example_matches() {
    let request = request(
        "post",
        "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
        Some("c2&a3=2+q"),
    );
    let expected = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q\
        %26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2\
        %26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201\
        %26oauth_token%3Dkkk9d7dh3k39sjv7";
    check(&request, &rfc_params(), expected);
}

/// The base string URIs of RFC 5849 §3.4.1.2 and their neighbours (O5).
#[test]
fn base_string_uri_is_normalized() {
    for (uri, host, expected) in [
        (
            "http://EXAMPLE.COM:80/r%20v/X?id=123",
            None,
            "http%3A%2F%2Fexample.com%2Fr%2520v%2FX&id%3D123",
        ),
        (
            "https://www.example.net:8080/?q=1",
            None,
            "https%3A%2F%2Fwww.example.net%3A8080%2F&q%3D1",
        ),
        ("https://example.net:443", None, "https%3A%2F%2Fexample.net%2F&"),
        ("https://example.net:80", None, "https%3A%2F%2Fexample.net%3A80%2F&"),
        ("http://example.net:443/", None, "http%3A%2F%2Fexample.net%3A443%2F&"),
        ("HTTPS://[::1]:8443/a;b=c/", None, "https%3A%2F%2F%5B%3A%3A1%5D%3A8443%2Fa%3Bb%3Dc%2F&"),
        ("https://u:p@example.net/", None, "https%3A%2F%2Fexample.net%2F&"),
        ("https://10.0.0.1/a", Some("API.example:8443"), "https%3A%2F%2Fapi.example%3A8443%2Fa&"),
        ("https://10.0.0.1/a", Some("api.example:443"), "https%3A%2F%2Fapi.example%2Fa&"),
    ] {
        let mut request = request("GET", uri, None);
        if let Some(host) = host {
            request.headers_mut().insert(HOST, HeaderValue::from_static(host));
        }
        check(&request, &Params::new(), &format!("GET&{expected}"));
    }
}

/// T125 and O5.
#[test]
fn base_string_parameters_are_normalized() {
    for (query, expected) in [
        ("", ""),
        ("&&", ""),
        ("a", "a="),
        ("a=", "a="),
        ("=b", "=b"),
        ("a=b=c", "a=b%3Dc"),
        ("a=1&a=1&a=0", "a=0&a=1&a=1"),
        ("b=1&a%20b=1&aa=1&a=1&a-=1", "a=1&a%20b=1&a-=1&aa=1&b=1"),
        ("a=+%20%2B", "a=%20%20%2B"),
        ("a=%25%32%35", "a=%2525"),
        ("a=it's(1)!*", "a=it%27s%281%29%21%2A"),
        ("a=-._~", "a=-._~"),
        ("a=%2D%2e%5f%7E", "a=-._~"),
        ("%E3%83%A6=%E3%83%BC", "%E3%83%A6=%E3%83%BC"),
        ("a=%FF%zz%4", "a=%FF%25zz%254"),
        ("a=/?:@,;$", "a=%2F%3F%3A%40%2C%3B%24"),
        ("oauth=1&oauthz=2&oauth%60=3", "oauth=1&oauth%60=3&oauthz=2"),
    ] {
        let expected = format!("GET&https%3A%2F%2Fa.example%2F&{}", escaped(expected.as_bytes()));
        let uri = format!("https://a.example/?{query}");
        check(&request("GET", &uri, None), &Params::new(), &expected);
        let posted = request("GET", "https://a.example/", Some(query));
        check(&posted, &Params::new(), &expected);
    }
    let umlaut = Params::new().with("oauth_consumer_key", "ä+ %41");
    let expected =
        "GET&https%3A%2F%2Fa.example%2F&oauth_consumer_key%3D%25C3%25A4%252B%2520%252541";
    check(&request("GET", "https://a.example", None), &umlaut, expected);
}

#[test]
fn only_form_bodies_are_in_base_string() {
    for (content_type, signed) in [
        ("application/x-www-form-urlencoded; charset=UTF-8", true),
        ("APPLICATION/X-WWW-FORM-URLENCODED", true),
        ("application/json", false),
        ("multipart/form-data; boundary=x", false),
        ("application/x-www-form-urlencoded-not", false),
    ] {
        let mut request = request("POST", "https://a.example/", Some("a=b"));
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let has_param = |request: &Request| {
            let base_string = base_string_with(request, &Params::new()).unwrap();
            base_string.expose().ends_with("&a%3Db")
        };
        assert_eq!(has_param(&request), signed, "{content_type}");
        request.headers_mut().remove(CONTENT_TYPE);
        assert!(!has_param(&request));
    }
}

#[test]
fn missing_or_invalid_host_has_no_base_string() {
    assert!(base_string_with(&request("GET", "/path", None), &Params::new()).is_err());
    let mut odd = request("GET", "https://a.example/", None);
    odd.headers_mut().insert(HOST, HeaderValue::from_static("a b"));
    assert!(base_string_with(&odd, &Params::new()).is_err());
}

/// A literal implementation of RFC 5849 §3.4.1, over names and values before their encoding.
fn reference_base_string(
    method: &str,
    url: &Url,
    query: &Pairs,
    form: &Pairs,
    oauth: &Pairs,
) -> String {
    fn encode(text: &str) -> String {
        let mut out = String::new();
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out += &format!("%{byte:02X}");
            }
        }
        out
    }
    let mut all: Vec<_> = [query, form, oauth].into_iter().flatten().collect();
    all.sort_by_key(|(name, value)| (encode(name), encode(value)));
    let mut normalised = String::new();
    for (name, value) in all {
        if !normalised.is_empty() {
            normalised.push('&');
        }
        normalised += &format!("{}={}", encode(name), encode(value));
    }
    let mut uri = format!("{}://{}", url.scheme(), url.host_str().unwrap());
    if let Some(port) = url.port() {
        uri += &format!(":{port}");
    }
    uri += url.path();
    format!("{}&{}&{}", encode(method), encode(&uri), encode(&normalised))
}

type Pairs = Vec<(String, String)>;

/// The pairs, form-encoded.
fn written(pairs: &Pairs) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Returns the base string instead of a signature.
#[derive(Clone, Copy)]
struct Collect;

struct Collected(String);

impl SignatureMethod for Collect {
    type Sign = Collected;

    fn sign_with(self, _client_secret: &str, _token_secret: Option<&str>) -> Collected {
        Collected(String::new())
    }
}

impl Sign for Collected {
    type Signature = String;

    fn get_signature_method_name(&self) -> &'static str {
        "HMAC-SHA1"
    }

    fn request_method(&mut self, method: &str) {
        self.0 += method;
    }

    fn uri<T: Display>(&mut self, uri: T) {
        self.0 += &format!("&{uri}&");
    }

    fn parameter<V: Display>(&mut self, key: &str, value: V) {
        self.0 += &format!("{key}%3D{value}");
    }

    fn delimiter(&mut self) {
        self.0 += "%26";
    }

    fn end(self) -> String {
        self.0
    }
}

fn pairs(names: &'static str) -> impl Strategy<Value = Pairs> {
    let value = prop_oneof![".{0,6}", "[ -~]{0,8}"];
    let name = prop_oneof![names, "[a-c]"];
    prop::collection::vec((name, value), 0..6)
}

proptest! {
    /// O5.
    #[test]
    fn two_base_string_implementations_agree(
        query in pairs(".{0,4}"),
        form in pairs("[ -~]{0,4}"),
        oauth in pairs("oauth_[a-z]{1,3}"),
        port in prop::option::of(1u16..),
        path in "[a-zA-Z0-9%/ é'~-]{0,8}",
    ) {
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let mut url = Url::parse(&format!("https://Host.Example{port}/")).unwrap();
        url.set_path(&path);
        // Protocol parameters have no other names.
        let oauth: Pairs =
            oauth.into_iter().filter(|(name, _)| name.starts_with("oauth_")).collect();
        let expected = reference_base_string("POST", &url, &query, &form, &oauth);
        url.set_query(Some(&written(&query)));
        let request = request("POST", url.as_str(), Some(&written(&form)));
        let ours = base_string_with(&request, &oauth.into_iter().collect()).unwrap();
        prop_assert_eq!(ours.expose(), expected);
    }

    /// O5: `oauth1-request` is a valid peer for names without escapes only.
    #[test]
    fn base_string_matches_provider_implementation(form in pairs("[a-z]{1,4}"), key in ".{0,8}", token in ".{0,8}") {
        let mut sorted = form.clone();
        sorted.sort_by_key(|(name, value)| (name.clone(), escaped(value.as_bytes())));
        let encoded = AssertSorted::new(sorted.iter().map(|(name, value)| (name, value)));
        let credentials = oauth1_request::Token::from_parts(key.as_str(), "", token.as_str(), "");
        let header = oauth1_request::Builder::with_token(credentials, Collect)
        .nonce("n")
        .timestamp(core::num::NonZeroU64::new(7))
        .post("https://op.example/a%20b", &encoded);
        let theirs = header.split_once("oauth_signature=\"").unwrap().1.trim_end_matches('"');
        let oauth = Params::new()
            .with("oauth_consumer_key", key)
            .with("oauth_nonce", "n")
            .with("oauth_signature_method", "HMAC-SHA1")
            .with("oauth_timestamp", "7")
            .with("oauth_token", token);
        let request = request("POST", "https://op.example/a%20b", Some(&written(&form)));
        let ours = base_string_with(&request, &oauth).unwrap();
        prop_assert_eq!(ours.expose(), theirs);
    }

    #[test]
    fn arbitrary_bytes_never_panic(query in "[!-~]{0,40}", body in prop::collection::vec(any::<u8>(), 0..60)) {
        let Ok(uri) = format!("https://a.example/?{query}").parse() else { return Ok(()) };
        let mut request = Request::new(body.into());
        *request.uri_mut() = uri;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
        prop_assert!(base_string_with(&request, &Params::new()).is_ok());
    }
}
