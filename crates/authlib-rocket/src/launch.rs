//! Launch-time checks: a guard whose client is not registered refuses the launch.

use authlib_core::adapter::ClientSelector;
use rocket::{Ignite, Rocket, Sentinel};

use crate::back_channel_logout::BackChannelLogout;
use crate::callback::OAuthCallback;
use crate::client::OAuthClient;
use crate::session::OAuthState;
use crate::user::{CurrentUser, OAuthSession};

/// Whether the launch must be refused: there is no registry, or this client is not in it.
fn is_missing(rocket: &Rocket<Ignite>, guard: &str, client: Option<&str>) -> bool {
    let missing = match (rocket.state::<OAuthState>(), client) {
        (None, _) => Some("there is no registry of clients: attach an `OAuthFairing`".to_owned()),
        (Some(state), Some(name)) if !state.oauth.has_client_source() => {
            state.oauth.client(name).err().map(|error| error.to_string())
        }
        (Some(_), _) => None,
    };
    missing
        .inspect(|check| tracing::error!("launch refused: {check} (required by `{guard}`)"))
        .is_some()
}

impl<C: ClientSelector> Sentinel for OAuthClient<'_, C> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        is_missing(rocket, "OAuthClient", C::NAME)
    }
}

impl<C: ClientSelector> Sentinel for OAuthCallback<'_, C> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        is_missing(rocket, "OAuthCallback", C::NAME)
    }
}

impl Sentinel for OAuthSession<'_> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        is_missing(rocket, "OAuthSession", None)
    }
}

impl<C: ClientSelector> Sentinel for BackChannelLogout<C> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        is_missing(rocket, "BackChannelLogout", C::NAME)
    }
}

impl<C: ClientSelector> Sentinel for CurrentUser<C> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        is_missing(rocket, "CurrentUser", C::NAME)
    }
}
