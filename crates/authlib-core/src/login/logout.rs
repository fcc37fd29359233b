//! Logout: [`logout`] in this application, [`logout_redirect`] also at the provider,
//! [`validate_logout_response`] for the redirect back.

use futures_util::future::join_all;
use http::Method;
use serde_json::Value;
use url::Url;

use super::local_path::path_below;
use super::session_state::TokenPlace;
use super::{Login, Session};
use crate::authorization::LogoutOptions;
use crate::base_url::BasePath;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::params::Params;
use crate::registry::OAuth;

/// Logs the user of this browser out of this application, with every client: the tokens are deleted, and
/// the session is cleared, the application's values included
/// ([`keep_session_at_logout`](crate::OAuthBuilder::keep_session_at_logout)). Returns the newest login.
///
/// # Errors
///
/// Those of the session and the token store.
pub async fn logout(oauth: &OAuth, session: &impl Session) -> Result<Option<Login>> {
    Ok(end_logins(oauth, session, false).await?.pop().map(|(login, _)| login))
}

/// A logout at the provider from which the browser is back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogoutResponse {
    /// The name of the client at whose provider the user logged out.
    pub client: String,
    /// The path to send the browser to: the `next` of the logout, or the path of the base URL.
    pub next: String,
    /// The application's own data of the logout.
    pub data: Option<Value>,
}

/// The logins that ended, the newest last, with their tokens.
type Ended = Vec<(Login, Option<Token>)>;

async fn end_logins(oauth: &OAuth, session: &impl Session, revoke: bool) -> Result<Ended> {
    let loaded = session.load().await?;
    let has_state = loaded.is_some();
    let mut state = loaded.unwrap_or_default();
    let logins = state.remove_logins();
    // Redirects back from earlier logouts are not expected any more.
    state.logouts.clear();
    // The session first: whatever happens to the tokens, the user is logged out.
    if !oauth.keeps_session_at_logout() {
        session.clear().await?;
        // The session no longer has the logins.
        state.logins_changed = false;
    } else if logins.is_empty() {
        return Ok(Vec::new());
    } else {
        session.renew().await?;
    }
    if has_state {
        session.save(&state).await?;
    }
    let ended = logins.into_iter().map(|login| async {
        let token = end_login(oauth, &login, revoke).await;
        tracing::info!(client = login.client, "user logged out");
        (login, token)
    });
    Ok(join_all(ended).await)
}

/// Deletes the row of a login, and returns its token. The user is already logged out here, so errors are only logged.
async fn end_login(oauth: &OAuth, login: &Login, revoke: bool) -> Option<Token> {
    let failed = |error: &Error, message: &str| {
        tracing::warn!(client = login.client, error = %error.report(), "{message}");
    };
    let (tokens, owner) = (oauth.token_store(), login.owner());
    let client = oauth.find_client(&login.client).await;
    let client = client.inspect_err(|error| failed(error, "client not found at logout")).ok();
    // Other logins of the user, and background jobs, use the token of the user's row.
    let revokes = client.as_ref().filter(|_| revoke && login.place == TokenPlace::LoginRow);
    let token = match revokes {
        Some(client) => client.tokens().take_token(&owner).await,
        None if login.place == TokenPlace::Nowhere => Ok(None),
        None => tokens.load(&owner).await,
    };
    let token = token.unwrap_or_else(|error| {
        failed(&error, "token not loaded at logout");
        None
    });
    login.end_in(tokens, oauth.now(), oauth.login_lifetime()).await;
    if let (Some(client), Some(token)) = (revokes, &token)
        && let Err(error) = client.endpoints().revoke(token).await
    {
        failed(&error, "token not revoked at logout");
    }
    token
}

/// Logs the user of this browser out of this application, with every client, and returns the URL that does
/// the same at the provider of the newest login (OpenID Connect RP-Initiated Logout 1.0). `None` if
/// the provider has no such endpoint or is unreachable; the local logout has happened either way. The ID token of the
/// login is the `id_token_hint`, which is recommended (§2). A login without its token
/// ([`keep_token`](crate::ClientConfig::keep_token)) has none: then `client_id` tells the provider whose redirect URI it
/// is, and the provider asks the user to confirm. With
/// [`LogoutOptions::revoke_tokens`] the tokens are revoked in between, those of a refresh in flight too.
///
/// **Reject cross-site requests before you call this**, or any site can log your users out.
///
/// # Errors
///
/// Those of the session and the token store.
pub async fn logout_redirect(
    oauth: &OAuth,
    session: &impl Session,
    mut options: LogoutOptions,
) -> Result<Option<Url>> {
    let base = BasePath::of(oauth.base_url());
    options.next = options.next.and_then(|next| path_below(base, &next).ok());
    options.next = options.next.filter(|next| next.len() <= session.max_next());
    let mut ended = end_logins(oauth, session, options.revoke_tokens).await?;
    let Some((login, token)) = ended.pop() else { return Ok(None) };
    // If it failed, the end of the login has logged it.
    let Ok(client) = oauth.find_client(&login.client).await else { return Ok(None) };
    let hint = token.and_then(|token| token.id_token);
    match client.create_logout_url(hint.as_ref(), &options).await {
        Ok(Some((url, pending))) => {
            if let Some(pending) = pending {
                let mut state = session.load().await?.unwrap_or_default();
                state.add_logout(pending, client.now());
                session.save(&state).await?;
            }
            Ok(Some(url))
        }
        Ok(None) => Ok(None),
        Err(error) => {
            let error = error.report();
            tracing::warn!(client = client.name(), %error, "provider logout failed; local session ended");
            Ok(None)
        }
    }
}

/// Validates the redirect back from the provider's logout: its `state` must be that of a logout which this
/// browser started, and can be used once (RP-Initiated Logout 1.0 §3). Without a `state` and without a
/// pending logout there is nothing to validate.
///
/// # Errors
///
/// [`ErrorKind::InvalidCallback`] if the `state` is missing, repeated, unknown or expired.
pub async fn validate_logout_response(
    oauth: &OAuth,
    session: &impl Session,
    method: &Method,
    query: Option<&str>,
) -> Result<Option<LogoutResponse>> {
    validate(oauth, session, method, query).await.map_err(|error| {
        tracing::warn!(error = %error.report(), "post-logout redirect rejected");
        error.logged()
    })
}

async fn validate(
    oauth: &OAuth,
    session: &impl Session,
    method: &Method,
    query: Option<&str>,
) -> Result<Option<LogoutResponse>> {
    let rejected = |check: &str| {
        Error::new(ErrorKind::InvalidCallback, check)
            .with_hint("the logout itself has happened; only this redirect could be forged")
            .with_page_title("Logout not confirmed")
            .with_page_text(
                "This page does not belong to a logout of this browser. To be sure, log out again.",
            )
    };
    let params = Params::parse(query.unwrap_or_default());
    let sent = params.only("state").map_err(|cause| rejected(&cause.to_string()))?;
    let mut state = session.load().await?.unwrap_or_default();
    let Some(sent) = sent else {
        state.logouts.retain(|pending| !pending.is_expired(oauth.now()));
        return if state.logouts.is_empty() {
            Ok(None)
        } else {
            Err(rejected("the post-logout redirect has no `state`"))
        };
    };
    if *method == Method::HEAD {
        return Ok(None);
    }
    let pending = state
        .take_logout(sent)
        .ok_or_else(|| rejected("no pending logout of this browser matches `state`"))?;
    session.save(&state).await?;
    if pending.is_expired(oauth.now()) {
        return Err(rejected("the logout was started more than 10 minutes ago"));
    }
    let next = pending.next.unwrap_or_else(|| oauth.site_path("/"));
    Ok(Some(LogoutResponse { client: pending.client, next, data: pending.data }))
}
