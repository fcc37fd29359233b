//! Authorization grants, RFC 6749 §4.1.3 and §6: what a token request asks with.

use crate::params::Params;
use crate::secret::Secret;

/// A grant and its parameters.
#[derive(Debug)]
pub(crate) enum Grant<'a> {
    /// RFC 6749 §4.1.3 with the verifier of RFC 7636 §4.5.
    AuthorizationCode { code: &'a Secret, redirect_uri: &'a str, code_verifier: Option<&'a Secret> },
    /// RFC 6749 §6. The scope is not repeated: left out, it means the same scope.
    RefreshToken { refresh_token: &'a Secret },
}

impl Grant<'_> {
    /// The form of the token request, without client authentication.
    pub(crate) fn form(&self) -> Params {
        match self {
            Self::AuthorizationCode { code, redirect_uri, code_verifier } => {
                let mut form = Params::new()
                    .with("grant_type", "authorization_code")
                    .with("code", code.expose())
                    .with("redirect_uri", *redirect_uri);
                if let Some(verifier) = code_verifier {
                    form.push("code_verifier", verifier.expose());
                }
                form
            }
            Self::RefreshToken { refresh_token } => Params::new()
                .with("grant_type", "refresh_token")
                .with("refresh_token", refresh_token.expose()),
        }
    }
}
