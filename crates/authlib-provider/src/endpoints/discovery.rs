//! The discovery document (OpenID Connect Discovery 1.0 §3) and the JWK set (RFC 7517 §5).

use authlib_core::message::Response;
use serde_json::{Map, Value, json};

use super::{authorize, backchannel, token};
use crate::fault::Fault;
use crate::protocol::{client_assertion, dpop};
use crate::request::{Fields, field};
use crate::response::{error, json_response, set_member};
use crate::state::Context;

pub(crate) fn document(context: &Context) -> Response {
    let at = |name: &str| Value::from(context.url(name));
    let mut document = json!({
        "issuer": context.issuer.as_str(),
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "jwks_uri": at("jwks"),
        "end_session_endpoint": at("end_session"),
        "introspection_endpoint": at("introspect"),
        "backchannel_authentication_endpoint": at("backchannel_authentication"),
        "backchannel_token_delivery_modes_supported": backchannel::DELIVERY_MODES,
        "device_authorization_endpoint": at("device_authorization"),
        "revocation_endpoint": at("revoke"),
        "scopes_supported": ["openid", "profile", "email", "address", "phone", "offline_access"],
        "response_types_supported":
            ["code", "code id_token", "code token", "code id_token token", "id_token", "id_token token"],
        "response_modes_supported": authorize::RESPONSE_MODES,
        "authorization_signing_alg_values_supported": algorithms(context),
        "request_parameter_supported": true,
        "request_uri_parameter_supported": false,
        "request_object_signing_alg_values_supported": client_assertion::ALGORITHMS,
        "grant_types_supported": token::GRANT_TYPES,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms(context),
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": client_assertion::ALGORITHMS,
        "introspection_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"],
        "introspection_endpoint_auth_signing_alg_values_supported": client_assertion::ALGORITHMS,
        "introspection_signing_alg_values_supported": algorithms(context),
        "revocation_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": dpop::ALGORITHMS,
        "authorization_response_iss_parameter_supported": true,
    });
    if let (Some(is_required), Some(members)) =
        (context.pushed_authorization, document.as_object_mut())
    {
        let name = "pushed_authorization_request_endpoint";
        members.insert(name.to_owned(), at("par"));
        members.insert("require_pushed_authorization_requests".to_owned(), is_required.into());
    }
    if context.registration.is_offered()
        && let Some(members) = document.as_object_mut()
    {
        members.insert("registration_endpoint".to_owned(), at("register"));
    }
    if let (Some(base), Some(members)) = (&context.mtls_base, document.as_object_mut()) {
        offer_mutual_tls(context, base, members);
    }
    for fault in context.faults() {
        if let (Fault::Metadata(name, value), Some(members)) = (fault, document.as_object_mut()) {
            set_member(members, name, value);
        }
    }
    json_response(200, &document)
}

/// The members for mutual TLS (RFC 8705 §3.3, §5).
fn offer_mutual_tls(context: &Context, base: &str, members: &mut Map<String, Value>) {
    for endpoint in ["token", "introspection", "revocation"] {
        let name = format!("{endpoint}_endpoint_auth_methods_supported");
        if let Some(Value::Array(methods)) = members.get_mut(&name) {
            methods.extend(["tls_client_auth".into(), "self_signed_tls_client_auth".into()]);
        }
    }
    let mut aliases = Map::new();
    for name in [
        "backchannel_authentication_endpoint",
        "device_authorization_endpoint",
        "introspection_endpoint",
        "pushed_authorization_request_endpoint",
        "revocation_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
    ] {
        let path = members.get(name).and_then(Value::as_str);
        if let Some(path) = path.and_then(|url| url.strip_prefix(context.issuer.as_str())) {
            aliases.insert(name.to_owned(), format!("{base}{path}").into());
        }
    }
    members.insert("mtls_endpoint_aliases".to_owned(), aliases.into());
    members.insert("tls_client_certificate_bound_access_tokens".to_owned(), true.into());
}

/// The algorithms of the keys, and RS256, which every provider must support.
fn algorithms(context: &Context) -> Vec<String> {
    let mut names = vec!["RS256".to_owned()];
    for key in &context.state().keys {
        let name = format!("{:?}", key.algorithm);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Every resource has this issuer (OpenID Connect Discovery 1.0 §2).
pub(crate) fn webfinger(context: &Context, fields: &Fields) -> Response {
    let rel = "http://openid.net/specs/connect/1.0/issuer";
    let (Some(resource), Some(asked)) = (field(fields, "resource"), field(fields, "rel")) else {
        return error(400, "invalid_request", "`resource` or `rel` is missing");
    };
    let mut links = Vec::new();
    if asked == rel {
        links.push(json!({ "rel": rel, "href": context.issuer }));
    }
    json_response(200, &json!({ "subject": resource, "links": links }))
}

pub(crate) fn jwks(context: &Context) -> Response {
    let without_kid = context.has(&Fault::JwksWithoutKid);
    let exotic = context.has(&Fault::JwksExotic);
    let mut keys: Vec<Value> = Vec::new();
    if exotic {
        keys.push(json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "post-quantum", "pub": "AA" }));
        keys.push(json!({ "kty": "EC", "crv": "P-999", "kid": "curve", "x": "AA", "y": "AA" }));
        keys.push(json!({ "kty": "RSA", "kid": "half", "n": "AQAB" }));
        keys.push(json!({ "kid": "nothing" }));
        keys.push(json!("not even an object"));
    }
    for key in context.state().keys.iter().filter(|key| !key.public.is_null()) {
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
