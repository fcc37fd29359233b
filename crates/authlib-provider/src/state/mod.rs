//! The provider's settings and state: what every handler gets.

mod client;
mod context;
pub(crate) mod grants;
pub(crate) mod key;
pub(crate) mod oauth1;
pub(crate) mod registration;
mod request_log;
mod user;

pub use client::TestClient;
pub(crate) use client::is_loopback;
pub(crate) use context::{Clock, Context, State};
pub use request_log::RecordedRequest;
pub use user::TestUser;
