//! The verification of authorization responses that are JWTs (JARM) with the provider's keys.

use super::decryption::Encrypted;
use super::documents::ProviderDocuments;
use crate::error::{Error, ErrorKind, Result, clipped};
use crate::jose::Algorithm;
use crate::oauth2::jwt_authorization_response::{self, ExpectedJwt, JwtResponseError};
use crate::oauth2::metadata::ServerMetadata;
use crate::params::Params;

impl ProviderDocuments {
    /// The parameters in the JWT of an authorization response (JARM §2.4).
    pub(crate) async fn verify_authorization_response(&self, jwt: &str) -> Result<Params> {
        let jwt = &*self.decrypted(jwt, Encrypted::AuthorizationResponse)?;
        let metadata = self.metadata().await?;
        let algorithms = self.authorization_algorithms(metadata.as_deref())?;
        let expected = ExpectedJwt {
            issuers: &self.settings.issuers,
            client_id: &self.settings.client_id,
            algorithms: &algorithms,
            leeway: self.settings.clock_skew,
            now: self.clock.now(),
        };
        let curable = JwtResponseError::may_be_cured_by_new_keys;
        self.verify_with_provider_keys(jwt, curable, |keys| {
            jwt_authorization_response::verify(jwt, keys, &expected)
        })
        .await
    }

    /// The algorithms that may sign a response: the configured one; otherwise the public-key ones of the metadata;
    /// otherwise RS256 (JARM §3).
    fn authorization_algorithms(
        &self,
        metadata: Option<&ServerMetadata>,
    ) -> Result<Vec<Algorithm>> {
        if let Some(algorithm) = self.settings.authorization_alg {
            return Ok(vec![algorithm]);
        }
        let listed = metadata.and_then(|m| m.authorization_signing_alg_values_supported.as_ref());
        let Some(listed) = listed else { return Ok(vec![Algorithm::Rs256]) };
        let usable: Vec<_> = listed
            .iter()
            .filter_map(|name| Algorithm::from_name(name))
            .filter(|algorithm| !algorithm.is_symmetric())
            .collect();
        if usable.is_empty() {
            let check = format!(
                "the provider's `authorization_signing_alg_values_supported` ({}) has no supported public-key \
                 algorithm",
                clipped(&listed.join(", "))
            );
            return Err(Error::new(ErrorKind::InvalidResponse, check)
                .with_hint("set `authorization_signed_response_alg` if the document is wrong"));
        }
        Ok(usable)
    }
}
