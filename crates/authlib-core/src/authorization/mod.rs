//! The front channel: what is sent through the user's browser, and what comes back (RFC 6749 §4.1,
//! RFC 5849 §2.2, OpenID Connect RP-Initiated Logout 1.0).

mod front_channel;
mod last;
mod link_policy;
mod logout;
#[cfg(feature = "oauth1")]
mod oauth1;
#[cfg(not(feature = "oauth1"))]
#[path = "oauth1_off.rs"]
mod oauth1;
mod options;
mod pending;
mod replay;
mod request;
mod request_objects;
mod response;
mod session_turns;
mod unknown_sessions;

pub(crate) use self::front_channel::FrontChannel;
pub use self::link_policy::LinkPolicy;
pub use self::logout::LogoutOptions;
pub use self::options::AuthorizeOptions;
pub(crate) use self::pending::is_expired_at;
pub use self::pending::{PENDING_TTL, PendingLogin, PendingLogout, Purpose};
pub(crate) use self::replay::UsedStates;
pub(crate) use self::request::with_scope;
pub(crate) use self::session_turns::{SessionTurns, Turn};
pub(crate) use self::unknown_sessions::UnknownSessions;
