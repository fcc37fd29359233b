//! What the token endpoint takes tokens for (RFC 6749 §4), a file per grant.

pub(crate) mod answer;
pub(crate) mod authorization_code;
pub(crate) mod client_credentials;
pub(crate) mod device_code;
pub(crate) mod jwt_bearer;
pub(crate) mod password;
pub(crate) mod refresh_token;
pub(crate) mod request;
pub(crate) mod token_exchange;
