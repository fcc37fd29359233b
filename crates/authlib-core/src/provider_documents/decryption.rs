//! The decryption of what the provider encrypts to the client (RFC 7516), before its signature is verified.

use std::borrow::Cow;

use super::documents::ProviderDocuments;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::jwe::{self, JweError};

/// A message that may be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encrypted {
    AuthorizationResponse,
    IdToken,
    Introspection,
    LogoutToken,
    UserInfo,
}

impl Encrypted {
    fn name(self) -> &'static str {
        match self {
            Self::AuthorizationResponse => "the authorization response",
            Self::IdToken => "the ID token",
            Self::Introspection => "the introspection response",
            Self::LogoutToken => "the logout token",
            Self::UserInfo => "the user info",
        }
    }

    /// The setting that requires encryption.
    fn setting(self) -> &'static str {
        match self {
            Self::AuthorizationResponse => "authorization_encrypted_response_alg",
            Self::IdToken | Self::LogoutToken => "id_token_encrypted_response_alg",
            Self::Introspection => "introspection_encrypted_response_alg",
            Self::UserInfo => "userinfo_encrypted_response_alg",
        }
    }

    fn kind(self) -> ErrorKind {
        match self {
            Self::AuthorizationResponse => ErrorKind::InvalidCallback,
            Self::IdToken | Self::LogoutToken => ErrorKind::InvalidIdToken,
            Self::Introspection | Self::UserInfo => ErrorKind::InvalidResponse,
        }
    }
}

/// Why a message is not used.
#[derive(Debug, thiserror::Error)]
enum DecryptionError {
    #[error("{0} is not encrypted, although `{1}` is set")]
    Plain(&'static str, &'static str),
    #[error("{0} is encrypted, and the client has no `decryption_keys`")]
    NoKeys(&'static str),
    #[error("{0} can't be decrypted")]
    Jwe(&'static str, #[source] JweError),
    #[error(
        "the content of {0} is not a signed JWT: encryption alone proves nothing about the sender (RFC 7519 §11.2)"
    )]
    Content(&'static str),
}

impl ProviderDocuments {
    /// The signed JWT in a message: its content, if it is encrypted; the message itself otherwise. One that must be
    /// encrypted is refused if it is not. What is encrypted must be signed: anybody can encrypt to a public key.
    pub(crate) fn decrypted<'t>(&self, token: &'t str, what: Encrypted) -> Result<Cow<'t, str>> {
        let encryption = &self.settings.encryption;
        let accepted = match what {
            Encrypted::AuthorizationResponse => encryption.authorization,
            Encrypted::IdToken | Encrypted::LogoutToken => encryption.id_token,
            Encrypted::Introspection => encryption.introspection,
            Encrypted::UserInfo => encryption.userinfo,
        };
        let refused = |check: DecryptionError| Error::new(what.kind(), check);
        if !jwe::is_jwe(token) {
            // A logout token may be signed only, whatever ID tokens are (OpenID Connect Back-Channel Logout §2.4).
            if accepted.alg.is_some() && what != Encrypted::LogoutToken {
                let check = DecryptionError::Plain(what.name(), what.setting());
                return Err(refused(check).with_hint("register the algorithm at the provider"));
            }
            return Ok(Cow::Borrowed(token));
        }
        let keys = &self.settings.decryption_keys;
        if keys.is_empty() {
            return Err(refused(DecryptionError::NoKeys(what.name())).with_hint(format!(
                "set `decryption_keys`, or register the client without `{}`",
                what.setting()
            )));
        }
        let plaintext = jwe::decrypt(token, accepted, keys).map_err(|cause| {
            refused(DecryptionError::Jwe(what.name(), cause))
                .with_hint("compare the keys and algorithms that are registered at the provider with the settings")
        })?;
        match String::from_utf8(plaintext) {
            Ok(jwt) if jwt.bytes().filter(|byte| *byte == b'.').count() == 2 => Ok(Cow::Owned(jwt)),
            _ => Err(refused(DecryptionError::Content(what.name()))),
        }
    }
}
