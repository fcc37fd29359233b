//! The provider as it is configured: issuer, metadata URL (OpenID Connect Discovery §4, RFC 8414 §3),
//! endpoints and keys.

use url::Url;

use super::validator::Validator;
use crate::config::ClientConfig;
use crate::endpoint::{Endpoint, Endpoints};
use crate::jose::{Algorithm, JwkSet};
use crate::oauth2::issuers::Issuers;

const OPENID_SUFFIX: &str = "/.well-known/openid-configuration";
const OAUTH_SEGMENT: &str = "/.well-known/oauth-authorization-server";

/// The well-known URL of an issuer's metadata document (OpenID Connect Discovery §4).
pub(crate) fn metadata_url(issuer: &str) -> String {
    format!("{}{OPENID_SUFFIX}", issuer.trim_end_matches('/'))
}

/// Whether a scope makes a login an OpenID Connect one (OpenID Connect Core §3.1.2.1).
pub(crate) fn is_openid(scope: &str) -> bool {
    scope.split_ascii_whitespace().any(|scope| scope == "openid")
}

fn issuer_of(metadata_url: &str) -> Option<String> {
    if let Some(issuer) = metadata_url.strip_suffix(OPENID_SUFFIX) {
        return Some(issuer.to_owned());
    }
    // RFC 8414 §3 inserts the segment between host and path.
    let (origin, path) = metadata_url.split_once(OAUTH_SEGMENT)?;
    (path.is_empty() || path.starts_with('/')).then(|| format!("{origin}{path}"))
}

impl ClientConfig {
    pub(super) fn checked_endpoints(&self, check: &mut Validator) -> Endpoints {
        let mut endpoints = Endpoints::default();
        for (endpoint, text) in &self.endpoints {
            if let Some(url) = check.url(endpoint.setting(), Some(text)) {
                endpoints.insert(*endpoint, url);
            }
        }
        endpoints
    }

    /// The accepted issuers and the metadata URL; if only issuer or URL is configured, the other is derived
    /// from it.
    pub(super) fn provider(&self, check: &mut Validator) -> (Issuers, Option<Url>) {
        let (issuer, url) = self.issuer_and_metadata_url(check);
        let issuers = Issuers {
            issuer,
            aliases: self.issuer_aliases.clone(),
            others: self.accepted_issuers.clone(),
            tenants: None,
        };
        self.with_tenants(issuers, url, check)
    }

    fn issuer_and_metadata_url(&self, check: &mut Validator) -> (Option<String>, Option<Url>) {
        let url = check.url("issuer", self.issuer.as_deref());
        if url.is_some_and(|url| url.query().is_some()) {
            check.problem("issuer", "must not have a query (RFC 8414 §2)");
        }
        if let Some(issuer) =
            self.issuer.as_deref().filter(|issuer| issuer.contains("/.well-known/"))
        {
            let better = issuer_of(issuer).unwrap_or_default();
            let problem = format!(
                "is the URL of the metadata document: set it as `server_metadata_url`, or set `issuer` to {better:?}"
            );
            check.problem("issuer", problem);
        }
        let given = check.url("server_metadata_url", self.server_metadata_url.as_deref());
        match (self.issuer.clone(), given) {
            (Some(issuer), Some(url)) => (Some(issuer), Some(url)),
            (Some(issuer), None) if self.has_all_endpoints() => (Some(issuer), None),
            (Some(issuer), None) => {
                let url = Url::parse(&metadata_url(&issuer)).ok();
                (Some(issuer), url)
            }
            (None, Some(url)) => {
                let issuer = issuer_of(self.server_metadata_url.as_deref().unwrap_or_default());
                if issuer.is_none() {
                    let problem = "is not a well-known URL that ends with the issuer's path: set \
                                   `issuer` as well, which the document is validated against";
                    check.problem("server_metadata_url", problem);
                }
                (issuer, Some(url))
            }
            (None, None) => (None, None),
        }
    }

    /// Whether the provider's metadata document can be fetched.
    pub(super) fn has_metadata(&self) -> bool {
        self.issuer.is_some() || self.server_metadata_url.is_some()
    }

    /// Whether the metadata may be that of a provider without OpenID Connect (RFC 8414).
    pub(super) fn has_oauth_metadata(&self) -> bool {
        self.server_metadata_url.as_deref().is_some_and(|url| url.contains(OAUTH_SEGMENT))
    }

    /// Whether a login needs no metadata document.
    fn has_all_endpoints(&self) -> bool {
        self.has_endpoint(Endpoint::Authorization)
            && self.has_endpoint(Endpoint::Token)
            && (self.has_keys() || !self.asks_for_openid())
    }

    pub(super) fn asks_for_openid(&self) -> bool {
        is_openid(self.scope.as_deref().unwrap_or_default())
    }

    /// Whether the keys for ID tokens need no metadata document.
    pub(super) fn has_keys(&self) -> bool {
        self.jwks.is_some()
            || self.has_endpoint(Endpoint::Jwks)
            || self.id_token_signed_response_alg.is_some_and(Algorithm::is_symmetric)
    }

    pub(super) fn checked_jwks(&self, check: &mut Validator) -> Option<JwkSet> {
        let value = serde_json::from_str(self.jwks.as_ref()?.expose()).unwrap_or_default();
        match JwkSet::from_value_with_symmetric(&value) {
            Ok(keys) if keys.is_empty() => {
                check.problem("jwks", "has no key that can verify a signature");
                None
            }
            Ok(keys) => Some(keys),
            Err(cause) => {
                check.problem("jwks", format!("is not a JWK set (RFC 7517 §5): {cause}"));
                None
            }
        }
    }
}
