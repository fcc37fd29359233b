//! Keys for unit tests: they sign, and make tokens.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair,
    RsaSignatureEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

/// A pair of keys, or a secret.
#[derive(Debug)]
pub(crate) enum Signer {
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
    Hmac(Vec<u8>),
    Rsa(RsaKeyPair, Vec<u8>),
}

impl Signer {
    /// The one RSA key of this process: making one takes a while.
    pub(crate) fn rsa() -> &'static Self {
        static KEY: OnceLock<Signer> = OnceLock::new();
        KEY.get_or_init(Self::new_rsa)
    }

    /// Another RSA key.
    pub(crate) fn new_rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec();
        Self::Rsa(pair, pkcs8)
    }

    /// A new key for the algorithm of this name.
    pub(crate) fn new(alg: &str) -> Self {
        let ec = |curve, name| Self::Ec(EcdsaKeyPair::generate(curve).unwrap(), name);
        match alg {
            "ES256" => ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            "ES384" => ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
            "ES512" => ec(&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
            "EdDSA" | "Ed25519" => Self::Ed(Ed25519KeyPair::generate().unwrap()),
            _ => Self::new_rsa(),
        }
    }

    /// The public half as a JWK, without `kid`, `use` and `alg`; of a secret, the secret.
    pub(crate) fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ec(pair, curve) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": curve, "x": text(x), "y": text(y)})
            }
            Self::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())})
            }
            Self::Hmac(key) => json!({"kty": "oct", "k": text(key)}),
            Self::Rsa(pair, _) => {
                let public = pair.public_key();
                let n = public.modulus().big_endian_without_leading_zero();
                let e = public.exponent().big_endian_without_leading_zero();
                json!({"kty": "RSA", "n": text(n), "e": text(e)})
            }
        }
    }

    /// The public half of an RSA key as DER, `RSAPublicKey`.
    pub(crate) fn der(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair, _) => pair.public_key().as_ref().to_vec(),
            _ => Vec::new(),
        }
    }

    /// The same as PEM.
    pub(crate) fn pem(&self) -> String {
        let text = STANDARD.encode(self.der());
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        let lines = lines.join("\n");
        format!("-----BEGIN RSA PUBLIC KEY-----\n{lines}\n-----END RSA PUBLIC KEY-----\n")
    }

    /// The private half as PEM, PKCS#8.
    pub(crate) fn private_pem(&self) -> String {
        let der = match self {
            Self::Ec(pair, _) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
            Self::Rsa(_, pkcs8) => pkcs8.clone(),
            Self::Hmac(_) => Vec::new(),
        };
        let text = STANDARD.encode(der);
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    }

    /// A signature by the algorithm of this name.
    pub(crate) fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ec(pair, _) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Hmac(key) => {
                let hash = match alg {
                    "HS384" => hmac::HMAC_SHA384,
                    "HS512" => hmac::HMAC_SHA512,
                    _ => hmac::HMAC_SHA256,
                };
                hmac::sign(&hmac::Key::new(hash, key), message).as_ref().to_vec()
            }
            Self::Rsa(pair, _) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(rsa_encoding(alg), &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// A token of these very texts.
    pub(crate) fn token_of(&self, header: &str, payload: &str) -> String {
        let alg = serde_json::from_str::<Value>(header).unwrap_or_default();
        let alg = alg["alg"].as_str().unwrap_or_default().to_owned();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!("{}.{}", text(header.as_bytes()), text(payload.as_bytes()));
        let signature = text(&self.sign(&alg, signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// A token with these claims.
    pub(crate) fn token(&self, alg: &str, claims: &Value) -> String {
        self.token_of(&json!({"alg": alg, "kid": "k"}).to_string(), &claims.to_string())
    }

    /// A token with these claims, made by another JWT library.
    pub(crate) fn foreign_token(&self, alg: &str, claims: &Value) -> String {
        let key = match self {
            Self::Ec(pair, _) => EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()),
            Self::Ed(pair) => EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref()),
            Self::Hmac(key) => EncodingKey::from_secret(key),
            Self::Rsa(_, pkcs8) => {
                let pem = STANDARD.encode(pkcs8);
                let pem = format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----");
                EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
            }
        };
        let header = Header::new(alg.parse().unwrap());
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }
}

fn rsa_encoding(alg: &str) -> &'static RsaSignatureEncoding {
    match alg {
        "RS384" => &RSA_PKCS1_SHA384,
        "RS512" => &RSA_PKCS1_SHA512,
        "PS256" => &RSA_PSS_SHA256,
        "PS384" => &RSA_PSS_SHA384,
        "PS512" => &RSA_PSS_SHA512,
        _ => &RSA_PKCS1_SHA256,
    }
}
