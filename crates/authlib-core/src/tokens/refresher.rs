//! [`Refresher`]: one refresh by the client's policy. It is given the old token and returns the new one, and
//! never uses the store.

use std::sync::Arc;

use crate::config::RefreshPolicy;
use crate::endpoint::Endpoint;
use crate::endpoints::EndpointClient;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::claims::Claims;
use crate::oauth2::jwt_bearer::JwtBearerSigner;
use crate::oauth2::{Grant, Token};

pub(super) struct Refresher(pub(super) Arc<EndpointClient>);

pub(super) struct RefreshFailure {
    pub(super) error: Error,
    /// The old token as it must be stored now, if the attempt changed it: with a rotated refresh token, or
    /// without a rejected one.
    pub(super) old: Option<Token>,
    /// Whether the refresh token was rejected for good.
    pub(super) is_final: bool,
    /// Whether the login must end, because the response was another user's or nobody's.
    pub(super) ends_login: bool,
}

impl From<Error> for RefreshFailure {
    fn from(error: Error) -> Self {
        Self { error, old: None, is_final: false, ends_login: false }
    }
}

impl Refresher {
    pub(super) async fn refresh(&self, old: Option<&Token>) -> Result<Token, RefreshFailure> {
        let endpoints = &self.0;
        match &endpoints.settings().refresh {
            RefreshPolicy::Off => {
                Err(Error::new(ErrorKind::Unauthenticated, "the access token has expired")
                    .with_hint("`refresh_with` of this client is `off`; the user must log in again")
                    .into())
            }
            RefreshPolicy::RefreshToken => {
                self.use_refresh_token(old.ok_or_else(|| self.no_token())?, None).await
            }
            RefreshPolicy::Callback(refresh) => Ok(refresh.call(old.cloned()).await?),
            RefreshPolicy::ClientCredentials => {
                Ok(endpoints.fetch_token(&Grant::client_credentials()).await?)
            }
            RefreshPolicy::Assertion(signer) => {
                Ok(endpoints.fetch_token(&self.assertion_grant(signer).await?).await?)
            }
        }
    }

    async fn assertion_grant(&self, signer: &JwtBearerSigner) -> Result<Grant> {
        let endpoint = self.0.documents().endpoint(Endpoint::Token).await?;
        let assertion = signer.sign(endpoint.as_str(), &self.0.random_secret()?, self.0.now())?;
        Ok(Grant::jwt_bearer(&assertion))
    }

    /// Whether the policy can replace `token`.
    pub(super) fn can_refresh(&self, token: &Token) -> bool {
        match &self.0.settings().refresh {
            RefreshPolicy::Off => false,
            RefreshPolicy::RefreshToken => token.refresh_token.is_some(),
            _ => true,
        }
    }

    /// Whether the provider need not be spared after this error: the next attempt sends nothing, or another
    /// refresh token.
    pub(super) fn costs_nothing(&self, error: &Error) -> bool {
        use ErrorKind::{Config, Store, Unauthenticated};
        match &self.0.settings().refresh {
            // What an application's own function sends is unknown.
            RefreshPolicy::Callback(_) => error.kind() == Store,
            RefreshPolicy::RefreshToken if is_final(error) => true,
            // The provider may report `interaction_required` to a client that has no user.
            _ if error.provider_error().is_some() => false,
            _ => matches!(error.kind(), Config | Unauthenticated | Store),
        }
    }

    pub(super) fn no_token(&self) -> Error {
        if self.0.settings().extensions.standalone {
            return Error::new(ErrorKind::Unauthenticated, "the client has no token").with_hint(
                "fetch a token or set one; if no user is needed, configure `refresh_with` to fetch it",
            );
        }
        Error::new(ErrorKind::Unauthenticated, "the user is not logged in with this client")
    }

    /// A token for one resource (RFC 8707 §2): with the refresh token of `old`, or with the grant by which the client gets
    /// every token.
    pub(super) async fn resource_token(
        &self,
        old: &Token,
        resource: &str,
    ) -> Result<Token, RefreshFailure> {
        let grant = match &self.0.settings().refresh {
            RefreshPolicy::RefreshToken if old.refresh_token.is_some() => {
                return self.use_refresh_token(old, Some(resource)).await;
            }
            RefreshPolicy::RefreshToken => {
                let check = "a token for one resource is requested with a refresh token (RFC 8707 §2.2), and there is none";
                return Err(Error::new(ErrorKind::Unauthenticated, check)
                    .with_hint("the user must log in again, at some providers with scope `offline_access`; without refresh tokens, \
                                register a client with the setting `resource`")
                    .into());
            }
            RefreshPolicy::ClientCredentials => Grant::client_credentials(),
            RefreshPolicy::Assertion(signer) => self.assertion_grant(signer).await?,
            RefreshPolicy::Off | RefreshPolicy::Callback(_) => {
                let check = "`refresh_with` of this client can't request a token for one resource";
                return Err(Error::new(ErrorKind::Unsupported, check)
                    .with_hint("set it to `refresh_token` or `client_credentials`, or register a client with the setting `resource`")
                    .into());
            }
        };
        Ok(self.0.fetch_token(&grant.resource(resource)).await?)
    }

    async fn use_refresh_token(
        &self,
        old: &Token,
        resource: Option<&str>,
    ) -> Result<Token, RefreshFailure> {
        let Some(refresh_token) = &old.refresh_token else {
            let check = "the access token has expired and there is no refresh token";
            return Err(Error::new(ErrorKind::Unauthenticated, check)
                .with_hint("the user must log in again; some providers need scope `offline_access`")
                .into());
        };
        if old.id_token.is_some() {
            // Before the refresh token is used: a response that can't be verified would be lost.
            self.0.documents().prefetch_keys().await?;
        }
        let mut grant = Grant::refresh_token(refresh_token);
        if let Some(resource) = resource {
            grant = grant.param("resource", resource);
        }
        let scope = old.scope.as_deref().unwrap_or_default();
        let mut rotated = None;
        let refreshed = async {
            // The refresh token of a public client is bound to the same key (RFC 9449 §5).
            let constraint = self.0.constraint(old.dpop_key.as_ref()).await?;
            let new = self.0.request_token(&grant, scope, &constraint).await?;
            rotated = new.refresh_token.clone().filter(|new| new != refresh_token);
            self.verify_refreshed(old, new).await
        };
        let error = match refreshed.await {
            Ok(new) => return Ok(new),
            Err(error) => error,
        };
        let with_refresh_token = |refresh_token| Token { refresh_token, ..old.clone() };
        if is_final(&error) {
            let client = &self.0.settings().name;
            let ends_login = error.kind() == ErrorKind::InvalidIdToken;
            let error = if ends_login {
                tracing::warn!(client, error = %error.report(), "refreshed ID token rejected; login ended");
                error.logged()
            } else {
                tracing::warn!(client, error = %error.report(), "refresh token rejected; deleted");
                Error::new(ErrorKind::Unauthenticated, RefreshRejected(error))
                    .with_hint("the user must log in again")
            };
            return Err(RefreshFailure {
                error,
                old: Some(with_refresh_token(None)),
                is_final: true,
                ends_login,
            });
        }
        // The access token was not verified and is not used. The refresh token is, or the next attempt fails.
        let old = rotated.map(|rotated| with_refresh_token(Some(rotated)));
        Err(RefreshFailure { old, ..error.into() })
    }

    /// The new token with the members that the response left out, which keep their values (RFC 6749 §6), and
    /// with its ID token verified (OpenID Connect Core §12.2).
    async fn verify_refreshed(&self, old: &Token, mut new: Token) -> Result<Token> {
        if new.refresh_token.is_none() {
            new.refresh_token.clone_from(&old.refresh_token);
        }
        for (name, value) in &old.extra {
            new.extra.entry(name).or_insert_with(|| value.clone());
        }
        new.resource_tokens.clone_from(&old.resource_tokens);
        new.claims.clone_from(&old.claims);
        match (&new.id_token, &old.id_token, &old.claims) {
            (Some(id_token), Some(_), Some(login)) => {
                let login = Claims::from_map(login.as_map().clone());
                let documents = self.0.documents();
                let warning = documents
                    .verify_refreshed_id_token(id_token.expose(), &new.access_token, &login)
                    .await?;
                if let Some(warning) = warning {
                    let client = &self.0.settings().name;
                    let warning =
                        Error::new(ErrorKind::InvalidIdToken, warning).report().to_string();
                    tracing::warn!(
                        client,
                        warning,
                        "refreshed ID token ignored; the login's is kept"
                    );
                    new.id_token.clone_from(&old.id_token);
                }
            }
            _ => new.id_token.clone_from(&old.id_token),
        }
        Ok(new)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the access token has expired and the provider rejected the refresh token")]
struct RefreshRejected(#[source] Error);

/// Whether another attempt with the same refresh token cannot succeed (RFC 6749 §5.2), not before the user
/// logs in again (OpenID Connect Core §3.1.2.6), or must not be made: the refreshed ID token is another user's. Missing keys for an ID token are no such reason.
fn is_final(error: &Error) -> bool {
    (error.kind() == ErrorKind::InvalidIdToken && !error.is_retryable())
        || error
            .provider_error()
            .is_some_and(|provider| provider.is_invalid_grant() || provider.needs_user())
}
