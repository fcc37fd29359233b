//! Finding the issuer of a user, OpenID Connect Discovery 1.0 §2, with `WebFinger` (RFC 7033).

use serde_json::Value;
use url::Url;

use crate::endpoint_url::{HttpHosts, endpoint_url};
use crate::error::{Error, ErrorKind, Result, clipped};
use crate::message::{self, Request, Response};
use crate::oauth2::json_response;

/// What the link to an issuer is called (OpenID Connect Discovery §2).
const REL: &str = "http://openid.net/specs/connect/1.0/issuer";

#[derive(Debug, thiserror::Error)]
enum WebFingerError {
    #[error(
        "{0:?} is neither an e-mail address, an `acct:` URI nor an https URL (OpenID Connect Discovery §2.1.1)"
    )]
    Resource(String),
    #[error("the WebFinger response has status {0}, not 200 (RFC 7033 §4.2)")]
    Status(u16),
    #[error("the WebFinger response is not a JSON object (RFC 7033 §4.4)")]
    NoJson,
    #[error("the WebFinger response has no link to an issuer (OpenID Connect Discovery §2)")]
    NoIssuer,
    #[error(
        "the issuer of the WebFinger response is {0:?}, which is not allowed: {1} (OpenID Connect Discovery §2.2)"
    )]
    Issuer(String, String),
}

impl From<WebFingerError> for Error {
    fn from(check: WebFingerError) -> Self {
        let kind = match check {
            WebFingerError::Resource(_) => ErrorKind::Config,
            _ => ErrorKind::InvalidResponse,
        };
        Self::new(kind, check).with_hint("check `webfinger_resource`, or set `issuer`")
    }
}

/// The request for the issuer of a user's identifier: an e-mail address, an `acct:` URI, or a URL. It goes to the host
/// of the identifier, by https unless that host is in `http`.
pub(crate) fn webfinger_request(identifier: &str, http: &HttpHosts) -> Result<Request> {
    let (resource, mut url) = normalised(identifier, http)
        .ok_or_else(|| WebFingerError::Resource(clipped(identifier)))?;
    url.set_path("/.well-known/webfinger");
    url.query_pairs_mut().clear().append_pair("resource", &resource).append_pair("rel", REL);
    Ok(message::json_get(&url))
}

/// The resource, and a URL of its host (OpenID Connect Discovery §2.1.2).
fn normalised(identifier: &str, http: &HttpHosts) -> Option<(String, Url)> {
    let identifier = identifier.split('#').next()?.trim();
    let account = identifier.strip_prefix("acct:");
    let host = match account.or(Some(identifier))?.rsplit_once('@') {
        Some((user, host)) if !user.is_empty() && !user.contains("://") => host,
        _ if account.is_some() => return None,
        _ => {
            let text = match identifier.contains("://") {
                true => identifier.to_owned(),
                false => format!("https://{identifier}"),
            };
            let mut url = endpoint_url(&text, http).ok()?;
            let resource = url.to_string();
            url.set_query(None);
            return Some((resource, url));
        }
    };
    let listed = Url::parse(&format!("http://{host}")).is_ok_and(|url| http.contain(&url));
    let scheme = if listed { "http" } else { "https" };
    let url = endpoint_url(&format!("{scheme}://{host}"), http).ok()?;
    let resource = match account {
        Some(_) => identifier.to_owned(),
        None => format!("acct:{identifier}"),
    };
    // Only a host may follow the `@`.
    (url.path() == "/" && url.query().is_none()).then_some((resource, url))
}

/// The issuer in the response (OpenID Connect Discovery §2.2).
pub(crate) fn parse_webfinger_response(response: &Response, http: &HttpHosts) -> Result<String> {
    if response.status() != http::StatusCode::OK {
        return Err(WebFingerError::Status(response.status().as_u16()).into());
    }
    let members = json_response::members(response).map_err(|_| WebFingerError::NoJson)?;
    let links = members.as_map().get("links").and_then(Value::as_array);
    let issuer =
        links.into_iter().flatten().find(|link| link.get("rel").is_some_and(|rel| rel == REL));
    let issuer = issuer.and_then(|link| link.get("href")?.as_str());
    let issuer = issuer.ok_or(WebFingerError::NoIssuer)?;
    let refused = |reason: String| WebFingerError::Issuer(clipped(issuer), reason);
    let url = endpoint_url(issuer, http).map_err(|cause| refused(cause.to_string()))?;
    if url.query().is_some() {
        return Err(refused("it has a query".to_owned()).into());
    }
    Ok(issuer.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::test_response;

    #[test]
    fn identifier_names_the_host_to_ask() {
        for (identifier, host, resource) in [
            ("joe@example.com", "https://example.com", "acct:joe@example.com"),
            ("acct:joe@example.com:8443", "https://example.com:8443", "acct:joe@example.com:8443"),
            ("acct:joe.x.y@example.com#a", "https://example.com", "acct:joe.x.y@example.com"),
            ("https://example.com/joe", "https://example.com", "https://example.com/joe"),
            ("example.com/joe#x", "https://example.com", "https://example.com/joe"),
        ] {
            let request = webfinger_request(identifier, HttpHosts::LOOPBACK).unwrap();
            let url = Url::parse(&request.uri().to_string()).unwrap();
            let origin = url.origin().ascii_serialization();
            assert_eq!((origin.as_str(), url.path()), (host, "/.well-known/webfinger"));
            let query: Vec<_> = url.query_pairs().into_owned().collect();
            assert_eq!(query[0], ("resource".to_owned(), resource.to_owned()), "{identifier}");
            assert_eq!(query[1], ("rel".to_owned(), REL.to_owned()));
        }
        for identifier in [
            "",
            "acct:joe",
            "acct:@example.com",
            "joe@evil/x",
            "joe@evil?x",
            "http://example.com",
            "ftp://x/",
        ] {
            assert!(webfinger_request(identifier, HttpHosts::LOOPBACK).is_err(), "{identifier}");
        }
    }

    #[test]
    fn issuer_is_the_link_of_its_relation() {
        let parse = |status, body: &str| {
            let response = test_response(status, "application/jrd+json", body);
            parse_webfinger_response(&response, HttpHosts::LOOPBACK)
        };
        let link = |href: &str| {
            format!(
                r#"{{"links":[{{"rel":"x","href":"https://x"}},{{"rel":"{REL}","href":"{href}"}}]}}"#
            )
        };
        assert_eq!(parse(200, &link("https://op.example/a/")).unwrap(), "https://op.example/a/");
        for (status, body) in [
            (200, link("http://op.example")),
            (200, link("https://op.example/?x=1")),
            (200, link("javascript:alert(1)")),
            (200, r#"{"links":[{"rel":"x","href":"https://x"}]}"#.to_owned()),
            (200, "{}".to_owned()),
            (200, "<html>".to_owned()),
            (404, link("https://op.example")),
            (302, link("https://op.example")),
        ] {
            assert_eq!(
                parse(status, &body).unwrap_err().kind(),
                ErrorKind::InvalidResponse,
                "{body}"
            );
        }
    }
}
