//! The browser's session over tower-sessions, and the layer that sets its cookie right.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authlib_core::login::{self, SESSION_KEY, Session, SessionCookie, SessionState};
use authlib_core::{Error, ErrorKind, Result};
use axum::http::request::Parts;
use tower_sessions::cookie::SameSite;
use tower_sessions::{SessionManagerLayer, SessionStore};

/// A [`SessionManagerLayer`] whose cookie is right for logins: `HttpOnly`, `SameSite=Lax`, and name and
/// `Secure` by [`SessionCookie`], which has the reasons.
///
/// ```
/// use tower_sessions::MemoryStore;
///
/// let layer = authlib_axum::session_layer(MemoryStore::default(), "http://localhost:3000");
/// # let _ = layer;
/// ```
pub fn session_layer<Store: SessionStore>(
    store: Store,
    base_url: &str,
) -> SessionManagerLayer<Store> {
    let cookie = SessionCookie::of(base_url);
    SessionManagerLayer::new(store)
        .with_name(cookie.name)
        .with_secure(cookie.secure)
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        .with_path("/")
}

/// The port over a [`tower_sessions::Session`].
#[derive(Clone, Debug)]
pub(crate) struct AxumSession {
    session: tower_sessions::Session,
    /// Whether the store has all that this request changed, so that loading again loses nothing.
    saved: Arc<AtomicBool>,
}

impl AxumSession {
    pub(crate) fn of(parts: &Parts) -> Result<Self> {
        let session = parts.extensions.get().cloned().ok_or_else(|| {
            let hint = "add `authlib_axum::session_layer(..)` to the router, behind its routes";
            login::misconfigured("the route has no session", hint)
        })?;
        Ok(Self { session, saved: Arc::default() })
    }
}

impl Session for AxumSession {
    async fn load(&self) -> Result<Option<SessionState>> {
        let clean = self.saved.load(Ordering::Acquire) || !self.session.is_modified();
        if clean && self.session.id().is_some() {
            self.session.load().await.map_err(store)?;
        }
        match self.session.get(SESSION_KEY).await {
            // What can't be read is no state of ours.
            Err(tower_sessions::session::Error::SerdeJson(_)) => Ok(None),
            other => other.map_err(store),
        }
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        self.session.insert(SESSION_KEY, state).await.map_err(store)?;
        self.session.save().await.map_err(store)?;
        self.saved.store(true, Ordering::Release);
        Ok(())
    }

    async fn renew(&self) -> Result<()> {
        self.saved.store(false, Ordering::Release);
        self.session.cycle_id().await.map_err(store)
    }
}

fn store(cause: tower_sessions::session::Error) -> Error {
    Error::new(ErrorKind::Store, cause).with_hint("the session store does not work")
}
