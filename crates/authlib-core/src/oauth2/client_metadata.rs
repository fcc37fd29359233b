//! [`ClientMetadata`], RFC 7591 §2, with the members of OpenID Connect and other specifications.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Result;
use crate::jose::claims;

/// Declares the fields and their setters.
macro_rules! client_metadata {
    (
        texts { $($(#[$text_doc:meta])* $text:ident)* }
        lists { $($(#[$list_doc:meta])* $list:ident)* }
        flags { $($(#[$flag_doc:meta])* $flag:ident)* }
    ) => {
        /// The metadata of a client, as it is requested and as it is registered (RFC 7591 §2). The provider
        /// chooses the values of omitted members.
        ///
        /// ```
        /// use authlib_core::oauth2::ClientMetadata;
        ///
        /// let metadata = ClientMetadata::new()
        ///     .redirect_uris(["https://app.example.com/authorize"])
        ///     .client_name("Example")
        ///     .token_endpoint_auth_method("client_secret_basic")
        ///     .extra("client_name#de", "Beispiel");
        /// assert_eq!(metadata.redirect_uris.len(), 1);
        /// ```
        #[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct ClientMetadata {
            $($(#[$list_doc])*
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub $list: Vec<String>,)*
            $($(#[$text_doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $text: Option<String>,)*
            $($(#[$flag_doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $flag: Option<bool>,)*
            /// The client's public keys, as a JWK set.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub jwks: Option<Value>,
            /// All other members, such as names by language (`client_name#de`).
            #[serde(flatten)]
            pub extra: Map<String, Value>,
        }

        impl ClientMetadata {
            /// Moves a member of a response to its field; `false` if it has another type.
            pub(super) fn put(&mut self, name: String, value: Value) -> bool {
                match name.as_str() {
                    $(stringify!($text) => move_to(&mut self.$text, value),)*
                    $(stringify!($list) => move_to(&mut self.$list, value),)*
                    $(stringify!($flag) => move_to(&mut self.$flag, value),)*
                    "jwks" => move_to(&mut self.jwks, value),
                    _ => {
                        self.extra.insert(name, value);
                        true
                    }
                }
            }

            $(#[doc = concat!("Sets [`", stringify!($list), "`](Self#structfield.", stringify!($list), ").")]
            #[must_use]
            pub fn $list(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.$list = values.into_iter().map(Into::into).collect();
                self
            })*
            $(#[doc = concat!("Sets [`", stringify!($text), "`](Self#structfield.", stringify!($text), ").")]
            #[must_use]
            pub fn $text(mut self, value: impl Into<String>) -> Self {
                self.$text = Some(value.into());
                self
            })*
            $(#[doc = concat!("Sets [`", stringify!($flag), "`](Self#structfield.", stringify!($flag), ").")]
            #[must_use]
            pub fn $flag(mut self, value: bool) -> Self {
                self.$flag = Some(value);
                self
            })*
        }
    };
}

client_metadata! {
    texts {
        /// How the client authenticates, such as `client_secret_basic`; `none` for a public client.
        token_endpoint_auth_method
        /// The name that is shown to users.
        client_name
        /// A page about the client.
        client_uri
        /// The URL of the client's logo.
        logo_uri
        /// The scope that the client may request, space-separated.
        scope
        /// The page of the terms of service.
        tos_uri
        /// The page of the privacy policy.
        policy_uri
        /// The URL of the client's public keys, instead of [`jwks`](Self#structfield.jwks).
        jwks_uri
        /// The id of the software, the same for all installations.
        software_id
        /// The version of the software.
        software_version
        /// A signed statement about the software, as a JWT (RFC 7591 §2.3).
        software_statement
        /// `web` or `native` (OpenID Connect Registration §2).
        application_type
        /// A list of redirect URIs that share users' pairwise ids (OpenID Connect Registration §2).
        sector_identifier_uri
        /// `pairwise` or `public` (OpenID Connect Registration §2).
        subject_type
        /// The algorithm that signs ID tokens.
        id_token_signed_response_alg
        /// The algorithm that signs user info; by default it is plain JSON.
        userinfo_signed_response_alg
        /// The algorithm that signs introspection responses (RFC 9701 §6).
        introspection_signed_response_alg
        /// The algorithm that signs request objects.
        request_object_signing_alg
        /// The algorithm that signs client assertions.
        token_endpoint_auth_signing_alg
        /// The page to which the provider sends a browser to start a login.
        initiate_login_uri
        /// The page of a front-channel logout (OpenID Connect Front-Channel Logout §2).
        frontchannel_logout_uri
        /// The endpoint for back-channel logouts (OpenID Connect Back-Channel Logout §2.2).
        backchannel_logout_uri
    }
    lists {
        /// The allowed redirect URIs.
        redirect_uris
        /// The grants that the client uses; by default `authorization_code` only.
        grant_types
        /// The response types that the client uses; by default `code` only.
        response_types
        /// Contacts of the client's operators, usually e-mail addresses.
        contacts
        /// The allowed redirect URIs after a logout (OpenID Connect RP-Initiated Logout §3.1).
        post_logout_redirect_uris
        /// The `acr` values that a login requests by default.
        default_acr_values
        /// The URLs of request objects.
        request_uris
    }
    flags {
        /// Whether ID tokens must have `auth_time`.
        require_auth_time
        /// Whether a front-channel logout must have `sid`.
        frontchannel_logout_session_required
        /// Whether a back-channel logout must have `sid`.
        backchannel_logout_session_required
        /// Whether authorization requests must be pushed (RFC 9126 §6).
        require_pushed_authorization_requests
        /// Whether access tokens are bound to a key (RFC 9449 §5.2).
        dpop_bound_access_tokens
        /// Whether access tokens are bound to a certificate (RFC 8705 §3.4).
        tls_client_certificate_bound_access_tokens
    }
}

impl ClientMetadata {
    /// Metadata without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the public keys, as a JWK set.
    #[must_use]
    pub fn jwks(mut self, jwks: Value) -> Self {
        self.jwks = Some(jwks);
        self
    }

    /// Sets a member that has no field of its own. Members that only the provider sets, such as
    /// `client_id`, are not sent.
    #[must_use]
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }

    /// A member that has no field of its own, as the caller's own type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the member is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        claims::get(&self.extra, name)
    }
}

/// Moves a value to a field, if it has the field's type.
fn move_to<T: DeserializeOwned>(field: &mut T, value: Value) -> bool {
    serde_json::from_value(value).map(|value| *field = value).is_ok()
}

impl fmt::Debug for ClientMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys, software statements and unknown members stay out of logs.
        f.debug_struct("ClientMetadata")
            .field("client_name", &self.client_name)
            .field("redirect_uris", &self.redirect_uris)
            .field("grant_types", &self.grant_types)
            .field("token_endpoint_auth_method", &self.token_endpoint_auth_method)
            .field("scope", &self.scope)
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The metadata of RFC 7591 §3.1.
    #[test]
    fn rfc_example_metadata_round_trips() {
        let metadata = ClientMetadata::new()
            .redirect_uris([
                "https://client.example.org/callback",
                "https://client.example.org/callback2",
            ])
            .client_name("My Example Client")
            .extra(
                "client_name#ja-Jpan-JP",
                "\u{30AF}\u{30E9}\u{30A4}\u{30A2}\u{30F3}\u{30C8}\u{540D}",
            )
            .token_endpoint_auth_method("client_secret_basic")
            .logo_uri("https://client.example.org/logo.png")
            .jwks_uri("https://client.example.org/my_public_keys.jwks")
            .extra("example_extension_parameter", "example_value");
        let expected = json!({
            "redirect_uris": [
                "https://client.example.org/callback",
                "https://client.example.org/callback2"],
            "client_name": "My Example Client",
            "client_name#ja-Jpan-JP": "\u{30AF}\u{30E9}\u{30A4}\u{30A2}\u{30F3}\u{30C8}\u{540D}",
            "token_endpoint_auth_method": "client_secret_basic",
            "logo_uri": "https://client.example.org/logo.png",
            "jwks_uri": "https://client.example.org/my_public_keys.jwks",
            "example_extension_parameter": "example_value"
        });
        assert_eq!(serde_json::to_value(&metadata).unwrap(), expected);
        assert_eq!(serde_json::from_value::<ClientMetadata>(expected).unwrap(), metadata);
        let extra = metadata.get::<String>("example_extension_parameter");
        assert_eq!(extra.unwrap().as_deref(), Some("example_value"));
        assert!(metadata.get::<u8>("example_extension_parameter").is_err());
        assert_eq!(metadata.get::<u8>("absent").unwrap(), None);
    }

    #[test]
    fn absent_members_are_not_sent() {
        assert_eq!(serde_json::to_value(ClientMetadata::new()).unwrap(), json!({}));
        let metadata = ClientMetadata::new().require_auth_time(false).jwks(json!({"keys": []}));
        let sent = serde_json::to_value(metadata).unwrap();
        assert_eq!(sent, json!({"require_auth_time": false, "jwks": {"keys": []}}));
    }

    #[test]
    fn members_of_wrong_type_are_rejected() {
        for metadata in [
            json!({"redirect_uris": "https://client.example.org/"}),
            json!({"redirect_uris": [1]}),
            json!({"client_name": 7}),
            json!({"require_auth_time": "true"}),
            json!([]),
        ] {
            assert!(
                serde_json::from_value::<ClientMetadata>(metadata.clone()).is_err(),
                "{metadata}"
            );
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let metadata = ClientMetadata::new()
            .jwks(json!({"keys": [{"k": "s3cr3t"}]}))
            .software_statement("s3cr3t")
            .extra("x", "s3cr3t");
        assert!(!format!("{metadata:?}").contains("s3cr3t"));
    }
}
