//! The limits: the cryptography alone, by aws-lc-rs with a key that is parsed once.

use std::hint::black_box;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey, RsaPublicKeyComponents,
    VerificationAlgorithm,
};
use aws_lc_rs::{digest, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::cases::{Case, OAUTH1, SECRET, id_token, provider};

/// The signature of an ID token.
pub(crate) fn verify(algorithm: &str) -> Case {
    let provider = provider(algorithm);
    let (_, text, _) = id_token(&provider, algorithm);
    let (signed, signature) = text.rsplit_once('.').expect("it is a JWT");
    let (signed, signature) = (signed.to_owned(), bytes(signature));
    if algorithm == "HS256" {
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        return Case::new(move || {
            hmac::verify(&key, black_box(signed.as_bytes()), &signature).expect("it is valid")
        });
    }
    let key = public_key(algorithm, &jwks(&provider)["keys"][0]);
    Case::new(move || {
        key.verify_sig(black_box(signed.as_bytes()), &signature).expect("it is valid")
    })
}

/// The keys of the provider.
pub(crate) fn jwks(provider: &authlib_provider::Provider) -> Value {
    let mut request = authlib_core::message::Request::default();
    *request.uri_mut() = "https://op.example/jwks".parse().expect("it is a URL");
    serde_json::from_slice(provider.handle(&request).body()).expect("it is JSON")
}

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("it is base64")
}

fn public_key(algorithm: &str, jwk: &Value) -> ParsedPublicKey {
    let member = |name: &str| bytes(jwk[name].as_str().expect("it is there"));
    let rsa = match algorithm {
        "RS256" => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        "PS256" => Some(&signature::RSA_PSS_2048_8192_SHA256),
        _ => None,
    };
    if let Some(parameters) = rsa {
        let components = RsaPublicKeyComponents { n: member("n"), e: member("e") };
        return components.to_parsed_public_key(parameters).expect("it is a key");
    }
    let (algorithm, key): (&'static dyn VerificationAlgorithm, _) = if algorithm == "ES256" {
        (&signature::ECDSA_P256_SHA256_FIXED, [vec![4], member("x"), member("y")].concat())
    } else {
        (&signature::ED25519, member("x"))
    };
    ParsedPublicKey::new(algorithm, key).expect("it is a key")
}

/// Random bytes for state, nonce and verifier, and the hash of the verifier.
pub(crate) fn authorization_url() -> Case {
    Case::new(|| {
        let mut random = [0; 96];
        rand::fill(&mut random).expect("the system has randomness");
        (random, digest::digest(&digest::SHA256, black_box(&random[..43])))
    })
}

/// The HMAC of a base string of the same length.
pub(crate) fn oauth1_signature() -> Case {
    let key = format!("{}&{}", OAUTH1[1], OAUTH1[3]);
    let base_string = "x".repeat(1000);
    Case::new(move || {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, black_box(key.as_bytes()));
        STANDARD.encode(hmac::sign(&key, black_box(base_string.as_bytes())))
    })
}

/// What a login with PAR, DPoP and `private_key_jwt` needs: an assertion and a proof for each of its two requests, and the
/// verification of the ID token.
pub(crate) fn high_security_login() -> Case {
    let (verify, sign) = (verify("ES256"), assertion("ES256"));
    Case::new(move || {
        verify.run();
        (0..4).for_each(|_| sign.run());
    })
}

/// The signature of an assertion of the same length.
pub(crate) fn assertion(algorithm: &str) -> Case {
    let message = vec![b'x'; 300];
    let der = |pem: &str| {
        let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        STANDARD.decode(text).expect("it is PEM")
    };
    if algorithm == "ES256" {
        let der = der(include_str!("../../../../authlib-core/tests/client-keys/p256.pem"));
        let key = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &der);
        let key = key.expect("it is a key");
        let random = SystemRandom::new();
        return Case::new(move || key.sign(&random, black_box(&message)).expect("it signs"));
    }
    let der = der(include_str!("../../../../authlib-core/tests/client-keys/ed25519.pem"));
    let key = Ed25519KeyPair::from_pkcs8(&der).expect("it is a key");
    Case::new(move || key.sign(black_box(&message)))
}
