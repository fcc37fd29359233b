//! Flow tests in one process: against the embedded provider, and against recorded responses of real
//! providers. No sockets, a fixed clock.

// Tells clippy that this is test code, where `unwrap` is allowed.
#![cfg(test)]

mod clients;
mod endpoints;
mod login;
mod oauth1;
mod provider_documents;
mod stores;
mod test_bed;
mod tokens;
