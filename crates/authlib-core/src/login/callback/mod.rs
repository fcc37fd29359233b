//! The end of a login, in two halves: [`complete_login`] verifies the callback, [`record_login`] logs the
//! user in, or [`record_connection`] connects the account to a user.

mod account;
mod complete;
mod connect;
mod purpose;
mod record;
mod used;

use self::complete::complete_if;
use self::purpose::check_login;
use crate::error::Result;
use crate::login::Session;
use crate::params::Params;
use crate::registry::RegisteredClient;

pub(crate) use self::complete::new_login;
pub use self::complete::{CompletedLogin, complete_login};
pub use self::connect::{ConnectedAccount, connect, record_connection};
pub(super) use self::record::delete_token;
pub use self::record::{LoginResult, record_login, record_login_as};
pub(crate) use self::used::used_callback;

/// The parameters of a callback, read from the query or from the form, never from both.
#[derive(Clone, Debug)]
pub struct CallbackParams {
    params: Params,
    /// The name of the session's cookie, if the browser did not send it.
    missing_cookie: Option<String>,
}

impl CallbackParams {
    pub(crate) fn new(params: Params, missing_cookie: Option<String>) -> Self {
        Self { params, missing_cookie }
    }

    fn params(&self) -> &Params {
        &self.params
    }

    /// The parameters that no protocol defines.
    pub(crate) fn others(&self) -> Params {
        let others = self.params.iter().filter(|(name, _)| !PROTOCOL_PARAMS.contains(name));
        others.collect()
    }
}

/// The parameters that the login itself reads or refuses: codes, tokens and errors.
const PROTOCOL_PARAMS: [&str; 15] = [
    "access_token",
    "again",
    "code",
    "denied",
    "error",
    "error_description",
    "error_uri",
    "id_token",
    "iss",
    "oauth_problem",
    "oauth_token",
    "oauth_verifier",
    "response",
    "state",
    "token",
];

/// Finishes the login that this browser started, in this order:
///
/// 1. the pending login of this `state` is removed from the session, and the session saved: it can be
///    used once, whatever follows;
/// 2. callback, token response, ID token and user info are verified
///    ([`RegisteredClient::fetch_access_token`]);
/// 3. the token is stored;
/// 4. the session gets a new id, and the login is added to it.
///
/// The first two steps are [`complete_login`], the others [`record_login`].
///
/// # Errors
///
/// [`ErrorKind::InvalidCallback`](crate::ErrorKind::InvalidCallback) if the callback is of another purpose than a
/// login, and those of the two. After an error the user is not logged in by this callback.
pub async fn log_in(
    client: &RegisteredClient,
    session: &impl Session,
    callback: &CallbackParams,
) -> Result<LoginResult> {
    let completed = complete_if(client, session, callback, check_login).await?;
    record_login(session, completed).await
}

/// As [`log_in`], for `user`, the application's id of the user: see [`record_login_as`].
///
/// # Errors
///
/// Those of [`log_in`] and [`record_login_as`].
pub async fn log_in_as(
    client: &RegisteredClient,
    session: &impl Session,
    callback: &CallbackParams,
    user: &str,
) -> Result<LoginResult> {
    let completed = complete_if(client, session, callback, check_login).await?;
    record_login_as(session, completed, user).await
}
