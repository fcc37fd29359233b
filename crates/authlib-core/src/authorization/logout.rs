//! Logout at the provider (OpenID Connect RP-Initiated Logout 1.0).

use url::Url;

use super::front_channel::FrontChannel;
use super::pending::PendingLogout;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::numeric_date::unix_seconds;
use crate::oidc::rp_initiated_logout::LogoutRequest;
use crate::secret::Secret;

/// The optional arguments of a logout.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LogoutOptions {
    /// Where the provider sends the browser back to: an absolute URL or a path below the registry's
    /// base URL, registered at the provider. The default is the client's `post_logout_redirect_uri`.
    pub post_logout_redirect_uri: Option<String>,
    /// `logout_hint`: tells the provider which user logs out.
    pub logout_hint: Option<String>,
    /// `ui_locales`: the preferred languages of the provider's pages, space-separated, best first.
    pub ui_locales: Option<String>,
    /// Whether the tokens are also revoked at their providers; false by default.
    pub revoke_tokens: bool,
}

impl LogoutOptions {
    /// No options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets where the provider sends the browser back to.
    #[must_use]
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.post_logout_redirect_uri = Some(uri.into());
        self
    }

    /// Also revokes the tokens at their providers (RFC 7009), after the local logout. A revocation that
    /// fails is logged, and the user is logged out all the same. It costs one request to each provider
    /// before the browser gets its response.
    #[must_use]
    pub fn revoke_tokens(mut self) -> Self {
        self.revoke_tokens = true;
        self
    }
}

impl FrontChannel {
    /// The origins of the provider's pages: those of its authorization and its end-session endpoint.
    pub(crate) async fn page_origins(&self) -> Vec<String> {
        let mut origins = Vec::new();
        for endpoint in [Endpoint::Authorization, Endpoint::EndSession] {
            if let Ok(Some(url)) = self.endpoints.documents().find_endpoint(endpoint).await {
                origins.push(url.origin().ascii_serialization());
            }
        }
        origins.dedup();
        origins
    }

    /// The URL that ends the user's session at the provider, and the pending logout if the provider
    /// sends the browser back. `None` if the provider has no `end_session_endpoint`.
    pub(crate) async fn create_logout_url(
        &self,
        id_token_hint: Option<&Secret>,
        options: &LogoutOptions,
    ) -> Result<Option<(Url, Option<PendingLogout>)>> {
        let settings = self.settings();
        let documents = self.endpoints.documents();
        let Some(endpoint) = documents.find_endpoint(Endpoint::EndSession).await? else {
            return Ok(None);
        };
        let uri = options
            .post_logout_redirect_uri
            .as_deref()
            .or(settings.post_logout_redirect_uri.as_deref())
            .map(|text| self.absolute_url(text, "post_logout_redirect_uri"))
            .transpose()?;
        let state = self.endpoints.random_secret()?;
        let url = LogoutRequest {
            endpoint: &endpoint,
            client_id: &settings.client_id,
            id_token_hint,
            post_logout_redirect_uri: uri.as_deref().map(|uri| (uri, &state)),
            logout_hint: options.logout_hint.as_deref(),
            ui_locales: options.ui_locales.as_deref(),
        }
        .url();
        let pending = uri.is_some().then(|| PendingLogout {
            client: settings.name.clone(),
            started_at: unix_seconds(self.endpoints.now()),
            state,
        });
        Ok(Some((url, pending)))
    }
}
