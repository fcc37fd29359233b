//! [`CurrentUser`]: the user who is logged in in this browser, and their [`Identity`].

use super::kept::Kept;
use super::policy::{record_use, revalidated};
use super::session_state::TokenPlace;
use super::{Login, Session};
use crate::config::no_token_kept;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::{Token, UserInfo, no_userinfo};
use crate::registry::{OAuth, RegisteredClient};
use crate::store::TokenOwner;

/// The user who is logged in in this browser, by the newest login.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CurrentUser {
    /// The client that the user logged in with.
    pub client: RegisteredClient,
    /// The login, as stored in the session.
    pub login: Login,
    pub(super) token: Option<Token>,
}

/// Who a user is: the key for your users table.
///
/// Never use a user name or e-mail address as the key: both can be reassigned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Identity {
    /// The issuer, or the client's name if the provider has no issuer (plain OAuth 2.0, OAuth 1.0a).
    pub issuer: String,
    /// The subject, unique at this issuer and never reassigned (OpenID Connect Core §2).
    pub subject: String,
}

impl Identity {
    /// The identity of this issuer and subject, as the application stored them.
    #[must_use]
    pub fn new(issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        Self { issuer: issuer.into(), subject: subject.into() }
    }
}

impl Login {
    /// Who logged in; `None` if the provider did not identify the user.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let issuer = self.issuer.as_ref().unwrap_or(&self.client).clone();
        Some(Identity { issuer, subject: self.sub.clone()? })
    }
}

impl CurrentUser {
    /// Who the user is; `None` if the provider did not identify the user.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.login.identity()
    }

    /// The verified claims of the login; if its token is not kept, those of
    /// [`keep_claims`](crate::ClientConfig::keep_claims).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if the provider did not identify the user.
    pub fn userinfo(&self) -> Result<&UserInfo> {
        match &self.token {
            Some(token) => token.userinfo(),
            None => self.kept().and_then(|kept| kept.claims.as_ref()).ok_or_else(no_userinfo),
        }
    }

    /// The application's id of the user, which it passed to
    /// [`log_in_as`](crate::adapter::LoginCallback::log_in_as) or
    /// [`record_as`](crate::adapter::LoginCallback::record_as); `None` after [`log_in`](crate::adapter::LoginCallback::log_in).
    ///
    /// ```
    /// # fn id(user: &authlib_core::login::CurrentUser) -> Option<u64> {
    /// user.user_id()?.parse().ok()
    /// # }
    /// ```
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        // Otherwise `user` is the random id of the login.
        self.login.id.as_ref().map(|_| self.login.user.as_str())
    }

    /// The stored token, which may have expired: [`RegisteredClient::active_token`] refreshes it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the login keeps no token ([`keep_token`](crate::ClientConfig::keep_token)).
    pub fn token(&self) -> Result<&Token> {
        self.token.as_ref().ok_or_else(|| no_token_kept().with_client(self.client.name()))
    }

    /// As [`token`](Self::token).
    ///
    /// # Errors
    ///
    /// Those of [`token`](Self::token).
    pub fn into_token(self) -> Result<Token> {
        let Self { client, token, .. } = self;
        token.ok_or_else(|| no_token_kept().with_client(client.name()))
    }

    /// The scope that was granted, space-separated, also if the token is not kept.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        match &self.token {
            Some(token) => token.scope.as_deref(),
            None => self.kept()?.scope.as_deref(),
        }
    }

    fn kept(&self) -> Option<&Kept> {
        self.login.kept.as_deref()
    }

    /// The key of the token in the token store, if it is kept.
    #[must_use]
    pub fn owner(&self) -> TokenOwner {
        self.login.owner()
    }
}

/// The user who is logged in in this browser: the newest login whose client exists and whose
/// token is in the token store or not kept. `None` if there is none.
///
/// # Errors
///
/// Those of the session, of the token store and of [`OAuth::find_client`], except that an unknown client is no error.
pub async fn current_user(oauth: &OAuth, session: &impl Session) -> Result<Option<CurrentUser>> {
    let state = session.load().await?.unwrap_or_default();
    for login in state.logins().iter().rev() {
        let client = match oauth.find_client(&login.client).await {
            Ok(client) => client,
            Err(error) if error.kind() == ErrorKind::UnknownClient => {
                tracing::info!(
                    client = login.client,
                    "login ignored: there is no such client any more"
                );
                continue;
            }
            // Nobody knows whether the user is logged in.
            Err(error) => return Err(error),
        };
        if let Some(user) = user_of(client, session, login).await? {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

/// The user who is logged in with `client` in this browser.
///
/// # Errors
///
/// Those of the session and the token store.
pub async fn client_user(
    client: &RegisteredClient,
    session: &impl Session,
) -> Result<Option<CurrentUser>> {
    let state = session.load().await?.unwrap_or_default();
    match state.login(client.name()) {
        Some(login) => user_of(client.clone(), session, login).await,
        None => Ok(None),
    }
}

/// The user of a login: the only place that decides if a login is in effect.
async fn user_of(
    client: RegisteredClient,
    session: &impl Session,
    login: &Login,
) -> Result<Option<CurrentUser>> {
    if let Some(reason) = login.ended_by(client.login_policy(), client.now()) {
        tracing::info!(client = login.client, reason, "login ended");
        return Ok(None);
    }
    if login.is_over(&client).await? {
        tracing::info!(client = login.client, "login ignored: it was ended");
        return Ok(None);
    }
    if login.place == TokenPlace::Nowhere {
        if login.is_to_be_revalidated(&client) {
            tracing::info!(
                client = login.client,
                "login ended: it is to be revalidated, and keeps no token"
            );
            return Ok(None);
        }
        record_use(&client, session, login).await;
        return Ok(Some(CurrentUser { client, login: login.clone(), token: None }));
    }
    let token = client.tokens().find_token(&login.owner()).await?;
    let Some(token) = token else {
        tracing::info!(
            client = login.client,
            "login ignored: its token is not in the token store (it was deleted, or was in memory before a restart)"
        );
        return Ok(None);
    };
    let Some(token) = revalidated(&client, login, token).await? else { return Ok(None) };
    record_use(&client, session, login).await;
    Ok(Some(CurrentUser { client, login: login.clone(), token: Some(token) }))
}

/// As [`current_user`], for a user who must be logged in.
///
/// # Errors
///
/// [`ErrorKind::Unauthenticated`] if the user is not logged in, and those of the session and the token
/// store.
pub async fn require_user(oauth: &OAuth, session: &impl Session) -> Result<CurrentUser> {
    current_user(oauth, session).await?.ok_or_else(|| {
        Error::new(ErrorKind::Unauthenticated, "the user is not logged in in this browser")
    })
}

/// This browser's login with `client`. The session alone does not prove a login: it may be an old copy of a
/// cookie, or the login has been ended.
///
/// # Errors
///
/// [`ErrorKind::Unauthenticated`] if the user is not logged in with it, and those of the session and the token
/// store.
pub async fn current_login(client: &RegisteredClient, session: &impl Session) -> Result<Login> {
    let user = client_user(client, session).await?;
    user.map(|user| user.login).ok_or_else(|| {
        Error::new(ErrorKind::Unauthenticated, "the user is not logged in with this client")
            .with_client(client.name())
    })
}
