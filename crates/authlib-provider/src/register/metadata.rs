//! Client metadata (RFC 7591 §2): what a client may register.

use serde_json::{Map, Value, json};
use url::{Host, Url};

use crate::client::TestClient;

const AUTH_METHODS: &[&str] =
    &["client_secret_basic", "client_secret_post", "client_secret_jwt", "none", "private_key_jwt"];

/// The most redirect URIs of a client.
const MAX_URIS: usize = 50;

/// An error of §3.2.2 and what it is about.
pub(super) type Refusal = (&'static str, &'static str);

/// Metadata that can be registered, defaults filled in.
pub(super) struct Metadata(Map<String, Value>);

impl Metadata {
    pub(super) fn checked(body: &Value) -> Result<Self, Refusal> {
        let invalid = |why| Err(("invalid_client_metadata", why));
        let Some(given) = body.as_object() else {
            return invalid("the metadata is a JSON object");
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
            return invalid("the client authentication method is not offered");
        }
        for name in ["grant_types", "post_logout_redirect_uris", "redirect_uris", "response_types"]
        {
            if metadata.list(name).is_none() {
                return invalid("a member is no list of texts");
            }
        }
        // A `jwks_uri` would have to be fetched, and this provider asks nobody anything.
        if metadata.0.contains_key("jwks_uri") {
            return invalid("keys are registered as `jwks`");
        }
        if metadata.auth_method() == "private_key_jwt" && !metadata.has_keys() {
            return invalid("`private_key_jwt` needs `jwks`");
        }
        let uris = metadata.list("redirect_uris").unwrap_or_default();
        let by_code = metadata.list("grant_types").unwrap_or_default();
        if by_code.contains(&"authorization_code") && uris.is_empty() {
            return Err(("invalid_redirect_uri", "a client that logs users in has a redirect URI"));
        }
        if uris.len() > MAX_URIS || !uris.iter().all(|uri| may_redirect(uri)) {
            return Err((
                "invalid_redirect_uri",
                "a redirect URI is `https:`, loopback or an app's",
            ));
        }
        Ok(metadata)
    }

    /// Whether the client authenticates by a secret.
    pub(super) fn needs_secret(&self) -> bool {
        !matches!(self.auth_method(), "none" | "private_key_jwt")
    }

    /// The client that this makes.
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

    /// A list of texts; an empty one where there is none.
    fn list(&self, name: &str) -> Option<Vec<&str>> {
        match self.0.get(name) {
            None => Some(Vec::new()),
            Some(list) => list.as_array()?.iter().map(Value::as_str).collect(),
        }
    }
}

/// `https:` anywhere, `http:` on this machine, or the scheme of an app (RFC 8252 §7), without a fragment
/// (RFC 6749 §3.1.2).
fn may_redirect(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let fits = match url.scheme() {
        "https" => true,
        "http" => here,
        // An app's scheme is a domain name turned round (RFC 8252 §7.1).
        other => other.contains('.'),
    };
    fits && url.fragment().is_none()
}
