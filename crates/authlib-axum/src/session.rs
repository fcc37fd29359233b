//! [`AxumSession`]: the browser's session over tower-sessions and encrypted cookies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authlib_core::adapter::{BrowserSession, SESSION_KEY, misconfigured};
use authlib_core::login::{Session, SessionState};
use authlib_core::{Error, ErrorKind, Result};
use axum::http::request::Parts;

/// The browser's session, for the functions of [`login`](authlib_core::login).
#[derive(Clone, Debug)]
pub struct AxumSession(BrowserSession<StoredSession>);

/// The session in the store of tower-sessions.
#[derive(Clone, Debug)]
struct StoredSession {
    session: tower_sessions::Session,
    /// Whether the store has all that this request changed, so that loading again loses nothing.
    saved: Arc<AtomicBool>,
}

impl AxumSession {
    /// The session of a request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the session layer is missing.
    pub fn of(parts: &Parts) -> Result<Self> {
        let (test, cookies) = (parts.extensions.get(), parts.extensions.get());
        let stored = || {
            let session = parts.extensions.get().cloned().ok_or_else(|| {
                misconfigured(
                    "the route has no session",
                    "add `.layer(authlib_axum::session_layer(store, &oauth))` to the router, after the last \
                     `.route(..)`",
                )
            })?;
            Ok(StoredSession { session, saved: Arc::default() })
        };
        BrowserSession::of_request(test.cloned(), cookies.cloned(), stored).map(Self)
    }
}

impl Session for AxumSession {
    async fn load(&self) -> Result<Option<SessionState>> {
        self.0.load().await
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        self.0.save(state).await
    }

    async fn renew(&self) -> Result<()> {
        self.0.renew().await
    }

    async fn clear(&self) -> Result<()> {
        self.0.clear().await
    }

    fn id(&self) -> Option<String> {
        self.0.id()
    }
}

impl Session for StoredSession {
    async fn load(&self) -> Result<Option<SessionState>> {
        let clean = self.saved.load(Ordering::Acquire) || !self.session.is_modified();
        if clean && self.session.id().is_some() {
            self.session.load().await.map_err(store)?;
        }
        match self.session.get(SESSION_KEY).await {
            // A value that can't be read is not ours.
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

    async fn clear(&self) -> Result<()> {
        self.session.clear().await;
        self.renew().await
    }

    fn id(&self) -> Option<String> {
        self.session.id().map(|id| id.to_string())
    }
}

fn store(cause: tower_sessions::session::Error) -> Error {
    Error::new(ErrorKind::Store, cause).with_hint("check the session store")
}
