//! OpenID Connect (Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0) as pure functions.

pub(crate) mod id_token;
pub(crate) mod logout;
pub(crate) mod refreshed;
pub(crate) mod user_info;

pub use self::user_info::{Address, UserInfo};
