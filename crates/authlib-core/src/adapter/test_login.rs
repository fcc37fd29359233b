//! [`logged_in_as`]: a user who is logged in without a provider, for tests of handlers.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::login::{Session, SessionState, new_login};
use crate::oauth2::{Token, UserInfo};
use crate::registry::OAuth;
use crate::store::TokenRow;

/// A user for a test: who it is, and with which token.
#[derive(Clone, Debug)]
pub struct TestLogin {
    client: String,
    claims: Map<String, Value>,
    token: Token,
}

impl TestLogin {
    /// The user `sub` of the client registered under the name `client`. The access token is `test-token`.
    #[must_use]
    pub fn new(client: impl Into<String>, sub: impl Into<String>) -> Self {
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), Value::String(sub.into()));
        Self { client: client.into(), claims, token: Token::bearer("test-token") }
    }

    /// Adds a claim.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Sets the scope that was granted, space-separated.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.token.scope = Some(scope.into());
        self
    }

    /// Sets the token, without the claims.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.token = token;
        self
    }
}

/// A browser's session in memory, for tests: the framework crates use it instead of that of the request's cookies.
#[derive(Clone, Default)]
pub struct TestSession(Arc<Mutex<Option<String>>>);

impl Session for TestSession {
    async fn load(&self) -> Result<Option<SessionState>> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        let text =
            serde_json::to_string(state).map_err(|cause| Error::new(ErrorKind::Store, cause))?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        Ok(())
    }

    async fn renew(&self) -> Result<()> {
        Ok(())
    }
}

debug_fields!(TestSession {});

/// Logs a user in without a provider: stores the token, and returns the session. A token without an expiry is never
/// refreshed, so that no request leaves the test.
///
/// # Errors
///
/// Those of [`OAuth::find_client`] and of the token store.
pub async fn logged_in_as(oauth: &OAuth, login: TestLogin) -> Result<TestSession> {
    let TestLogin { client, mut claims, mut token } = login;
    let client = oauth.find_client(&client).await?;
    let issuer = client.settings().issuer.clone();
    if let Some(issuer) = &issuer {
        claims.entry("iss").or_insert_with(|| Value::String(issuer.clone()));
    }
    token.claims = Some(UserInfo::new(claims));
    let mut login = new_login(&client, &token, issuer)?;
    if let Some(chosen) = &client.settings().kept_claims {
        login.keep_without_token(&token, chosen)?;
    } else {
        let mut row = TokenRow::new(login.owner(), token);
        row.is_login = true;
        (row.issuer, row.sub) = (login.issuer.clone(), login.sub.clone());
        oauth.token_store().save(&row).await?;
    }
    let mut state = SessionState::default();
    drop(state.add_login(login));
    let session = TestSession::default();
    session.save(&state).await?;
    Ok(session)
}
