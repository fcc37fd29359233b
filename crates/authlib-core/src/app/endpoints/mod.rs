pub(crate) mod client;
pub(crate) mod device;
pub(crate) mod end_session;
pub(crate) mod registration;
pub(crate) mod revocation;
pub(crate) mod token;
