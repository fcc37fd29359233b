//! Logout: [`logout`] here, [`logout_redirect`] here and at the provider, [`validate_logout_response`]
//! for the way back.

use futures_util::future::join_all;
use http::{HeaderMap, Method};

use super::callback::forget;
use super::repost::post_page;
use super::status::{Answer, see_other};
use super::{Login, Session, local_path};
use crate::authorization::LogoutOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::params::Params;
use crate::registry::OAuth;

/// Logs this browser out here, from every client: the tokens are deleted, and the session gets a new
/// id. Returns who the newest login was.
///
/// # Errors
///
/// What the session and the token store report.
pub async fn logout(oauth: &OAuth, session: &impl Session) -> Result<Option<Login>> {
    Ok(end(oauth, session).await?.pop().map(|(login, _)| login))
}

/// The logins that ended, the newest last, with the tokens that they had.
type Ended = Vec<(Login, Option<Token>)>;

async fn end(oauth: &OAuth, session: &impl Session) -> Result<Ended> {
    let mut state = session.load().await?.unwrap_or_default();
    let logins = state.remove_logins();
    // The way back of an earlier logout is of no interest any more.
    state.logouts.clear();
    if logins.is_empty() {
        return Ok(Vec::new());
    }
    // The session first: whatever happens to the tokens, nobody is logged in any more.
    session.renew().await?;
    session.save(&state).await?;
    let tokens = oauth.token_store();
    let mut ended = Vec::new();
    for login in logins {
        // Whoever wants to be out is out, even where a store fails.
        let token = tokens.load(&login.owner()).await.unwrap_or_else(|error| {
            tracing::warn!(error = %error.report(), "a token could not be loaded");
            None
        });
        forget(tokens, &login.owner()).await;
        tracing::info!(client = login.client, "a user logged out");
        ended.push((login, token));
    }
    Ok(ended)
}

/// Revokes what the logins had, all at once. The user is logged out here already, so an error is told
/// to the log.
async fn revoke(oauth: &OAuth, ended: &Ended) {
    let revocations = ended.iter().filter_map(|(login, token)| {
        let app = oauth.client(&login.client).ok()?;
        let token = token.as_ref()?;
        Some(async move {
            if let Err(error) = app.endpoints().revoke(token).await {
                tracing::warn!(client = app.name(), error = %error.report(), "a token was not revoked at logout");
            }
        })
    });
    join_all(revocations).await;
}

/// Logs this browser out here, from every client, and answers with the redirect that does the same at
/// the provider of the newest login (OpenID Connect RP-Initiated Logout 1.0); or with one to `fallback`,
/// a path of this site, where the provider has no such endpoint or is away. The local logout has
/// happened either way. With [`LogoutOptions::revoke_tokens`] the tokens are revoked in between.
///
/// Call it for a POST; a GET would let any site log users out. A form on another site, or on another
/// host or port of this one, is refused by what browsers say in `headers`.
///
/// # Errors
///
/// [`ErrorKind::InvalidCallback`] when another site asks, and what the session reports.
pub async fn logout_redirect(
    oauth: &OAuth,
    session: &impl Session,
    headers: &HeaderMap,
    options: LogoutOptions,
    fallback: &str,
) -> Result<Answer> {
    if is_foreign(headers) {
        let error = Error::new(ErrorKind::InvalidCallback, "another site asks for the logout");
        tracing::warn!(error = %error.report(), "a logout was refused");
        return Err(
            error.with_hint("the form of the logout must stand on a page of this very host")
        );
    }
    let fallback = see_other(local_path(fallback));
    let mut ended = end(oauth, session).await?;
    if options.revoke_tokens {
        revoke(oauth, &ended).await;
    }
    let Some((login, token)) = ended.pop() else {
        return Ok(fallback);
    };
    let Ok(app) = oauth.client(&login.client) else {
        return Ok(fallback);
    };
    let hint = token.and_then(|token| token.id_token);
    match app.create_logout_url(hint.as_ref(), &options).await {
        Ok(Some((url, pending))) => {
            if let Some(pending) = pending {
                let mut state = session.load().await?.unwrap_or_default();
                state.add_logout(pending, app.now());
                session.save(&state).await?;
            }
            Ok(if url.as_str().len() > MAX_URL { post_page(&url) } else { see_other(url.as_str()) })
        }
        Ok(None) => Ok(fallback),
        Err(error) => {
            tracing::warn!(client = app.name(), error = %error.report(), "the user is logged out here only");
            Ok(fallback)
        }
    }
}

/// The longest URL that is sent as one; an ID token with many claims makes a longer one, on which
/// proxies choke. Then the browser posts it (RP-Initiated Logout 1.0 §2 lets it).
const MAX_URL: usize = 2000;

/// Whether a browser says that the request comes from another origin.
fn is_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    site.is_some_and(|site| site == "cross-site" || site == "same-site")
}

/// Checks the way back from the provider's logout: its `state` must be that of a logout which this
/// browser began, and is spent (RP-Initiated Logout 1.0 §3). Without a `state` and without a pending
/// logout there is nothing to check: the visit is of a page. Returns the client's name.
///
/// # Errors
///
/// [`ErrorKind::InvalidCallback`] when the `state` is missing, repeated, unknown or expired.
pub async fn validate_logout_response(
    oauth: &OAuth,
    session: &impl Session,
    method: &Method,
    query: Option<&str>,
) -> Result<Option<String>> {
    let checked = check(oauth, session, method, query).await;
    if let Err(error) = &checked {
        tracing::warn!(error = %error.report(), "the way back from a logout was refused");
    }
    checked
}

async fn check(
    oauth: &OAuth,
    session: &impl Session,
    method: &Method,
    query: Option<&str>,
) -> Result<Option<String>> {
    let refused = |check: &str| {
        Error::new(ErrorKind::InvalidCallback, check).with_hint(
            "the logout itself has happened; only its way back can't be told from a forgery",
        )
    };
    let params = Params::parse(query.unwrap_or_default());
    let sent =
        params.only("state").map_err(|cause| Error::new(ErrorKind::InvalidCallback, cause))?;
    let mut state = session.load().await?.unwrap_or_default();
    let Some(sent) = sent else {
        state.logouts.retain(|pending| !pending.is_expired(oauth.now()));
        return if state.logouts.is_empty() {
            Ok(None)
        } else {
            Err(refused("the way back from the logout has no `state`"))
        };
    };
    if *method == Method::HEAD {
        return Ok(None);
    }
    let pending = state
        .take_logout(sent)
        .ok_or_else(|| refused("this browser began no logout with this `state`"))?;
    session.save(&state).await?;
    if pending.is_expired(oauth.now()) {
        return Err(refused("the logout began more than 10 minutes ago"));
    }
    Ok(Some(pending.client))
}
