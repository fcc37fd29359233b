//! Request objects: authorization requests as JWTs (RFC 9101, OpenID Connect Core §6).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::decode_header;
use serde_json::Value;

use super::verify;
use crate::request::{Fields, field};
use crate::state::{Context, TestClient};

/// The `typ` of a request object (RFC 9101 §10.8).
const TYPE: &str = "oauth-authz-req+jwt";

/// The longest accepted lifetime, in seconds.
const MAX_LIFETIME: u64 = 3600;

/// Claims of the JWT that are no parameters.
const NO_PARAMETERS: [&str; 6] = ["aud", "exp", "iat", "iss", "jti", "nbf"];

/// The authorization request: the parameters of the request object, if there is one. Those beside it must be the
/// same, and are not used (RFC 9101 §6.3).
pub(crate) fn resolve(context: &Context, fields: &Fields) -> Result<Fields, String> {
    let id = field(fields, "client_id").unwrap_or_default();
    let Some(jwt) = field(fields, "request") else {
        return match context.client(id) {
            Some(client) if client.requires_request_object => {
                Err("This client must send a request object (RFC 9101 §10.5).".to_owned())
            }
            _ => Ok(fields.clone()),
        };
    };
    // A client that has registered neither keys nor an algorithm can't use them.
    let may_send =
        |client: &TestClient| client.jwks.is_some() || client.request_object_alg.is_some();
    if !context.client(id).as_ref().is_some_and(may_send) {
        return Ok(fields.clone());
    }
    let claims = claims(context, id, jwt).ok_or("The request object is not valid.")?;
    let object = parameters(&claims);
    for name in ["client_id", "response_type", "scope"] {
        let beside = field(fields, name);
        if beside.is_some() && beside != field(&object, name) {
            return Err(format!("`{name}` differs from that of the request object."));
        }
    }
    if field(&object, "client_id") != Some(id) || field(&object, "request").is_some() {
        return Err("The request object has the wrong parameters.".to_owned());
    }
    Ok(object)
}

/// The claims of a valid request object of this client that was not used before.
fn claims(context: &Context, id: &str, jwt: &str) -> Option<Value> {
    let client = context.client(id)?;
    let head: Value = decoded(jwt.split('.').next()?)?;
    if head.get("typ").and_then(Value::as_str) != Some(TYPE) {
        return None;
    }
    let alg = head.get("alg").and_then(Value::as_str);
    if client.request_object_alg.as_deref().is_some_and(|registered| alg != Some(registered)) {
        return None;
    }
    let claims = if alg == Some("none") {
        // Only a client that has registered it.
        client.request_object_alg.as_ref()?;
        decoded(jwt.strip_suffix('.')?.split('.').nth(1)?)?
    } else if verify::is_hmac(decode_header(jwt).ok()?.alg) {
        verify::signed_with(client.secret.as_ref()?, jwt)?
    } else {
        verify::signed_by(client.jwks.as_ref()?, jwt)?
    };
    let is_for_us = claims.get("aud").and_then(Value::as_str) == Some(context.issuer.as_str());
    if !is_for_us || verify::text(&claims, "iss") != Some(id) {
        return None;
    }
    claims.get("nbf")?;
    let expires_at = verify::valid_until(context, &claims, MAX_LIFETIME)?;
    let jti = verify::text(&claims, "jti")?;
    verify::is_first_use(context, &format!("request {id}"), jti, expires_at).then_some(claims)
}

fn decoded(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn parameters(claims: &Value) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in claims.as_object().into_iter().flatten() {
        if NO_PARAMETERS.contains(&name.as_str()) {
            continue;
        }
        match value {
            Value::String(text) => fields.push((name.clone(), text.clone())),
            Value::Array(list) if name == "resource" => {
                let texts = list.iter().filter_map(Value::as_str);
                fields.extend(texts.map(|text| (name.clone(), text.to_owned())));
            }
            other => fields.push((name.clone(), other.to_string())),
        }
    }
    fields
}
