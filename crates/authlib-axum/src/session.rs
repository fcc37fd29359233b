//! The browser's session over tower-sessions, and the layer that sets its cookie right.

use std::sync::atomic::{AtomicBool, Ordering};

use authlib_core::login::{SESSION_KEY, Session, SessionState};
use authlib_core::{Error, ErrorKind, Result};
use axum::http::request::Parts;
use tower_sessions::cookie::SameSite;
use tower_sessions::{SessionManagerLayer, SessionStore};

/// The name of the session's cookie on https; browsers hold what begins so to this host, to `/` and to
/// https.
const SECURE_NAME: &str = "__Host-session";

/// A [`SessionManagerLayer`] whose cookie is right for logins: `HttpOnly`, `SameSite=Lax` (a `Strict`
/// cookie is not sent when the provider sends the browser back), and on https `Secure` with a
/// `__Host-` name. On `http://localhost` it has no `Secure`, for which some browsers would drop it there,
/// and the port in its name.
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
    let https = base_url.starts_with("https://");
    // Cookies know no ports: on one machine two applications under development would take each other's.
    let port = base_url.rsplit_once(':').map_or("", |(_, port)| port);
    let port: String = port.chars().take_while(char::is_ascii_digit).collect();
    let name = if https { SECURE_NAME.to_owned() } else { format!("session{port}") };
    SessionManagerLayer::new(store)
        .with_name(name)
        .with_secure(https)
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        .with_path("/")
}

/// The port over a [`tower_sessions::Session`].
#[derive(Clone, Debug)]
pub(crate) struct AxumSession {
    session: tower_sessions::Session,
    /// Whether the store has all that this request changed, so that loading again loses nothing.
    saved: std::sync::Arc<AtomicBool>,
}

impl AxumSession {
    pub(crate) fn of(parts: &Parts) -> Result<Self> {
        let session = parts.extensions.get::<tower_sessions::Session>().cloned();
        let session = session.ok_or_else(|| {
            Error::new(ErrorKind::Config, "the route has no session")
                .hint("add `authlib_axum::session_layer(..)` to the router, behind its routes")
        })?;
        Ok(Self { session, saved: std::sync::Arc::default() })
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
    Error::new(ErrorKind::Store, cause).hint("the session store does not work")
}
