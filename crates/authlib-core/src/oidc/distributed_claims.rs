//! Distributed claims, OpenID Connect Core 1.0 §5.6.2: claims that another endpoint has.

use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION};
use serde_json::{Map, Value};
use url::Url;

use crate::endpoint_url::{HttpHosts, endpoint_url};
use crate::message::{self, Request};
use crate::oauth2::{Token, bearer};
use crate::secret::Secret;

/// The most sources that are asked.
const MAX_SOURCES: usize = 4;

/// Claims that are about the user or the token itself: no other source may set them.
const OWN: [&str; 8] = ["aud", "azp", "exp", "iat", "iss", "nbf", "sid", "sub"];

/// A source of claims.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClaimsSource {
    /// The claims that it has.
    pub(crate) names: Vec<String>,
    pub(crate) endpoint: Url,
    access_token: Option<Secret>,
}

/// The sources that `claims` refer to: the first few, each at an allowed endpoint.
pub(crate) fn sources(
    claims: &Map<String, Value>,
    http: &HttpHosts,
    is_allowed: impl Fn(&Url) -> bool,
) -> Vec<ClaimsSource> {
    let object = |name: &str| claims.get(name).and_then(Value::as_object);
    let (Some(names), Some(sources)) = (object("_claim_names"), object("_claim_sources")) else {
        return Vec::new();
    };
    let read = |(id, source): (&String, &Value)| {
        let text = |name: &str| source.get(name).and_then(Value::as_str);
        let endpoint = endpoint_url(text("endpoint")?, http).ok().filter(&is_allowed)?;
        let of_source = names.iter().filter(|(_, at)| at.as_str() == Some(id));
        let new = |name: &&String| !OWN.contains(&name.as_str()) && !claims.contains_key(*name);
        let names = of_source.map(|(name, _)| name).filter(new).cloned().collect();
        Some(ClaimsSource { names, endpoint, access_token: text("access_token").map(Secret::new) })
    };
    sources.iter().filter_map(read).take(MAX_SOURCES).collect()
}

impl ClaimsSource {
    /// The request for the claims. The token is the source's own, never that of the login.
    pub(crate) fn request(&self) -> crate::error::Result<Request> {
        let mut request = message::json_get(&self.endpoint);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/jwt"));
        if let Some(token) = &self.access_token {
            let header = bearer::header(&Token::bearer(token.clone()))?;
            request.headers_mut().insert(AUTHORIZATION, header);
        }
        Ok(request)
    }

    /// Of the source's verified claims those that it was named for.
    pub(crate) fn select(&self, mut claims: Map<String, Value>) -> Map<String, Value> {
        claims.retain(|name, _| self.names.contains(name));
        claims
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sources_are_read_with_their_new_claims() {
        let claims = json!({
            "sub": "alice", "email": "a@b.example",
            "_claim_names": {"score": "s", "email": "s", "sub": "s", "address": "other", "x": 1},
            "_claim_sources": {
                "s": {"endpoint": "https://op.example/claims", "access_token": "t"},
                "other": {"endpoint": "https://evil.example/claims"},
                "plain": {"endpoint": "http://op.example/claims"},
                "aggregated": {"JWT": "a.b.c"},
            },
        });
        let is_allowed = |url: &Url| url.host_str() == Some("op.example");
        let found = sources(claims.as_object().unwrap(), HttpHosts::LOOPBACK, is_allowed);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].names, ["score"]);
        let request = found[0].request().unwrap();
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer t");
        let taken = json!({"score": 1, "sub": "mallory", "address": "x"});
        let taken = found[0].select(taken.as_object().unwrap().clone());
        assert_eq!(Value::Object(taken), json!({"score": 1}));
        for odd in [json!({}), json!({"_claim_names": 1, "_claim_sources": []})] {
            assert!(sources(odd.as_object().unwrap(), HttpHosts::LOOPBACK, |_| true).is_empty());
        }
    }
}
