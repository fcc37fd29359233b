//! How an expired access token is refreshed.

use std::fmt;

use super::validate::Validator;
use crate::config::ClientConfig;
use crate::config::extensions::RenewBy;
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
    pub(super) fn renewal_policy(&self, check: &mut Validator<'_>) -> Renewal {
        let code = (&self.extensions.jwt_bearer, &self.extensions.renew_by);
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
