//! The grants of the token endpoint (RFC 6749 §4), one file each.

pub(crate) mod authorization_code;
pub(crate) mod awaited;
pub(crate) mod backchannel;
pub(crate) mod client_credentials;
pub(crate) mod device_code;
pub(crate) mod jwt_bearer;
pub(crate) mod password;
pub(crate) mod refresh_token;
pub(crate) mod scope;
pub(crate) mod sender_constraint;
pub(crate) mod token_exchange;
pub(crate) mod token_response;
