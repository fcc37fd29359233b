//! [`Profile`]: security profiles.

use super::ClientConfig;
use crate::jose::Algorithm;

/// A security profile: it turns features on, and the client is not built with anything that the profile forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// FAPI 1.0 Advanced: signed authorization requests, an ID token with `s_hash` in the response or a signed response, tokens
    /// that are bound to the client's certificate, and only PS256 and ES256.
    Fapi1Advanced,
    /// FAPI 2.0 Security Profile: pushed authorization requests, PKCE, `iss` in the response, client authentication with a
    /// key or a certificate, tokens that are bound by DPoP or to the certificate, and only PS256, ES256 and `EdDSA`.
    Fapi2,
    /// FAPI 2.0 Message Signing: [`Fapi2`](Self::Fapi2) with signed authorization requests and responses.
    Fapi2MessageSigning,
    /// OAuth 2.1: PKCE always, no token in the front channel, in a URL or for a password.
    OAuth21,
}

impl Profile {
    /// Parses the `profile` setting.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Fapi1Advanced, Self::Fapi2, Self::Fapi2MessageSigning, Self::OAuth21]
            .into_iter()
            .find(|profile| profile.name() == name)
    }

    /// The name in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fapi1Advanced => "fapi1_advanced",
            Self::Fapi2 => "fapi2",
            Self::Fapi2MessageSigning => "fapi2_message_signing",
            Self::OAuth21 => "oauth21",
        }
    }

    pub(crate) fn is_fapi2(self) -> bool {
        matches!(self, Self::Fapi2 | Self::Fapi2MessageSigning)
    }

    /// Whether it is a profile of FAPI.
    pub(super) fn is_fapi(self) -> bool {
        self != Self::OAuth21
    }

    /// Whether the profile allows this signature algorithm (FAPI 1.0 Advanced §8.6, FAPI 2.0 Security Profile §5.4.1).
    pub(crate) fn allows(self, alg: Algorithm) -> bool {
        use Algorithm::{Ed25519, EdDsa, Es256, Ps256};
        match self {
            Self::Fapi1Advanced => matches!(alg, Es256 | Ps256),
            Self::Fapi2 | Self::Fapi2MessageSigning => {
                matches!(alg, Ed25519 | EdDsa | Es256 | Ps256)
            }
            Self::OAuth21 => true,
        }
    }
}

impl ClientConfig {
    /// FAPI 1.0 Advanced: signed authorization requests, `code id_token` with `s_hash` (or a signed response, if
    /// [`response_mode`](Self::response_mode) is `jwt`), and tokens that are bound to the client's certificate.
    ///
    /// ```
    /// use authlib_core::ClientConfig;
    ///
    /// # fn pem() -> &'static str { "" }
    /// let bank = ClientConfig::new("bank")
    ///     .issuer("https://login.bank.example")
    ///     .client_id("app")
    ///     .private_key(pem())
    ///     .tls_client_certificate("/etc/app/tls.crt")
    ///     .tls_client_key("/etc/app/tls.key")
    ///     .fapi1_advanced();
    /// # let _ = bank;
    /// ```
    #[must_use]
    pub fn fapi1_advanced(self) -> Self {
        self.profile(Profile::Fapi1Advanced)
    }

    /// The FAPI 2.0 Security Profile: it turns features on, and building fails with everything that it forbids, by name.
    /// With an issuer and a key, that is all. With a [certificate](Self::tls_client_certificate) too, tokens are bound to it,
    /// and otherwise by DPoP.
    ///
    /// ```
    /// use authlib_core::ClientConfig;
    ///
    /// # fn pem() -> &'static str { "" }
    /// let bank = ClientConfig::new("bank")
    ///     .issuer("https://login.bank.example")
    ///     .client_id("app")
    ///     .private_key(pem())
    ///     .fapi2();
    /// # let _ = bank;
    /// ```
    #[must_use]
    pub fn fapi2(self) -> Self {
        self.profile(Profile::Fapi2)
    }

    /// FAPI 2.0 Message Signing: [`fapi2`](Self::fapi2), with signed authorization requests and responses.
    #[must_use]
    pub fn fapi2_message_signing(self) -> Self {
        self.profile(Profile::Fapi2MessageSigning)
    }

    /// OAuth 2.1: no setting that it forbids.
    #[must_use]
    pub fn oauth21(self) -> Self {
        self.profile(Profile::OAuth21)
    }
}
