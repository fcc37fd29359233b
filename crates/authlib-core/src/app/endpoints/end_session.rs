//! Logout at the provider: [`RegisteredClient::create_logout_url`] (OpenID Connect RP-Initiated Logout 1.0).

use url::Url;

use crate::app::{PendingLogout, RegisteredClient};
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::numeric_date::unix_seconds;
use crate::oidc::rp_initiated_logout::LogoutRequest;
use crate::secret::Secret;

/// The optional arguments of a logout.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LogoutOptions {
    /// Where the provider sends the browser back to: an absolute URL or a path under the registry's
    /// base URL, known to the provider; by default what is registered.
    pub post_logout_redirect_uri: Option<String>,
    /// Who logs out, in the provider's words.
    pub logout_hint: Option<String>,
    /// The languages of the provider's pages, blank-separated, best first.
    pub ui_locales: Option<String>,
    /// Whether the tokens are revoked at their providers as well: no by default.
    pub revoke_tokens: bool,
}

impl LogoutOptions {
    /// No options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the provider sends the browser back to.
    #[must_use]
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.post_logout_redirect_uri = Some(uri.into());
        self
    }

    /// Revokes the tokens at their providers as well (RFC 7009), after the local logout and without
    /// being able to keep it from happening: a provider that revokes nothing, or is away, is a line in
    /// the log. It costs each provider a round trip before the browser gets its answer.
    #[must_use]
    pub fn revoke_tokens(mut self) -> Self {
        self.revoke_tokens = true;
        self
    }
}

impl RegisteredClient {
    /// The URL that ends the user's session at the provider, and, where it comes back from there, the
    /// record that its return is held against. Nothing when the provider has no
    /// `end_session_endpoint`: there the local logout is all there is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the return URI can't be resolved,
    /// [`ErrorKind::Transport`](crate::ErrorKind::Transport) and
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) when the metadata can't be had.
    pub async fn create_logout_url(
        &self,
        id_token_hint: Option<&Secret>,
        options: &LogoutOptions,
    ) -> Result<Option<(Url, Option<PendingLogout>)>> {
        let settings = &self.inner.settings;
        let metadata = self.metadata().await?;
        let endpoint = settings.endpoints.get(Endpoint::EndSession).or_else(|| {
            metadata.as_ref().and_then(|known| known.endpoints.get(Endpoint::EndSession))
        });
        let Some(endpoint) = endpoint else {
            return Ok(None);
        };
        let uri = options
            .post_logout_redirect_uri
            .as_deref()
            .or(settings.post_logout_redirect_uri.as_deref())
            .map(|text| self.absolute(text, "the post-logout redirect URI"))
            .transpose()
            .map_err(|error| error.with_client(self.name()))?;
        let state = self.unguessable()?;
        let request = LogoutRequest {
            endpoint,
            client_id: self.client_id(),
            id_token_hint,
            post_logout_redirect_uri: uri.as_deref().map(|uri| (uri, &state)),
            logout_hint: options.logout_hint.as_deref(),
            ui_locales: options.ui_locales.as_deref(),
        };
        let url = request.url();
        let pending = uri.is_some().then(|| PendingLogout {
            client: self.name().to_owned(),
            started_at: unix_seconds(self.now()),
            state,
        });
        Ok(Some((url, pending)))
    }
}
