//! The token endpoint (RFC 6749 §3.2): any grant, and token exchange (RFC 8693).

use super::client::EndpointClient;
use super::dpop::SenderConstraint;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::message::{Response, with_source};
use crate::oauth2::grant::Scope;
use crate::oauth2::token_endpoint::parse_token_response;
use crate::oauth2::token_exchange::parse_token_exchange_response;
use crate::oauth2::{ExchangedToken, Grant, Token, TokenExchange, UserInfo};
use crate::provider_documents::{Encrypted, ExpectedIdToken};
use crate::secret::Secret;

impl EndpointClient {
    /// One token request. An ID token in the response is not verified yet. `granted_scope` is the scope
    /// of a grant that does not repeat it, and applies if the response has no `scope`. The token is bound by `constraint`.
    pub(crate) async fn request_token(
        &self,
        grant: &Grant,
        granted_scope: &str,
        constraint: &SenderConstraint,
    ) -> Result<Token> {
        let (response, requested) = self.call_token_endpoint(grant, constraint).await?;
        let scope = match grant.scope {
            Scope::Implied => granted_scope,
            _ => &requested,
        };
        let scope = Some(scope).filter(|scope| !scope.is_empty());
        let types = self.token_types(constraint);
        let token = parse_token_response(&response, types, self.now(), scope);
        match with_source(token, &response) {
            Ok(token) => {
                let mut token = self.with_open_id_token(token)?;
                token.dpop_key = constraint.own_key().cloned();
                Ok(token)
            }
            Err(error) => Err(self.explained(error).await),
        }
    }

    /// The token with its ID token decrypted, as it is verified, stored and used as `id_token_hint` (OpenID Connect Core
    /// §3.1.2.1).
    fn with_open_id_token(&self, mut token: Token) -> Result<Token> {
        if let Some(id_token) = token.id_token.take() {
            let opened = self.documents().decrypted(id_token.expose(), Encrypted::IdToken)?;
            token.id_token = Some(Secret::new(opened));
        }
        Ok(token)
    }

    /// A token by any grant, with a verified ID token or none.
    pub(crate) async fn fetch_token(&self, grant: &Grant) -> Result<Token> {
        let constraint = self.new_constraint().await?;
        let mut token = self.request_token(grant, "", &constraint).await?;
        if grant.is_refresh() {
            // It must agree with the ID token of the login (OpenID Connect Core §12.2), which only the
            // token manager has.
            token.id_token = None;
            return Ok(token);
        }
        self.verify_token(token).await
    }

    /// Exchanges a token for another (RFC 8693 §2.1).
    pub(crate) async fn exchange_token(&self, exchange: &TokenExchange) -> Result<ExchangedToken> {
        let constraint = self.new_constraint().await?;
        let (response, scope) = self.call_token_endpoint(&exchange.grant(), &constraint).await?;
        let scope = Some(scope.as_str()).filter(|scope| !scope.is_empty());
        let types = self.token_types(&constraint);
        let exchanged = parse_token_exchange_response(&response, types, self.now(), scope);
        let mut exchanged = with_source(exchanged, &response)?;
        exchanged.token.dpop_key = constraint.own_key().cloned();
        Ok(exchanged)
    }

    /// The token with the verified claims of its ID token. A client without an issuer or an id cannot
    /// verify one: then it is dropped.
    pub(super) async fn verify_token(&self, mut token: Token) -> Result<Token> {
        let Some(id_token) = token.id_token.take() else {
            return Ok(token);
        };
        let settings = self.settings();
        if settings.issuer.is_some() && !settings.client_id.is_empty() {
            let expected = ExpectedIdToken {
                access_token: Some(&token.access_token),
                max_age: settings.max_age,
                ..ExpectedIdToken::default()
            };
            let claims = self.documents().verify_id_token(id_token.expose(), expected).await?;
            token.claims = Some(UserInfo::new(claims.into_map()));
            token.id_token = Some(id_token);
        }
        Ok(token)
    }

    /// The response to a token request, and the scope that was requested.
    async fn call_token_endpoint(
        &self,
        grant: &Grant,
        constraint: &SenderConstraint,
    ) -> Result<(Response, String)> {
        let settings = self.settings();
        if settings.is_oauth1() {
            let check = "OAuth 1.0a has no grants, and this client has `request_token_url` set";
            return Err(Error::new(ErrorKind::Unsupported, check));
        }
        if let Some(name) = grant.reserved_param() {
            let check = format!("a grant must not set `{name}`");
            return Err(Error::new(ErrorKind::InvalidRequest, check)
                .with_hint("remove it: `client_id` and `client_secret` are added automatically"));
        }
        let (endpoint, extra) = if grant.is_refresh() {
            (Endpoint::Refresh, &settings.refresh_token_params)
        } else {
            (Endpoint::Token, &settings.access_token_params)
        };
        let mut form = grant.form(&settings.scope);
        form.extend(extra.clone());
        if !form.contains("resource") {
            let resources = settings.resources.iter();
            form.extend(resources.map(|uri| ("resource".to_owned(), uri.clone())));
        }
        let requested_scope = form.all("scope").next().unwrap_or_default().to_owned();
        Ok((self.call_bound(endpoint, form, constraint).await?, requested_scope))
    }
}
