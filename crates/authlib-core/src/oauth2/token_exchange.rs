//! Token exchange, RFC 8693 §2: [`TokenExchange`], the request, and [`ExchangedToken`], the response.

use std::time::SystemTime;

use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::message::Response;
use crate::oauth2::endpoint_response::EndpointResponse;
use crate::oauth2::token_endpoint::token_from_members;
use crate::oauth2::{Grant, Token};
use crate::secret::Secret;

/// The `grant_type` (RFC 8693 §2.1).
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The `token_type` of a token that is not an access token (RFC 8693 §2.2.1).
const NOT_APPLICABLE: &str = "N_A";

/// Token type identifiers (RFC 8693 §3). A provider may define others.
pub mod token_type {
    /// An OAuth access token of this provider.
    pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
    /// An OpenID Connect ID token.
    pub const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
    /// A JSON Web Token of any issuer.
    pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
    /// An OAuth refresh token of this provider.
    pub const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";
    /// A SAML 1.1 assertion in base64url.
    pub const SAML1: &str = "urn:ietf:params:oauth:token-type:saml1";
    /// A SAML 2.0 assertion in base64url.
    pub const SAML2: &str = "urn:ietf:params:oauth:token-type:saml2";
}

/// A request for a token in exchange for another one (RFC 8693 §2.1), on behalf of the subject; with an
/// [`actor_token`](Self::actor_token), for a party that acts for the subject.
///
/// ```
/// use authlib_core::oauth2::{TokenExchange, token_type};
///
/// let users_token = "accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC";
/// let exchange = TokenExchange::new(users_token, token_type::ACCESS_TOKEN)
///     .resource("https://backend.example.com/api")
///     .scope("read");
/// # drop(exchange);
/// ```
#[derive(Clone, Debug)]
pub struct TokenExchange {
    subject_token: Secret,
    subject_token_type: String,
    actor: Option<(Secret, String)>,
    resources: Vec<String>,
    audiences: Vec<String>,
    scope: Option<String>,
    requested_token_type: Option<String>,
}

impl TokenExchange {
    /// Exchanges `subject_token`, whose type is one of [`token_type`] or another URI.
    #[must_use]
    pub fn new(subject_token: impl Into<Secret>, subject_token_type: impl Into<String>) -> Self {
        Self {
            subject_token: subject_token.into(),
            subject_token_type: subject_token_type.into(),
            actor: None,
            resources: Vec::new(),
            audiences: Vec::new(),
            scope: None,
            requested_token_type: None,
        }
    }

    /// The token of the party that acts for the subject, with its type.
    #[must_use]
    pub fn actor_token(
        mut self,
        actor_token: impl Into<Secret>,
        actor_token_type: impl Into<String>,
    ) -> Self {
        self.actor = Some((actor_token.into(), actor_token_type.into()));
        self
    }

    /// Adds a URI at which the new token will be used, absolute and without a fragment.
    #[must_use]
    pub fn resource(mut self, uri: impl Into<String>) -> Self {
        self.resources.push(uri.into());
        self
    }

    /// As [`resource`](Self::resource), by the name that the provider has for the service.
    #[must_use]
    pub fn audience(mut self, name: impl Into<String>) -> Self {
        self.audiences.push(name.into());
        self
    }

    option_setters! {
        /// The scope of the new token, space-separated. By default the provider decides.
        scope
        /// The type of the new token, one of [`token_type`] or another URI. By default the provider
        /// decides.
        requested_token_type
    }

    /// The grant of the token request. It never sends the client's scope.
    pub(crate) fn grant(&self) -> Grant {
        let mut grant =
            Grant::extension(GRANT_TYPE).scope(self.scope.as_deref().unwrap_or_default());
        for (name, values) in [("resource", &self.resources), ("audience", &self.audiences)] {
            for value in values {
                grant = grant.param(name, value);
            }
        }
        if let Some(token_type) = &self.requested_token_type {
            grant = grant.param("requested_token_type", token_type);
        }
        grant = grant
            .param("subject_token", self.subject_token.expose())
            .param("subject_token_type", &self.subject_token_type);
        match &self.actor {
            Some((actor_token, actor_token_type)) => grant
                .param("actor_token", actor_token.expose())
                .param("actor_token_type", actor_token_type),
            None => grant,
        }
    }
}

/// The token of a token exchange response (RFC 8693 §2.2.1).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExchangedToken {
    /// The token. If its `token_type` is `N_A`, it is not an access token: use it only as its
    /// [`issued_token_type`](Self::issued_token_type) allows.
    pub token: Token,
    /// Its type, one of [`token_type`] or another URI.
    pub issued_token_type: String,
}

/// Parses the response to a [`TokenExchange`], whose `token_type` is one of `types` or `N_A`. `requested_scope` is the token's scope if the response has
/// no `scope`.
pub(crate) fn parse_token_exchange_response(
    response: &Response,
    types: &[&str],
    now: SystemTime,
    requested_scope: Option<&str>,
) -> Result<ExchangedToken> {
    let mut members = EndpointResponse::parse(Endpoint::Token, response).map_err(|error| {
        match error.provider_error().map(|provider| provider.error.as_str()) {
            // RFC 8693 §2.2.2.
            Some("invalid_target") => error.with_hint("check `resource` and `audience`"),
            Some("invalid_request") => {
                error.with_hint("the provider may not accept the subject's or the actor's token")
            }
            _ => error,
        }
    })?;
    let issued_token_type = members.take_required_text("issued_token_type")?;
    let types: Vec<_> = types.iter().copied().chain([NOT_APPLICABLE]).collect();
    let token = token_from_members(members, &types, now, requested_scope)?;
    Ok(ExchangedToken { token, issued_token_type })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::test_response;
    use crate::numeric_date::from_unix_seconds;
    use crate::oauth2::test_responses::{JSON, assert_rejected};

    fn parse(response: &Response) -> Result<ExchangedToken> {
        parse_token_exchange_response(response, &["Bearer"], from_unix_seconds(1_000), Some("api"))
    }

    fn json(body: &str) -> ExchangedToken {
        parse(&test_response(200, JSON, body)).unwrap()
    }

    /// The request of RFC 8693 §2.3.
    #[test]
    fn exchange_request_matches_rfc_example() {
        let exchange = TokenExchange::new(
            "accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC",
            token_type::ACCESS_TOKEN,
        )
        .resource("https://backend.example.com/api");
        assert_eq!(
            exchange.grant().form("registered").to_form(),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
             &resource=https%3A%2F%2Fbackend.example.com%2Fapi\
             &subject_token=accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC\
             &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
        );
        assert!(!format!("{exchange:?}").contains("accVkj"));
    }

    /// H30: repeated `resource` parameters.
    #[test]
    fn exchange_sends_all_members_and_repeats_in_order() {
        let exchange = TokenExchange::new("s", token_type::ID_TOKEN)
            .actor_token("a", token_type::JWT)
            .resource("https://a.example/")
            .resource("https://b.example/")
            .audience("one")
            .audience("two")
            .scope("x y")
            .requested_token_type(token_type::SAML2);
        let form = exchange.grant().form("registered");
        let resources: Vec<_> = form.all("resource").collect();
        assert_eq!(resources, ["https://a.example/", "https://b.example/"]);
        assert_eq!(form.all("audience").collect::<Vec<_>>(), ["one", "two"]);
        for (name, value) in [
            ("scope", "x y"),
            ("requested_token_type", token_type::SAML2),
            ("subject_token", "s"),
            ("subject_token_type", token_type::ID_TOKEN),
            ("actor_token", "a"),
            ("actor_token_type", token_type::JWT),
        ] {
            assert_eq!(form.only(name), Ok(Some(value)), "{name}");
        }
        assert_eq!(form.len(), 11);
        let form = TokenExchange::new("s", "t").grant().form("registered");
        assert!(!form.contains("scope"), "the client's scope is not asked for");
    }

    /// The response of RFC 8693 §2.3, its token shortened.
    #[test]
    fn rfc_example_response_is_parsed() {
        let exchanged = json(
            r#"{"access_token":"eyJhbGciOiJFUzI1NiIsImtpZCI6IjllciJ9.eyJhdWQiOiJo.40y3ZgQedw6r",
                "issued_token_type":"urn:ietf:params:oauth:token-type:access_token",
                "token_type":"Bearer","expires_in":60}"#,
        );
        assert_eq!(exchanged.issued_token_type, token_type::ACCESS_TOKEN);
        assert_eq!(exchanged.token.token_type, "Bearer");
        assert_eq!(exchanged.token.expires_at, Some(from_unix_seconds(1_060)));
        assert_eq!(exchanged.token.scope.as_deref(), Some("api"));
        assert!(!format!("{exchanged:?}").contains("40y3Z"));
    }

    #[test]
    fn non_access_token_is_not_bearer() {
        for spelling in ["N_A", "n_a"] {
            let body = format!(
                r#"{{"access_token":"<saml>","token_type":"{spelling}","scope":"x",
                    "issued_token_type":"urn:ietf:params:oauth:token-type:saml2"}}"#
            );
            let exchanged = json(&body);
            assert_eq!(exchanged.token.token_type, "N_A");
            assert_eq!(exchanged.token.access_token.expose(), "<saml>");
            assert_eq!(exchanged.token.scope.as_deref(), Some("x"));
            assert_eq!(exchanged.issued_token_type, token_type::SAML2);
        }
    }

    #[test]
    fn invalid_exchange_responses_are_rejected_with_reason() {
        let bearer = r#""access_token":"at","token_type":"Bearer""#;
        let issued = r#""issued_token_type":"urn:x""#;
        for (members, expected) in [
            (bearer.to_owned(), "`issued_token_type`"),
            (format!(r#"{bearer},"issued_token_type":null"#), "`issued_token_type`"),
            (format!(r#"{bearer},"issued_token_type":"""#), "`issued_token_type`"),
            (format!(r#"{bearer},"issued_token_type":["x"]"#), "`issued_token_type`"),
            (format!("{bearer},{issued},{issued}"), "not a JSON object"),
            (format!(r#""token_type":"N_A",{issued}"#), "`access_token`"),
            (format!(r#""access_token":"at",{issued}"#), "`token_type`"),
            (format!(r#""access_token":"at","token_type":7,{issued}"#), "`token_type`"),
            (format!(r#""access_token":"at","token_type":"mac",{issued}"#), "expected Bearer"),
        ] {
            assert_rejected(parse, &[(200, JSON, &format!("{{{members}}}"), expected)]);
        }
        assert_rejected(
            parse,
            &[
                (400, JSON, r#"{"error":"invalid_target"}"#, "`resource`"),
                (400, JSON, r#"{"error":"invalid_request"}"#, "actor's token"),
            ],
        );
    }
}
