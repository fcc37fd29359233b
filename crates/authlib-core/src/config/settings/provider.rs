//! The provider as it is configured: issuer, metadata URL (OpenID Connect Discovery §4, RFC 8414 §3),
//! endpoints and keys.

use url::Url;

use super::validate::Validator;
use crate::config::ClientConfig;
use crate::endpoint::{Endpoint, Endpoints};
use crate::jose::JwkSet;
use crate::secret::Secret;

const OPENID_SUFFIX: &str = "/.well-known/openid-configuration";
pub(super) const OAUTH_SEGMENT: &str = "/.well-known/oauth-authorization-server";

impl ClientConfig {
    pub(super) fn endpoints(&self, check: &mut Validator<'_>) -> Endpoints {
        let mut endpoints = Endpoints::default();
        for (endpoint, url) in [
            (Endpoint::Authorization, &self.authorization_endpoint),
            (Endpoint::DeviceAuthorization, &self.device_authorization_endpoint),
            (Endpoint::EndSession, &self.end_session_endpoint),
            (Endpoint::Introspection, &self.introspection_endpoint),
            (Endpoint::Jwks, &self.jwks_uri),
            (Endpoint::Refresh, &self.refresh_token_url),
            (Endpoint::RequestToken, &self.request_token_url),
            (Endpoint::Revocation, &self.revocation_endpoint),
            (Endpoint::Token, &self.token_endpoint),
            (Endpoint::UserInfo, &self.userinfo_endpoint),
        ] {
            if let Some(url) = check.url(endpoint.setting(), url.as_ref()) {
                endpoints.insert(endpoint, url);
            }
        }
        endpoints
    }

    /// The issuer and where its metadata are, each from the other where only one is given
    /// (OpenID Connect Discovery §4, RFC 8414 §3).
    pub(super) fn provider(&self, check: &mut Validator<'_>) -> (Option<String>, Option<Url>) {
        let url = check.url("issuer", self.issuer.as_ref());
        if url.is_some_and(|url| url.query().is_some()) {
            check.problem("issuer", "has a query (RFC 8414 §2)");
        }
        let given = check.url("server_metadata_url", self.server_metadata_url.as_ref());
        match (self.issuer.clone(), given) {
            (Some(issuer), Some(url)) => (Some(issuer), Some(url)),
            (Some(issuer), None) if self.has_all_endpoints() => (Some(issuer), None),
            (Some(issuer), None) => {
                let text = format!("{}{OPENID_SUFFIX}", issuer.trim_end_matches('/'));
                let url = Url::parse(&text).ok();
                (Some(issuer), url)
            }
            (None, Some(url)) => {
                let issuer = issuer_of(self.server_metadata_url.as_deref().unwrap_or_default());
                if issuer.is_none() {
                    let problem = "does not end like a well-known URL: set `issuer` as well, for the \
                                   document is held against it";
                    check.problem("server_metadata_url", problem);
                }
                (issuer, Some(url))
            }
            (None, None) => (None, None),
        }
    }

    /// Whether a login needs no document: the endpoints are registered, and the keys too where ID
    /// tokens are to be verified.
    pub(super) fn has_all_endpoints(&self) -> bool {
        let keys = self.jwks.is_some() || self.jwks_uri.is_some() || self.has_hmac();
        self.authorization_endpoint.is_some()
            && self.token_endpoint.is_some()
            && (keys || !self.is_openid())
    }
}

pub(super) fn configured_jwks(check: &mut Validator<'_>, jwks: &Secret) -> Option<JwkSet> {
    let value = serde_json::from_str(jwks.expose()).unwrap_or_default();
    match JwkSet::from_value_with_symmetric(&value) {
        Ok(keys) if keys.is_empty() => {
            check.problem("jwks", "has no key that can verify a signature");
            None
        }
        Ok(keys) => Some(keys),
        Err(cause) => {
            check.problem("jwks", format!("is no JWK set: {cause}"));
            None
        }
    }
}

/// The issuer of a well-known URL.
fn issuer_of(metadata_url: &str) -> Option<String> {
    if let Some(issuer) = metadata_url.strip_suffix(OPENID_SUFFIX) {
        return Some(issuer.to_owned());
    }
    // RFC 8414 §3 inserts the segment between host and path.
    let (origin, path) = metadata_url.split_once(OAUTH_SEGMENT)?;
    (path.is_empty() || path.starts_with('/')).then(|| format!("{origin}{path}"))
}
