//! DPoP, RFC 9449: the key that a token is bound to, the proofs of its possession, and the servers' nonces.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use crate::challenge::Challenge;
use crate::crypto::sha256;
use crate::error::{Error, ErrorKind, Result, clipped};
use crate::jose::jws::Header;
use crate::jose::{Algorithm, SigningKey};
use crate::message::Response;
use crate::numeric_date::unix_seconds;
use crate::secret::Secret;

/// The `token_type` and the authentication scheme of DPoP tokens (RFC 9449 §5, §7.1).
pub(crate) const DPOP: &str = "DPoP";

/// The longest accepted nonce, in bytes.
const MAX_NONCE: usize = 1024;

/// The private key that a token is bound to. Its text is stored with the token, and is a secret as the token is.
#[derive(Clone)]
pub(crate) struct DpopKey(Arc<Inner>);

struct Inner {
    /// DER in base64url: SEC 1 for P-256, PKCS#8 for Ed25519.
    text: Secret,
    /// Parsed when it is first used.
    key: OnceLock<Option<Arc<SigningKey>>>,
}

impl DpopKey {
    /// A new key for this algorithm, from 32 random bytes. Only ES256 and `EdDSA` keys are generated: an RSA key takes
    /// too long for a login.
    pub(crate) fn generate(alg: Algorithm, random: &[u8; 32]) -> Result<Self> {
        let der = Zeroizing::new(match alg {
            Algorithm::Es256 => [P256_BEFORE, random, P256_AFTER].concat(),
            _ => [ED25519_BEFORE, random].concat(),
        });
        let key = Self::of_text(Secret::new(URL_SAFE_NO_PAD.encode(&*der)));
        // About one of 2^32 numbers is no key on P-256.
        key.signing_key().map(|_| key.clone()).map_err(|_| {
            Error::new(ErrorKind::Internal, "no DPoP key could be generated; try again")
        })
    }

    /// A stored key.
    pub(crate) fn of_text(text: Secret) -> Self {
        Self(Arc::new(Inner { text, key: OnceLock::new() }))
    }

    /// The key as it is stored.
    pub(crate) fn text(&self) -> &Secret {
        &self.0.text
    }

    pub(crate) fn signing_key(&self) -> Result<Arc<SigningKey>> {
        let parse = || {
            let der = Zeroizing::new(URL_SAFE_NO_PAD.decode(self.0.text.expose()).ok()?);
            SigningKey::from_der(&der).ok().map(Arc::new)
        };
        self.0.key.get_or_init(parse).clone().ok_or_else(|| {
            let check = "the key that is stored with a DPoP token is malformed (RFC 9449 §4)";
            Error::new(ErrorKind::Store, check).with_hint("the user must log in again")
        })
    }
}

impl fmt::Debug for DpopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DpopKey(..)")
    }
}

/// `ECPrivateKey` of SEC 1 §C.4 around the number of a key on P-256.
const P256_BEFORE: &[u8] = &[0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
const P256_AFTER: &[u8] = &[0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// `OneAsymmetricKey` of RFC 8410 §7 before the seed of an Ed25519 key.
const ED25519_BEFORE: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// What one proof is for (RFC 9449 §4.2).
#[derive(Debug)]
pub(crate) struct Proof<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a Url,
    /// Random, and new for each request.
    pub(crate) jti: &'a Secret,
    pub(crate) now: SystemTime,
    /// The access token of an API request.
    pub(crate) access_token: Option<&'a Secret>,
    /// The newest nonce of the server (§8, §9).
    pub(crate) nonce: Option<&'a str>,
}

impl Proof<'_> {
    /// Header and claims of the proof, with the public key.
    pub(crate) fn unsigned(&self, alg: Algorithm, jwk: &Map<String, Value>) -> (Header, String) {
        let hash = |token: &Secret| URL_SAFE_NO_PAD.encode(sha256(token.expose().as_bytes()));
        let claims: Map<String, Value> = [
            ("jti", Some(self.jti.expose().into())),
            ("htm", Some(self.method.into())),
            ("htu", Some(htu(self.url).into())),
            ("iat", Some(unix_seconds(self.now).into())),
            ("ath", self.access_token.map(|token| hash(token).into())),
            ("nonce", self.nonce.map(Value::from)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
        let mut others = Map::new();
        others.insert("jwk".to_owned(), Value::Object(required_members(jwk)));
        let typ = Some("dpop+jwt".to_owned());
        (Header { alg, kid: None, typ, x5t_s256: None, others }, Value::Object(claims).to_string())
    }
}

/// The URL without query and fragment (RFC 9449 §4.2).
fn htu(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The algorithm of proofs: the configured one, or the first of the key in `dpop_signing_alg_values_supported`
/// (RFC 9449 §5.1). An HMAC is none: the proof has the public key.
pub(crate) fn proof_algorithm(
    configured: Option<Algorithm>,
    fitting: &[Algorithm],
    supported: Option<&[String]>,
) -> Result<Algorithm> {
    let named =
        |alg: Algorithm| supported.is_none_or(|names| names.iter().any(|name| name == alg.name()));
    let mut fitting = fitting.iter().copied().filter(|alg| !alg.is_symmetric());
    configured.or_else(|| fitting.find(|alg| named(*alg))).ok_or_else(|| {
        let names = clipped(&supported.unwrap_or_default().join(", "));
        let check = format!(
            "the provider's `dpop_signing_alg_values_supported` ({names}) names no algorithm that \
             fits the client's DPoP key (RFC 9449 §5.1)"
        );
        Error::new(ErrorKind::Unsupported, check)
            .with_hint("set `dpop_key` to a key of another type, or `dpop_signing_alg`")
    })
}

/// The members of a public key that identify it (RFC 7638 §3.2, RFC 8037 §2).
fn required_members(jwk: &Map<String, Value>) -> Map<String, Value> {
    let names = ["crv", "e", "kty", "n", "x", "y"];
    let members =
        names.iter().filter_map(|name| Some(((*name).to_owned(), jwk.get(*name)?.clone())));
    members.collect()
}

/// The thumbprint of a public key, `dpop_jkt` of the authorization request (RFC 7638 §3, RFC 9449 §10).
pub(crate) fn thumbprint(jwk: &Map<String, Value>) -> String {
    // In the order of the names, without blanks (RFC 7638 §3.3).
    let members: std::collections::BTreeMap<_, _> = required_members(jwk).into_iter().collect();
    let text = serde_json::to_string(&members).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(sha256(text.as_bytes()))
}

/// The nonce that a server wants in the next proof (RFC 9449 §8.2).
pub(crate) fn nonce_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("dpop-nonce")?.to_str().ok()?;
    (!value.is_empty() && value.len() <= MAX_NONCE).then(|| value.to_owned())
}

/// Whether an endpoint of the authorization server wants another nonce (RFC 9449 §8).
pub(crate) fn is_nonce_request(response: &Response) -> bool {
    response.status().is_client_error()
        && (is_nonce_challenge(response.status(), response.headers())
            || serde_json::from_slice::<Value>(response.body())
                .is_ok_and(|body| body.get("error").is_some_and(|error| error == USE_NONCE)))
}

/// Whether a protected resource wants another nonce (RFC 9449 §9).
pub(crate) fn is_nonce_challenge(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::UNAUTHORIZED
        && Challenge::all(headers)
            .iter()
            .any(|challenge| challenge.is(DPOP) && challenge.param("error") == Some(USE_NONCE))
}

const USE_NONCE: &str = "use_dpop_nonce";

#[cfg(test)]
#[path = "dpop_tests.rs"]
mod tests;
