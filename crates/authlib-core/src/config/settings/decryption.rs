//! The client's keys for encrypted responses.

use super::validator::Validator;
use crate::config::ClientConfig;
use crate::jose::jwe::Accepted;
use crate::jose::{DecryptionKey, DecryptionKeys, EncryptionAlgorithm};

impl ClientConfig {
    /// The decryption keys, and the client secret if an algorithm needs it (OpenID Connect Core §10.2).
    pub(super) fn checked_decryption_keys(&self, check: &mut Validator) -> DecryptionKeys {
        let mut keys = Vec::new();
        for text in &self.decryption_keys {
            match DecryptionKey::parse(text) {
                Ok(key) => keys.push(key),
                Err(cause) => check.problem("decryption_keys", format!("has a key that {cause}")),
            }
        }
        let responses = self.encrypted_responses();
        let is_symmetric =
            |alg: Option<EncryptionAlgorithm>| alg.is_some_and(EncryptionAlgorithm::is_symmetric);
        let needs_secret = responses.iter().any(|(_, accepted)| is_symmetric(accepted.alg));
        let secret = self.client_secret.clone().filter(|secret| !secret.is_empty());
        let keys = DecryptionKeys::new(keys, secret.filter(|_| needs_secret));
        for (name, accepted) in responses {
            match accepted.alg {
                Some(alg) if !keys.fit(alg) => {
                    let problem = format!("is {alg}, and no key of `decryption_keys` fits it");
                    check.problem(&format!("{name}_alg"), problem);
                }
                None if accepted.enc.is_some() => {
                    let problem = format!("is not used without `{name}_alg`");
                    check.problem(&format!("{name}_enc"), problem);
                }
                _ => {}
            }
        }
        self.check_request_encryption(check);
        keys
    }

    fn encrypted_responses(&self) -> [(&'static str, Accepted); 4] {
        [
            ("authorization_encrypted_response", self.encryption.authorization),
            ("id_token_encrypted_response", self.encryption.id_token),
            ("introspection_encrypted_response", self.encryption.introspection),
            ("userinfo_encrypted_response", self.encryption.userinfo),
        ]
    }

    fn check_request_encryption(&self, check: &mut Validator) {
        let Accepted { alg, enc } = self.encryption.request_object;
        if alg.is_some() && self.request_object_signing_alg.is_none() {
            let problem = "is not used without `request_object_signing_alg`";
            check.problem("request_object_encryption_alg", problem);
        }
        if let Some(alg) = alg.filter(|alg| alg.is_symmetric()) {
            let problem = format!("is {alg}, but must be an algorithm for a public key");
            check.problem("request_object_encryption_alg", problem);
        }
        if alg.is_none() && enc.is_some() {
            let problem = "is not used without `request_object_encryption_alg`";
            check.problem("request_object_encryption_enc", problem);
        }
        if self.encryption.introspection.alg.is_some()
            && self.introspection_signed_response_alg.is_none()
        {
            let reason = "encrypted introspection responses are signed (RFC 9701 §5)";
            check.missing("introspection_signed_response_alg", reason);
        }
    }
}
