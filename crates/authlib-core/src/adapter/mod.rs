//! For authors of framework crates: everything between an HTTP framework and the [login flow](crate::login).
//!
//! **This module is exempt from semantic versioning.** `authlib-axum`, `authlib-actix` and `authlib-rocket` are
//! built on it and released together with it; pin the exact version of this crate if you use it.
//!
//! A framework crate
//!
//! 1. makes a [`CookieSession`] of each request, and, if it uses the framework's session store, implements
//!    [`Session`](crate::login::Session) for it, stored under [`SESSION_KEY`], in a cookie with the attributes of
//!    [`SessionCookie`]; a [`BrowserSession`] combines both;
//! 2. makes a [`RequestContext`] of a request, and from it [`LoginClient`], [`LoginCallback`] and
//!    [`LoginSession`], which have all methods that handlers need;
//! 3. converts a [`Response`] and a [`LoginError`] into the framework's response. A [`LoginError`] is rendered
//!    for the request that failed: HTML, or JSON if the request accepts `application/json`.

mod back_channel_logout;
mod browser_session;
mod callback;
mod callback_request;
mod client;
mod client_selector;
mod context;
mod cookie_chunks;
mod error;
mod error_page;
mod fetch_metadata;
mod form_body;
mod form_post;
mod forward;
mod fragment_page;
mod home_realm;
mod initiated_login;
mod protected_route;
mod response;
mod routes;
mod sealed_cookies;
mod session;
mod session_cookie;
mod step_up;
mod test_login;
mod wrapper;

pub use self::back_channel_logout::BackChannelLogout;
pub use self::browser_session::BrowserSession;
pub use self::callback::LoginCallback;
pub use self::client::LoginClient;
pub use self::client_selector::{
    AnyClient, ClientSelector, FromRoute, find_client, require_selected_user, route_client,
    selected_user,
};
pub use self::context::RequestContext;
pub use self::cookie_chunks::{ChunkLimits, CookieChunk};
pub use self::error::{LoginError, misconfigured};
pub use self::error_page::status_page;
pub use self::form_body::{FORM_TIMEOUT, FormBody};
pub use self::protected_route::require_login;
pub use self::response::{Response, no_store, see_other};
pub use self::routes::{LOGGED_OUT, login_options, logout_options};
pub use self::sealed_cookies::{CookieSession, SealedCookies};
pub use self::session::LoginSession;
pub use self::session_cookie::SessionCookie;
pub use self::test_login::{TestLogin, TestSession, logged_in_as};
pub use self::wrapper::wrapper;

/// The key under which the [`SessionState`](crate::login::SessionState) is stored in the framework's session.
pub const SESSION_KEY: &str = "authlib";
