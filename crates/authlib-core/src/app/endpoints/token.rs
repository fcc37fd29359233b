//! Tokens by other grants than a login: [`RegisteredClient::fetch_token`].

use crate::app::RegisteredClient;
use crate::error::{Error, Result};
use crate::oauth2::token_exchange::parse_token_exchange_response;
use crate::oauth2::{ExchangedToken, Grant, Token, TokenExchange};

impl RegisteredClient {
    /// Asks for a token by any grant. It is returned and kept nowhere.
    ///
    /// The client's scope is asked for where the grant says none. An ID token that comes along is
    /// verified where the client knows its issuer (OpenID Connect Core §3.1.3.7), and dropped elsewhere
    /// and after a refresh, for which [`refresh_token`](Self::refresh_token) is better.
    ///
    /// ```no_run
    /// use authlib_core::Grant;
    ///
    /// # async fn run(oauth: authlib_core::OAuth) -> authlib_core::Result<()> {
    /// let reports = oauth.client("reports")?;
    /// let token = reports.fetch_token(Grant::client_credentials().scope("reports:read")).await?;
    /// # let _ = token;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) when the token endpoint refuses
    /// ([`provider_error`](Error::provider_error) has its words) or answers with no token,
    /// [`ErrorKind::Transport`](crate::ErrorKind::Transport) when there is no answer,
    /// [`ErrorKind::InvalidIdToken`](crate::ErrorKind::InvalidIdToken) when an ID token does not verify.
    pub async fn fetch_token(&self, grant: Grant) -> Result<Token> {
        let fetched = async {
            let metadata = self.metadata().await?;
            let mut token = self.token_request(&grant, "", metadata.as_ref()).await?;
            if grant.is_refresh() {
                // Its login's ID token, which it must agree with (Core §12.2), is not at hand here:
                // `refresh_token` has it.
                token.id_token = None;
                return Ok(token);
            }
            self.with_verified_id_token(token).await
        };
        fetched.await.map_err(|error: Error| error.with_client(self.name()))
    }

    /// Exchanges a token for another (RFC 8693 §2.1): to call a service in a user's name, or with less
    /// power. The new token is returned and kept nowhere.
    ///
    /// # Errors
    ///
    /// Those of [`fetch_token`](Self::fetch_token).
    pub async fn exchange_token(&self, exchange: &TokenExchange) -> Result<ExchangedToken> {
        let exchanged = async {
            let metadata = self.metadata().await?;
            let (response, scope) =
                self.token_response(&exchange.grant(), metadata.as_ref()).await?;
            let scope = Some(scope.as_str()).filter(|scope| !scope.is_empty());
            parse_token_exchange_response(&response, self.now(), scope)
        };
        exchanged.await.map_err(|error: Error| error.with_client(self.name()))
    }

    /// The token with the claims of its ID token, or without it.
    pub(crate) async fn with_verified_id_token(&self, mut token: Token) -> Result<Token> {
        let Some(id_token) = token.id_token.take() else {
            return Ok(token);
        };
        if self.inner.settings.issuer.is_some() && !self.client_id().is_empty() {
            let access_token = Some(&token.access_token);
            let claims = self.verified_id_token(id_token.expose(), None, access_token).await?;
            token.claims = Some(claims.into_claims());
            token.id_token = Some(id_token);
        }
        Ok(token)
    }
}
