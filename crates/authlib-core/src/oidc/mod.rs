//! OpenID Connect (Core 1.0, Discovery 1.0, CIBA Core 1.0, RP-Initiated and Back-Channel Logout 1.0) as pure functions.

pub(crate) mod backchannel_authentication;
pub(crate) mod distributed_claims;
pub(crate) mod id_token;
pub(crate) mod logout_token;
pub(crate) mod refreshed_id_token;
pub(crate) mod rp_initiated_logout;
pub(crate) mod signed_user_info;
#[cfg(test)]
mod test_rules;
pub(crate) mod user_info;
pub(crate) mod webfinger;
