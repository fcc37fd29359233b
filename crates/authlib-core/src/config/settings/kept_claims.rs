//! [`KeptClaims`]: what a login keeps if its token is not kept (`keep_token`).

use super::validator::Validator;
use crate::config::ClientConfig;
use crate::error::{Error, ErrorKind};

/// The claims that a login keeps in the session instead of its token.
#[derive(Debug)]
pub(crate) enum KeptClaims {
    /// Those of the scopes `profile` and `email` (OpenID Connect Core §5.4), as far as there is room.
    Default,
    /// These.
    Named(Vec<String>),
}

impl ClientConfig {
    pub(super) fn kept_claims(
        &self,
        has_user_tokens: bool,
        check: &mut Validator,
    ) -> Option<KeptClaims> {
        if self.keep_token.unwrap_or(true) {
            check.unused(
                &[("keep_claims", !self.keep_claims.is_empty())],
                "has no effect: a login keeps all claims with its token, unless `keep_token` is false",
            );
            return None;
        }
        if !has_user_tokens || self.accept_logins == Some(false) {
            check.problem("keep_token", "is false, but users do not log in with this client");
        }
        let names = self.keep_claims.clone();
        Some(if names.is_empty() { KeptClaims::Default } else { KeptClaims::Named(names) })
    }
}

/// The error of a call that needs the token of a login without one.
pub(crate) fn no_token_kept() -> Error {
    Error::new(ErrorKind::Config, "no token of the login is kept (`keep_token`)").with_hint(
        "remove `keep_token(false)` or `keep_token = false`; it takes effect at the next login",
    )
}
