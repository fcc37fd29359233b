//! The other end of a callback: [`connect`] stores the token for a user of the application, and changes no
//! login.

use serde_json::Value;

use super::account::{check_account, save_account};
use super::complete::complete_if;
use super::purpose::check_connect;
use super::{CallbackParams, CompletedLogin};
use crate::error::Result;
use crate::login::{Identity, Session};
use crate::oauth2::Token;
use crate::registry::RegisteredClient;
use crate::store::{TokenOwner, TokenRow};

/// An account at a provider that was connected to a user of the application.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectedAccount {
    /// The client.
    pub client: RegisteredClient,
    /// The key of the token in the token store: the client, and the application's id of the user.
    pub owner: TokenOwner,
    /// Whose account it is; `None` if the provider did not identify the user.
    pub identity: Option<Identity>,
    /// The token, with the verified claims in [`Token::userinfo`].
    pub token: Token,
    /// The path to send the browser to: the `next` of the request, or the path of the base URL.
    pub next: String,
    /// The application's own data of the request.
    pub data: Option<Value>,
}

/// Finishes what [`AuthorizeOptions::connect`](crate::AuthorizeOptions::connect) started in this browser: verifies the
/// callback, and stores the token for `user`, the application's id of the user who is logged in. The session's
/// logins stay as they are.
///
/// # Errors
///
/// [`ErrorKind::InvalidCallback`](crate::ErrorKind::InvalidCallback) if the callback is of a login, or of another
/// user. Those of [`complete_login`](super::complete_login) and [`record_connection`]. After an error nothing is
/// stored.
pub async fn connect(
    client: &RegisteredClient,
    session: &impl Session,
    callback: &CallbackParams,
    user: &str,
) -> Result<ConnectedAccount> {
    let check = |purpose: &_| check_connect(purpose, user);
    let completed = complete_if(client, session, callback, check).await?;
    record_connection(completed, user).await
}

/// Stores the token of a [completed](super::complete_login) callback for `user`, the application's id of the user
/// who is logged in.
///
/// # Errors
///
/// [`ErrorKind::InvalidCallback`](crate::ErrorKind::InvalidCallback) if the callback is of a login, or of another
/// user; [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if the account is connected to another user, or the
/// user has connected another account with this client;
/// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if the token store has no lookup; and those of the
/// token store. After an error nothing is stored.
pub async fn record_connection(completed: CompletedLogin, user: &str) -> Result<ConnectedAccount> {
    let name = completed.client.name().to_owned();
    match record(completed, user).await {
        Ok(account) => {
            tracing::info!(client = name, "account connected");
            Ok(account)
        }
        Err(error) => {
            let kind = error.kind();
            tracing::warn!(client = name, ?kind, error = %error.report(), "account not connected");
            Err(error.with_client(&name).logged())
        }
    }
}

async fn record(completed: CompletedLogin, user: &str) -> Result<ConnectedAccount> {
    let CompletedLogin { client, token, login, next, data, purpose } = completed;
    check_connect(&purpose, user)?;
    let mut row = TokenRow::new(TokenOwner::new(client.name(), user), token);
    (row.issuer, row.sub) = (login.issuer.clone(), login.sub.clone());
    let moved = check_account(&client, &row).await?;
    save_account(&client, &mut row, moved).await?;
    let (owner, token, identity) = (row.owner, row.token, login.identity());
    Ok(ConnectedAccount { client, owner, identity, token, next, data })
}
