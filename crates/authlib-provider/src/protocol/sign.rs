//! Signing JWTs (RFC 7515 §3), correctly or with an injected fault.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Map, Value, json};

use super::encrypt;
use crate::fault::Fault;
use crate::response::set_member;
use crate::state::Context;
use crate::state::key::{self, Key};

/// A JWT of this type for `client`, signed with the newest key; `None` if it cannot be signed. `claims` gets the
/// algorithm. Injected faults change header, claims and signature.
pub(crate) fn sign(
    context: &Context,
    client: &str,
    typ: &str,
    claims: impl FnOnce(Algorithm) -> Map<String, Value>,
) -> Option<String> {
    sign_with(context, client, typ, &context.faults(), claims)
}

/// As [`sign`], with these faults instead of the injected ones.
pub(crate) fn sign_with(
    context: &Context,
    client: &str,
    typ: &str,
    faults: &[Fault],
    claims: impl FnOnce(Algorithm) -> Map<String, Value>,
) -> Option<String> {
    if faults.contains(&Fault::RotateBeforeSigning) {
        context.rotate_keys();
    }
    let mut key = context.state().keys.last().cloned()?;
    // Each client has its own secret (OpenID Connect Core §10.1).
    if key.public.is_null() {
        let secret = context.client(client).and_then(|client| client.secret);
        key.encoding = EncodingKey::from_secret(secret.unwrap_or_default().as_bytes());
    }
    for fault in faults {
        match fault {
            Fault::ForeignKey => key = foreign(&key)?,
            Fault::SignedBy(name) => {
                let kid = key.kid;
                key = Key::new(key::algorithm(name)?, 0, "").ok()?;
                key.kid = kid;
            }
            _ => {}
        }
    }
    let header = header(&key, typ, faults)?;
    let claims = altered(context, claims(key.algorithm), faults);
    let signed = format!("{}.{}", encoded(&header), URL_SAFE_NO_PAD.encode(text(&claims, faults)));
    let signature = signature(&signed, &key, faults)?;
    encrypt::to_client(context, client, format!("{signed}.{signature}"))
}

fn header(key: &Key, typ: &str, faults: &[Fault]) -> Option<Value> {
    let algorithm = format!("{:?}", key.algorithm);
    let mut header = json!({ "alg": algorithm, "typ": typ, "kid": key.kid });
    let members = header.as_object_mut()?;
    if faults.contains(&Fault::JwksWithoutKid) {
        members.remove("kid");
    }
    for fault in faults {
        match fault {
            Fault::EmbeddedJwk => {
                members.insert("jwk".to_owned(), foreign(key)?.public);
            }
            Fault::Header(name, value) => set_member(members, name.clone(), value.clone()),
            Fault::HmacWithPublicKey => {
                members.insert("alg".to_owned(), "HS256".into());
            }
            Fault::Unsigned(spelling) => {
                members.insert("alg".to_owned(), spelling.as_str().into());
            }
            _ => {}
        }
    }
    Some(header)
}

/// The claims with the injected faults applied.
fn altered(
    context: &Context,
    mut claims: Map<String, Value>,
    faults: &[Fault],
) -> Map<String, Value> {
    for fault in faults {
        match fault {
            Fault::Claim(name, value) => {
                claims.insert(name.clone(), value.clone());
            }
            Fault::ClaimMissing(name) => {
                claims.remove(name);
            }
            Fault::ClaimTime(name, offset) => {
                let time = context.now_seconds().saturating_add_signed(*offset);
                claims.insert(name.clone(), time.into());
            }
            _ => {}
        }
    }
    claims
}

/// The claims as JSON text, with a duplicate claim if a fault injects one.
fn text(claims: &Map<String, Value>, faults: &[Fault]) -> String {
    let mut text = Value::Object(claims.clone()).to_string();
    for fault in faults {
        if let Fault::ClaimTwice(name, value) = fault {
            text.pop();
            text.push_str(&format!(",{}:{value}}}", Value::from(name.as_str())));
        }
    }
    text
}

fn signature(signed: &str, key: &Key, faults: &[Fault]) -> Option<String> {
    for fault in faults {
        match fault {
            Fault::BadSignature => {
                let other = format!("{signed}x");
                return crypto::sign(other.as_bytes(), &key.encoding, key.algorithm).ok();
            }
            Fault::EmbeddedJwk => {
                let foreign = foreign(key)?;
                return crypto::sign(signed.as_bytes(), &foreign.encoding, key.algorithm).ok();
            }
            Fault::HmacWithPublicKey => {
                let text = key.public_pem.clone().unwrap_or_else(|| key.public.to_string());
                let public = EncodingKey::from_secret(text.as_bytes());
                return crypto::sign(signed.as_bytes(), &public, Algorithm::HS256).ok();
            }
            Fault::Unsigned(_) => return Some(String::new()),
            _ => {}
        }
    }
    crypto::sign(signed.as_bytes(), &key.encoding, key.algorithm).ok()
}

/// Another key of the same kind and `kid`.
fn foreign(key: &Key) -> Option<Key> {
    // A serial number far from those in use, so that another RSA key of the pool is used.
    let serial = key.kid.trim_start_matches("key-").parse::<usize>().unwrap_or(0) + 3;
    let mut foreign = Key::new(key.algorithm, serial, "an unknown secret").ok()?;
    foreign.kid.clone_from(&key.kid);
    Some(foreign)
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
