//! The logged-in user for the home page, and as JSON.

use std::time::UNIX_EPOCH;

use authlib_core::login::CurrentUser;
use authlib_core::{OAuth, Result, UserInfo};
use serde_json::{Value, json};

use crate::{Account, Visitor};

impl Visitor {
    /// What the home page shows of a user.
    ///
    /// # Errors
    ///
    /// Those of the token store.
    pub async fn of(oauth: &OAuth, user: &CurrentUser) -> Result<Self> {
        let connected = oauth.connected_clients(&user_id(user)).await?;
        let accounts = oauth.clients().filter(|client| client.name() != user.client.name());
        let accounts = accounts.map(|client| Account {
            client: client.name().into(),
            label: client.display_name().into(),
            is_connected: connected.iter().any(|connected| connected.name() == client.name()),
        });
        let claims = user.userinfo().ok();
        let claim = |get: fn(&UserInfo) -> Option<&str>| claims.and_then(get).map(String::from);
        let name = claim(UserInfo::name).or_else(|| claim(UserInfo::preferred_username));
        Ok(Self {
            client: user.client.name().into(),
            label: user.client.display_name().into(),
            name: name.or_else(|| user.login.sub.clone()).unwrap_or_else(|| "stranger".into()),
            email: claim(UserInfo::email),
            sub: user.login.sub.clone(),
            expires_in: user
                .token()
                .ok()
                .and_then(|token| token.expires_at)
                .map(|at| at.duration_since(oauth.now()).unwrap_or_default().as_secs()),
            base_path: user.client.site_path("/").trim_end_matches('/').to_owned(),
            accounts: accounts.collect(),
        })
    }
}

/// The app's id of a user. An application with a users table has one there.
#[must_use]
pub fn user_id(user: &CurrentUser) -> String {
    match user.identity() {
        Some(identity) => format!("{} {}", identity.issuer, identity.subject),
        None => format!("{} {}", user.client.name(), user.login.user),
    }
}

/// The profile of a user: never a token itself.
///
/// # Errors
///
/// Those of the token store.
pub async fn profile(oauth: &OAuth, user: &CurrentUser) -> Result<Value> {
    let connected = oauth.connected_clients(&user_id(user)).await?;
    let connected: Vec<_> = connected.iter().map(|client| client.name()).collect();
    let claims = user.userinfo().map_or(Value::Null, |claims| json!(claims));
    let token = user.token().ok().map(|token| {
        let expires_at = token.expires_at.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        json!({
            "expires_at": expires_at.map(|since| since.as_secs()),
            "scope": token.scope,
            "has_refresh_token": token.refresh_token.is_some(),
        })
    });
    Ok(json!({
        "client": user.client.name(),
        "sub": user.login.sub,
        "claims": claims,
        "token": token,
        "connected": connected,
    }))
}

/// The JSON for a user who is not logged in, to be sent with the status 401.
#[must_use]
pub fn nobody() -> Value {
    json!({ "error": "not_logged_in", "error_description": "You are not logged in." })
}
