//! Encryption of JWTs to a client (RFC 7516): RSA-OAEP-256 with A256GCM.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::RsaPublicKeyComponents;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::response::set_member;
use crate::state::Context;

/// The JWT encrypted to the client's key, if it has registered one; `None` if that fails. Injected faults change the
/// result.
pub(crate) fn to_client(context: &Context, client: &str, jwt: String) -> Option<String> {
    let Some(jwk) = context.client(client).and_then(|client| client.encryption_key) else {
        return Some(jwt);
    };
    let faults = context.faults();
    if faults.contains(&Fault::NotEncrypted) {
        return Some(jwt);
    }
    let mut header = json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT" });
    let mut content = jwt;
    for fault in &faults {
        match fault {
            Fault::EncryptedContent(text) => content.clone_from(text),
            Fault::EncryptionHeader(name, value) => {
                set_member(header.as_object_mut()?, name.clone(), value.clone());
            }
            _ => {}
        }
    }
    let mut token = encrypted(&jwk, &header, &content)?;
    if faults.contains(&Fault::BadEncryption) {
        // The last character of the tag; one in four has the same bits.
        let last = token.pop()?;
        token.push(if last == 'A' { 'Q' } else { 'A' });
    }
    Some(token)
}

fn encrypted(jwk: &Value, header: &Value, content: &str) -> Option<String> {
    let number = |name: &str| URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok();
    let (n, e) = (number("n")?, number("e")?);
    let public: PublicEncryptingKey = RsaPublicKeyComponents { n, e }.try_into().ok()?;
    let public = OaepPublicEncryptingKey::new(public).ok()?;
    let (mut key, mut iv) = ([0; 32], [0; 12]);
    rand::fill(&mut key).ok()?;
    rand::fill(&mut iv).ok()?;
    let mut encrypted_key = vec![0; public.ciphertext_size()];
    let encrypted_key =
        public.encrypt(&OAEP_SHA256_MGF1SHA256, &key, &mut encrypted_key, None).ok()?;
    let head = URL_SAFE_NO_PAD.encode(header.to_string());
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).ok()?);
    let mut text = content.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key(iv);
    let tag =
        cipher.seal_in_place_separate_tag(nonce, Aad::from(head.as_bytes()), &mut text).ok()?;
    let parts = [encrypted_key as &[u8], &iv, &text, tag.as_ref()];
    let parts: Vec<_> = parts.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
    Some(format!("{head}.{}", parts.join(".")))
}
