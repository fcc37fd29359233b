//! The introspection endpoint (RFC 7662), with plain and signed responses (RFC 9701).

use super::client::EndpointClient;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::jose::JwkSet;
use crate::message::with_source;
use crate::oauth2::introspection::parse_introspection_response;
use crate::oauth2::jwt_introspection_response::{
    ExpectedResponse, SignedResponseError, accept_signed_response, signed_introspection_response,
    verify,
};
use crate::oauth2::revocation::token_form;
use crate::oauth2::{Introspection, TokenTypeHint};
use crate::provider_documents::Encrypted;
use crate::secret::Secret;

impl EndpointClient {
    /// The current status and metadata of `token`. Nothing is cached: each call is a round trip.
    pub(crate) async fn introspect(
        &self,
        token: &Secret,
        hint: Option<TokenTypeHint>,
    ) -> Result<Introspection> {
        let form = token_form(token, hint);
        let settings = self.settings();
        let Some(algorithm) = settings.introspection_alg else {
            let response = self.call(Endpoint::Introspection, form).await?;
            return with_source(parse_introspection_response(&response), &response);
        };
        let response =
            self.call_with(Endpoint::Introspection, form, accept_signed_response).await?;
        let expected = ExpectedResponse {
            issuers: &settings.issuers,
            audiences: &[&settings.client_id],
            algorithms: &[algorithm],
            leeway: settings.clock_skew,
            now: self.now(),
        };
        let jwt = with_source(signed_introspection_response(&response), &response)?;
        let jwt = &*self.documents().decrypted(jwt, Encrypted::Introspection)?;
        let curable = SignedResponseError::may_be_cured_by_new_keys;
        let verify = |keys: &JwkSet| verify(jwt, keys, &expected);
        self.documents().verify_with_provider_keys(jwt, curable, verify).await
    }
}
