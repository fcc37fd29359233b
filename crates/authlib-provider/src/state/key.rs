//! The provider's signing keys.

use std::sync::{Mutex, OnceLock, PoisonError};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::Value;

/// How many RSA keys the providers of one process share, because generating one is slow. A rotation uses the next.
const POOL: usize = 6;

/// A signing key.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) encoding: EncodingKey,
    /// The public key as a JWK; null for HMAC.
    pub(crate) public: Value,
    /// The public RSA key as PEM, for [`Fault::HmacWithPublicKey`](crate::Fault::HmacWithPublicKey).
    pub(crate) public_pem: Option<String>,
}

/// The key could not be generated: the random source failed, or the algorithm is not supported.
#[derive(Clone, Debug)]
pub(crate) struct NoKey;

impl Key {
    /// The key number `serial` for an algorithm.
    pub(crate) fn new(algorithm: Algorithm, serial: usize, secret: &str) -> Result<Self, NoKey> {
        let kid = format!("key-{serial}");
        let mut public_pem = None;
        let encoding = match algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
                EncodingKey::from_secret(secret.as_bytes())
            }
            Algorithm::ES256 | Algorithm::ES384 => {
                let curve = if algorithm == Algorithm::ES256 {
                    &ECDSA_P256_SHA256_FIXED_SIGNING
                } else {
                    &ECDSA_P384_SHA384_FIXED_SIGNING
                };
                let pkcs8 = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new());
                let pem = pem("PRIVATE KEY", pkcs8.map_err(|_| NoKey)?.as_ref());
                EncodingKey::from_ec_pem(pem.as_bytes()).map_err(|_| NoKey)?
            }
            Algorithm::EdDSA => {
                // The JWT crate reads PKCS #8 version 1 only.
                let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new());
                let pem = pem("PRIVATE KEY", pkcs8.map_err(|_| NoKey)?.as_ref());
                EncodingKey::from_ed_pem(pem.as_bytes()).map_err(|_| NoKey)?
            }
            _ => {
                let (private, public) = rsa(serial)?;
                public_pem = Some(public);
                EncodingKey::from_rsa_pem(private.as_bytes()).map_err(|_| NoKey)?
            }
        };
        let public = public(&encoding, algorithm, &kid)?;
        Ok(Self { kid, algorithm, encoding, public, public_pem })
    }

    /// Replaces the `kid`, in the public JWK too.
    pub(crate) fn set_kid(&mut self, kid: String) {
        if let Some(members) = self.public.as_object_mut() {
            members.insert("kid".to_owned(), kid.clone().into());
        }
        self.kid = kid;
    }
}

fn public(encoding: &EncodingKey, algorithm: Algorithm, kid: &str) -> Result<Value, NoKey> {
    if matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) {
        return Ok(Value::Null);
    }
    let jwk = Jwk::from_encoding_key(encoding, algorithm).map_err(|_| NoKey)?;
    let mut jwk = serde_json::to_value(jwk).map_err(|_| NoKey)?;
    if let Some(members) = jwk.as_object_mut() {
        members.insert("kid".to_owned(), kid.into());
        members.insert("use".to_owned(), "sig".into());
        members.remove("alg");
    }
    Ok(jwk)
}

/// An RSA key of the pool: the private and the public key as PEM.
fn rsa(serial: usize) -> Result<(String, String), NoKey> {
    static KEYS: OnceLock<Mutex<Vec<(String, String)>>> = OnceLock::new();
    let mut keys = KEYS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let place = serial % POOL;
    while keys.len() <= place {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| NoKey)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| NoKey)?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| NoKey)?;
        keys.push((pem("PRIVATE KEY", der.as_ref()), pem("PUBLIC KEY", public.as_ref())));
    }
    keys.get(place).cloned().ok_or(NoKey)
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<_> =
        body.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The algorithm with this name, if the JWT crate supports it.
pub(crate) fn algorithm(name: &str) -> Option<Algorithm> {
    name.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_has_a_public_jwk_without_private_members() {
        for name in ["RS256", "RS512", "PS256", "PS384", "ES256", "ES384", "EdDSA"] {
            let key = Key::new(algorithm(name).unwrap(), 1, "").unwrap();
            assert_eq!(key.public["kid"], "key-1", "{name}");
            assert!(key.public.get("d").is_none(), "{name}");
        }
    }
}
