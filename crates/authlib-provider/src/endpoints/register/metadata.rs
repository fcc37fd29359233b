//! Client metadata (RFC 7591 §2): validation of what a client registers.

use serde_json::{Map, Value, json};
use url::Url;

use crate::state::{TestClient, is_loopback};

const AUTH_METHODS: &[&str] =
    &["client_secret_basic", "client_secret_post", "client_secret_jwt", "none", "private_key_jwt"];

/// The most redirect URIs of a client.
const MAX_URIS: usize = 50;

/// Error code (§3.2.2) and description.
pub(super) type Rejection = (&'static str, &'static str);

/// Valid metadata, with the defaults.
pub(super) struct Metadata(Map<String, Value>);

impl Metadata {
    pub(super) fn parse(body: &Value) -> Result<Self, Rejection> {
        let invalid = |why| Err(("invalid_client_metadata", why));
        let Some(given) = body.as_object() else {
            return invalid("the metadata is not a JSON object");
        };
        let mut all = given.clone();
        for (name, default) in [
            ("token_endpoint_auth_method", json!("client_secret_basic")),
            ("grant_types", json!(["authorization_code"])),
            ("response_types", json!(["code"])),
        ] {
            all.entry(name).or_insert(default);
        }
        let metadata = Self(all);
        if !AUTH_METHODS.contains(&metadata.auth_method()) {
            return invalid("`token_endpoint_auth_method` is not supported");
        }
        for name in ["grant_types", "post_logout_redirect_uris", "redirect_uris", "response_types"]
        {
            if metadata.list(name).is_none() {
                return invalid(
                    "`grant_types`, `response_types` and the URIs must be arrays of strings",
                );
            }
        }
        // This provider sends no requests, so it cannot fetch a `jwks_uri`.
        if metadata.0.contains_key("jwks_uri") {
            return invalid("`jwks_uri` is not supported; send `jwks`");
        }
        if metadata.auth_method() == "private_key_jwt" && !metadata.has_keys() {
            return invalid("`private_key_jwt` requires `jwks`");
        }
        let uris = metadata.list("redirect_uris").unwrap_or_default();
        let grant_types = metadata.list("grant_types").unwrap_or_default();
        if grant_types.contains(&"authorization_code") && uris.is_empty() {
            return Err((
                "invalid_redirect_uri",
                "`redirect_uris` is required for the grant `authorization_code`",
            ));
        }
        if uris.len() > MAX_URIS || !uris.iter().all(|uri| is_redirect_uri(uri)) {
            return Err((
                "invalid_redirect_uri",
                "redirect URIs must be https, loopback, or have the private-use scheme of an app",
            ));
        }
        Ok(metadata)
    }

    /// Whether the client gets a secret.
    pub(super) fn needs_secret(&self) -> bool {
        !matches!(self.auth_method(), "none" | "private_key_jwt")
    }

    /// The client with this metadata.
    pub(super) fn client(&self, id: &str, secret: Option<String>) -> TestClient {
        let mut client = match secret {
            Some(secret) => TestClient::confidential(id, secret),
            None => TestClient::public(id),
        };
        client = client.auth_method(self.auth_method());
        client.jwks = self.0.get("jwks").filter(|_| self.has_keys()).cloned();
        if let Some(name) = self.0.get("client_name").and_then(Value::as_str) {
            client = client.name(name);
        }
        let owned = |name: &str| -> Vec<String> {
            self.list(name).unwrap_or_default().into_iter().map(ToOwned::to_owned).collect()
        };
        client.redirect_uris = owned("redirect_uris");
        client.post_logout_redirect_uris = owned("post_logout_redirect_uris");
        client.response_types = owned("response_types");
        let alg = self.0.get("request_object_signing_alg").and_then(Value::as_str);
        client.request_object_alg = alg.map(ToOwned::to_owned);
        client.jwks = client.jwks.or_else(|| self.0.get("jwks").cloned());
        client
    }

    pub(super) fn into_members(self) -> Map<String, Value> {
        self.0
    }

    fn auth_method(&self) -> &str {
        let method = self.0.get("token_endpoint_auth_method");
        method.and_then(Value::as_str).unwrap_or_default()
    }

    fn has_keys(&self) -> bool {
        self.auth_method() == "private_key_jwt"
            && self.0.get("jwks").and_then(|jwks| jwks.get("keys")).is_some_and(Value::is_array)
    }

    /// An array of strings, empty if absent; `None` if it is anything else.
    fn list(&self, name: &str) -> Option<Vec<&str>> {
        match self.0.get(name) {
            None => Some(Vec::new()),
            Some(list) => list.as_array()?.iter().map(Value::as_str).collect(),
        }
    }
}

/// Accepts `https`, `http` on a loopback address, and the scheme of a native app (RFC 8252 §7), without a
/// fragment (RFC 6749 §3.1.2).
fn is_redirect_uri(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let accepted = match url.scheme() {
        "https" => true,
        "http" => is_loopback(&url),
        // A private-use scheme is a reversed domain name (RFC 8252 §7.1).
        other => other.contains('.'),
    };
    accepted && url.fragment().is_none()
}
