//! The values of OAuth 1.0a settings (RFC 5849). Without the feature `oauth1` they are all of this module: settings are
//! still read, and a client with them is reported at the start.

use std::fmt;

/// How requests are signed; see the provider's documentation.
///
/// RFC 5849 defines `HMAC-SHA1`, `RSA-SHA1` and `PLAINTEXT`. The others replace SHA-1 with SHA-2, as some
/// providers demand. The RSA methods need a private key of 2048 bits or more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureMethod {
    /// `HMAC-SHA1` (§3.4.2), the default, which every provider supports.
    #[default]
    HmacSha1,
    /// `HMAC-SHA256`.
    HmacSha256,
    /// `HMAC-SHA512`.
    HmacSha512,
    /// `PLAINTEXT` (§3.4.4): the secrets themselves, protected by TLS only.
    Plaintext,
    /// `RSA-SHA1` (§3.4.3). It needs the feature `oauth1-rsa-sha1`.
    RsaSha1,
    /// `RSA-SHA256`.
    RsaSha256,
    /// `RSA-SHA512`.
    RsaSha512,
}

impl SignatureMethod {
    pub(super) const ALL: [(Self, &'static str); 7] = [
        (Self::HmacSha1, "HMAC-SHA1"),
        (Self::HmacSha256, "HMAC-SHA256"),
        (Self::HmacSha512, "HMAC-SHA512"),
        (Self::Plaintext, "PLAINTEXT"),
        (Self::RsaSha1, "RSA-SHA1"),
        (Self::RsaSha256, "RSA-SHA256"),
        (Self::RsaSha512, "RSA-SHA512"),
    ];

    /// The value of `oauth_signature_method`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(method, _)| *method == self).map_or("", |(_, name)| name)
    }

    /// The method of this name; the case does not matter.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let named = |(_, known): &&(Self, &str)| known.eq_ignore_ascii_case(name);
        Self::ALL.iter().find(named).map(|(method, _)| *method)
    }
}

impl fmt::Display for SignatureMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The location of a request's protocol parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureLocation {
    /// In a form body (RFC 5849 §3.5.2): for POST, PUT and PATCH with a form or without a body.
    Body,
    /// In the `Authorization` header (RFC 5849 §3.5.1), the default and the provider's first choice.
    #[default]
    Header,
    /// In the query of the URL (RFC 5849 §3.5.3), which logs keep: the last resort.
    Query,
}

impl SignatureLocation {
    /// The location by Authlib's name: `HEADER`, `BODY` or `QUERY`, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "BODY" => Some(Self::Body),
            "HEADER" => Some(Self::Header),
            "QUERY" => Some(Self::Query),
            _ => None,
        }
    }
}
