//! Whole flows, in process: against the embedded provider as a function, and against real providers'
//! recorded answers. No sockets, a fixed clock.

// `cfg(test)` tells clippy that these are tests all through, where `unwrap` is allowed.
#[cfg(test)]
mod api;
#[cfg(test)]
mod assertion_client;
#[cfg(test)]
mod assertions;
#[cfg(test)]
mod browsers;
#[cfg(test)]
mod canned;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod device;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod introspection_signed;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod leeway;
#[cfg(test)]
mod login;
#[cfg(test)]
mod logout;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod logs_clients;
#[cfg(test)]
mod oauth1_api;
#[cfg(test)]
mod oauth1_client;
#[cfg(test)]
mod oauth1_login;
#[cfg(test)]
mod oauth1_world;
#[cfg(test)]
mod origins;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod parse;
#[cfg(test)]
mod pauses;
#[cfg(test)]
mod presets;
#[cfg(test)]
mod registration;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod renewal;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod retry;
#[cfg(test)]
mod revoke;
#[cfg(test)]
mod standalone;
#[cfg(test)]
mod standalone_api;
#[cfg(test)]
mod standalone_auth;
#[cfg(test)]
mod standalone_hooks;
#[cfg(test)]
mod standalone_renewal;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod unsaved;
#[cfg(test)]
mod world;
#[cfg(test)]
mod wrapped_store;
