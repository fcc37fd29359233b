//! The discovery document (OpenID Connect Discovery 1.0 §3) and the JWK set (RFC 7517 §5).

use authlib_core::message::Response;
use serde_json::{Map, Value, json};

use crate::assertion;
use crate::exchange::json_response;
use crate::fault::Fault;
use crate::provider::Provider;
use crate::token;

pub(crate) fn document(provider: &Provider) -> Response {
    let issuer = provider.issuer().trim_end_matches('/');
    let at = |name: &str| Value::from(format!("{issuer}{}", provider.path(name)));
    let mut document = json!({
        "issuer": provider.issuer(),
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "jwks_uri": at("jwks"),
        "end_session_endpoint": at("end_session"),
        "introspection_endpoint": at("introspect"),
        "device_authorization_endpoint": at("device_authorization"),
        "revocation_endpoint": at("revoke"),
        "scopes_supported": ["openid", "profile", "email", "address", "phone", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": token::GRANT_TYPES,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms(provider),
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": assertion::ALGORITHMS,
        "introspection_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"],
        "introspection_endpoint_auth_signing_alg_values_supported": assertion::ALGORITHMS,
        "introspection_signing_alg_values_supported": algorithms(provider),
        "revocation_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    if provider.inner().registration.is_offered()
        && let Some(members) = document.as_object_mut()
    {
        members.insert("registration_endpoint".to_owned(), at("register"));
    }
    for quirk in provider.quirks() {
        if let (Fault::Metadata(name, value), Some(members)) = (quirk, document.as_object_mut()) {
            set(members, name, value);
        }
    }
    json_response(200, &document)
}

/// Sets a member; null removes it.
pub(crate) fn set(members: &mut Map<String, Value>, name: String, value: Value) {
    if value.is_null() {
        members.remove(&name);
    } else {
        members.insert(name, value);
    }
}

/// The algorithms of the keys, and RS256, which every provider has to know.
fn algorithms(provider: &Provider) -> Vec<String> {
    let mut names = vec!["RS256".to_owned()];
    for key in &provider.state().keys {
        let name = format!("{:?}", key.algorithm);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

pub(crate) fn jwks(provider: &Provider) -> Response {
    let without_kid = provider.has(&Fault::JwksWithoutKid);
    let exotic = provider.has(&Fault::JwksExotic);
    let mut keys: Vec<Value> = Vec::new();
    if exotic {
        keys.push(json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "post-quantum", "pub": "AA" }));
        keys.push(json!({ "kty": "EC", "crv": "P-999", "kid": "curve", "x": "AA", "y": "AA" }));
        keys.push(json!({ "kty": "RSA", "kid": "half", "n": "AQAB" }));
        keys.push(json!({ "kid": "nothing" }));
        keys.push(json!("not even an object"));
    }
    for key in provider.state().keys.iter().filter(|key| !key.public.is_null()) {
        let mut public = key.public.clone();
        if let Some(members) = public.as_object_mut() {
            if without_kid {
                members.remove("kid");
            }
            if exotic {
                let mut twin = members.clone();
                twin.insert("use".to_owned(), "enc".into());
                keys.push(Value::Object(twin));
            }
        }
        keys.push(public);
    }
    json_response(200, &json!({ "keys": keys }))
}
