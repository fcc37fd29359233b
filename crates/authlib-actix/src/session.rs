//! [`ActixSession`]: the browser's session over actix-session and encrypted cookies.

use std::fmt;
use std::mem;

use actix_session::{SessionExt as _, SessionStatus};
use actix_web::{HttpMessage as _, HttpRequest};
use authlib_core::adapter::{BrowserSession, SESSION_KEY, misconfigured};
use authlib_core::login::{Session, SessionState};
use authlib_core::{Error, ErrorKind, Result};

use crate::middleware::StoredSession;

/// The key by which a session without middleware is recognised.
const PROBE_KEY: &str = "authlib.probe";

/// The browser's session, for the functions of [`login`](authlib_core::login).
#[derive(Clone)]
pub struct ActixSession(BrowserSession<Stored>);

/// The session of actix-session.
///
/// actix-session reads a session before the handler and writes it with the response, so what concurrent
/// requests of the same browser do is visible in the store only. This type reads and writes the store
/// directly if it is known.
#[derive(Clone)]
struct Stored {
    session: actix_session::Session,
    stored: Option<StoredSession>,
}

impl ActixSession {
    /// The session of a request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the session middleware is missing.
    pub fn of(request: &HttpRequest) -> Result<Self> {
        let (test, cookies) =
            (request.extensions().get().cloned(), request.extensions().get().cloned());
        BrowserSession::of_request(test, cookies, || Stored::of(request)).map(Self)
    }
}

impl Session for ActixSession {
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

impl Stored {
    /// The session of a request.
    fn of(request: &HttpRequest) -> Result<Self> {
        // Without the middleware, actix-session silently creates a session that is never stored. To notice it,
        // such a session is created on purpose and marked, while the request's own one is taken away; if the
        // marked one is there when everything has been put back, there is no other.
        let kept = mem::take(&mut *request.extensions_mut());
        let marked = request.get_session().insert(PROBE_KEY, true).is_ok();
        request.extensions_mut().extend(kept);
        let session = request.get_session();
        if marked && session.contains_key(PROBE_KEY) {
            return Err(misconfigured(
                "the route has no session",
                "add `.wrap(authlib_actix::session_middleware(store, key, &oauth))` to the app",
            ));
        }
        let stored = request.extensions().get().cloned();
        Ok(Self { session, stored })
    }

    /// The session in its store; `None` if there is none yet, or it is about to be replaced.
    fn stored(&self) -> Option<&StoredSession> {
        self.stored.as_ref().filter(|_| self.session.status() != SessionStatus::Renewed)
    }
}

impl fmt::Debug for ActixSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActixSession").finish_non_exhaustive()
    }
}

impl Session for Stored {
    async fn load(&self) -> Result<Option<SessionState>> {
        // A value that can't be read is not ours.
        let Some(stored) = self.stored() else {
            return Ok(self.session.get(SESSION_KEY).unwrap_or_default());
        };
        let values = stored.store.load(&stored.id).await?.unwrap_or_default();
        Ok(values.get(SESSION_KEY).and_then(|state| serde_json::from_str(state).ok()))
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        if self.session.status() == SessionStatus::Purged {
            return Err(Error::new(ErrorKind::Store, "the session was purged in this request"));
        }
        if let Some(stored) = self.stored() {
            if let Some(mut values) = stored.store.load(&stored.id).await? {
                let state = serde_json::to_string(state);
                let state = state.map_err(|cause| Error::new(ErrorKind::Store, cause))?;
                values.insert(SESSION_KEY.to_owned(), state);
                return stored.store.save(&stored.id, values).await;
            }
            // Another tab has logged in or out in the meantime: the old session stays ended.
            self.session.renew();
        }
        self.session
            .insert(SESSION_KEY, state)
            .map_err(|cause| Error::new(ErrorKind::Store, cause.to_string()))
    }

    async fn renew(&self) -> Result<()> {
        self.session.renew();
        Ok(())
    }

    async fn clear(&self) -> Result<()> {
        self.session.clear();
        self.renew().await
    }

    fn id(&self) -> Option<String> {
        self.stored.as_ref().map(|stored| stored.id.clone())
    }
}
