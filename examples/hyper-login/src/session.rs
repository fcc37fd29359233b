//! [`BrowserSession`]: a cookie with a random id, and a map. An integration uses the sessions of its framework.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use authlib_core::adapter::SessionCookie;
use authlib_core::login::{Session, SessionState};
use authlib_core::{Error, ErrorKind, OAuth, Result};
use http::{HeaderMap, HeaderValue, header};

/// All sessions of this process: serialised states by id. A real session store lets sessions expire.
#[derive(Clone)]
pub(crate) struct Sessions {
    states: Arc<Mutex<HashMap<String, String>>>,
    cookie: SessionCookie,
}

impl Sessions {
    pub(crate) fn new(oauth: &OAuth) -> Self {
        Self { states: Arc::default(), cookie: SessionCookie::of(oauth) }
    }

    /// The session of a request. An id that is not in the map counts as none: browsers never choose the id of a
    /// session (session fixation).
    pub(crate) fn of(&self, headers: &HeaderMap) -> BrowserSession {
        let cookies =
            headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let sent = cookies
            .flat_map(|cookies| cookies.split("; "))
            .find_map(|pair| pair.strip_prefix(&self.cookie.name)?.strip_prefix('='))
            .filter(|id| lock(&self.states).contains_key(*id))
            .map(str::to_owned);
        BrowserSession { sessions: self.clone(), current: Arc::new(Mutex::new(sent.clone())), sent }
    }
}

/// The session of one request; all clones are the same session.
#[derive(Clone)]
pub(crate) struct BrowserSession {
    sessions: Sessions,
    /// The id that the browser sent.
    sent: Option<String>,
    /// The id after the request.
    current: Arc<Mutex<Option<String>>>,
}

impl BrowserSession {
    /// Adds the cookie to a response. To that of a failed request too: a failed callback also ends its pending login.
    pub(crate) fn finish(&self, headers: &mut HeaderMap) {
        let current = lock(&self.current);
        let Some(id) = current.as_ref().filter(|_| *current != self.sent) else { return };
        let (name, path) = (&self.sessions.cookie.name, &self.sessions.cookie.path);
        let secure = if self.sessions.cookie.secure { "; Secure" } else { "" };
        let cookie = format!("{name}={id}; HttpOnly; SameSite=Lax; Path={path}{secure}");
        headers.extend(HeaderValue::try_from(cookie).map(|cookie| (header::SET_COOKIE, cookie)));
    }
}

impl Session for BrowserSession {
    /// Reads the store each time, because another request of the same browser may have changed it.
    async fn load(&self) -> Result<Option<SessionState>> {
        let id = lock(&self.current).clone().unwrap_or_default();
        Ok(lock(&self.sessions.states).get(&id).and_then(|state| serde_json::from_str(state).ok()))
    }

    /// An id that another request of the same browser has renewed meanwhile is not revived.
    async fn save(&self, state: &SessionState) -> Result<()> {
        let state = serde_json::to_string(state).map_err(|e| Error::new(ErrorKind::Store, e))?;
        let (new, mut states) = (new_id()?, lock(&self.sessions.states));
        let mut current = lock(&self.current);
        let id = current.take().filter(|id| states.contains_key(id)).unwrap_or(new);
        states.insert(current.insert(id).clone(), state);
        Ok(())
    }

    async fn renew(&self) -> Result<()> {
        let new = new_id()?;
        let Some(old) = lock(&self.current).replace(new.clone()) else { return Ok(()) };
        let mut states = lock(&self.sessions.states);
        if let Some(state) = states.remove(&old) {
            states.insert(new, state);
        }
        Ok(())
    }

    fn id(&self) -> Option<String> {
        self.sent.clone()
    }
}

fn new_id() -> Result<String> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::Internal, "the random source failed"))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
