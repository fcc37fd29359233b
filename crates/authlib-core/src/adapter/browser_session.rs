//! [`BrowserSession`]: the logins in the framework's session, and what is pending in encrypted cookies.

use super::{CookieSession, TestSession};
use crate::error::Result;
use crate::login::{Session, SessionState};

/// The browser's session, in one or two places.
#[derive(Clone, Debug)]
pub struct BrowserSession<S>(Place<S>);

#[derive(Clone, Debug)]
enum Place<S> {
    /// Encrypted cookies alone: the application has no session store.
    Cookies(CookieSession),
    /// The framework's session alone: the application has set it up itself.
    Stored(S),
    /// The framework's session has the logins, encrypted cookies what is pending.
    Both(S, CookieSession),
    /// The session of a test, see [`logged_in_as`](super::logged_in_as).
    Test(TestSession),
}

impl<S: Session> BrowserSession<S> {
    /// The session of a request, by what its extensions have. `stored` returns the framework's session, and is called if
    /// there is no other.
    ///
    /// # Errors
    ///
    /// That of `stored`.
    pub fn of_request(
        test: Option<TestSession>,
        cookies: Option<CookieSession>,
        stored: impl FnOnce() -> Result<S>,
    ) -> Result<Self> {
        Ok(Self(match (test, cookies) {
            (Some(test), _) => Place::Test(test),
            (None, Some(cookies)) if cookies.is_whole_session() => Place::Cookies(cookies),
            (None, Some(cookies)) => Place::Both(stored()?, cookies),
            (None, None) => Place::Stored(stored()?),
        }))
    }
}

impl<S: Session> Session for BrowserSession<S> {
    async fn load(&self) -> Result<Option<SessionState>> {
        let (stored, cookies) = match &self.0 {
            Place::Cookies(cookies) => return cookies.load().await,
            Place::Stored(stored) => return stored.load().await,
            Place::Both(stored, cookies) => (stored, cookies),
            Place::Test(session) => return session.load().await,
        };
        let (pending, stored) = (cookies.load().await?, stored.load().await?);
        let is_none = pending.is_none() && stored.is_none();
        let mut state = pending.unwrap_or_default();
        state.logins = stored.unwrap_or_default().logins;
        Ok((!is_none).then_some(state))
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        let (stored, cookies) = match &self.0 {
            Place::Cookies(cookies) => return cookies.save(state).await,
            Place::Stored(stored) => return stored.save(state).await,
            Place::Both(stored, cookies) => (stored, cookies),
            Place::Test(session) => return session.save(state).await,
        };
        cookies.save(state).await?;
        // A session is created by a login, and not by what is pending: anybody could fill the store with it. And a login
        // that another tab has added meanwhile is not overwritten.
        if !state.logins_changed {
            return Ok(());
        }
        stored.save(&SessionState { logins: state.logins.clone(), ..SessionState::default() }).await
    }

    async fn renew(&self) -> Result<()> {
        match &self.0 {
            Place::Stored(stored) | Place::Both(stored, _) => stored.renew().await,
            Place::Cookies(_) | Place::Test(_) => Ok(()),
        }
    }

    async fn clear(&self) -> Result<()> {
        match &self.0 {
            Place::Stored(stored) | Place::Both(stored, _) => stored.clear().await,
            Place::Cookies(_) | Place::Test(_) => Ok(()),
        }
    }

    /// A browser without a session has at least the cookie of the login that is being finished.
    fn id(&self) -> Option<String> {
        match &self.0 {
            Place::Stored(stored) => stored.id(),
            Place::Both(stored, cookies) => stored.id().or_else(|| cookies.oldest_pending()),
            Place::Cookies(_) | Place::Test(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::adapter::SealedCookies;
    use crate::authorization::PendingLogout;
    use crate::login::Login;
    use crate::registry::OAuth;
    use crate::secret::Secret;

    /// A framework's session, with the number of reads and writes.
    #[derive(Default)]
    struct Stored {
        state: RefCell<Option<String>>,
        calls: RefCell<(u32, u32)>,
    }

    impl Session for Stored {
        async fn load(&self) -> Result<Option<SessionState>> {
            self.calls.borrow_mut().0 += 1;
            Ok(self.state.borrow().as_ref().map(|text| serde_json::from_str(text).unwrap()))
        }

        async fn save(&self, state: &SessionState) -> Result<()> {
            self.calls.borrow_mut().1 += 1;
            *self.state.borrow_mut() = Some(serde_json::to_string(state).unwrap());
            Ok(())
        }

        async fn renew(&self) -> Result<()> {
            Ok(())
        }
    }

    fn login(client: &str) -> Login {
        serde_json::from_value(serde_json::json!({ "client": client, "user": client })).unwrap()
    }

    fn session(stored: &Stored) -> BrowserSession<&Stored> {
        let oauth = OAuth::builder().base_url("http://localhost:3000").build().unwrap();
        let cookies = SealedCookies::for_pending(&oauth).of_request([]);
        BrowserSession::of_request(None, Some(cookies), || Ok(stored)).unwrap()
    }

    fn load(session: &impl Session) -> SessionState {
        session.load().now_or_never().unwrap().unwrap().unwrap_or_default()
    }

    fn save(session: &impl Session, state: &SessionState) {
        session.save(state).now_or_never().unwrap().unwrap();
    }

    #[test]
    fn pending_entry_neither_creates_nor_overwrites_a_session() {
        let stored = Stored::default();
        let slow = session(&stored);
        let mut state = load(&slow);
        let (client, state_of_logout) = ("op".to_owned(), Secret::new("s"));
        let logout =
            PendingLogout { client, state: state_of_logout, started_at: 0, next: None, data: None };
        state.logouts.push(logout);
        save(&slow, &state);
        assert_eq!(*stored.calls.borrow(), (1, 0));
        // Another tab logs in before the slow one saves again.
        let other = session(&stored);
        let mut state_of_other = load(&other);
        drop(state_of_other.add_login(login("op")));
        save(&other, &state_of_other);
        save(&slow, &state);
        assert_eq!(load(&other).logins(), [login("op")]);
        assert_eq!(*stored.calls.borrow(), (3, 1));
    }
}
