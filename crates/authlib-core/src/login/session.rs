//! [`Session`]: the browser's session, the only trait that the framework crates implement.

use super::SessionState;
use crate::error::Result;

/// The browser's session.
///
/// An implementation stores one serde value, the [`SessionState`], under
/// [`SESSION_KEY`](crate::adapter::SESSION_KEY). Only this application may be able to read it: keep it on
/// the server, or in an encrypted cookie.
#[expect(
    async_fn_in_trait,
    reason = "the framework decides if the futures are `Send`: those of axum and Rocket are, those of \
              actix-web are not"
)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session of this library",
    note = "implement `authlib_core::login::Session` for the framework's session"
)]
pub trait Session {
    /// The current state, read from the session store if there is one; `None` if the browser has no
    /// session. State that can't be deserialised counts as `None`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) if the session can't be loaded.
    async fn load(&self) -> Result<Option<SessionState>>;

    /// Stores the state before it returns.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) if the session can't be saved.
    async fn save(&self, state: &SessionState) -> Result<()>;

    /// Gives the session a new id, so that an id that an attacker planted before the login does not work
    /// after it (session fixation). Does nothing if sessions have no id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) if the id can't be changed.
    async fn renew(&self) -> Result<()>;

    /// Removes every value of the session, those of the application too, and gives it a new id: at a logout. If the
    /// session has no other values than the state, it is enough to [`renew`](Self::renew) it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) if the session can't be cleared.
    async fn clear(&self) -> Result<()> {
        self.renew().await
    }

    /// The longest `next` of a login that a pending login has room for, in bytes. A longer one is ignored and logged.
    fn max_next(&self) -> usize {
        4096
    }

    /// The id that the browser sent, by which concurrent callbacks of one session take turns; `None` if
    /// sessions have no id, or the browser sent none.
    fn id(&self) -> Option<String> {
        None
    }
}

impl<S: Session> Session for &S {
    async fn load(&self) -> Result<Option<SessionState>> {
        (**self).load().await
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        (**self).save(state).await
    }

    async fn renew(&self) -> Result<()> {
        (**self).renew().await
    }

    async fn clear(&self) -> Result<()> {
        (**self).clear().await
    }

    fn max_next(&self) -> usize {
        (**self).max_next()
    }

    fn id(&self) -> Option<String> {
        (**self).id()
    }
}
