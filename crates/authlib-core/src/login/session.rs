//! [`Session`]: the port to the browser's session, the one call that goes upward.

use super::SessionState;
use crate::error::Result;

/// The key under which the [`SessionState`] stands in the framework's session.
pub const SESSION_KEY: &str = "authlib";

/// The browser's session, as the framework crates hand it in.
///
/// An implementation keeps one serde value, the [`SessionState`], under [`SESSION_KEY`]. It must not be
/// readable by anybody but this application: server-side, or in an encrypted cookie.
#[expect(
    async_fn_in_trait,
    reason = "whether the futures are `Send` is the framework's to say: axum's and Rocket's are, \
              actix-web's are not"
)]
pub trait Session {
    /// The state of this session as the store has it now, where there is a store; nothing where there
    /// is no session yet. A state that can't be read is none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) when the session can't be asked at all.
    async fn load(&self) -> Result<Option<SessionState>>;

    /// Keeps the state, before anything that follows happens.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) when it can't be kept.
    async fn save(&self, state: &SessionState) -> Result<()>;

    /// Gives the session a new id, so that one which somebody planted before the login is of no use
    /// after it (session fixation). Where sessions have no id, nothing needs to happen.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) when it can't be renewed.
    async fn renew(&self) -> Result<()>;
}
