//! Tokens that stay valid: loaded from the store, refreshed when they expire, revoked.

mod in_flight;
mod manager;
mod refresher;

pub(crate) use self::manager::TokenManager;
