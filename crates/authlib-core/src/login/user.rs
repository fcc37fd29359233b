//! [`CurrentUser`]: who is logged in in this browser.

use super::{Login, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::oidc::UserInfo;
use crate::registry::{OAuth, RegisteredClient};
use crate::store::TokenOwner;

/// Who is logged in in this browser, with the client of the newest login.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CurrentUser {
    /// The client that the user logged in with.
    pub client: RegisteredClient,
    /// The login, as the session remembers it.
    pub login: Login,
    /// The stored token as it is, perhaps expired: [`RegisteredClient::active_token`] renews it.
    pub token: Token,
}

impl CurrentUser {
    /// Who it is, by the verified claims of the login.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] when the provider did not say.
    pub fn userinfo(&self) -> Result<UserInfo> {
        self.token.userinfo()
    }

    /// Under whom the token is kept.
    #[must_use]
    pub fn owner(&self) -> TokenOwner {
        self.login.owner()
    }
}

/// Who is logged in in this browser: the newest login whose client is still registered and whose token
/// is still in the store.
///
/// # Errors
///
/// [`ErrorKind::Unauthenticated`] when nobody is, and what the session and the token store report.
pub async fn current_user(oauth: &OAuth, session: &impl Session) -> Result<CurrentUser> {
    find_user(oauth, session).await?.ok_or_else(|| {
        Error::new(ErrorKind::Unauthenticated, "nobody is logged in in this browser")
    })
}

/// As [`current_user`]; nothing when nobody is logged in.
///
/// # Errors
///
/// What the session and the token store report.
pub async fn find_user(oauth: &OAuth, session: &impl Session) -> Result<Option<CurrentUser>> {
    let state = session.load().await?.unwrap_or_default();
    for login in state.logins().iter().rev() {
        let Ok(client) = oauth.client(&login.client) else { continue };
        if let Some(token) = oauth.token_store().load(&login.owner()).await? {
            return Ok(Some(CurrentUser { client, login: login.clone(), token }));
        }
    }
    Ok(None)
}
