//! [`BrowserSession`]: the logins in the framework's session, and what is pending in encrypted cookies.

use super::{CookieSession, TestSession};
use crate::error::Result;
use crate::login::{Session, SessionState};

/// The browser's session, of one or two places:
///
/// - in the framework's session and encrypted cookies: the session has the logins, the cookies what is pending;
/// - in the framework's session alone: the application has set up the session itself;
/// - in encrypted cookies alone: the application has no session store.
#[derive(Clone, Debug)]
pub struct BrowserSession<S> {
    stored: Option<S>,
    cookies: Option<CookieSession>,
    test: Option<TestSession>,
}

impl<S: Session> BrowserSession<S> {
    /// The session of a request. `stored` is `None` if the cookies are the [whole
    /// session](CookieSession::is_whole_session).
    pub fn new(stored: Option<S>, cookies: Option<CookieSession>) -> Self {
        Self { stored, cookies, test: None }
    }

    /// The session of a test, see [`logged_in_as`](super::logged_in_as).
    pub fn of_test(session: TestSession) -> Self {
        Self { stored: None, cookies: None, test: Some(session) }
    }
}

impl<S: Session> Session for BrowserSession<S> {
    async fn load(&self) -> Result<Option<SessionState>> {
        if let Some(session) = &self.test {
            return session.load().await;
        }
        let pending = match &self.cookies {
            Some(cookies) => cookies.load().await?,
            None => None,
        };
        let Some(stored) = &self.stored else { return Ok(pending) };
        let stored = stored.load().await?;
        if self.cookies.is_none() {
            return Ok(stored);
        }
        if stored.is_none() && pending.is_none() {
            return Ok(None);
        }
        let mut state = pending.unwrap_or_default();
        state.logins = stored.unwrap_or_default().logins;
        Ok(Some(state))
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        if let Some(session) = &self.test {
            return session.save(state).await;
        }
        let Some(cookies) = &self.cookies else {
            return match &self.stored {
                Some(stored) => stored.save(state).await,
                None => Ok(()),
            };
        };
        cookies.save(state).await?;
        let Some(stored) = &self.stored else { return Ok(()) };
        let before = stored.load().await?.unwrap_or_default();
        // A session is created by a login, and not by what is pending: anybody could fill the store with it.
        if before.logins == state.logins {
            return Ok(());
        }
        stored.save(&SessionState { logins: state.logins.clone(), ..SessionState::default() }).await
    }

    async fn renew(&self) -> Result<()> {
        match &self.stored {
            Some(stored) => stored.renew().await,
            None => Ok(()),
        }
    }

    async fn clear(&self) -> Result<()> {
        match &self.stored {
            Some(stored) => stored.clear().await,
            None => Ok(()),
        }
    }

    /// A browser without a session has at least the cookie of the login that is being finished.
    fn id(&self) -> Option<String> {
        let stored = self.stored.as_ref()?;
        stored.id().or_else(|| self.cookies.as_ref()?.oldest_pending())
    }
}
