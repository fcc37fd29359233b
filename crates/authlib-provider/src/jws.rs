//! Signed JWTs (RFC 7515 §3), right and wrong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Map, Value, json};

use crate::discovery::set;
use crate::fault::Fault;
use crate::keys::{self, Key};
use crate::provider::Provider;

/// The JWT of this type for `client`, signed by the newest key, as the quirks ask; nothing when this
/// machine can't sign one. `claims` gets the algorithm.
pub(crate) fn make(
    provider: &Provider,
    client: &str,
    typ: &str,
    claims: impl FnOnce(Algorithm) -> Map<String, Value>,
) -> Option<String> {
    let quirks = provider.quirks();
    if quirks.contains(&Fault::RotateBeforeSigning) {
        provider.rotate_keys();
    }
    let mut key = provider.state().keys.last().cloned()?;
    // Each client has its own secret (OpenID Connect Core §10.1).
    if key.public.is_null() {
        let secret = provider.client(client).and_then(|client| client.secret);
        key.encoding = EncodingKey::from_secret(secret.unwrap_or_default().as_bytes());
    }
    for quirk in &quirks {
        match quirk {
            Fault::ForeignKey => key = foreign(&key)?,
            Fault::SignedBy(name) => {
                let kid = key.kid;
                key = Key::new(keys::algorithm(name)?, 0, "").ok()?;
                key.kid = kid;
            }
            _ => {}
        }
    }
    let header = header(&key, typ, &quirks)?;
    let claims = altered(provider, claims(key.algorithm), &quirks);
    let signed = format!("{}.{}", encoded(&header), URL_SAFE_NO_PAD.encode(text(&claims, &quirks)));
    let signature = signature(&signed, &key, &quirks)?;
    Some(format!("{signed}.{signature}"))
}

fn header(key: &Key, typ: &str, quirks: &[Fault]) -> Option<Value> {
    let algorithm = format!("{:?}", key.algorithm);
    let mut header = json!({ "alg": algorithm, "typ": typ, "kid": key.kid });
    let members = header.as_object_mut()?;
    if quirks.contains(&Fault::JwksWithoutKid) {
        members.remove("kid");
    }
    for quirk in quirks {
        match quirk {
            Fault::EmbeddedJwk => {
                members.insert("jwk".to_owned(), foreign(key)?.public);
            }
            Fault::Header(name, value) => set(members, name.clone(), value.clone()),
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

/// The claims as the quirks want them.
fn altered(
    provider: &Provider,
    mut claims: Map<String, Value>,
    quirks: &[Fault],
) -> Map<String, Value> {
    for quirk in quirks {
        match quirk {
            Fault::Claim(name, value) => {
                claims.insert(name.clone(), value.clone());
            }
            Fault::ClaimMissing(name) => {
                claims.remove(name);
            }
            Fault::ClaimTime(name, offset) => {
                let time = provider.now_seconds().saturating_add_signed(*offset);
                claims.insert(name.clone(), time.into());
            }
            _ => {}
        }
    }
    claims
}

/// The claims as text, one of them twice where a quirk says so.
fn text(claims: &Map<String, Value>, quirks: &[Fault]) -> String {
    let mut text = Value::Object(claims.clone()).to_string();
    for quirk in quirks {
        if let Fault::ClaimTwice(name, value) = quirk {
            text.pop();
            text.push_str(&format!(",{}:{value}}}", Value::from(name.as_str())));
        }
    }
    text
}

fn signature(signed: &str, key: &Key, quirks: &[Fault]) -> Option<String> {
    for quirk in quirks {
        match quirk {
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
    // A serial far from those in use, so that the pool of RSA keys hands out another.
    let serial = key.kid.trim_start_matches("key-").parse::<usize>().unwrap_or(0) + 3;
    let mut foreign = Key::new(key.algorithm, serial, "another secret, that nobody knows").ok()?;
    foreign.kid.clone_from(&key.kid);
    Some(foreign)
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
