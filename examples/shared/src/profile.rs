//! The logged-in user for the home page, and as JSON.

use authlib_core::UserInfo;
use authlib_core::login::CurrentUser;
use serde_json::{Value, json};

use crate::Visitor;

impl Visitor {
    /// What the home page shows of a user.
    #[must_use]
    pub fn of(user: &CurrentUser) -> Self {
        let claims = user.userinfo().ok();
        let claim = |get: fn(&UserInfo) -> Option<&str>| claims.and_then(get).map(String::from);
        let name = claim(UserInfo::name).or_else(|| claim(UserInfo::preferred_username));
        Self {
            client: user.client.name().into(),
            label: user.client.display_name().into(),
            name: name.or_else(|| user.login.sub.clone()).unwrap_or_else(|| "stranger".into()),
            email: claim(UserInfo::email),
            sub: user.login.sub.clone(),
            base_path: user.client.site_path("/").trim_end_matches('/').to_owned(),
        }
    }
}

/// The profile of a user: never a token itself.
#[must_use]
pub fn profile(user: &CurrentUser) -> Value {
    let claims = user.userinfo().map_or(Value::Null, |claims| json!(claims));
    let expires_at = user
        .token
        .expires_at
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok().map(|since| since.as_secs()));
    json!({
        "client": user.client.name(),
        "sub": user.login.sub,
        "claims": claims,
        "token": {
            "expires_at": expires_at,
            "scope": user.token.scope,
            "has_refresh_token": user.token.refresh_token.is_some(),
        },
    })
}

/// The JSON for a user who is not logged in, to be sent with the status 401.
#[must_use]
pub fn nobody() -> Value {
    json!({ "error": "not_logged_in", "error_description": "You are not logged in." })
}
