//! The pushed authorization request endpoint (RFC 9126).

use super::client::EndpointClient;
use super::dpop::SenderConstraint;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::message::with_source;
use crate::oauth2::metadata::ServerMetadata;
use crate::oauth2::pushed_authorization::parse_pushed_authorization_response;
use crate::params::Params;

impl EndpointClient {
    /// Whether authorization requests are pushed: if the provider offers it, unless it is switched off. What the
    /// provider or the settings require is never left out (RFC 9126 §5, §6).
    pub(crate) fn pushes_requests(&self, metadata: Option<&ServerMetadata>) -> Result<bool> {
        let settings = self.settings();
        let endpoint = Endpoint::PushedAuthorization;
        let is_offered = settings.endpoints.get(endpoint).is_some()
            || metadata.is_some_and(|metadata| metadata.endpoints.get(endpoint).is_some());
        let is_required_there =
            metadata.is_some_and(|metadata| metadata.require_pushed_authorization_requests);
        if is_required_there && !settings.uses_pushed_requests {
            let check = "the provider requires pushed authorization requests (RFC 9126 §5), which are switched off";
            return Err(Error::new(ErrorKind::Config, check)
                .with_hint("remove `use_pushed_authorization_requests`"));
        }
        let is_required = is_required_there || settings.requires_pushed_requests;
        Ok(settings.uses_pushed_requests && (is_offered || is_required))
    }

    /// Sends the parameters of an authorization request to the provider. Returns those for the browser instead,
    /// which can be used once. After a failure the request is not sent in another way.
    /// A proof of the DPoP key of `constraint` binds the code to it (RFC 9449 §10.1).
    pub(crate) async fn push_authorization_request(
        &self,
        params: Params,
        constraint: &SenderConstraint,
    ) -> Result<Params> {
        let response = self.call_bound(Endpoint::PushedAuthorization, params, constraint).await?;
        let client_id = &self.settings().client_id;
        let params = parse_pushed_authorization_response(client_id, &response);
        match with_source(params, &response) {
            Ok(params) => Ok(params),
            Err(error) => Err(self.explained(error).await),
        }
    }
}
