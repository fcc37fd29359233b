//! The token request and its response, RFC 6749 §4.1.3, §5.1, §5.2 and §6.

use std::time::SystemTime;

use url::Url;

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::message::{self, Request, Response};
use crate::oauth2::Token;
use crate::oauth2::client_auth::Credentials;
use crate::oauth2::dpop::DPOP;
use crate::oauth2::endpoint_response::{EndpointResponse, Members};
use crate::params::Params;
use crate::secret::Secret;

/// The request for `form` at the token endpoint, with the client's authentication.
pub(crate) fn token_request(
    endpoint: &Url,
    form: Params,
    credentials: &Credentials<'_>,
) -> Request {
    let (form, header) = credentials.apply(form);
    let mut request = message::form_text_post(endpoint, form);
    if let Some((name, value)) = header {
        request.headers_mut().insert(name, value);
    }
    request
}

/// The `token_type` of a bearer token (RFC 6750 §4).
pub(crate) const BEARER: &str = "Bearer";

#[derive(Debug, thiserror::Error)]
#[error("the token type {found:?} is not supported, expected {expected} (RFC 6749 §7.1)")]
struct UnknownTokenType {
    found: String,
    expected: String,
}

/// Parses a token response, whose `token_type` must be one of `types`. `requested_scope` is the token's scope if the
/// response has no `scope`.
pub(crate) fn parse_token_response(
    response: &Response,
    types: &[&str],
    now: SystemTime,
    requested_scope: Option<&str>,
) -> Result<Token> {
    let members = EndpointResponse::parse(Endpoint::Token, response)?;
    token_from_members(members, types, now, requested_scope)
}

/// The token that the members of a response describe; its `token_type` must be one of `types`.
pub(super) fn token_from_members(
    mut members: Members,
    types: &[&str],
    now: SystemTime,
    requested_scope: Option<&str>,
) -> Result<Token> {
    let access_token = Secret::new(members.take_required_text("access_token")?);
    let found = members.take_required_text("token_type")?;
    let Some(token_type) = types.iter().find(|name| name.eq_ignore_ascii_case(&found)) else {
        let (found, expected) = (found.chars().take(40).collect(), types.join(" or "));
        let is_downgrade = expected == DPOP;
        let check = UnknownTokenType { found, expected };
        let error = Error::new(ErrorKind::InvalidResponse, check);
        return Err(match is_downgrade {
            true => error.with_hint(
                "the provider did not bind the token to the client's DPoP key (RFC 9449 §5): register the client with \
                 `dpop_bound_access_tokens`; to accept bearer tokens too, set `dpop_bound_access_tokens` to false here",
            ),
            false => error,
        });
    };
    Ok(Token {
        refreshed_at: None,
        token_type: (*token_type).to_owned(),
        access_token,
        expires_at: members.take_optional_seconds("expires_in").map(|lifetime| now + lifetime),
        refresh_token: members.take_optional_text("refresh_token").map(Secret::new),
        id_token: members.take_optional_text("id_token").map(Secret::new),
        scope: members.take_scope().or_else(|| requested_scope.map(ToOwned::to_owned)),
        token_secret: None,
        dpop_key: None,
        claims: None,
        resource_tokens: std::collections::BTreeMap::new(),
        extra: members.into_map(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::message::test_response;
    use crate::numeric_date::from_unix_seconds;
    use crate::oauth2::test_responses::{JSON, assert_rejected};

    const TEN_YEARS: u64 = 10 * 365 * 24 * 3600;

    fn parse(response: &Response) -> Result<Token> {
        parse_token_response(response, &[BEARER], from_unix_seconds(1_000), Some("a b"))
    }

    fn json(body: &str) -> Result<Token> {
        parse(&test_response(200, "application/json;charset=UTF-8", body))
    }

    #[test]
    fn full_response_is_parsed_and_extra_members_kept() {
        let token = json(
            r#"{"access_token":"at","token_type":"bEARER","expires_in":3600,"refresh_token":"rt",
                "scope":"a","id_token":"x.y.z","instance_url":"https://i.example"}"#,
        )
        .unwrap();
        assert_eq!(token.access_token.expose(), "at");
        assert_eq!(token.token_type, "Bearer");
        assert_eq!(token.expires_at, Some(from_unix_seconds(4_600)));
        assert_eq!(token.scope.as_deref(), Some("a"));
        assert_eq!(token.extra::<String>("instance_url").unwrap().unwrap(), "https://i.example");
        assert!(token.extra::<u8>("instance_url").is_err());
        assert!(!format!("{token:?}").contains("at\""));
    }

    #[test]
    fn response_without_scope_has_requested_scope() {
        let token = json(r#"{"access_token":"at","token_type":"Bearer"}"#).unwrap();
        assert_eq!(token.scope.as_deref(), Some("a b"));
        assert!(!token.is_expired(from_unix_seconds(u64::MAX), Duration::ZERO));
    }

    /// H08: zero, fractional, text, negative and overflowing lifetimes.
    #[test]
    fn every_expires_in_format_has_defined_result() {
        let table = [
            ("0", Some(1_000)),
            ("-5", Some(1_000)),
            ("3600.9", Some(4_600)),
            ("\"3600\"", Some(4_600)),
            ("\"3600.0\"", Some(4_600)),
            ("1e300", Some(1_000 + TEN_YEARS)),
            ("\"inf\"", None),
            ("\"-inf\"", None),
            ("\"+5\"", None),
            ("\"1e5\"", None),
            ("\"abc\"", None),
            ("\"NaN\"", None),
            ("true", None),
            ("[1]", None),
        ];
        for (text, expected) in table {
            let body =
                format!(r#"{{"access_token":"at","token_type":"Bearer","expires_in":{text}}}"#);
            let got = json(&body).unwrap().expires_at;
            assert_eq!(got, expected.map(from_unix_seconds), "{text}");
        }
        let body = r#"{"access_token":"at","token_type":"Bearer","expires_in":0}"#;
        assert!(json(body).unwrap().is_expired(from_unix_seconds(1_000), Duration::ZERO));
    }

    /// Members that a response can do without cost nothing.
    #[test]
    fn odd_optional_members_are_read_or_ignored() {
        for (members, scope) in [
            (r#""scope":["user:read","chat"]"#, Some("user:read chat")),
            (r#""scope":[]"#, Some("a b")),
            (r#""scope":7"#, Some("a b")),
            (r#""scope":null,"refresh_token":null"#, Some("a b")),
            (r#""scope":"","refresh_token":7,"id_token":[],"expires_in":{}"#, Some("a b")),
        ] {
            let token =
                json(&format!(r#"{{"access_token":"at","token_type":"Bearer",{members}}}"#));
            let token = token.unwrap();
            assert_eq!(token.scope.as_deref(), scope, "{members}");
            assert!(token.refresh_token.is_none() && token.id_token.is_none(), "{members}");
            assert!(token.expires_at.is_none(), "{members}");
        }
    }

    /// H06, H07.
    #[test]
    fn invalid_token_responses_are_rejected_with_reason() {
        assert_rejected(
            parse,
            &[
                (200, JSON, r#"{"token_type":"Bearer"}"#, "`access_token`"),
                (200, JSON, r#"{"access_token":null,"token_type":"Bearer"}"#, "`access_token`"),
                (200, JSON, r#"{"access_token":["a"],"token_type":"Bearer"}"#, "`access_token`"),
                (200, JSON, r#"{"access_token":1,"token_type":"Bearer"}"#, "`access_token`"),
                (200, JSON, r#"{"access_token":"","token_type":"Bearer"}"#, "`access_token`"),
                (200, JSON, r#"{"access_token":"at"}"#, "`token_type`"),
                (200, JSON, r#"{"access_token":"at","token_type":"mac"}"#, "expected Bearer"),
            ],
        );
    }
}
