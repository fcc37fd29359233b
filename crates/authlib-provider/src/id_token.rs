//! ID tokens (OpenID Connect Core §2), right and wrong.

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Map, Value, json};

use crate::access::Grant;
use crate::discovery::set;
use crate::keys::{self, Key};
use crate::provider::Provider;
use crate::quirk::Quirk;

/// How long an ID token is good for, in seconds.
const LIFETIME: u64 = 300;

/// An ID token for `grant`; nothing when this machine can't sign one.
pub(crate) fn make(
    provider: &Provider,
    grant: &Grant,
    access_token: &str,
    refreshed: bool,
) -> Option<String> {
    let quirks = provider.quirks();
    if quirks.contains(&Quirk::RotateBeforeSigning) {
        provider.rotate_keys();
    }
    let mut key = provider.state().keys.last().cloned()?;
    // Each client has its own secret (OpenID Connect Core §10.1).
    if key.public.is_null() {
        let secret = provider.client(&grant.client).and_then(|client| client.secret.clone());
        key.encoding = EncodingKey::from_secret(secret.unwrap_or_default().as_bytes());
    }
    for quirk in &quirks {
        match quirk {
            Quirk::ForeignKey => key = foreign(&key)?,
            Quirk::SignedBy(name) => {
                let kid = key.kid;
                key = Key::new(keys::algorithm(name)?, 0, "").ok()?;
                key.kid = kid;
            }
            _ => {}
        }
    }
    let header = header(&key, &quirks)?;
    let at_hash = half_hash(key.algorithm, access_token);
    let claims = claims(provider, grant, at_hash, &quirks, refreshed);
    let signed = format!("{}.{}", encoded(&header), URL_SAFE_NO_PAD.encode(text(&claims, &quirks)));
    let signature = signature(&signed, &key, &quirks)?;
    Some(format!("{signed}.{signature}"))
}

fn header(key: &Key, quirks: &[Quirk]) -> Option<Value> {
    let algorithm = format!("{:?}", key.algorithm);
    let mut header = json!({ "alg": algorithm, "typ": "JWT", "kid": key.kid });
    let members = header.as_object_mut()?;
    if quirks.contains(&Quirk::JwksWithoutKid) {
        members.remove("kid");
    }
    for quirk in quirks {
        match quirk {
            Quirk::EmbeddedJwk => {
                members.insert("jwk".to_owned(), foreign(key)?.public);
            }
            Quirk::Header(name, value) => set(members, name.clone(), value.clone()),
            Quirk::HmacWithPublicKey => {
                members.insert("alg".to_owned(), "HS256".into());
            }
            Quirk::Unsigned(spelling) => {
                members.insert("alg".to_owned(), spelling.as_str().into());
            }
            _ => {}
        }
    }
    Some(header)
}

fn claims(
    provider: &Provider,
    grant: &Grant,
    at_hash: String,
    quirks: &[Quirk],
    refreshed: bool,
) -> Map<String, Value> {
    let now = provider.now_seconds();
    let mut claims = provider.state().user(&grant.sub).claims_for(&grant.scope);
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("iss", provider.issuer().into());
    put("aud", grant.client.as_str().into());
    put("iat", now.into());
    put("exp", (now + LIFETIME).into());
    put("auth_time", grant.auth_time.into());
    put("at_hash", at_hash.into());
    if let Some(nonce) = &grant.nonce {
        put("nonce", nonce.as_str().into());
    }
    for quirk in quirks {
        match quirk {
            Quirk::Claim(name, value) => {
                claims.insert(name.clone(), value.clone());
            }
            Quirk::ClaimMissing(name) => {
                claims.remove(name);
            }
            Quirk::ClaimTime(name, offset) => {
                let time = now.saturating_add_signed(*offset);
                claims.insert(name.clone(), time.into());
            }
            Quirk::RefreshedClaim(name, value) if refreshed => {
                claims.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
    claims
}

/// The claims as text, one of them twice where a quirk says so.
fn text(claims: &Map<String, Value>, quirks: &[Quirk]) -> String {
    let mut text = Value::Object(claims.clone()).to_string();
    for quirk in quirks {
        if let Quirk::ClaimTwice(name, value) = quirk {
            text.pop();
            text.push_str(&format!(",{}:{value}}}", Value::from(name.as_str())));
        }
    }
    text
}

fn signature(signed: &str, key: &Key, quirks: &[Quirk]) -> Option<String> {
    for quirk in quirks {
        match quirk {
            Quirk::BadSignature => {
                let other = format!("{signed}x");
                return crypto::sign(other.as_bytes(), &key.encoding, key.algorithm).ok();
            }
            Quirk::EmbeddedJwk => {
                let foreign = foreign(key)?;
                return crypto::sign(signed.as_bytes(), &foreign.encoding, key.algorithm).ok();
            }
            Quirk::HmacWithPublicKey => {
                let text = key.public_pem.clone().unwrap_or_else(|| key.public.to_string());
                let public = EncodingKey::from_secret(text.as_bytes());
                return crypto::sign(signed.as_bytes(), &public, Algorithm::HS256).ok();
            }
            Quirk::Unsigned(_) => return Some(String::new()),
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

/// `at_hash` (OpenID Connect Core §3.1.3.6).
fn half_hash(algorithm: Algorithm, value: &str) -> String {
    let name = format!("{algorithm:?}");
    let hash = if name.ends_with("256") {
        &SHA256
    } else if name.ends_with("384") {
        &SHA384
    } else {
        &SHA512
    };
    let digest = digest(hash, value.as_bytes());
    let half = digest.as_ref().chunks(digest.as_ref().len() / 2).next();
    URL_SAFE_NO_PAD.encode(half.unwrap_or_default())
}
