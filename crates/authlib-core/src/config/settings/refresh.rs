//! [`RefreshPolicy`]: how an expired access token is refreshed, validated.

use super::validator::Validator;
use crate::config::{ClientConfig, Refresh, RefreshCallback};
use crate::oauth2::jwt_bearer::JwtBearerSigner;

/// As [`Refresh`], with the key of the assertion parsed.
#[derive(Debug, Default)]
pub(crate) enum RefreshPolicy {
    Assertion(Box<JwtBearerSigner>),
    Callback(RefreshCallback),
    ClientCredentials,
    Off,
    #[default]
    RefreshToken,
}

impl RefreshPolicy {
    /// Whether the first token can be fetched without a user's login.
    pub(crate) fn fetches_the_first(&self) -> bool {
        !matches!(self, Self::Off | Self::RefreshToken)
    }
}

impl ClientConfig {
    pub(super) fn refresh_policy(&self, check: &mut Validator) -> RefreshPolicy {
        match self.refresh_with.clone().unwrap_or_default() {
            Refresh::Assertion(bearer) => match bearer.signer() {
                Ok(signer) => RefreshPolicy::Assertion(Box::new(signer)),
                Err(cause) => {
                    check.problem("refresh_with", format!("has a bad assertion: {cause}"));
                    RefreshPolicy::Off
                }
            },
            Refresh::Callback(callback) => RefreshPolicy::Callback(callback),
            Refresh::ClientCredentials => RefreshPolicy::ClientCredentials,
            Refresh::Off => RefreshPolicy::Off,
            Refresh::RefreshToken => RefreshPolicy::RefreshToken,
        }
    }
}
