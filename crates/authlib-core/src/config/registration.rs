//! The metadata with which a client is registered (RFC 7591 §2, OpenID Connect Registration §2), and what the provider
//! returns.

use serde_json::{Map, Value, json};

use super::ClientConfig;
use crate::endpoint::Endpoint;
use crate::jose::{DecryptionKey, DecryptionKeys, SigningKey};
use crate::oauth2::{AuthMethod, ClientInformation, ClientMetadata};

impl ClientConfig {
    /// The hosts of `dangerous_http_hosts`.
    pub(crate) fn http_hosts(&self) -> impl Iterator<Item = &str> {
        self.dangerous_http_hosts.iter().map(String::as_str)
    }

    pub(crate) fn issuer_text(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    pub(crate) fn endpoint(&self, endpoint: Endpoint) -> Option<&str> {
        self.endpoints.get(&endpoint).map(String::as_str)
    }

    /// Whether the issuer must be found, or the client be registered, before the settings can be checked.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.incomplete_by().is_some()
    }

    /// The setting that makes it incomplete.
    pub(crate) fn incomplete_by(&self) -> Option<&'static str> {
        if self.webfinger_resource.is_some() {
            return Some("webfinger_resource");
        }
        self.dynamic_registration.then_some("dynamic_registration")
    }

    /// The metadata that follow from the settings, with those of `client_metadata` in their place. `absolute` makes a URL
    /// of a path of the application.
    pub(crate) fn registration_metadata(
        &self,
        absolute: impl Fn(&str) -> Option<String>,
    ) -> ClientMetadata {
        let mut members = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            members.extend(value.map(|value| (name.to_owned(), value)));
        };
        let url = |text: &str| absolute(text).map(|url| json!([url]));
        let callback = format!("/authorize/{}", self.name);
        let response_type = self.response_type.unwrap_or_default();
        let mut grants = Vec::new();
        if response_type.has_code() {
            grants.extend(["authorization_code", "refresh_token"]);
        }
        if response_type.has_id_token() || response_type.has_token() {
            grants.push("implicit");
        }
        put("client_name", Some(self.display_name.as_ref().unwrap_or(&self.name).as_str().into()));
        put("redirect_uris", url(self.redirect_uri.as_deref().unwrap_or(&callback)));
        put("post_logout_redirect_uris", self.post_logout_redirect_uri.as_deref().and_then(url));
        put("request_uris", self.request_uri.as_deref().and_then(url));
        put("response_types", Some(json!([response_type.name()])));
        put("grant_types", Some(json!(grants)));
        put("scope", self.scope.as_deref().map(Value::from));
        let by_key = self.has_private_key().then_some(AuthMethod::PrivateKeyJwt);
        let by_certificate = self.has_tls_certificate().then_some(AuthMethod::TlsClientAuth);
        let method = self.token_endpoint_auth_method.or(by_key).or(by_certificate);
        let binds = self.tls_client_certificate_bound_access_tokens;
        put("tls_client_certificate_bound_access_tokens", binds.map(Value::from));
        put("token_endpoint_auth_method", method.map(|method| method.name().into()));
        for (name, alg) in [
            ("authorization_signed_response_alg", self.authorization_signed_response_alg),
            ("id_token_signed_response_alg", self.id_token_signed_response_alg),
            ("introspection_signed_response_alg", self.introspection_signed_response_alg),
            ("request_object_signing_alg", self.request_object_signing_alg),
            ("token_endpoint_auth_signing_alg", self.token_endpoint_auth_signing_alg),
            ("userinfo_signed_response_alg", self.userinfo_signed_response_alg),
        ] {
            put(name, alg.map(|alg| alg.name().into()));
        }
        if self.dangerous_unsigned_request_object {
            put("request_object_signing_alg", Some("none".into()));
        }
        for (name, accepted) in [
            ("authorization_encrypted_response", self.encryption.authorization),
            ("id_token_encrypted_response", self.encryption.id_token),
            ("introspection_encrypted_response", self.encryption.introspection),
            ("request_object_encryption", self.encryption.request_object),
            ("userinfo_encrypted_response", self.encryption.userinfo),
        ] {
            put(&format!("{name}_alg"), accepted.alg.map(|alg| alg.name().into()));
            put(&format!("{name}_enc"), accepted.enc.map(|enc| enc.name().into()));
        }
        let keys = self.public_keys();
        put("jwks", (!keys.is_empty()).then(|| json!({ "keys": keys })));
        members.extend(self.client_metadata.clone());
        let mut metadata = ClientMetadata::new();
        metadata.extra = members;
        metadata
    }

    /// The public keys of the settings. One that can't be read has its own error later.
    fn public_keys(&self) -> Vec<Map<String, Value>> {
        let private = self.private_key.as_ref().and_then(|key| SigningKey::parse(key).ok());
        let signing = private.and_then(|key| key.public_jwk(self.private_key_id.as_deref()));
        let parsed = self.decryption_keys.iter().filter_map(|key| DecryptionKey::parse(key).ok());
        let encryption = DecryptionKeys::new(parsed.collect(), None);
        signing.into_iter().chain(encryption.public_jwks()).collect()
    }

    /// Makes this the configuration of a registered client. What is configured stays.
    pub(crate) fn set_registration(&mut self, client: &ClientInformation) {
        self.client_id = Some(client.client_id.clone());
        self.client_secret.clone_from(&client.client_secret);
        let metadata = &client.metadata;
        for (name, value, is_set) in [
            (
                "token_endpoint_auth_method",
                &metadata.token_endpoint_auth_method,
                self.token_endpoint_auth_method.is_some(),
            ),
            (
                "id_token_signed_response_alg",
                &metadata.id_token_signed_response_alg,
                self.id_token_signed_response_alg.is_some(),
            ),
        ] {
            if let Some(value) = value.as_deref().filter(|_| !is_set) {
                self.set(name, value.into());
            }
        }
    }
}
