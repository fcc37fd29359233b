//! Tokens that stay valid: loaded from the store, refreshed when they expire, revoked.

mod early_refresh;
mod later_login;
mod manager;
mod owner_state;
mod refresher;
mod resource_tokens;
mod revalidation;
mod single_row;

pub(crate) use self::later_login::identity;
pub(crate) use self::manager::TokenManager;
