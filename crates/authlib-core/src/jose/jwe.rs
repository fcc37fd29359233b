//! JSON Web Encryption in compact form, RFC 7516, for the algorithms of [`EncryptionAlgorithm`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::decryption_keys::{DecryptionKey, DecryptionKeys};
use super::encryption_key::{EncryptionKey, Recipient};
use super::strict_json;
use super::{ContentEncryption, EncryptionAlgorithm};
use crate::crypto::encryption::{self, AgreementKey, ContentKey, Sealed};
use crate::crypto::{CryptoError, sha256};

/// The longest accepted token, in bytes. Checked before anything is decoded.
const MAX_TOKEN: usize = 192 * 1024;

/// The longest header, in base64url.
const MAX_HEADER: usize = 16 * 1024;

/// The longest encrypted key, in base64url: that of an RSA key of 8192 bits has 1366 characters.
const MAX_ENCRYPTED_KEY: usize = 2 * 1024;

/// The most keys that are tried.
const MAX_TRIES: usize = 8;

/// Why a JWE is rejected. All failures of decryption are alike, so that nobody learns from them.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JweError {
    #[error("{0} is longer than {1} bytes")]
    TooLong(&'static str, usize),
    #[error("not a compact JWE: expected five parts separated by dots (RFC 7516 §7.1)")]
    Parts,
    #[error("the header is malformed (RFC 7516 §4)")]
    Header,
    #[error("the header has `{0}`, which is not supported (RFC 7516 §4.1)")]
    Member(&'static str),
    #[error("the `{member}` {found:?} is not accepted, expected {accepted}")]
    Algorithm { member: &'static str, found: String, accepted: String },
    #[error("it can't be decrypted with the client's keys (RFC 7516 §5.2)")]
    Decryption,
}

/// Which algorithms are accepted; without one, all that fit the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) alg: Option<EncryptionAlgorithm>,
    pub(crate) enc: Option<ContentEncryption>,
}

/// Whether a token is a compact JWE rather than a JWS: it has five parts instead of three (RFC 7516 §9).
pub(crate) fn is_jwe(token: &str) -> bool {
    token.split('.').count() == 5
}

/// Decrypts a compact JWE. Its limits and its header are checked before any cryptography.
pub(crate) fn decrypt(
    token: &str,
    accepted: Accepted,
    keys: &DecryptionKeys,
) -> Result<Vec<u8>, JweError> {
    if token.len() > MAX_TOKEN {
        return Err(JweError::TooLong("the token", MAX_TOKEN));
    }
    let parts: Vec<_> = token.splitn(6, '.').collect();
    let [head, encrypted_key, iv, ciphertext, tag] = parts.as_slice() else {
        return Err(JweError::Parts);
    };
    if head.len() > MAX_HEADER {
        return Err(JweError::TooLong("the header", MAX_HEADER));
    }
    if encrypted_key.len() > MAX_ENCRYPTED_KEY {
        return Err(JweError::TooLong("the encrypted key", MAX_ENCRYPTED_KEY));
    }
    let header = Header::parse(head, accepted, keys)?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| JweError::Parts);
    let sealed = Sealed { iv: decoded(iv)?, ciphertext: decoded(ciphertext)?, tag: decoded(tag)? };
    let encrypted_key = decoded(encrypted_key)?;
    let candidates = keys.candidates(header.alg, header.kid.as_deref()).take(MAX_TRIES);
    for key in candidates {
        let opened = header.content_key(key, &encrypted_key).and_then(|content_key| {
            header.enc.content().open(&content_key, head.as_bytes(), &sealed)
        });
        if let Ok(plaintext) = opened {
            return Ok(plaintext);
        }
    }
    Err(JweError::Decryption)
}

/// Encrypts a JWT for a recipient. The header says that the content is a JWT (RFC 7519 §5.2).
pub(crate) fn encrypt(
    jwt: &str,
    alg: EncryptionAlgorithm,
    enc: ContentEncryption,
    recipient: &EncryptionKey,
) -> Result<String, CryptoError> {
    let mut header = Map::new();
    let mut put = |name: &str, value: Value| header.insert(name.to_owned(), value);
    put("alg", alg.name().into());
    put("enc", enc.name().into());
    put("cty", "JWT".into());
    if let Some(kid) = recipient.kid() {
        put("kid", kid.into());
    }
    let (content_key, encrypted_key) = match (alg.oaep(), recipient.recipient()) {
        (Some(oaep), Recipient::Rsa { n, e }) => {
            let key = enc.content().new_key()?;
            let encrypted = encryption::rsa_encrypt(oaep, n, e, &key)?;
            (key, encrypted)
        }
        (None, Recipient::Agreement { curve, public }) => {
            let own = AgreementKey::generate(*curve)?;
            put("epk", super::encryption_key::ephemeral_jwk(*curve, &own.public()?)?);
            let shared = own.agree(public)?;
            match alg.wrapping_key_length() {
                None if alg == EncryptionAlgorithm::EcdhEs => {
                    let length = enc.content().key_length();
                    (concat_kdf(&shared, enc.name(), b"", b"", length), Vec::new())
                }
                Some(length) => {
                    let kek = concat_kdf(&shared, alg.name(), b"", b"", length);
                    let key = enc.content().new_key()?;
                    let wrapped = encryption::wrap_key(&kek, &key)?;
                    (key, wrapped)
                }
                None => return Err(CryptoError),
            }
        }
        _ => return Err(CryptoError),
    };
    let head = URL_SAFE_NO_PAD.encode(Value::Object(header).to_string());
    let sealed = enc.content().seal(&content_key, head.as_bytes(), jwt.as_bytes())?;
    let parts = [&encrypted_key, &sealed.iv, &sealed.ciphertext, &sealed.tag];
    let parts: Vec<_> = parts.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
    Ok(format!("{head}.{}", parts.join(".")))
}

/// A checked header.
struct Header {
    alg: EncryptionAlgorithm,
    enc: ContentEncryption,
    kid: Option<String>,
    members: Map<String, Value>,
}

impl Header {
    fn parse(head: &str, accepted: Accepted, keys: &DecryptionKeys) -> Result<Self, JweError> {
        let bytes = URL_SAFE_NO_PAD.decode(head).map_err(|_| JweError::Header)?;
        let members = strict_json::object(&bytes).map_err(|_| JweError::Header)?;
        // Compressed content tells about itself by its length, and may be a bomb (RFC 8725 §3.6).
        for name in ["crit", "zip", "p2c", "p2s", "b64"] {
            if members.contains_key(name) {
                return Err(JweError::Member(name));
            }
        }
        let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
        let alg = EncryptionAlgorithm::from_name(text("alg"))
            .filter(|alg| accepted.alg.is_none_or(|one| one == *alg) && keys.fit(*alg));
        let alg = alg.ok_or_else(|| JweError::Algorithm {
            member: "alg",
            found: clipped(text("alg")),
            accepted: match accepted.alg {
                Some(alg) => alg.name().to_owned(),
                None => keys.algorithms().join(", "),
            },
        })?;
        let enc = ContentEncryption::from_name(text("enc"))
            .filter(|enc| accepted.enc.is_none_or(|one| one == *enc));
        let enc = enc.ok_or_else(|| JweError::Algorithm {
            member: "enc",
            found: clipped(text("enc")),
            accepted: accepted
                .enc
                .map_or("A128CBC-HS256, A256CBC-HS512, A128GCM, A256GCM", |enc| enc.name())
                .to_owned(),
        })?;
        let kid = members.get("kid").and_then(Value::as_str).map(ToOwned::to_owned);
        Ok(Self { alg, enc, kid, members })
    }

    /// The key of the content (RFC 7516 §5.2 steps 6 to 12).
    fn content_key(
        &self,
        key: &DecryptionKey,
        encrypted: &[u8],
    ) -> Result<ContentKey, CryptoError> {
        if let Some(oaep) = self.alg.oaep() {
            return key.rsa()?.decrypt(oaep, encrypted);
        }
        if self.alg.is_symmetric() {
            let length = self.alg.wrapping_key_length();
            let shared = key.shared(length.unwrap_or_else(|| self.enc.content().key_length()))?;
            return match length {
                Some(_) => encryption::unwrap_key(&shared, encrypted),
                None if encrypted.is_empty() => Ok(shared),
                None => Err(CryptoError),
            };
        }
        let own = key.agreement()?;
        let shared = own.agree(&self.ephemeral_key(own)?)?;
        let info = |name: &str| match self.members.get(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => URL_SAFE_NO_PAD.decode(text).map_err(|_| CryptoError),
            Some(_) => Err(CryptoError),
        };
        let (apu, apv) = (info("apu")?, info("apv")?);
        match self.alg.wrapping_key_length() {
            Some(length) => {
                let kek = concat_kdf(&shared, self.alg.name(), &apu, &apv, length);
                encryption::unwrap_key(&kek, encrypted)
            }
            None if encrypted.is_empty() => {
                let length = self.enc.content().key_length();
                Ok(concat_kdf(&shared, self.enc.name(), &apu, &apv, length))
            }
            None => Err(CryptoError),
        }
    }

    /// The sender's public key (RFC 7518 §4.6.1.1), on the curve of the own key.
    fn ephemeral_key(&self, own: &AgreementKey) -> Result<Vec<u8>, CryptoError> {
        let jwk = self.members.get("epk").and_then(Value::as_object).ok_or(CryptoError)?;
        let (curve, public) = super::encryption_key::agreement_key(jwk).ok_or(CryptoError)?;
        if curve == own.curve { Ok(public) } else { Err(CryptoError) }
    }
}

/// The key derivation of ECDH-ES (RFC 7518 §4.6.2): Concat KDF with SHA-256.
fn concat_kdf(secret: &[u8], algorithm: &str, apu: &[u8], apv: &[u8], length: usize) -> ContentKey {
    let with_length = |bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).unwrap_or_default();
        [&length.to_be_bytes(), bytes].concat()
    };
    let bits = u32::try_from(length.saturating_mul(8)).unwrap_or_default();
    let info = [
        with_length(algorithm.as_bytes()),
        with_length(apu),
        with_length(apv),
        bits.to_be_bytes().to_vec(),
    ]
    .concat();
    let mut key = Zeroizing::new(Vec::new());
    for round in 1_u32..=2 {
        let input = Zeroizing::new([&round.to_be_bytes(), secret, &info].concat());
        key.extend(sha256(&input));
    }
    key.truncate(length);
    key
}

fn clipped(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
#[path = "jwe_tests.rs"]
mod tests;
