//! What becomes of a token at the provider: [`RemoteApp::revoke_token`] (RFC 7009) ends it,
//! [`RemoteApp::introspect_token`] (RFC 7662) asks about it.

use url::Url;

use super::RemoteApp;
use crate::error::{Error, ErrorKind, Result};
use crate::message::Response;
use crate::oauth2::introspection::introspection_answer;
use crate::oauth2::metadata::ServerMetadata;
use crate::oauth2::revocation::{revocation_answer, token_form};
use crate::oauth2::token::token_request;
use crate::oauth2::{AuthMethod, Introspection, Token, TokenTypeHint};
use crate::params::Params;
use crate::secret::Secret;
use crate::store::TokenOwner;

/// One of the endpoints that take a token: what is registered, and what the document says of it.
struct TokenEndpoint<'a> {
    name: &'static str,
    what: &'static str,
    registered: Option<&'a Url>,
    document: Option<&'a Url>,
    methods: Option<&'a [String]>,
}

impl RemoteApp {
    /// Ends the owner's token at the provider, then forgets it here. What is revoked is the refresh
    /// token, which takes its access tokens along (RFC 7009 §2.1), or the access token where there is
    /// no other.
    ///
    /// The token is forgotten **whatever the provider says**: after an error of the provider the user
    /// is without a token here, and the error tells that there it may live on. Only a future that is
    /// dropped before the provider answered leaves it stored. A refresh under way is waited for, so
    /// that what it brings is revoked as well.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoToken`] when there is none, [`ErrorKind::Unsupported`] when the provider revokes
    /// no tokens, or none of this type, [`ErrorKind::Transport`] and [`ErrorKind::BadAnswer`] when it
    /// did not revoke it ([`retry_after`](crate::ProviderError::retry_after) tells when it may), and
    /// what the store reports.
    pub async fn revoke_token(&self, owner: &TokenOwner) -> Result<()> {
        self.revoke_and_forget(owner).await.map_err(|error| error.for_client(self.name()))
    }

    async fn revoke_and_forget(&self, owner: &TokenOwner) -> Result<()> {
        self.settle_refresh(owner).await;
        let tokens = &self.inner.ports.tokens;
        let _lock = tokens.lock(owner).await?;
        let token = self.stored_token(owner).await?;
        let revoked = self.revoke(&token).await;
        // After the answer: a request dropped before it leaves a token that can be revoked again.
        tokens.delete(owner).await?;
        revoked
    }

    /// Asks the provider what `token` is good for now; `hint` says which kind it is, where that is
    /// known. Nothing is cached: each call is a round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] when the provider has no `introspection_endpoint`,
    /// [`ErrorKind::Transport`] and [`ErrorKind::BadAnswer`] when it gives no answer that is one.
    pub async fn introspect_token(
        &self,
        token: &Secret,
        hint: Option<TokenTypeHint>,
    ) -> Result<Introspection> {
        self.introspect(token, hint).await.map_err(|error| error.for_client(self.name()))
    }

    async fn introspect(
        &self,
        token: &Secret,
        hint: Option<TokenTypeHint>,
    ) -> Result<Introspection> {
        let metadata = self.metadata().await?;
        let known = metadata.as_deref();
        let endpoint = TokenEndpoint {
            name: "introspection_endpoint",
            what: "the introspection request",
            registered: self.inner.settings.endpoints.introspection.as_ref(),
            document: known.and_then(|known| known.introspection_endpoint.as_ref()),
            methods: known
                .and_then(|known| known.introspection_endpoint_auth_methods_supported.as_deref()),
        };
        introspection_answer(&self.ask(&endpoint, token_form(token, hint), known).await?)
    }

    /// Ends a token at the provider, and does nothing here.
    pub(crate) async fn revoke(&self, token: &Token) -> Result<()> {
        let metadata = self.metadata().await?;
        let known = metadata.as_deref();
        let endpoint = TokenEndpoint {
            name: "revocation_endpoint",
            what: "the revocation request",
            registered: self.inner.settings.endpoints.revocation.as_ref(),
            document: known.and_then(|known| known.revocation_endpoint.as_ref()),
            methods: known
                .and_then(|known| known.revocation_endpoint_auth_methods_supported.as_deref()),
        };
        let form = match &token.refresh_token {
            Some(refresh_token) => token_form(refresh_token, Some(TokenTypeHint::RefreshToken)),
            None => token_form(&token.access_token, Some(TokenTypeHint::AccessToken)),
        };
        revocation_answer(&self.ask(&endpoint, form, known).await?)
    }

    /// One request with this client's authentication, which is that of the token endpoint (RFC 7009
    /// §2.1) unless the document has another for this one.
    async fn ask(
        &self,
        endpoint: &TokenEndpoint<'_>,
        form: Params,
        metadata: Option<&ServerMetadata>,
    ) -> Result<Response> {
        let url = self.endpoint(endpoint.name, endpoint.registered, endpoint.document)?;
        let method = self.method_at(endpoint, metadata)?;
        let credentials = self.credentials(method, &url, metadata)?;
        let request = token_request(&url, form, &credentials);
        self.inner.driver.send(endpoint.what, request).await
    }

    fn method_at(
        &self,
        endpoint: &TokenEndpoint<'_>,
        metadata: Option<&ServerMetadata>,
    ) -> Result<AuthMethod> {
        let settings = &self.inner.settings;
        let choose = |supported: Option<&[String]>| {
            AuthMethod::choose(settings.auth_method, settings.held(), supported)
        };
        let usual = choose(
            metadata.and_then(|known| known.token_endpoint_auth_methods_supported.as_deref()),
        )?;
        match endpoint.methods {
            Some(own) if !own.iter().any(|name| name == usual.name()) => {
                choose(Some(own)).map_err(|_| {
                    let check = format!(
                        "the provider's `{}_auth_methods_supported` ({}) names no method that fits a \
                         client secret",
                        endpoint.name,
                        own.join(", ")
                    );
                    Error::new(ErrorKind::Unsupported, check)
                        .hint("set `token_endpoint_auth_method` if the document is wrong")
                })
            }
            _ => Ok(usual),
        }
    }
}
