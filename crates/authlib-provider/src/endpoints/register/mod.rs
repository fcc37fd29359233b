//! Dynamic client registration (RFC 7591) and its management (RFC 7592).

mod endpoint;
mod metadata;

pub(crate) use endpoint::{handle, is_at};
