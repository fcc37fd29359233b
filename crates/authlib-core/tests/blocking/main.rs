//! The blocking clients, over real sockets: they behave as the async clients do in the flow tests.

// Tells clippy that this is test code, where `unwrap` is allowed.
#![cfg(test)]

mod grants;
mod oauth1;
mod requests;
mod test_bed;
