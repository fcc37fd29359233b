//! Tests of the provider as a whole, through its requests and responses.

mod api;
mod assertion;
mod authorize;
mod backchannel;
mod device;
mod faults;
mod flow;
mod grants;
mod introspect;
mod logout;
mod oauth1;
mod register;
mod revoke;
#[cfg(feature = "server")]
mod server;
mod token;
mod userinfo;
