//! What the token endpoint takes tokens for (RFC 6749 §4), a file per grant.

pub(crate) mod answer;
pub(crate) mod authorization_code;
pub(crate) mod refresh_token;
