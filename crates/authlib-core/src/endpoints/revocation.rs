//! The revocation endpoint (RFC 7009).

use super::client::EndpointClient;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::message::with_source;
use crate::oauth2::revocation::{parse_revocation_response, token_form};
use crate::oauth2::{Token, TokenTypeHint};

impl EndpointClient {
    /// Revokes a token at the provider: the refresh token, which ends its access tokens too (RFC 7009
    /// §2.1), or the access token if there is no other.
    pub(crate) async fn revoke(&self, token: &Token) -> Result<()> {
        let form = match &token.refresh_token {
            Some(refresh_token) => token_form(refresh_token, Some(TokenTypeHint::RefreshToken)),
            None => token_form(&token.access_token, Some(TokenTypeHint::AccessToken)),
        };
        let response = self.call(Endpoint::Revocation, form).await?;
        with_source(parse_revocation_response(&response), &response)
    }
}
