//! What becomes of a token at the provider: [`RegisteredClient::revoke_token`] (RFC 7009) ends it,
//! [`RegisteredClient::introspect_token`] (RFC 7662) asks about it.

use std::time::Duration;

use crate::app::RegisteredClient;
use crate::app::endpoints::client::Asked;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::hooks::RequestHook;
use crate::jose::JwkSet;
use crate::oauth2::introspection::parse_introspection_response;
use crate::oauth2::jwt_introspection_response::{
    Rules, SignedResponseError, ask_signed, signed_introspection_response, verify,
};
use crate::oauth2::revocation::{parse_revocation_response, token_form};
use crate::oauth2::{Introspection, Token, TokenTypeHint};
use crate::secret::Secret;
use crate::store::TokenOwner;

/// How far the clocks of the provider and of this machine may be apart.
const LEEWAY: Duration = Duration::from_secs(60);

impl RegisteredClient {
    /// Ends the owner's token at the provider, then forgets it here. What is revoked is the refresh
    /// token, which takes its access tokens along (RFC 7009 §2.1), or the access token where there is
    /// no other.
    ///
    /// The token is forgotten **whatever the provider says**: after an error of the provider the user
    /// is without a token here, and the error tells that there it may live on. Only a future that is
    /// dropped before the provider answered leaves it stored. A refresh under way is waited for, so
    /// that what it brings is revoked as well, and none begins meanwhile.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) when there is none,
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) when the provider revokes no tokens,
    /// or none of this type, [`ErrorKind::Transport`](crate::ErrorKind::Transport) and
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) when it did not revoke it
    /// ([`retry_after`](crate::ProviderError::retry_after) tells when it may), and what the store
    /// reports.
    pub async fn revoke_token(&self, owner: &TokenOwner) -> Result<()> {
        self.revoke_and_forget(owner).await.map_err(|error| error.with_client(self.name()))
    }

    async fn revoke_and_forget(&self, owner: &TokenOwner) -> Result<()> {
        let _revoking = self.inner.refreshes.revoking(owner);
        self.settle_refresh(owner).await;
        let tokens = &self.inner.ports.tokens;
        let _lock = tokens.lock(owner).await?;
        let token = self.newest_token(owner).await?;
        let revoked = self.revoke(&token).await;
        // After the answer: a request dropped before it leaves a token that can be revoked again.
        self.inner.refreshes.forget_unsaved(owner);
        tokens.delete(owner).await?;
        revoked
    }

    /// Asks the provider what `token` is good for now; `hint` says which kind it is, where that is
    /// known. Nothing is cached: each call is a round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) when the provider has no
    /// `introspection_endpoint`, [`ErrorKind::Transport`](crate::ErrorKind::Transport) and
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) when it gives no answer that is one.
    pub async fn introspect_token(
        &self,
        token: &Secret,
        hint: Option<TokenTypeHint>,
    ) -> Result<Introspection> {
        self.introspect(token, hint).await.map_err(|error| error.with_client(self.name()))
    }

    async fn introspect(
        &self,
        token: &Secret,
        hint: Option<TokenTypeHint>,
    ) -> Result<Introspection> {
        let metadata = self.metadata().await?;
        let known = metadata.as_deref();
        let settings = &self.inner.settings;
        let document = known.and_then(|known| known.endpoints.get(Endpoint::Introspection));
        let registered = settings.endpoints.get(Endpoint::Introspection);
        let asked = Asked {
            endpoint: Endpoint::Introspection,
            url: self.endpoint("introspection_endpoint", registered, document)?,
            form: token_form(token, hint),
            own_method: settings.introspection_auth_method,
            hook: Some(RequestHook::IntrospectTokenRequest),
        };
        let Some(alg) = settings.introspection_alg else {
            return parse_introspection_response(&self.ask(asked, known).await?);
        };
        let response = self.ask_with(asked, known, ask_signed).await?;
        let issuers = self.inner.settings.issuers();
        let rules = Rules {
            issuers: &issuers,
            audiences: &[self.client_id()],
            algorithms: &[alg],
            leeway: LEEWAY,
            now: self.now(),
        };
        let answer = signed_introspection_response(&response)?;
        let curable = SignedResponseError::may_be_cured_by_new_keys;
        let verify = |keys: &JwkSet| verify(answer, keys, &rules);
        self.verify_with_provider_keys(answer, known, curable, verify).await
    }

    /// Ends a token at the provider, and does nothing here.
    pub(crate) async fn revoke(&self, token: &Token) -> Result<()> {
        let metadata = self.metadata().await?;
        let known = metadata.as_deref();
        let settings = &self.inner.settings;
        let document = known.and_then(|known| known.endpoints.get(Endpoint::Revocation));
        let registered = settings.endpoints.get(Endpoint::Revocation);
        let form = match &token.refresh_token {
            Some(refresh_token) => token_form(refresh_token, Some(TokenTypeHint::RefreshToken)),
            None => token_form(&token.access_token, Some(TokenTypeHint::AccessToken)),
        };
        let asked = Asked {
            endpoint: Endpoint::Revocation,
            url: self.endpoint("revocation_endpoint", registered, document)?,
            form,
            own_method: settings.revocation_auth_method,
            hook: Some(RequestHook::RevokeTokenRequest),
        };
        parse_revocation_response(&self.ask(asked, known).await?)
    }
}
