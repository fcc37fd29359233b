//! The setters of [`ClientConfig`] for what a login requests, and for encryption and registration.

use serde_json::Value;

use super::ClientConfig;
use crate::jose::{ContentEncryption, EncryptionAlgorithm};
use crate::secret::Secret;

/// Setters of algorithms of encryption.
macro_rules! encryption_setters {
    ($($(#[$doc:meta])* $name:ident: $field:ident.$member:ident = $type:ident;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $member: $type) -> Self {
            self.encryption.$field.$member = Some($member);
            self
        })*
    };
}

impl ClientConfig {
    encryption_setters! {
        /// Requires ID tokens to be encrypted, by this algorithm (OpenID Connect Registration §2).
        id_token_encrypted_response_alg: id_token.alg = EncryptionAlgorithm;
        /// Sets how the content of encrypted ID tokens is encrypted. Default: any of [`ContentEncryption`].
        id_token_encrypted_response_enc: id_token.enc = ContentEncryption;
        /// Requires user info to be signed and encrypted, by this algorithm (OpenID Connect Core §5.3.2).
        userinfo_encrypted_response_alg: userinfo.alg = EncryptionAlgorithm;
        /// Sets how the content of encrypted user info is encrypted.
        userinfo_encrypted_response_enc: userinfo.enc = ContentEncryption;
        /// Requires authorization responses to be encrypted, by this algorithm (JARM §3).
        authorization_encrypted_response_alg: authorization.alg = EncryptionAlgorithm;
        /// Sets how the content of encrypted authorization responses is encrypted.
        authorization_encrypted_response_enc: authorization.enc = ContentEncryption;
        /// Requires introspection responses to be encrypted, by this algorithm (RFC 9701 §6).
        introspection_encrypted_response_alg: introspection.alg = EncryptionAlgorithm;
        /// Sets how the content of encrypted introspection responses is encrypted.
        introspection_encrypted_response_enc: introspection.enc = ContentEncryption;
        /// Encrypts request objects to a key of the provider (RFC 9101 §6.1).
        request_object_encryption_alg: request_object.alg = EncryptionAlgorithm;
        /// Sets how the content of request objects is encrypted. Default: `A128CBC-HS256`.
        request_object_encryption_enc: request_object.enc = ContentEncryption;
    }

    /// Requests claims by name (OpenID Connect Core §5.5): an object with the members `id_token` and `userinfo`, whose
    /// members are the names. An `acr` of the ID token that is requested as essential is verified.
    ///
    /// ```
    /// use authlib_core::ClientConfig;
    /// use serde_json::json;
    ///
    /// let client = ClientConfig::new("bank").claim_request(json!({
    ///     "id_token": { "acr": { "essential": true, "values": ["urn:bank:sca"] } },
    ///     "userinfo": { "email": null },
    /// }));
    /// # let _ = client;
    /// ```
    #[must_use]
    #[doc(alias = "claims")]
    pub fn claim_request(mut self, claims: Value) -> Self {
        match claims {
            Value::Object(claims) => self.claims = claims,
            _ => self.rejected.push(("claims".to_owned(), "must be a table".to_owned())),
        }
        self
    }

    /// Adds a member to the metadata of [`dynamic_registration`](Self::dynamic_registration), in the place of the one that
    /// follows from the settings (RFC 7591 §2).
    #[must_use]
    #[doc(alias = "client_metadata")]
    pub fn client_metadata_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.client_metadata.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a resource that the access token is for, an absolute URI (RFC 8707 §2). It is sent in the authorization
    /// and the token request.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource.push(resource.into());
        self
    }

    /// Adds one object of the authorization details, whose `type` says what it is (RFC 9396 §2).
    ///
    /// ```
    /// use authlib_core::ClientConfig;
    /// use serde_json::json;
    ///
    /// let client = ClientConfig::new("bank")
    ///     .authorization_detail(json!({ "type": "account_information", "actions": ["read"] }));
    /// # let _ = client;
    /// ```
    #[must_use]
    #[doc(alias = "authorization_details")]
    pub fn authorization_detail(mut self, detail: Value) -> Self {
        self.authorization_details.push(detail);
        self
    }

    /// Adds a key that decrypts what the provider encrypts to the client: PEM (PKCS#8, PKCS#1 or SEC 1), or the JSON
    /// of a private JWK. Add several while keys are rotated: the newest first, which the provider should use.
    #[must_use]
    #[doc(alias = "decryption_keys")]
    pub fn decryption_key(mut self, key: impl Into<Secret>) -> Self {
        self.decryption_keys.push(key.into());
        self
    }

    /// Does not fetch the user info at login: all claims are then from the ID token.
    #[must_use]
    #[doc(alias = "fetch_userinfo")]
    pub fn without_userinfo_at_login(mut self) -> Self {
        self.fetch_userinfo = Some(false);
        self
    }
}
