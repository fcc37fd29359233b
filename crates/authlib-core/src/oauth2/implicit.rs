//! The response of the implicit grant, RFC 6749 §4.2.2, for providers that support no other grant.

use std::time::SystemTime;

use serde_json::Map;

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::endpoint_response::Members;
use crate::oauth2::token_endpoint::{BEARER, token_from_members};
use crate::oauth2::{Token, authorization};
use crate::params::{Params, RepeatedParam};
use crate::secret::{Secret, constant_time_eq};

/// The longest fragment or URL that is accepted, in bytes.
const MAX_FRAGMENT: usize = 64 * 1024;

/// Parses the token in the fragment of an implicit grant's redirect, or in the whole redirect URL.
/// `requested_scope` is the token's scope if the response has no `scope`.
///
/// **Use the authorization code grant if the provider supports it** (RFC 9700 §2.1.2): here the token
/// passes through the browser. A server never receives a fragment; a native application reads it from its
/// browser.
///
/// `expected_state` is the `state` of the authorization request. Keep it in the user's session, and use
/// it once. It is compared before anything else.
///
/// ```
/// use std::time::SystemTime;
///
/// use authlib_core::Secret;
/// use authlib_core::oauth2::token_from_fragment;
///
/// let sent = Secret::new("xyz");
/// let now = SystemTime::now();
/// let url = "https://app.example/cb#access_token=2YotnFZFEjr1&state=xyz&token_type=bearer";
/// let token = token_from_fragment(url, &sent, now, None)?;
/// assert_eq!(token.access_token.expose(), "2YotnFZFEjr1");
///
/// assert!(token_from_fragment("access_token=2YotnFZFEjr1", &sent, now, None).is_err());
/// # Ok::<(), authlib_core::Error>(())
/// ```
///
/// # Errors
///
/// - [`ErrorKind::InvalidCallback`] if there is no fragment, `state` does not match, a parameter is
///   repeated or was not requested, or the token is invalid.
/// - [`ErrorKind::AccessDenied`] if the user denied access.
/// - [`ErrorKind::AuthorizationError`] if the provider reports another error.
pub fn token_from_fragment(
    fragment_or_url: &str,
    expected_state: &Secret,
    now: SystemTime,
    requested_scope: Option<&str>,
) -> Result<Token> {
    let params = Params::parse(fragment(fragment_or_url)?);
    let state = params.only("state").map_err(ImplicitError::from)?.unwrap_or_default();
    if expected_state.is_empty() || !constant_time_eq(state, expected_state.expose()) {
        return Err(ImplicitError::State.into());
    }
    let members = members(&params)?;
    if let Some(error) = params.only("error").map_err(ImplicitError::from)? {
        if params.contains("access_token") {
            return Err(ImplicitError::Both.into());
        }
        return Err(authorization::provider_error(&params, error)?);
    }
    if let Some(name) = UNREQUESTED.into_iter().find(|name| params.contains(name)) {
        return Err(ImplicitError::Unrequested(name).into());
    }
    token_from_members(members, &[BEARER], now, requested_scope)
        .map_err(|error| ImplicitError::NoToken(error).into())
}

/// The access token of an authorization response that also has an ID token or a code (OpenID Connect Core §3.2.2.5).
/// Its other parameters have been checked.
pub(crate) fn front_channel_token(
    params: &Params,
    now: SystemTime,
    requested_scope: Option<&str>,
) -> Result<Token> {
    let own = params.iter().filter(|(name, _)| TOKEN_PARAMS.contains(name)).collect();
    token_from_members(members(&own)?, &[BEARER], now, requested_scope)
        .map_err(|error| ImplicitError::NoToken(error).into())
}

/// The parameters of an access token (RFC 6749 §4.2.2).
const TOKEN_PARAMS: [&str; 4] = ["access_token", "expires_in", "scope", "token_type"];

/// Parameters that `response_type=token` does not request. A refresh token is forbidden (RFC 6749 §4.2.2).
const UNREQUESTED: [&str; 4] = ["code", "id_token", "refresh_token", "response"];

#[derive(Debug, thiserror::Error)]
enum ImplicitError {
    #[error(
        "the response has no fragment: a token in the query has been seen by servers and their logs (RFC 6749 §4.2.2)"
    )]
    NoFragment,
    #[error("the response is longer than {MAX_FRAGMENT} bytes")]
    TooLong,
    #[error("`state` of the fragment does not match the one that was sent (RFC 6749 §10.12)")]
    State,
    #[error(transparent)]
    Repeated(#[from] RepeatedParam),
    #[error("the fragment has both `access_token` and `error` (RFC 6749 §4.2.2)")]
    Both,
    #[error("the fragment has `{0}`, which was not requested (RFC 6749 §4.2.2)")]
    Unrequested(&'static str),
    #[error("the fragment has no valid token (RFC 6749 §4.2.2): {0}")]
    NoToken(Error),
}

impl From<ImplicitError> for Error {
    fn from(check: ImplicitError) -> Self {
        Self::new(ErrorKind::InvalidCallback, check)
    }
}

/// The fragment of a URL, or the text itself unless it looks like a URL, a path or a query.
fn fragment(text: &str) -> Result<&str, ImplicitError> {
    if text.len() > MAX_FRAGMENT {
        return Err(ImplicitError::TooLong);
    }
    if let Some((_, fragment)) = text.split_once('#') {
        return Ok(fragment);
    }
    let first_name = text.split(['=', '&']).next().unwrap_or_default();
    if first_name.contains(['/', '?', ':']) {
        return Err(ImplicitError::NoFragment);
    }
    Ok(text)
}

/// All parameters except `state`, as the members of a token response (RFC 6749 §4.2.2, §5.1).
fn members(params: &Params) -> Result<Members, ImplicitError> {
    let mut members = Map::new();
    for (name, value) in params.iter().filter(|(name, _)| *name != "state") {
        if members.insert(name.to_owned(), value.into()).is_some() {
            return Err(RepeatedParam { name: name.chars().take(40).collect() }.into());
        }
    }
    Ok(Members::new(Endpoint::Token, members))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::numeric_date::from_unix_seconds;

    fn read(text: &str) -> Result<Token> {
        token_from_fragment(text, &Secret::new("xyz"), from_unix_seconds(1_000), Some("a b"))
    }

    /// The redirect of RFC 6749 §4.2.2 with the token type Bearer.
    #[test]
    fn rfc_example_response_is_parsed() {
        let url = "http://example.com/cb#access_token=2YotnFZFEjr1zCsicMWpAA\
                   &state=xyz&token_type=bearer&expires_in=3600";
        for text in [url, url.split_once('#').unwrap().1] {
            let token = read(text).unwrap();
            assert_eq!(token.access_token.expose(), "2YotnFZFEjr1zCsicMWpAA");
            assert_eq!(token.token_type, "Bearer");
            assert_eq!(token.expires_at, Some(from_unix_seconds(4_600)));
            assert_eq!(token.scope.as_deref(), Some("a b"));
            assert_eq!(token.extra::<String>("state").unwrap(), None);
        }
    }

    #[test]
    fn other_parameters_are_kept() {
        let token =
            read("#scope=c%20d&access_token=at&user_id=7&token_type=Bearer&state=xyz").unwrap();
        assert_eq!(token.scope.as_deref(), Some("c d"));
        assert_eq!(token.expires_at, None);
        assert_eq!(token.extra::<String>("user_id").unwrap().as_deref(), Some("7"));
    }

    #[test]
    fn invalid_fragments_fail_with_their_check() {
        let good = "access_token=at&token_type=bearer&state=xyz";
        for (text, message) in [
            (format!("https://app.example/cb?{good}"), "no fragment"),
            (format!("http:app.example/cb?{good}"), "no fragment"),
            (format!("/cb?{good}"), "no fragment"),
            (format!("/cb?x=1&{good}"), "no fragment"),
            (format!("?{good}"), "no fragment"),
            (format!("cb?{good}"), "no fragment"),
            (format!("app.example://cb?{good}"), "no fragment"),
            (format!("https://app.example/cb?{good}#"), "`state`"),
            (format!("https://app.example/cb?{good}#_=_"), "`state`"),
            (String::new(), "`state`"),
            ("access_token=at&token_type=bearer".to_owned(), "`state`"),
            ("access_token=at&token_type=bearer&state=".to_owned(), "`state`"),
            ("access_token=at&token_type=bearer&state=XYZ".to_owned(), "`state`"),
            ("error=access_denied&state=bad".to_owned(), "`state`"),
            ("error=access_denied".to_owned(), "`state`"),
            (format!("{good}&state=xyz"), "repeated"),
            (format!("{good}&access_token=at"), "repeated"),
            (format!("{good}&token_type=bearer"), "repeated"),
            (format!("{good}&x=1&x=2"), "repeated"),
            ("error=a&error=b&state=xyz".to_owned(), "repeated"),
            (format!("{good}&error=access_denied"), "both"),
            (format!("{good}&code=c"), "`code`"),
            (format!("{good}&id_token=x.y.z"), "`id_token`"),
            (format!("{good}&refresh_token=rt"), "`refresh_token`"),
            (format!("{good}&response=x"), "`response`"),
            ("token_type=bearer&state=xyz".to_owned(), "`access_token`"),
            ("access_token=&token_type=bearer&state=xyz".to_owned(), "`access_token`"),
            ("access_token=at&state=xyz".to_owned(), "`token_type`"),
            ("access_token=at&token_type=mac&state=xyz".to_owned(), "expected Bearer"),
            (format!("{good}&x={}", "x".repeat(MAX_FRAGMENT)), "longer"),
        ] {
            let error = read(&text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidCallback, "{text}");
            assert!(error.to_string().contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn denial_is_access_denied_others_are_provider_errors() {
        let denied = read("https://app.example/#error=access_denied&state=xyz").unwrap_err();
        assert_eq!(denied.kind(), ErrorKind::AccessDenied);
        let error = read("error=server_error&error_description=d&state=xyz").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthorizationError);
        let error = error.provider_error().unwrap();
        assert_eq!(error.error, "server_error");
        assert_eq!(error.error_description.as_deref(), Some("d"));
    }

    #[test]
    fn missing_state_matches_nothing() {
        let now = from_unix_seconds(1_000);
        for text in
            ["access_token=at&token_type=bearer", "access_token=at&token_type=bearer&state="]
        {
            let error = token_from_fragment(text, &Secret::default(), now, None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidCallback);
        }
    }

    #[test]
    fn errors_show_no_token() {
        let error = read("access_token=s3cr3t&token_type=mac&state=xyz").unwrap_err();
        assert!(!format!("{error:?}").contains("s3cr3t"));
    }

    proptest! {
        #[test]
        fn fragment_without_state_is_never_a_token(text in ".*", rest in "[a-z&=#?%/:_]*") {
            prop_assert!(read(&text).is_err());
            let text = format!("access_token=at&token_type=bearer&{rest}");
            prop_assert!(read(&text).is_err());
        }
    }
}
