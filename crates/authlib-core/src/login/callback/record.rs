//! The second half of a callback: [`record_login`] stores the token and logs the user in.

use std::ops::Deref;

use serde_json::Value;

use super::CompletedLogin;
use super::account::{check_account, save_account};
use super::purpose::check_login;
use crate::error::{Error, ErrorKind, Result};
use crate::login::session_state::TokenPlace;
use crate::login::{CurrentUser, Login, Session};
use crate::registry::RegisteredClient;
use crate::store::{TokenOwner, TokenRow, TokenStore};

/// A user who has just logged in. Dereferences to the [`CurrentUser`], whose token is at hand here even if it is not
/// kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginResult {
    /// The user, who is logged in from now on.
    pub user: CurrentUser,
    /// The path to send the browser to: the `next` of the login request, or the path of the base URL.
    pub next: String,
    /// The application's own data of the login request.
    pub data: Option<Value>,
}

impl Deref for LoginResult {
    type Target = CurrentUser;

    fn deref(&self) -> &CurrentUser {
        &self.user
    }
}

/// Stores the token, gives the session a new id, and adds the login to it.
///
/// # Errors
///
/// [`ErrorKind::InvalidCallback`](crate::ErrorKind::InvalidCallback) if the callback has another purpose than a login, and
/// [`ErrorKind::Store`](crate::ErrorKind::Store) if the session or the token store fails;
/// [`ErrorKind::Config`](crate::ErrorKind::Config) if the [claims to keep](crate::ClientConfig::keep_claims) are too large. Then
/// the user is not logged in.
pub async fn record_login(
    session: &impl Session,
    completed: CompletedLogin,
) -> Result<LoginResult> {
    report(session, completed, None).await
}

/// As [`record_login`], for `user`, the application's id of the user. The token is stored under this id, once for all
/// browsers and background jobs of the user, and is kept after the logout.
///
/// # Errors
///
/// Those of [`record_login`], and [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if the account is another
/// user's, or the user has another account with this client. If the client
/// [keeps no tokens](crate::ClientConfig::keep_token), there is no row, and the application alone decides whose account it is.
pub async fn record_login_as(
    session: &impl Session,
    completed: CompletedLogin,
    user: &str,
) -> Result<LoginResult> {
    report(session, completed, Some(user)).await
}

/// Records the login, and logs the result.
async fn report(
    session: &impl Session,
    completed: CompletedLogin,
    user: Option<&str>,
) -> Result<LoginResult> {
    let name = completed.client.name().to_owned();
    match record(session, completed, user).await {
        Ok(result) => {
            tracing::info!(client = name, "user logged in");
            Ok(result)
        }
        Err(error) => {
            let kind = error.kind();
            tracing::warn!(client = name, ?kind, error = %error.report(), "login failed");
            Err(error.with_client(&name).logged())
        }
    }
}

async fn record(
    session: &impl Session,
    completed: CompletedLogin,
    user: Option<&str>,
) -> Result<LoginResult> {
    let CompletedLogin { client, token, mut login, next, data, purpose } = completed;
    check_login(&purpose)?;
    client.ensure_purpose(&purpose)?;
    if let Some(user) = user {
        if user.is_empty() {
            let check = "the id of the user who logs in is empty";
            return Err(Error::new(ErrorKind::InvalidRequest, check));
        }
        login.share_row_of(user);
    }
    if let Some(chosen) = &client.settings().kept_claims {
        login.keep_without_token(&token, chosen)?;
    }
    let mut row = TokenRow::new(login.owner(), token);
    (row.issuer, row.sub) = (login.issuer.clone(), login.sub.clone());
    match login.place {
        TokenPlace::Nowhere => {}
        TokenPlace::UserRow => save_for_user(&client, &mut row).await?,
        TokenPlace::LoginRow => {
            (row.is_login, row.sid) = (true, login.sid.clone());
            row.lifetime = Some(client.login_lifetime());
            client.tokens().save_login(&mut row).await?;
        }
    }
    let id = session.id();
    match add_login(session, login.clone()).await {
        Ok(replaced) => {
            if let Some(id) = id {
                client.session_turns().renewed(id, client.now());
            }
            for old in replaced {
                if login.place != TokenPlace::Nowhere {
                    keep_refresh_token(&client, &old, &mut row).await;
                }
                old.end(&client).await;
            }
            Ok(LoginResult {
                user: CurrentUser { client: client.clone(), login, token: Some(row.token) },
                next,
                data,
            })
        }
        Err(error) => {
            login.end(&client).await;
            Err(error)
        }
    }
}

/// Stores the token in the row of the user, unless it is of another account.
async fn save_for_user(client: &RegisteredClient, row: &mut TokenRow) -> Result<()> {
    let moved = match check_account(client, row).await {
        // The application found the user by the account, so it knows that no other user has it.
        Err(error) if error.kind() == ErrorKind::Unsupported => Vec::new(),
        checked => checked?,
    };
    save_account(client, row, moved).await
}

/// Keeps the refresh token of the login that is replaced, if the new one has none and is of the same user with
/// the same client. Without it, the user is logged in all the same.
async fn keep_refresh_token(client: &RegisteredClient, old: &Login, row: &mut TokenRow) {
    if old.place != TokenPlace::LoginRow
        || old.client != row.owner.client
        || old.issuer != row.issuer
        || old.sub != row.sub
    {
        return;
    }
    if let Err(error) = client.tokens().keep_refresh_token(&old.owner(), row).await {
        let error = error.report();
        tracing::warn!(client = old.client, %error, "refresh token of the earlier login not kept");
    }
}

/// Gives the session a new id and adds the login. Returns the logins that it replaces.
async fn add_login(session: &impl Session, login: Login) -> Result<Vec<Login>> {
    // Loaded again: another tab may have started or finished a login, or logged out, in the meantime.
    let mut state = session.load().await?.unwrap_or_default();
    session.renew().await?;
    let replaced = state.add_login(login);
    session.save(&state).await?;
    Ok(replaced)
}

/// Deletes a token that no session refers to any more. If that fails, the token is unreachable: its
/// random key is stored nowhere else.
pub(in crate::login) async fn delete_token(tokens: &dyn TokenStore, owner: &TokenOwner) {
    if let Err(error) = tokens.delete(owner).await {
        tracing::warn!(client = owner.client, error = %error.report(), "token not deleted");
    }
}
