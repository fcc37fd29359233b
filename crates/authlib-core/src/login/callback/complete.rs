//! The first half of a callback: [`complete_login`] verifies everything and changes no login.

use std::time::SystemTime;

use serde_json::Value;

use super::CallbackParams;
use crate::authorization::Purpose;
use crate::error::{Error, ErrorKind, Result};
use crate::login::current_user::Identity;
use crate::login::pending::take_pending;
use crate::login::session_state::{TokenPlace, UsedCallback};
use crate::login::{Login, Session};
use crate::oauth2::Token;
use crate::registry::RegisteredClient;

/// A verified callback that has changed nothing yet: no token is stored, and nobody is logged in.
///
/// [`record_login`](super::record_login) logs the user in, and [`record_connection`](super::record_connection)
/// connects the account. An application with users and sessions of its own takes what it needs and drops it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CompletedLogin {
    /// The client.
    pub client: RegisteredClient,
    /// The token, with the verified claims in [`Token::userinfo`].
    pub token: Token,
    /// The login as it will be stored in the session.
    pub login: Login,
    /// The path to send the browser to: the `next` of the login request, or the path of the base URL.
    pub next: String,
    /// The application's own data of the login request.
    pub data: Option<Value>,
    /// What the login was started for.
    pub purpose: Purpose,
}

impl CompletedLogin {
    /// Who logged in; `None` if the provider did not identify the user.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.login.identity()
    }

    /// The e-mail address by which the application may look for an existing user, if it knows no user of this
    /// [`identity`](Self::identity). `None` unless the [`LinkPolicy`](crate::LinkPolicy) names the client and the provider says that
    /// the address is verified (`email_verified`, OpenID Connect Core §5.1).
    #[must_use]
    pub fn linkable_email(&self) -> Option<&str> {
        if !self.client.link_policy().trusts_email_of(self.client.name()) {
            return None;
        }
        let claims = self.token.userinfo().ok().filter(|claims| claims.email_verified())?;
        claims.email().filter(|email| !email.is_empty())
    }
}

#[derive(Debug, thiserror::Error)]
enum StateError {
    #[error("the callback has neither `state` (RFC 6749 §4.1.2) nor `oauth_token` (RFC 5849 §2.2)")]
    Missing,
    #[error("no session for this callback: the browser sent no session cookie `{0}`")]
    NoCookie(String),
    #[error(
        "no session for this callback: the browser sent a session cookie that the session store does not know"
    )]
    UnknownCookie,
    #[error(
        "no pending login matches `state`: it was already used, has expired, or belongs to another \
         session"
    )]
    Unknown,
    #[error("the login was started with client `{0}`")]
    OtherClient(String),
    #[error(
        "the pending login is not in the `PendingLoginStore`: it has expired or was already used"
    )]
    Gone,
}

impl From<StateError> for Error {
    fn from(check: StateError) -> Self {
        let hint = match &check {
            StateError::NoCookie(_) => {
                "the session cookie must be SameSite=Lax (browsers don't send a Strict one after the \
                 provider's redirect) and `Secure` on https only; login and callback must use one host \
                 (localhost and 127.0.0.1 are two)"
            }
            StateError::UnknownCookie => {
                "a session store in memory is empty after a restart and is not shared by replicas; the \
                 key of encrypted cookies must stay the same and be the same on all replicas"
            }
            StateError::OtherClient(_) => "each client needs its own redirect URI",
            _ => {
                "start the login again; causes are the back button, a reload, or replicas with different \
                 keys (`AUTHLIB_KEYS`)"
            }
        };
        Self::new(ErrorKind::InvalidCallback, check).with_hint(hint)
    }
}

/// Verifies the callback of a login that this browser started. The pending login can be used once,
/// whatever the result.
///
/// # Errors
///
/// [`ErrorKind::InvalidCallback`] if this browser started no such login, those of
/// [`RegisteredClient::fetch_access_token`], and [`ErrorKind::Store`] if the session fails.
pub async fn complete_login(
    client: &RegisteredClient,
    session: &impl Session,
    callback: &CallbackParams,
) -> Result<CompletedLogin> {
    complete_if(client, session, callback, |_| Ok(())).await
}

/// As [`complete_login`], if its purpose passes the check; otherwise no request is sent.
pub(super) async fn complete_if(
    client: &RegisteredClient,
    session: &impl Session,
    callback: &CallbackParams,
    check: impl FnOnce(&Purpose) -> Result<()>,
) -> Result<CompletedLogin> {
    let mut restart = None;
    let completed = complete(client, session, callback, check, &mut restart).await;
    completed.map_err(|error| {
        let kind = error.kind();
        tracing::warn!(client = client.name(), ?kind, error = %error.report(), "login failed");
        error.with_client(client.name()).with_restart(restart).logged()
    })
}

async fn complete(
    client: &RegisteredClient,
    session: &impl Session,
    callback: &CallbackParams,
    check: impl FnOnce(&Purpose) -> Result<()>,
    restart: &mut Option<String>,
) -> Result<CompletedLogin> {
    let no_session = match callback.missing_cookie.clone() {
        Some(name) => StateError::NoCookie(name),
        None => StateError::UnknownCookie,
    };
    let callback = callback.params();
    let sent = client.callback_state(callback)?;
    let mut state = session.load().await?.ok_or(no_session)?;
    let Some(sent) = sent else {
        // Any site can send the browser here: the login stays pending.
        let is_pending = state.pending.iter().any(|pending| pending.client() == client.name());
        let problem = client.front_channel().problem_without_state(callback);
        return Err(problem.filter(|_| is_pending).unwrap_or_else(|| StateError::Missing.into()));
    };
    let pending = state.take_pending(&sent).ok_or(StateError::Unknown)?;
    if !client.mark_state_used(pending.state()) {
        return Err(StateError::Unknown.into());
    }
    // Saved before the token request: a second callback with this state finds nothing, even while the
    // first one waits for the provider, and even if the first one is dropped.
    session.save(&state).await?;
    if pending.client() != client.name() {
        return Err(StateError::OtherClient(pending.client().to_owned()).into());
    }
    let mut pending = take_pending(client, pending).await?.ok_or(StateError::Gone)?;
    *restart = pending.restart.take();
    let next = pending.next.take().unwrap_or_else(|| client.base_path().home().to_owned());
    let (data, purpose) = (pending.data.take(), pending.purpose.clone());
    check(&purpose)?;
    let started = &client.started_with(&pending)?;
    if started.fingerprint() != client.fingerprint() {
        // The client may be for API calls only since the reload.
        client.ensure_purpose(&purpose)?;
    }
    let client = started;
    let issuer = pending.issuer.clone();
    let step_ups = std::mem::take(&mut pending.step_ups);
    let token = client.fetch_access_token(pending, callback).await?;
    let mut login = new_login(client, &token, issuer)?;
    login.step_ups = step_ups;
    login.callback = Some(UsedCallback::new(&sent, &next, client.base_path().home()));
    Ok(CompletedLogin { client: client.clone(), token, login, next, data, purpose })
}

/// The login of a verified token. `issuer` is the configured one, for providers without ID tokens.
pub(crate) fn new_login(
    client: &RegisteredClient,
    token: &Token,
    issuer: Option<String>,
) -> Result<Login> {
    let claims = token.userinfo().ok();
    let claim = |name: &str| {
        let value = claims.as_ref()?.as_map().get(name)?.as_str()?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    let signed = |name| token.id_token.is_some().then(|| claim(name)).flatten();
    // Without an ID token, the tenant of the user is unknown.
    let issuer = issuer.filter(|_| !client.endpoints().settings().issuers.is_template());
    let since = client.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(Login {
        callback: None,
        step_ups: Vec::new(),
        place: TokenPlace::default(),
        kept: None,
        id: None,
        client: client.name().to_owned(),
        user: client.endpoints().random_secret()?.expose().to_owned(),
        issuer: signed("iss").or(issuer),
        sub: claim("sub"),
        sid: signed("sid"),
        logged_in_at: u64::try_from(since.as_millis()).unwrap_or_default(),
        used_at: 0,
    })
}
