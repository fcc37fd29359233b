//! What several endpoints and grants share: client authentication, bearer tokens, signed and verified
//! JWTs.

pub(crate) mod bearer;
pub(crate) mod client_assertion;
pub(crate) mod client_auth;
pub(crate) mod dpop;
pub(crate) mod encrypt;
pub(crate) mod id_token;
pub(crate) mod logout_token;
pub(crate) mod request_object;
pub(crate) mod sign;
pub(crate) mod step_up;
pub(crate) mod verify;
