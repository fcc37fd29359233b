//! How requests to the provider's API are made: where the token may go, where it stands, and how it is
//! renewed.

use std::fmt;
use std::time::Duration;

use url::Url;

use super::ClientConfig;
use super::code::RenewBy;
use super::resolve::Check;
use crate::endpoint_url::endpoint_url;
use crate::oauth2::TokenPlacement;
use crate::oauth2::jwt_bearer::JwtBearerSigner;

/// How a token that has expired is renewed.
#[derive(Default)]
pub(crate) enum Renewal {
    /// By a new statement (RFC 7523 §2.1).
    Assertion(Box<JwtBearerSigner>),
    /// In the application's own way.
    Callback(RenewBy),
    /// By the client's own authority (RFC 6749 §4.4).
    ClientCredentials,
    /// Not at all.
    Off,
    /// By its refresh token (RFC 6749 §6).
    #[default]
    RefreshToken,
}

impl Renewal {
    /// Whether a token can be had without anybody's login.
    pub(crate) fn fetches_the_first(&self) -> bool {
        !matches!(self, Self::Off | Self::RefreshToken)
    }
}

impl ClientConfig {
    pub(super) fn placement(&self, check: &mut Check<'_>) -> TokenPlacement {
        let accepted = "`header`, `body` and `query`";
        let text = self.token_placement.as_ref();
        check
            .one_of("token_placement", text, accepted, TokenPlacement::from_name)
            .unwrap_or_default()
    }

    /// The origins beside that of `api_base_url`.
    pub(super) fn origins(&self, check: &mut Check<'_>) -> Vec<Url> {
        let mut origins = Vec::new();
        for text in &self.api_origins {
            match endpoint_url(text) {
                Ok(url) if url.path() == "/" && url.query().is_none() => origins.push(url),
                Ok(_) => {
                    let problem = format!("{text:?} is more than an origin: leave its path out");
                    check.problem("api_origins", problem);
                }
                Err(cause) => check.problem("api_origins", format!("{text:?} is refused: {cause}")),
            }
        }
        origins
    }

    /// The longest that a request may take.
    pub(super) fn longest(&self, check: &mut Check<'_>) -> Option<Duration> {
        if self.timeout == Some(Duration::ZERO) {
            check.problem("timeout", "is zero: no answer would be in time");
        }
        self.timeout
    }

    pub(super) fn renewal_policy(&self, check: &mut Check<'_>) -> Renewal {
        let code = (&self.code.jwt_bearer, &self.code.renew_by);
        let named = self.renewal.as_deref();
        if usize::from(named.is_some())
            + usize::from(code.0.is_some())
            + usize::from(code.1.is_some())
            > 1
        {
            check.problem("renewal", "is said twice: leave all but one of the ways out");
        }
        match (named, code) {
            (_, (Some(bearer), _)) => match bearer.signer() {
                Ok(signer) => Renewal::Assertion(Box::new(signer)),
                Err(cause) => {
                    check.problem("renew_by_assertion", cause.to_string());
                    Renewal::Off
                }
            },
            (_, (None, Some(renew))) => Renewal::Callback(renew.clone()),
            (None | Some("refresh_token"), _) => Renewal::RefreshToken,
            (Some("client_credentials"), _) => Renewal::ClientCredentials,
            (Some("off"), _) => Renewal::Off,
            (Some(other), _) => {
                let problem = format!(
                    "{other:?} is not supported, only `refresh_token`, `client_credentials` and `off`"
                );
                check.problem("renewal", problem);
                Renewal::Off
            }
        }
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Assertion(_) => "Assertion",
            Self::Callback(_) => "Callback",
            Self::ClientCredentials => "ClientCredentials",
            Self::Off => "Off",
            Self::RefreshToken => "RefreshToken",
        })
    }
}
