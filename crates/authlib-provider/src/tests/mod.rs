//! Tests of the provider as a whole, through its requests and responses.

mod assertion;
mod authorize;
mod flow;
mod logout;
mod oauth1;
mod quirks;
mod revoke;
#[cfg(feature = "server")]
mod server;
mod token;
mod userinfo;
