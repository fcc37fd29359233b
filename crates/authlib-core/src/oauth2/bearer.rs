//! Bearer token usage, RFC 6750 §2 and §3: how a token is sent, and how a server rejects it.

use http::header::{AUTHORIZATION, CACHE_CONTROL};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::challenge::Challenge;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::oauth2::dpop::DPOP;
use crate::oauth2::token_endpoint::BEARER;
use crate::params::Params;

const ACCESS_TOKEN: &str = "access_token";

/// Where an API request carries the access token (RFC 6750 §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenLocation {
    /// As `access_token` in a form body (RFC 6750 §2.2). It fails for GET, and for a body that is not a form.
    Body,
    /// In the `Authorization` header (RFC 6750 §2.1).
    #[default]
    Header,
    /// As `access_token` in the query (RFC 6750 §2.3). **Servers log URLs**: use it only if the provider
    /// accepts nothing else.
    Query,
}

/// The parts of a request that can carry a token.
pub(crate) struct TokenTarget<'a> {
    pub(crate) method: &'a Method,
    pub(crate) url: &'a mut Url,
    pub(crate) headers: &'a mut HeaderMap,
    /// `None` if the body is not a form.
    pub(crate) form: Option<&'a mut Params>,
}

impl TokenLocation {
    /// Parses the `token_location` setting.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "body" => Some(Self::Body),
            "header" => Some(Self::Header),
            // `uri` is Authlib's name.
            "query" | "uri" => Some(Self::Query),
            _ => None,
        }
    }
}

/// Adds the access token to a request, in exactly one place (RFC 6750 §2).
pub(crate) fn place(token: &Token, placement: TokenLocation, to: TokenTarget<'_>) -> Result<()> {
    let is_dpop = scheme(token)? == DPOP;
    check_present(token)?;
    let invalid = |check: &str| Error::new(ErrorKind::InvalidRequest, check);
    match placement {
        TokenLocation::Header => {
            to.headers.insert(AUTHORIZATION, header(token)?);
        }
        _ if is_dpop => {
            let check = "a DPoP token is sent in the header only (RFC 9449 §7.1)";
            return Err(invalid(check).with_hint("set `token_location` to `header`"));
        }
        TokenLocation::Body if matches!(*to.method, Method::GET | Method::HEAD) => {
            let check = "a GET or HEAD request can't carry the token in its body (RFC 6750 §2.2)";
            return Err(invalid(check).with_hint("set `token_location` to `header` or `query`"));
        }
        TokenLocation::Body => match to.form {
            Some(form) if !form.contains(ACCESS_TOKEN) => {
                form.push(ACCESS_TOKEN, token.access_token.expose());
            }
            Some(_) => return Err(invalid("the form already has an `access_token` parameter")),
            None => {
                let check = "only a form body can carry the token (RFC 6750 §2.2)";
                return Err(
                    invalid(check).with_hint("set `token_location` to `header`, or send a form")
                );
            }
        },
        TokenLocation::Query if to.url.query_pairs().any(|(name, _)| name == ACCESS_TOKEN) => {
            return Err(invalid("the URL already has an `access_token` parameter"));
        }
        TokenLocation::Query => {
            Params::new().with(ACCESS_TOKEN, token.access_token.expose()).append_to(to.url);
            // Caches must not store the response (RFC 6750 §2.3).
            let no_store = HeaderValue::from_static("no-store");
            to.headers.entry(CACHE_CONTROL).or_insert(no_store);
        }
    }
    Ok(())
}

/// Checks that there is a token: with `response_type=id_token` there is none (OpenID Connect Core §3.2).
fn check_present(token: &Token) -> Result<()> {
    if !token.access_token.is_empty() {
        return Ok(());
    }
    let check = "there is no access token: the login requested an ID token only (`response_type`)";
    Err(Error::new(ErrorKind::Unsupported, check)
        .with_hint("set `response_type` to `code`, or `id_token token`"))
}

/// The scheme of the token's type. A DPoP token is never sent as a bearer token (RFC 9449 §7.1). One of type `N_A` is not
/// an access token (RFC 8693 §2.2.1).
fn scheme(token: &Token) -> Result<&'static str> {
    let known = [BEARER, DPOP].into_iter().find(|name| token.token_type.eq_ignore_ascii_case(name));
    if let Some(scheme) = known {
        return Ok(scheme);
    }
    let name: String = token.token_type.chars().take(40).collect();
    let check = format!("the token type is {name:?}, expected Bearer or DPoP (RFC 6749 §7.1)");
    Err(Error::new(ErrorKind::Unsupported, check))
}

/// The `Authorization` header (RFC 6750 §2.1), marked sensitive, so that HTTP libraries don't log it.
pub(crate) fn header(token: &Token) -> Result<HeaderValue> {
    let text = format!("{} {}", scheme(token)?, token.access_token.expose());
    let mut value = HeaderValue::try_from(text).map_err(|_| {
        Error::new(
            ErrorKind::InvalidResponse,
            "the access token has characters that are not allowed in a header (RFC 6750 §2.1)",
        )
        .with_hint("allowed are letters, digits and -._~+/=")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether a 401 with these headers rejects the token as invalid: a `Bearer` challenge, or a `DPoP` one for a DPoP token,
/// with `error="invalid_token"` (RFC 6750 §3.1, RFC 9449 §7.1). `insufficient_scope` is a different error, which a refresh does not
/// fix. If `or_no_error`, also a 401 whose challenges name no error at all.
pub(crate) fn is_invalid_token(token: &Token, headers: &HeaderMap, or_no_error: bool) -> bool {
    let is_dpop = token.token_type.eq_ignore_ascii_case(DPOP);
    let challenges = Challenge::all(headers);
    let mut errors = challenges
        .iter()
        .filter(|challenge| challenge.is(BEARER) || (is_dpop && challenge.is(DPOP)))
        .filter_map(|challenge| challenge.param("error").filter(|error| !error.is_empty()))
        .peekable();
    match errors.peek() {
        Some(_) => errors.any(|error| error == "invalid_token"),
        None => or_no_error,
    }
}

#[cfg(test)]
mod tests {
    use http::header::WWW_AUTHENTICATE;

    use super::*;

    fn placed(placement: TokenLocation, method: &Method, form: Option<&str>) -> Result<String> {
        let mut url = Url::parse("https://api.example/x?a=b").unwrap();
        let mut headers = HeaderMap::new();
        let mut form = form.map(Params::parse);
        let token = Token::bearer("t k");
        let to = TokenTarget { method, url: &mut url, headers: &mut headers, form: form.as_mut() };
        place(&token, placement, to)?;
        // Libraries show the headers that are not sensitive in their logs.
        assert!(headers.values().all(|value| value == "no-store" || value.is_sensitive()));
        let header = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
        let form = form.map(|form| form.to_form()).unwrap_or_default();
        Ok(format!("{url} {} {form}", header.unwrap_or_default()))
    }

    /// T087, T088, T089.
    #[test]
    fn bearer_token_is_sent_in_one_place() {
        use TokenLocation::{Body, Header, Query};
        let (get, post) = (Method::GET, Method::POST);
        assert_eq!(placed(Header, &get, None).unwrap(), "https://api.example/x?a=b Bearer t k ");
        let query = placed(Query, &get, None).unwrap();
        assert_eq!(query, "https://api.example/x?a=b&access_token=t%20k  ");
        let body = placed(Body, &post, Some("c=d")).unwrap();
        assert_eq!(body, "https://api.example/x?a=b  c=d&access_token=t+k");
        for (placement, method, form, message) in [
            (Body, &get, Some(""), "in its body"),
            (Body, &post, None, "only a form"),
            (Body, &post, Some("access_token=x"), "already has"),
        ] {
            let error = placed(placement, method, form).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    /// RFC 6750 §2.3.
    #[test]
    fn token_in_query_forbids_caching_and_is_sent_once() {
        let token = Token::bearer("t");
        let place = |url: &str, headers: &mut HeaderMap| {
            let mut url = Url::parse(url).unwrap();
            let to = TokenTarget { method: &Method::GET, url: &mut url, headers, form: None };
            place(&token, TokenLocation::Query, to)
        };
        let mut headers = HeaderMap::new();
        place("https://a.example/", &mut headers).unwrap();
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
        place("https://a.example/", &mut headers).unwrap();
        assert_eq!(headers[CACHE_CONTROL], "no-cache, no-store");
        for url in ["https://a.example/?access_token=x", "https://a.example/?a=b&access%5Ftoken="] {
            let error = place(url, &mut headers).unwrap_err();
            assert!(error.to_string().contains("already has"), "{error}");
        }
    }

    #[test]
    fn only_bearer_challenge_reports_an_invalid_token() {
        for (challenge, expected) in [
            (r#"Bearer error="invalid_token""#, true),
            (r#"bearer realm="a, b", error="invalid_token", error_description="x""#, true),
            ("Bearer error=invalid_token", true),
            (r#"Bearer realm = "x", error = "invalid_token""#, true),
            (r#"Basic realm = "x", error = "invalid_token""#, false),
            // RFC 9110 §5.6.1.2 and §5.6.4: empty elements and quoted pairs.
            (r#"Bearer realm="x",,error="invalid_token""#, true),
            ("Bearer a=b,,error=invalid_token", true),
            (r#", Bearer , error="invalid_token",,"#, true),
            (r#"Bearer error="invalid\_token""#, true),
            (r#"Bearer realm="a,, Basic b", error="invalid_token""#, true),
            (r#"Bearer error=""invalid_token"""#, false),
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
            let token = Token::bearer("t");
            assert_eq!(is_invalid_token(&token, &headers, false), expected, "{challenge}");
        }
    }

    /// RFC 9449 §7.1.
    #[test]
    fn dpop_token_has_its_scheme_and_no_other_place() {
        let mut token = Token::bearer("t");
        token.token_type = "dpop".to_owned();
        assert_eq!(header(&token).unwrap(), "DPoP t");
        for placement in [TokenLocation::Body, TokenLocation::Query] {
            let mut url = Url::parse("https://api.example/").unwrap();
            let mut headers = HeaderMap::new();
            let mut form = Params::new();
            let (method, form) = (&Method::POST, Some(&mut form));
            let to = TokenTarget { method, url: &mut url, headers: &mut headers, form };
            let error = place(&token, placement, to).unwrap_err();
            assert!(error.to_string().contains("in the header only"), "{error}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("dpop error=invalid_token"));
        assert!(is_invalid_token(&token, &headers, false));
        assert!(!is_invalid_token(&Token::bearer("t"), &headers, false));
    }
}
