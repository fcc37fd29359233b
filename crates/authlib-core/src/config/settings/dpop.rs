//! [`DpopSettings`]: the keys of DPoP proofs, validated.

use std::sync::Arc;

use super::validator::Validator;
use crate::config::{ClientConfig, Dpop};
use crate::jose::{Algorithm, SigningKey};
use crate::oauth2::TokenLocation;
use crate::oauth2::dpop::DpopKey;
use crate::random::{Random as _, SystemRandom};
use crate::signer::{LocalKey, Signer};

/// How the client's tokens are bound to a key (RFC 9449).
#[derive(Debug)]
pub(crate) struct DpopSettings {
    pub(crate) keys: DpopKeys,
    /// By default the key's first that the provider supports.
    pub(crate) alg: Option<Algorithm>,
    /// Whether a bearer token is refused (`dpop_bound_access_tokens`, RFC 9449 §5.2).
    pub(crate) is_required: bool,
}

#[derive(Debug)]
pub(crate) enum DpopKeys {
    Client(Arc<dyn Signer>),
    /// A new key for each login.
    Login,
}

impl ClientConfig {
    pub(super) fn dpop_settings(&self, check: &mut Validator) -> Option<DpopSettings> {
        let has_key = self.dpop_key.is_some() || self.extensions.dpop_signer.is_some();
        let implied = || match (has_key, self.dpop_bound_access_tokens) {
            (true, _) => Dpop::Client,
            (false, Some(true)) => Dpop::Login,
            (false, _) => Dpop::Off,
        };
        let dpop = self.dpop.unwrap_or_else(implied);
        if dpop == Dpop::Off {
            let settings = [
                ("dpop_key", self.dpop_key.is_some()),
                ("dpop_signing_alg", self.dpop_signing_alg.is_some()),
                ("dpop_bound_access_tokens", self.dpop_bound_access_tokens == Some(true)),
            ];
            check.unused(&settings, "is not used: `dpop` is off");
            return None;
        }
        if self.is_oauth1() {
            check.problem("dpop", "is not used by OAuth 1.0a");
        }
        if dpop == Dpop::Login && has_key {
            check.problem("dpop_key", "is not used: `dpop` is `login`, a new key for each login");
        }
        if !matches!(self.token_location, None | Some(TokenLocation::Header)) {
            let problem = "must be `header`: a DPoP token is sent nowhere else (RFC 9449 §7.1)";
            check.problem("token_location", problem);
        }
        let keys = match dpop {
            Dpop::Client => DpopKeys::Client(self.client_dpop_key(check)?),
            _ => {
                let generated = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519];
                if let Some(alg) = self.dpop_signing_alg.filter(|alg| !generated.contains(alg)) {
                    let problem = format!(
                        "is {alg}, but keys are generated for ES256 and EdDSA only: set `dpop_key`"
                    );
                    check.problem("dpop_signing_alg", problem);
                }
                DpopKeys::Login
            }
        };
        let is_required = self.dpop_bound_access_tokens.unwrap_or(true);
        Some(DpopSettings { keys, alg: self.dpop_signing_alg, is_required })
    }

    /// The client's key: the configured one, or a new one.
    fn client_dpop_key(&self, check: &mut Validator) -> Option<Arc<dyn Signer>> {
        if let Some(signer) = &self.extensions.dpop_signer {
            check.unused(
                &[("dpop_key", self.dpop_key.is_some())],
                "is not used: the code sets a `dpop_signer`",
            );
            return Some(signer.clone());
        }
        let key = match &self.dpop_key {
            Some(text) => SigningKey::parse(text)
                .map(Arc::new)
                .map_err(|cause| check.problem("dpop_key", cause.to_string()))
                .ok()?,
            None => {
                let alg = self.dpop_signing_alg.unwrap_or(Algorithm::Es256);
                let mut random = [0; 32];
                let generated = SystemRandom.fill(&mut random);
                let generated = generated.and_then(|()| DpopKey::generate(alg, &random));
                generated
                    .and_then(|key| key.signing_key())
                    .map_err(|cause| check.problem("dpop", cause.to_string()))
                    .ok()?
            }
        };
        if let Some(alg) = self.dpop_signing_alg.filter(|alg| !key.fits(*alg)) {
            let fitting: Vec<_> = key.algorithms().map(Algorithm::name).collect();
            let problem =
                format!("is {alg}, which does not fit `dpop_key`: use {}", fitting.join(", "));
            check.problem("dpop_signing_alg", problem);
        }
        Some(Arc::new(LocalKey::new(key, None)))
    }
}
