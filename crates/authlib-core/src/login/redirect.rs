//! The start of a login: [`authorize_redirect`].

use url::Url;

use super::Session;
use super::local_path::path_below;
use super::pending::store_pending;
use super::step_up::prepare_step_up;
use crate::authorization::AuthorizeOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::registry::RegisteredClient;

/// The longest path by which a user can try again, in bytes: it repeats `next`.
const MAX_RESTART: usize = 512;

/// Starts a login in this browser: stores the pending login in the session, and returns the
/// authorization URL to redirect the browser to.
///
/// `restart` is the path of this request as the browser sees it, if it is a GET: the link by which the user can try
/// again.
///
/// A `next` that is not below the path of the base URL, or longer than [`Session::max_next`], is ignored and logged: the
/// login then ends at the base URL.
///
/// # Errors
///
/// Those of [`RegisteredClient::create_authorization_url`], [`ErrorKind::Config`]
/// if the client refreshes tokens as itself, [`ErrorKind::InsufficientAuthentication`] or [`ErrorKind::InsufficientScope`] if
/// the API has already refused the token of a login with the same [`step_up`](AuthorizeOptions::step_up), and
/// [`ErrorKind::Store`] if the pending login can't be saved: without it the callback could not be verified.
pub async fn authorize_redirect(
    client: &RegisteredClient,
    session: &impl Session,
    mut options: AuthorizeOptions,
    restart: Option<&str>,
) -> Result<Url> {
    let base = client.base_path();
    options.next = options.next.and_then(|next| {
        path_below(base, &next)
            .and_then(|next| match next.len() > session.max_next() {
                true => Err("it is longer than the session allows"),
                false => Ok(next),
            })
            .inspect_err(|reason| {
                tracing::warn!(client = client.name(), reason, "`next` of a login ignored");
            })
            .ok()
    });
    let started: Result<Url> = async {
        client.ensure_purpose(&options.purpose)?;
        if options.dangerous_implicit {
            let check = "the implicit grant can't log users in: no server receives the token";
            return Err(Error::new(ErrorKind::InvalidRequest, check).with_hint(
                "use the code grant, or `create_authorization_url` in a native program",
            ));
        }
        let step_ups = prepare_step_up(client, session, &mut options).await?;
        let (url, mut pending) = client.create_authorization_url(options).await?;
        pending.step_ups = step_ups;
        let restart = restart.filter(|path| path.len() <= MAX_RESTART);
        pending.restart = restart.and_then(|path| path_below(base, path).ok());
        // Loaded late, so that a login that starts in another tab meanwhile is not overwritten.
        let mut state = session.load().await?.unwrap_or_default();
        store_pending(client, &mut state, pending).await?;
        // Saved before the browser is redirected: no callback arrives without its pending login.
        session.save(&state).await?;
        Ok(url)
    }
    .await;
    match started {
        Ok(url) => {
            tracing::debug!(client = client.name(), "login started");
            Ok(url)
        }
        Err(error) => {
            let kind = error.kind();
            tracing::warn!(client = client.name(), ?kind, error = %error.report(), "login not started");
            Err(Error::logged(error))
        }
    }
}
