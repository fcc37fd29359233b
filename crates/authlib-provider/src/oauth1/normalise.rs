//! The signature base string (RFC 5849 §3.4.1), rebuilt from the request.

use std::fmt::Write as _;

use authlib_core::message::Request;
use url::Url;

use super::encoding::encode;
use super::protocol::Protocol;

/// The base string of a request to the provider at `issuer`: its scheme, host and port are known here
/// and not taken from the request.
pub(super) fn base_string(issuer: &str, request: &Request, protocol: &Protocol) -> Option<String> {
    let issuer = Url::parse(issuer).ok()?;
    let mut address = format!("{}://{}", issuer.scheme(), issuer.host_str()?);
    if let Some(port) = issuer.port() {
        let _ = write!(address, ":{port}");
    }
    address.push_str(request.uri().path());
    let mut pairs: Vec<String> = Vec::new();
    let mut signed: Vec<_> =
        protocol.signed().map(|(name, value)| (encode(name), encode(value))).collect();
    signed.sort();
    for (name, value) in signed {
        pairs.push(format!("{name}={value}"));
    }
    let method = request.method().as_str();
    Some(format!("{method}&{}&{}", encode(address.as_bytes()), encode(pairs.join("&").as_bytes())))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{AUTHORIZATION, CONTENT_TYPE};

    use super::*;

    /// The example of RFC 5849 §3.4.1.1, read from its header, query and form.
    #[test]
    fn rfc5849_section_3_4_1_1_example_matches() {
        let mut request = Request::new("c2&a3=2+q".into());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = "/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b".parse().unwrap();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        let header = HeaderValue::from_static(
            "OAuth realm=\"Example, of course\", oauth_consumer_key=\"9djdj82h48djs9d2\", \
             oauth_token=\"kkk9d7dh3k39sjv7\", oauth_signature_method=\"HMAC-SHA1\", \
             oauth_timestamp=\"137131201\", oauth_nonce=\"7d8f3e4a\", \
             oauth_signature=\"bYT5CMsGcbgUdFHObYMEfcx6bsw%3D\"",
        );
        request.headers_mut().insert(AUTHORIZATION, header);
        let protocol = Protocol::read(&request).unwrap();
        let expected = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q\
            %26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D\
            %26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a\
            %26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201\
            %26oauth_token%3Dkkk9d7dh3k39sjv7";
        let text = base_string("http://example.com:80/", &request, &protocol);
        assert_eq!(text.as_deref(), Some(expected));
    }
}
