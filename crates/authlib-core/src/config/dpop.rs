//! [`Dpop`]: which key the tokens of a client are bound to.

/// Which key the tokens of a client are bound to by DPoP (RFC 9449).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dpop {
    /// One key for all tokens of the client: [`dpop_key`](crate::ClientConfig::dpop_key), or a new one for each start of
    /// the program. After a restart with a new one, the tokens of a public client can't be used any more.
    Client,
    /// A new key for each login or other grant, which is stored with the token.
    Login,
    /// Bearer tokens.
    Off,
}

impl Dpop {
    /// Parses the `dpop` setting.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "client" => Some(Self::Client),
            "login" => Some(Self::Login),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}
