//! Logins of [`SessionInMemory`]s with an embedded provider, all in the process of the test.

use std::sync::Mutex;

use authlib_core::adapter::{LoginCallback, RequestContext};
use authlib_core::login::{LoginResult, Session, SessionState, authorize_redirect};
use authlib_core::{AuthorizeOptions, ClientConfig, OAuth, OAuthBuilder, Result};
use authlib_provider::{Provider, TestClient, TestUser};

const ISSUER: &str = "https://op.example";
const SECRET: &str = "secret-of-the-client-32-bytes-lo";
const CALLBACK: &str = "/authorize/op";

/// The session of a browser.
#[derive(Debug, Default)]
pub struct SessionInMemory(Mutex<Option<String>>);

impl Session for SessionInMemory {
    async fn load(&self) -> Result<Option<SessionState>> {
        let text = self.0.lock().unwrap();
        Ok(text.as_ref().map(|text| serde_json::from_str(text).unwrap()))
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        *self.0.lock().unwrap() = Some(serde_json::to_string(state).unwrap());
        Ok(())
    }

    async fn renew(&self) -> Result<()> {
        Ok(())
    }
}

/// A provider with these users and the client of [`registry`].
#[must_use]
pub fn provider(users: &[String]) -> Provider {
    let client = TestClient::confidential("app", SECRET);
    let provider = Provider::builder(ISSUER)
        .client(client.redirect_uri(format!("https://app.example{CALLBACK}")))
        // In a debug build, an RSA signature takes longer than the rest of a login.
        .signing_alg("ES256");
    users.iter().fold(provider, |provider, user| provider.user(TestUser::new(user))).build()
}

/// A registry with the client `op`, which is registered at the [`provider`].
pub fn registry(provider: &Provider) -> OAuthBuilder {
    let client = ClientConfig::new("op").client_id("app").client_secret(SECRET).issuer(ISSUER);
    OAuth::builder()
        .base_url("https://app.example")
        .register(client.scope("openid"))
        .http_client(provider.clone())
}

/// A user logs in in this browser.
///
/// # Panics
///
/// If the login fails.
pub async fn log_in(
    oauth: &OAuth,
    provider: &Provider,
    browser: &SessionInMemory,
    user: &str,
) -> LoginResult {
    let client = oauth.client("op").unwrap();
    let options = AuthorizeOptions::from(CALLBACK);
    let url = authorize_redirect(&client, browser, options, None).await.unwrap();
    let back = provider.approve(url.as_str(), user).unwrap();
    let request = RequestContext::new("GET".parse().unwrap(), CALLBACK, back.query(), |_| None);
    let callback = LoginCallback::read(client, browser, &request, b"").await.unwrap();
    callback.log_in().await.unwrap()
}
