//! Which responses must be encrypted, and how.

use crate::jose::jwe::Accepted;

/// The accepted algorithms of each encrypted message. One with an `alg` must be encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EncryptionSettings {
    pub(crate) authorization: Accepted,
    pub(crate) id_token: Accepted,
    pub(crate) introspection: Accepted,
    pub(crate) request_object: Accepted,
    pub(crate) userinfo: Accepted,
}
