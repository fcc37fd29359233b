//! The endpoints of OAuth 2.0 and OpenID Connect, one file each.

pub(crate) mod api;
pub(crate) mod authorize;
pub(crate) mod backchannel;
pub(crate) mod device;
pub(crate) mod discovery;
pub(crate) mod end_session;
pub(crate) mod introspect;
pub(crate) mod pushed_authorization;
pub(crate) mod register;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod userinfo;
