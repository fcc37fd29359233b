//! The browser's session over actix-session, and the middleware that sets its cookie right.

use std::fmt;
use std::mem;

use actix_session::config::SessionMiddlewareBuilder;
use actix_session::storage::SessionStore;
use actix_session::{SessionExt as _, SessionMiddleware, SessionStatus};
use actix_web::cookie::{Key, SameSite};
use actix_web::{HttpMessage as _, HttpRequest};
use authlib_core::login::{self, SESSION_KEY, Session, SessionCookie, SessionState};
use authlib_core::{Error, ErrorKind, Result};

/// What stands in a session that nobody keeps.
const MADE_UP: &str = "authlib.made-up";

/// A [`SessionMiddleware`] whose cookie is right for logins: `HttpOnly`, `SameSite=Lax`, and name and
/// `Secure` by [`SessionCookie`], which has the reasons. Set what else you want, such as the lifetime,
/// and `build()` it.
///
/// The key encrypts the cookie. `Key::generate()` is good where the sessions end with the process, as
/// with a [`MemoryStore`](crate::MemoryStore); sessions that outlive it, or that several replicas share,
/// need one key for all, kept as a secret.
///
/// ```
/// use actix_web::cookie::Key;
/// use authlib_actix::{MemoryStore, session_middleware};
///
/// let (store, key) = (MemoryStore::new(), Key::generate());
/// let sessions = session_middleware(store, key, "http://localhost:3000").build();
/// # let _ = sessions;
/// ```
pub fn session_middleware<Store: SessionStore>(
    store: Store,
    key: Key,
    base_url: &str,
) -> SessionMiddlewareBuilder<Store> {
    let cookie = SessionCookie::of(base_url);
    SessionMiddleware::builder(store, key)
        .cookie_name(cookie.name)
        .cookie_secure(cookie.secure)
        .cookie_same_site(SameSite::Lax)
        .cookie_http_only(true)
        .cookie_path("/".to_owned())
}

/// The port over an [`actix_session::Session`], which the middleware loads before the handler and
/// writes with the answer.
#[derive(Clone)]
pub(crate) struct ActixSession(actix_session::Session);

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
            let hint = "add `.wrap(authlib_actix::session_middleware(..).build())` to the app";
            return Err(login::misconfigured("the route has no session", hint));
        }
        Ok(Self(session))
    }
}

impl Session for ActixSession {
    async fn load(&self) -> Result<Option<SessionState>> {
        // What can't be read is no state of ours.
        Ok(self.0.get(SESSION_KEY).unwrap_or_default())
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        if self.0.status() == SessionStatus::Purged {
            return Err(Error::new(ErrorKind::Store, "the session was purged in this request"));
        }
        self.0.insert(SESSION_KEY, state).map_err(|cause| {
            Error::new(ErrorKind::Store, cause.to_string())
                .hint("the session does not take the state")
        })
    }

    async fn renew(&self) -> Result<()> {
        self.0.renew();
        Ok(())
    }
}

impl fmt::Debug for ActixSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActixSession")
    }
}
