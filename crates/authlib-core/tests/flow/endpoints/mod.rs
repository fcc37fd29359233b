//! Requests to the endpoints of provider and API.

mod api;
mod client_authentication;
mod client_secrets;
mod dpop;
mod origins;
mod registration;
mod signed_introspection;
mod signer;
mod token_exchange;
mod userinfo;
