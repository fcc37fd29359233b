//! The start of a login: [`authorize_redirect`].

use super::next::local_path;
use super::state::{Marker, Pending};
use super::status::{Answer, see_other};
use super::{Session, SessionState};
use crate::authorization::{AuthorizeOptions, PENDING_TTL, PendingLogin};
use crate::error::{Error, ErrorKind, Result};
use crate::registry::RegisteredClient;

/// Starts a login in this browser: remembers it in the session, and answers with the redirect to the
/// provider (303, never cached).
///
/// # Errors
///
/// Those of [`RegisteredClient::create_authorization_url`], [`ErrorKind::Config`] when the client renews tokens
/// in its own name, and [`ErrorKind::Store`] when the session can't keep the pending login: nobody is
/// sent to a provider from which there is no way back.
pub async fn authorize_redirect(
    app: &RegisteredClient,
    session: &impl Session,
    mut options: AuthorizeOptions,
) -> Result<Answer> {
    options.next = options.next.map(|next| local_path(&next).to_owned());
    let started = async {
        app.ensure_user_logins()?;
        let (url, pending) = app.create_authorization_url(options).await?;
        // Loaded late, so that a login that begins in another tab meanwhile is not overwritten.
        let mut state = session.load().await?.unwrap_or_default();
        remember(app, &mut state, pending).await?;
        // A browser that went away before this save has no redirect either: nothing is half done.
        session.save(&state).await?;
        Ok(url)
    };
    match started.await {
        Ok(url) => {
            tracing::debug!(client = app.name(), "a login begins");
            Ok(see_other(url.as_str()))
        }
        Err(error) => {
            let error: Error = error;
            tracing::warn!(client = app.name(), error = %error.report(), "a login could not begin");
            Err(error)
        }
    }
}

/// Keeps the record in the session, or in the registry's login store with a marker in the session.
async fn remember(
    app: &RegisteredClient,
    state: &mut SessionState,
    pending: PendingLogin,
) -> Result<()> {
    let pending = match app.pending_login_store() {
        None => Pending::Here(Box::new(pending)),
        Some(store) => {
            let marker = Marker {
                client: pending.client.clone(),
                state: pending.state.clone(),
                started_at: pending.started_at,
            };
            let record = serde_json::to_string(&pending)
                .map_err(|cause| Error::new(ErrorKind::Store, cause))?;
            store.insert(pending.state.expose(), record, PENDING_TTL).await?;
            Pending::Stored(marker)
        }
    };
    state.add_pending(pending, app.now());
    Ok(())
}

/// The record of a pending login that was taken out of the session; nothing when the login store has
/// none of it, so that a stolen marker or a stolen record alone is of no use.
pub(super) async fn recall(
    app: &RegisteredClient,
    pending: Pending,
) -> Result<Option<PendingLogin>> {
    match (pending, app.pending_login_store()) {
        (Pending::Here(pending), _) => Ok(Some(*pending)),
        (Pending::Stored(_), None) => Ok(None),
        (Pending::Stored(marker), Some(store)) => {
            let record = store.take(marker.state.expose()).await?;
            Ok(record
                .and_then(|record| serde_json::from_str::<PendingLogin>(&record).ok())
                .filter(|record| record.client == marker.client && record.state == marker.state))
        }
    }
}
