//! The end of a login: [`authorize_access_token`], and the order of its steps.

use std::time::SystemTime;

use super::redirect::recall;
use super::{CallbackParams, Login, Session, SessionState};
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::params::Params;
use crate::registry::RegisteredClient;
use crate::store::{TokenOwner, TokenRow, TokenStore};

/// A login that succeeded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoggedIn {
    /// The token, with the verified claims in [`Token::userinfo`].
    pub token: Token,
    /// Under whom the token is kept.
    pub owner: TokenOwner,
    /// Where the browser goes now: the path of the start, or `/`.
    pub next: String,
    /// The application's own data of the start.
    pub data: Option<serde_json::Value>,
}

/// Finishes the login that this browser started, in this order:
///
/// 1. the pending login of this `state` is taken out of the session, and the session saved: it is
///    spent from here on, whatever follows;
/// 2. callback, token answer, ID token and user info are checked
///    ([`RegisteredClient::fetch_access_token`]);
/// 3. the token is stored;
/// 4. the session gets a new id, and records who is logged in.
///
/// # Errors
///
/// [`ErrorKind::InvalidCallback`] when this browser started no such login; those of
/// [`RegisteredClient::fetch_access_token`]; [`ErrorKind::Store`] when the session or the token store fails.
/// After any error nobody is logged in by it.
pub async fn authorize_access_token(
    app: &RegisteredClient,
    session: &impl Session,
    callback: &CallbackParams,
) -> Result<LoggedIn> {
    match finish(app, session, callback.params()).await {
        Ok(login) => {
            tracing::info!(client = app.name(), "a user logged in");
            Ok(login)
        }
        Err(error) => {
            tracing::warn!(client = app.name(), kind = ?error.kind(), error = %error.report(), "a login failed");
            Err(error.with_client(app.name()))
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum StateError {
    #[error("the callback has no `state` (RFC 6749 §4.1.2), nor an `oauth_token` (RFC 5849 §2.2)")]
    Missing,
    #[error("there is no session: this browser sent no session cookie with the callback")]
    NoSession,
    #[error("this browser has no pending login of this `state`: unknown, used before, or dropped")]
    Unknown,
    #[error("the login was started with client `{0}`")]
    OtherClient(String),
    #[error("the pending login is gone from the login store: it expired or was used")]
    Gone,
}

impl From<StateError> for Error {
    fn from(check: StateError) -> Self {
        let hint = match &check {
            StateError::NoSession => {
                "the session cookie must be SameSite=Lax (Strict is not sent back from the provider), \
                 `Secure` only on https, and login and callback must be on one host: localhost and \
                 127.0.0.1 are two"
            }
            StateError::OtherClient(_) => "each client needs a redirect URI of its own",
            _ => {
                "start the login again; a back button, a reload or two replicas without a shared \
                 session store lead here"
            }
        };
        Self::new(ErrorKind::InvalidCallback, check).with_hint(hint)
    }
}

async fn finish(
    app: &RegisteredClient,
    session: &impl Session,
    callback: &Params,
) -> Result<LoggedIn> {
    let sent = app.front_channel().callback_state(callback)?;
    if sent.is_none() && !app.front_channel().is_problem_without_state(callback) {
        return Err(StateError::Missing.into());
    }
    let mut state = session.load().await?.ok_or(StateError::NoSession)?;
    let pending = match &sent {
        Some(sent) => state.take_pending(sent),
        None => state.take_newest(app.name()),
    };
    let pending = pending.ok_or(StateError::Unknown)?;
    if !app.mark_state_used(pending.state()) {
        return Err(StateError::Unknown.into());
    }
    // Saved before the token request: a second callback with this state finds nothing, even while the
    // first one waits for the provider, and even if the first one is dropped.
    session.save(&state).await?;
    if pending.client() != app.name() {
        return Err(StateError::OtherClient(pending.client().to_owned()).into());
    }
    let mut pending = recall(app, pending).await?.ok_or(StateError::Gone)?;
    let next = pending.next.take().unwrap_or_else(|| "/".to_owned());
    let data = pending.data.take();
    let issuer = pending.issuer.clone();
    let token = app.fetch_access_token(pending, callback).await?;

    let claim = |name| {
        let claims = token.claims.as_ref()?;
        claims.get(name)?.as_str().filter(|value| !value.is_empty()).map(str::to_owned)
    };
    let (issuer, sub, sid) = (claim("iss").or(issuer), claim("sub"), claim("sid"));
    let user = app.endpoints().random_secret()?.expose().to_owned();
    let since = app.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let logged_in_at = u64::try_from(since.as_millis()).unwrap_or_default();
    let login = Login { client: app.name().to_owned(), user, issuer, sub, sid, logged_in_at };
    let owner = login.owner();
    let tokens = app.token_store();
    let mut row = TokenRow::new(owner.clone(), token.clone());
    (row.issuer, row.sub, row.sid) = (login.issuer.clone(), login.sub.clone(), login.sid.clone());
    row.lifetime = Some(app.login_lifetime());
    tokens.save(&row).await?;
    match record(session, login).await {
        Ok(replaced) => {
            for old in replaced {
                forget(tokens, &old.owner()).await;
            }
            Ok(LoggedIn { token, owner, next, data })
        }
        Err(error) => {
            forget(tokens, &owner).await;
            Err(error)
        }
    }
}

/// Gives the session a new id and records the login in it. Returns the logins that it replaces.
async fn record(session: &impl Session, login: Login) -> Result<Vec<Login>> {
    // Loaded again: another tab may have started or finished a login, or logged out, while we waited.
    let mut state = session.load().await?.unwrap_or_default();
    session.renew().await?;
    let replaced = state.add_login(login);
    session.save(&state).await?;
    Ok(replaced)
}

/// Deletes a token that no session knows any more. One that stays behind opens nothing: its owner's id
/// stands nowhere.
pub(super) async fn forget(tokens: &dyn TokenStore, owner: &TokenOwner) {
    if let Err(error) = tokens.delete(owner).await {
        tracing::warn!(client = owner.client, error = %error.report(), "a token could not be deleted");
    }
}

/// This browser's login with `app`.
///
/// # Errors
///
/// [`ErrorKind::Unauthenticated`] when nobody is logged in with it, and what the session reports.
pub async fn current_login(app: &RegisteredClient, session: &impl Session) -> Result<Login> {
    let state: SessionState = session.load().await?.unwrap_or_default();
    state.login(app.name()).cloned().ok_or_else(|| {
        Error::new(ErrorKind::Unauthenticated, "nobody is logged in with this client")
            .with_client(app.name())
    })
}
