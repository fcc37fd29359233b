//! What a client tells a provider of itself, RFC 7591 §2, and what OpenID Connect and other
//! specifications added: [`ClientMetadata`].

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Result;
use crate::jose::claims;

/// One line for each member: its field and its setter.
macro_rules! client_metadata {
    (
        texts { $($(#[$text_doc:meta])* $text:ident)* }
        lists { $($(#[$list_doc:meta])* $list:ident)* }
        flags { $($(#[$flag_doc:meta])* $flag:ident)* }
    ) => {
        /// What a client says of itself when it registers (RFC 7591 §2), and what the provider then made
        /// of it. All of it is optional: what is left out is for the provider to decide.
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
            /// The client's public keys, as a JWK set. No private key belongs here.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub jwks: Option<Value>,
            /// All other members, such as names by language (`client_name#de`).
            #[serde(flatten)]
            pub extra: Map<String, Value>,
        }

        impl ClientMetadata {
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
        /// The name that users are shown.
        client_name
        /// A page about the client.
        client_uri
        /// A picture of it.
        logo_uri
        /// The scope that it may ask for, blank-separated.
        scope
        /// Its terms of service.
        tos_uri
        /// Its privacy policy.
        policy_uri
        /// Where its public keys are; not together with [`jwks`](Self#structfield.jwks).
        jwks_uri
        /// An id of the software, the same for all its installations.
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
        /// The algorithm that signs user info; without it, it comes as plain JSON.
        userinfo_signed_response_alg
        /// The algorithm that signs introspection answers (RFC 9701 §6).
        introspection_signed_response_alg
        /// The algorithm that the client signs its requests with.
        request_object_signing_alg
        /// The algorithm that the client signs its own assertions with.
        token_endpoint_auth_signing_alg
        /// A page that starts a login when the provider sends a browser there.
        initiate_login_uri
        /// The page of a front-channel logout (OpenID Connect Front-Channel Logout §2).
        frontchannel_logout_uri
        /// Where logouts are announced to (OpenID Connect Back-Channel Logout §2.2).
        backchannel_logout_uri
    }
    lists {
        /// Where the provider may send the browser back to.
        redirect_uris
        /// The grants that the client uses; by default `authorization_code` only.
        grant_types
        /// What it asks the authorization endpoint for; by default `code` only.
        response_types
        /// How to reach who is responsible, mostly addresses of mail.
        contacts
        /// Where the browser may be sent after a logout (OpenID Connect RP-Initiated Logout §3.1).
        post_logout_redirect_uris
        /// The `acr` values that a login asks for by default.
        default_acr_values
        /// Where request objects may be fetched from.
        request_uris
    }
    flags {
        /// Whether ID tokens always say when the user authenticated.
        require_auth_time
        /// Whether a front-channel logout names the session.
        frontchannel_logout_session_required
        /// Whether a back-channel logout names the session.
        backchannel_logout_session_required
        /// Whether each authorization request is pushed first (RFC 9126 §6).
        require_pushed_authorization_requests
        /// Whether each access token is bound to a key (RFC 9449 §5.2).
        dpop_bound_access_tokens
        /// Whether each access token is bound to a certificate (RFC 8705 §3.4).
        tls_client_certificate_bound_access_tokens
    }
}

impl ClientMetadata {
    /// Nothing said yet.
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

    /// Sets a member that has no field of its own. What the provider alone decides, such as
    /// `client_id`, is not sent.
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

impl fmt::Debug for ClientMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys and statements stay out of logs, and so does what we don't know.
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
