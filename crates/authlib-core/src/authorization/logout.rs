//! Logout at the provider (OpenID Connect RP-Initiated Logout 1.0).

use serde_json::Value;
use url::Url;

use super::front_channel::FrontChannel;
use super::pending::PendingLogout;
use crate::config::is_reserved_logout_param;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric_date::unix_seconds;
use crate::oidc::rp_initiated_logout::{LogoutRedirect, LogoutRequest};
use crate::params::Params;
use crate::secret::Secret;

/// The optional arguments of a logout.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LogoutOptions {
    /// Where the provider sends the browser back to: an absolute URL or a path below the registry's
    /// base URL, registered at the provider. The default is the client's `post_logout_redirect_uri`.
    pub post_logout_redirect_uri: Option<String>,
    /// `id_token_hint`: an ID token of the user. The default is that of the login.
    pub id_token_hint: Option<Secret>,
    /// `client_id`: the default is the client's.
    pub client_id: Option<String>,
    /// `logout_hint`: tells the provider which user logs out.
    pub logout_hint: Option<String>,
    /// `ui_locales`: the preferred languages of the provider's pages, space-separated, best first.
    pub ui_locales: Option<String>,
    /// The `state` that the provider repeats. The default is a new random one for each logout.
    pub state: Option<Secret>,
    /// More parameters of the logout request, beside the client's `logout_params`.
    pub params: Params,
    /// Whether the tokens are also revoked at their providers; false by default.
    pub revoke_tokens: bool,
    /// Where the browser goes after the redirect back: a path on this site; any other value becomes `/`.
    pub next: Option<String>,
    /// The application's own data, returned when the browser is back. It is kept in the session: keep it small.
    pub data: Option<Value>,
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

    option_setters! {
        /// `logout_hint`: tells the provider which user logs out, by what it knows as a login hint.
        logout_hint
        /// `ui_locales`: the preferred languages of the provider's pages, space-separated, best first.
        ui_locales
        /// `client_id`, instead of the client's. With an `id_token_hint` it must be one that the ID token was issued to.
        client_id
        /// Where the browser goes after the redirect back: a path on this site.
        /// [`validate_logout_response`](crate::adapter::LoginSession::validate_logout_response) returns it.
        next
    }

    /// Sets `id_token_hint`, instead of the ID token of the login.
    #[must_use]
    pub fn id_token_hint(mut self, id_token: impl Into<Secret>) -> Self {
        self.id_token_hint = Some(id_token.into());
        self
    }

    /// Sets the application's own data, which
    /// [`validate_logout_response`](crate::adapter::LoginSession::validate_logout_response) returns.
    #[must_use]
    pub fn data(mut self, data: impl Into<Value>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// Sets the `state` that the provider repeats, for an application that validates the redirect back
    /// itself. It must be new and unguessable, as [`random::token`](crate::random::token) makes it. It is only
    /// sent with a post-logout redirect URI.
    #[must_use]
    pub fn state(mut self, state: impl Into<Secret>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// Sets a parameter of the logout request that no standard defines. Those of OpenID Connect
    /// RP-Initiated Logout have options of their own.
    ///
    /// ```
    /// use authlib_core::LogoutOptions;
    ///
    /// // Auth0 also ends the session at the identity provider behind it.
    /// let options = LogoutOptions::new().post_logout_redirect_uri("/bye").param("federated", "");
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn param(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.params.set(name, value);
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
        if let Some((name, _)) =
            options.params.iter().find(|(name, _)| is_reserved_logout_param(name))
        {
            let check = format!("the logout itself sets parameter `{name}`");
            return Err(Error::new(ErrorKind::InvalidRequest, check)
                .with_hint("remove it, or use the field of `LogoutOptions` for it"));
        }
        if options.state.as_ref().is_some_and(Secret::is_empty) {
            let check = "the `state` of a logout is empty: it could not be matched";
            return Err(Error::new(ErrorKind::InvalidRequest, check));
        }
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
        // A provider with a parameter of its own repeats no `state`.
        let own = settings.post_logout_redirect_param.as_deref();
        let state = match (&options.state, own) {
            (Some(state), _) => Some(state.clone()),
            (None, None) => Some(self.endpoints.random_secret()?),
            (None, Some(_)) => None,
        };
        let mut extra = settings.logout_params.clone();
        for (name, value) in options.params.iter() {
            extra.set(name, value);
        }
        let url = LogoutRequest {
            endpoint: &endpoint,
            client_id: options.client_id.as_deref().unwrap_or(&settings.client_id),
            id_token_hint: options.id_token_hint.as_ref().or(id_token_hint),
            redirect: uri.as_deref().map(|uri| LogoutRedirect {
                param: own.unwrap_or("post_logout_redirect_uri"),
                uri,
                state: state.as_ref(),
            }),
            logout_hint: options.logout_hint.as_deref(),
            ui_locales: options.ui_locales.as_deref(),
            extra: &extra,
        }
        .url();
        let pending = state.filter(|_| uri.is_some()).map(|state| PendingLogout {
            client: settings.name.clone(),
            started_at: unix_seconds(self.endpoints.now()),
            next: options.next.clone(),
            data: options.data.clone(),
            state,
        });
        Ok(Some((url, pending)))
    }
}
