//! OAuth 1.0a (RFC 5849).

mod client;
mod login;
mod requests;
