//! The browser's side of a login, in words that know no framework: the order of the steps on which its
//! security rests, once for all frameworks.
//!
//! The framework crates translate: an incoming request into an [`Incoming`], their session into a
//! [`Session`], an [`Answer`] into their response.

mod body;
mod callback;
mod client_name;
mod cookie;
mod extractors;
mod failure;
mod incoming;
mod logout;
mod next;
mod pieces;
mod redirect;
mod repost;
mod routes;
mod session;
mod state;
mod status;
mod user;

pub use self::body::FormBody;
pub use self::callback::{LoggedIn, authorize_access_token, current_login};
pub use self::client_name::ClientName;
pub use self::cookie::SessionCookie;
pub use self::extractors::Visit;
pub use self::failure::{Failure, misconfigured};
pub use self::incoming::{CallbackParams, Incoming, MAX_FORM, Received, receive};
pub use self::logout::{logout, logout_redirect, validate_logout_response};
pub use self::next::local_path;
pub use self::pieces::Piece;
pub use self::redirect::authorize_redirect;
pub use self::routes::{LOGGED_OUT, login_options, logout_options};
pub use self::session::{SESSION_KEY, Session};
pub use self::state::{Login, SessionState};
pub use self::status::{Answer, accept, error_answer, no_store, see_other, status_answer};
pub use self::user::{CurrentUser, current_user, find_user};
