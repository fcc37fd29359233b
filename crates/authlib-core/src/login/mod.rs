//! The login flow of a web application, independent of any framework: the order of the steps on which its
//! security rests, written once.
//!
//! Applications use [`CurrentUser`], [`Identity`] and [`LoginResult`] and name their clients by
//! [`ClientName`]. The functions are what the extractors of the framework crates call; the parts that
//! translate requests and responses are in [`adapter`](crate::adapter).

mod callback;
mod client_name;
mod connected;
mod current_user;
mod end_logins;
mod in_effect;
mod kept;
mod local_path;
mod logout;
mod pending;
mod policy;
mod redirect;
mod require_login;
mod session;
mod session_state;
mod step_up;

pub use self::callback::{
    CallbackParams, CompletedLogin, ConnectedAccount, LoginResult, complete_login, connect, log_in,
    log_in_as, record_connection, record_login, record_login_as,
};
pub(crate) use self::callback::{new_login, used_callback};
pub use self::client_name::{ClientName, clients};
pub use self::current_user::{
    CurrentUser, Identity, client_user, current_login, current_user, require_user,
};
pub use self::end_logins::{back_channel_logout, front_channel_logout};
pub use self::local_path::local_path;
pub(crate) use self::local_path::path_below;
pub use self::logout::{LogoutResponse, logout, logout_redirect, validate_logout_response};
pub use self::redirect::authorize_redirect;
pub(crate) use self::require_login::Access;
pub use self::require_login::RequireLogin;
pub use self::session::Session;
pub(crate) use self::session_state::Pending;
#[cfg(test)]
pub(crate) use self::session_state::PendingRef;
pub use self::session_state::{Login, SessionState};
