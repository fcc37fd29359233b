//! Bearer token usage, RFC 6750 §2 and §3: where the token stands in a request, and how a server says
//! that it takes it no more.

use http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::params::Params;

const ACCESS_TOKEN: &str = "access_token";

/// Where the access token stands in an API request (RFC 6750 §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenPlacement {
    /// As `access_token` in a form body (RFC 6750 §2.2): for forms, and never with GET.
    Body,
    /// In the `Authorization` header (RFC 6750 §2.1).
    #[default]
    Header,
    /// As `access_token` in the query (RFC 6750 §2.3), which ends in logs: only for a provider that
    /// takes it nowhere else.
    Query,
}

/// The parts of a request that a token can be placed in.
pub(crate) struct Placed<'a> {
    pub(crate) method: &'a Method,
    pub(crate) url: &'a mut Url,
    pub(crate) headers: &'a mut HeaderMap,
    /// The form, or nothing where the body is something else.
    pub(crate) form: Option<&'a mut Params>,
}

impl TokenPlacement {
    /// The placement of a configured name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "body" => Some(Self::Body),
            "header" => Some(Self::Header),
            // Authlib calls it so.
            "query" | "uri" => Some(Self::Query),
            _ => None,
        }
    }
}

/// Puts the access token on a request, in one place (RFC 6750 §2).
pub(crate) fn place(token: &Token, placement: TokenPlacement, to: Placed<'_>) -> Result<()> {
    check_type(token)?;
    let config = |check: &str| Error::new(ErrorKind::InvalidRequest, check);
    match placement {
        TokenPlacement::Header => {
            to.headers.insert(AUTHORIZATION, header(token)?);
        }
        TokenPlacement::Body if matches!(*to.method, Method::GET | Method::HEAD) => {
            let check = "the token can't stand in the body of a GET (RFC 6750 §2.2)";
            return Err(config(check).with_hint("use `token_placement` header or query"));
        }
        TokenPlacement::Body => match to.form {
            Some(form) if !form.contains(ACCESS_TOKEN) => {
                form.push(ACCESS_TOKEN, token.access_token.expose());
            }
            Some(_) => return Err(config("the form has an `access_token` of its own")),
            None => {
                let check = "the token can't stand in a body that is no form (RFC 6750 §2.2)";
                return Err(config(check).with_hint("use `token_placement` header, or send a form"));
            }
        },
        TokenPlacement::Query if to.url.query_pairs().any(|(name, _)| name == ACCESS_TOKEN) => {
            return Err(config("the URL has an `access_token` of its own"));
        }
        TokenPlacement::Query => {
            Params::new().with(ACCESS_TOKEN, token.access_token.expose()).append_to(to.url);
            // RFC 6750 §2.3
            let no_store = HeaderValue::from_static("no-store");
            to.headers.entry(CACHE_CONTROL).or_insert(no_store);
        }
    }
    Ok(())
}

/// Whether whoever holds the token may use it. One of type `N_A` is no access token (RFC 8693 §2.2.1).
fn check_type(token: &Token) -> Result<()> {
    if token.token_type.eq_ignore_ascii_case("bearer") {
        return Ok(());
    }
    let name: String = token.token_type.chars().take(40).collect();
    let check = format!("a token of type {name:?} can't be sent, only Bearer (RFC 6749 §7.1)");
    Err(Error::new(ErrorKind::Unsupported, check))
}

/// The header of RFC 6750 §2.1, marked sensitive, so that HTTP libraries keep it out of their logs.
pub(crate) fn header(token: &Token) -> Result<HeaderValue> {
    check_type(token)?;
    let text = format!("Bearer {}", token.access_token.expose());
    let mut value = HeaderValue::try_from(text).map_err(|_| {
        Error::new(
            ErrorKind::InvalidResponse,
            "the access token has characters that no header may hold",
        )
        .with_hint("RFC 6750 §2.1 allows letters, digits and -._~+/=")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether a server takes the token no more: a `Bearer` challenge with `error="invalid_token"`
/// (RFC 6750 §3.1). A refusal for want of scope is another error, which no new token mends.
pub(crate) fn is_invalid_token(headers: &HeaderMap) -> bool {
    headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).any(|text| {
        let mut bearer = false;
        pieces(text).any(|piece| {
            let piece = piece.trim();
            // A piece is `Scheme`, `Scheme name=value` or `name=value` (RFC 9110 §11.6.1), and there may
            // be blanks around the `=` (§11.2).
            let (scheme, parameter) = match piece.split_once(' ') {
                Some((scheme, rest)) if !scheme.contains('=') && !rest.trim().starts_with('=') => {
                    (Some(scheme), rest.trim())
                }
                _ if !piece.contains('=') => (Some(piece), ""),
                _ => (None, piece),
            };
            if let Some(scheme) = scheme {
                bearer = scheme.eq_ignore_ascii_case("bearer");
            }
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            bearer
                && name.trim().eq_ignore_ascii_case("error")
                && value.trim().trim_matches('"') == "invalid_token"
        })
    })
}

/// The pieces between the commas that stand in no quotes.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |c| {
        let plain = !escaped;
        escaped = quoted && plain && c == '\\';
        if plain && c == '"' {
            quoted = !quoted;
        }
        c == ',' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(placement: TokenPlacement, method: &Method, form: Option<&str>) -> Result<String> {
        let mut url = Url::parse("https://api.example/x?a=b").unwrap();
        let mut headers = HeaderMap::new();
        let mut form = form.map(Params::parse);
        let token = Token::bearer("t k");
        let to = Placed { method, url: &mut url, headers: &mut headers, form: form.as_mut() };
        place(&token, placement, to)?;
        // Libraries show the headers that are not sensitive in their logs.
        assert!(headers.values().all(|value| value == "no-store" || value.is_sensitive()));
        let header = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
        let form = form.map(|form| form.to_form()).unwrap_or_default();
        Ok(format!("{url} {} {form}", header.unwrap_or_default()))
    }

    /// T086.
    #[test]
    fn other_token_type_is_never_sent_as_bearer() {
        let mut token = Token::bearer("x");
        token.token_type = "mac".to_owned();
        let (mut url, mut headers) = (Url::parse("https://a.example").unwrap(), HeaderMap::new());
        let to = Placed { method: &Method::GET, url: &mut url, headers: &mut headers, form: None };
        let error = place(&token, TokenPlacement::Header, to).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(headers.is_empty());
    }

    /// T087, T088, T089.
    #[test]
    fn bearer_token_is_sent_in_one_place() {
        use TokenPlacement::{Body, Header, Query};
        let (get, post) = (Method::GET, Method::POST);
        assert_eq!(placed(Header, &get, None).unwrap(), "https://api.example/x?a=b Bearer t k ");
        let query = placed(Query, &get, None).unwrap();
        assert_eq!(query, "https://api.example/x?a=b&access_token=t%20k  ");
        let body = placed(Body, &post, Some("c=d")).unwrap();
        assert_eq!(body, "https://api.example/x?a=b  c=d&access_token=t+k");
        for (placement, method, form, says) in [
            (Body, &get, Some(""), "body of a GET"),
            (Body, &post, None, "no form"),
            (Body, &post, Some("access_token=x"), "of its own"),
        ] {
            let error = placed(placement, method, form).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    /// RFC 6750 §2.3: a cache keeps no answer to a URL with a token in it, and the token stands there once.
    #[test]
    fn a_token_in_the_query_is_kept_by_no_cache_and_stands_there_once() {
        let token = Token::bearer("t");
        let asked = |url: &str, headers: &mut HeaderMap| {
            let mut url = Url::parse(url).unwrap();
            let to = Placed { method: &Method::GET, url: &mut url, headers, form: None };
            place(&token, TokenPlacement::Query, to).map(|()| url)
        };
        let mut headers = HeaderMap::new();
        asked("https://a.example/", &mut headers).unwrap();
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
        asked("https://a.example/", &mut headers).unwrap();
        assert_eq!(headers[CACHE_CONTROL], "no-cache, no-store");
        for url in ["https://a.example/?access_token=x", "https://a.example/?a=b&access%5Ftoken="] {
            let error = asked(url, &mut headers).unwrap_err();
            assert!(error.to_string().contains("of its own"), "{error}");
        }
    }

    #[test]
    fn only_an_invalid_token_of_a_bearer_challenge_is_one() {
        for (challenge, expected) in [
            (r#"Bearer error="invalid_token""#, true),
            (r#"bearer realm="a, b", error="invalid_token", error_description="x""#, true),
            ("Bearer error=invalid_token", true),
            (r#"Bearer realm = "x", error = "invalid_token""#, true),
            (r#"Basic realm = "x", error = "invalid_token""#, false),
            (r#"Basic realm="x", Bearer realm="y", error="invalid_token""#, true),
            (r#"Bearer realm="say \", error=\"invalid_token\"""#, false),
            (r#"Bearer error="insufficient_scope""#, false),
            (r#"DPoP error="invalid_token""#, false),
            (r#"Bearer, DPoP error="invalid_token""#, false),
            ("Bearer", false),
            ("", false),
            ("\u{7f}", false),
        ] {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::try_from(challenge) {
                headers.insert(WWW_AUTHENTICATE, value);
            }
            assert_eq!(is_invalid_token(&headers), expected, "{challenge}");
        }
    }
}
