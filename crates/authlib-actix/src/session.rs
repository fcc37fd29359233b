//! The port to the browser's session over actix-session.

use std::mem;

use actix_session::{SessionExt as _, SessionStatus};
use actix_web::{HttpMessage as _, HttpRequest};
use authlib_core::login::{self, SESSION_KEY, Session, SessionState};
use authlib_core::{Error, ErrorKind, Result};

use crate::middleware::Stored;

/// What stands in a session that nobody keeps.
const MADE_UP: &str = "authlib.made-up";

/// The port over an [`actix_session::Session`], which its middleware loads before the handler and writes
/// with the answer. What other requests of this browser do meanwhile is seen only in the store itself,
/// so load and save go there where that is known.
#[derive(Clone)]
pub(crate) struct ActixSession {
    session: actix_session::Session,
    stored: Option<Stored>,
}

impl ActixSession {
    pub(crate) fn of(request: &HttpRequest) -> Result<Self> {
        // Without the middleware actix-session makes a session up that nobody keeps, and says nothing.
        // So one is made up on purpose, where there is none to be found, and marked; if it is the one
        // that is left when everything is back in its place, there is no other.
        let kept = mem::take(&mut *request.extensions_mut());
        let marked = request.get_session().insert(MADE_UP, true).is_ok();
        request.extensions_mut().extend(kept);
        let session = request.get_session();
        if marked && session.contains_key(MADE_UP) {
            let hint = "add `.wrap(authlib_actix::session_middleware(..))` to the app";
            return Err(login::misconfigured("the route has no session", hint));
        }
        let stored = request.extensions().get().cloned();
        Ok(Self { session, stored })
    }

    /// The session in its store; nothing where there is none yet, or one that is about to be replaced.
    fn stored(&self) -> Option<&Stored> {
        self.stored.as_ref().filter(|_| self.session.status() != SessionStatus::Renewed)
    }
}

impl Session for ActixSession {
    async fn load(&self) -> Result<Option<SessionState>> {
        // What can't be read is no state of ours.
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
            // Another tab has logged in or out meanwhile. What ended stays ended.
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
}
