//! Client authentication at the token endpoint, RFC 6749 §2.3 and RFC 7523 §2.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use crate::error::{Error, ErrorKind, Result, clipped};
use crate::params::{Params, form_encode};
use crate::secret::Secret;

/// The fields of a client assertion, which follows them (RFC 7523 §2.2).
const ASSERTION_FIELDS: &str = "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A\
                                jwt-bearer&client_assertion=";

/// The client authentication method (`token_endpoint_auth_method`, RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthMethod {
    /// HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// A token signed with the secret (OpenID Connect Core §9, RFC 7523 §2.2).
    ClientSecretJwt,
    /// Id and secret as fields of the form (RFC 6749 §2.3.1).
    ClientSecretPost,
    /// A public client: the id only (RFC 6749 §3.2.1).
    None,
    /// A token signed with the client's private key (OpenID Connect Core §9, RFC 7523 §2.2).
    PrivateKeyJwt,
    /// A certificate that the provider knows by the client's keys (RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
    /// A certificate of a CA that the provider trusts (RFC 8705 §2.1).
    TlsClientAuth,
}

/// The credential that a client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialKind {
    Certificate,
    None,
    PrivateKey,
    Secret,
}

/// The client authentication of one request.
#[derive(Debug)]
pub(crate) struct Credentials<'a> {
    pub(crate) method: AuthMethod,
    /// The name of the parameter: `client_id`, except at providers that have another.
    pub(crate) client_id_param: &'static str,
    pub(crate) client_id: &'a str,
    pub(crate) client_secret: Option<&'a Secret>,
    /// Whether HTTP Basic omits the form-encoding of RFC 6749 §2.3.1.
    pub(crate) raw_basic: bool,
    /// Signed for this request, if the method is an assertion.
    pub(crate) assertion: Option<Secret>,
}

impl AuthMethod {
    /// The registered name, such as `client_secret_basic`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::ClientSecretPost => "client_secret_post",
            Self::None => "none",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            Self::TlsClientAuth => "tls_client_auth",
        }
    }

    /// The method with this registered name, if it is supported.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::ClientSecretBasic,
            Self::ClientSecretJwt,
            Self::ClientSecretPost,
            Self::None,
            Self::PrivateKeyJwt,
            Self::SelfSignedTlsClientAuth,
            Self::TlsClientAuth,
        ]
        .into_iter()
        .find(|method| method.name() == name)
    }

    /// Whether the client signs an assertion.
    pub(crate) fn is_assertion(self) -> bool {
        matches!(self, Self::ClientSecretJwt | Self::PrivateKeyJwt)
    }

    /// Whether the connection's certificate authenticates the client (RFC 8705 §2).
    pub(crate) fn is_mutual_tls(self) -> bool {
        matches!(self, Self::SelfSignedTlsClientAuth | Self::TlsClientAuth)
    }

    /// The method to use, chosen before a request is sent: trying several could use up the code or leak
    /// the secret.
    ///
    /// A configured method wins. With a secret, the first of basic, post and JWT in `supported` is used;
    /// without `supported`, it is basic (RFC 8414 §2).
    pub(crate) fn choose(
        configured: Option<Self>,
        credential: CredentialKind,
        supported: Option<&[String]>,
    ) -> Result<Self> {
        if let Some(method) = configured {
            return Ok(method);
        }
        let (fitting, usual): (&[Self], _) = match credential {
            CredentialKind::None => return Ok(Self::None),
            CredentialKind::Certificate => {
                (&[Self::TlsClientAuth, Self::SelfSignedTlsClientAuth], Self::TlsClientAuth)
            }
            CredentialKind::PrivateKey => (&[Self::PrivateKeyJwt], Self::PrivateKeyJwt),
            CredentialKind::Secret => (
                &[Self::ClientSecretBasic, Self::ClientSecretPost, Self::ClientSecretJwt],
                Self::ClientSecretBasic,
            ),
        };
        let Some(supported) = supported else {
            return Ok(usual);
        };
        fitting
            .iter()
            .copied()
            .find(|method| supported.iter().any(|name| name == method.name()))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Unsupported,
                    format!(
                        "the provider's `token_endpoint_auth_methods_supported` ({}) names no \
                         method that fits a client with {}",
                        clipped(&supported.join(", ")),
                        match credential {
                            CredentialKind::Certificate => "a certificate",
                            CredentialKind::PrivateKey => "a private key",
                            CredentialKind::None | CredentialKind::Secret => "a secret",
                        },
                    ),
                )
                .with_hint("set `token_endpoint_auth_method` if the document is wrong")
            })
    }
}

impl Credentials<'_> {
    /// The text of `form` with the credentials, or without them and the `Authorization` header that has them.
    pub(crate) fn apply(&self, mut form: Params) -> (String, Option<(HeaderName, HeaderValue)>) {
        if self.method.is_assertion() {
            return (self.form_with_assertion(form), None);
        }
        let header = self.add_to(&mut form);
        (form.to_form(), header)
    }

    /// An assertion has no character that is encoded in a form, so it is appended as it is.
    fn form_with_assertion(&self, mut form: Params) -> String {
        form.set(self.client_id_param, self.client_id);
        let names = ["client_assertion_type", "client_assertion"];
        if names.iter().any(|name| form.contains(name)) {
            form = form.iter().filter(|(name, _)| !names.contains(name)).collect();
        }
        let assertion = self.assertion.as_ref().map_or("", Secret::expose);
        let mut text = form.to_form();
        text.reserve(ASSERTION_FIELDS.len() + assertion.len());
        text.push_str(ASSERTION_FIELDS);
        text.push_str(assertion);
        text
    }

    /// Adds the credentials to `form`, or returns them as the `Authorization` header.
    fn add_to(&self, form: &mut Params) -> Option<(HeaderName, HeaderValue)> {
        let client_id = self.client_id;
        let secret = self.client_secret.map_or("", Secret::expose);
        match self.method {
            AuthMethod::ClientSecretBasic => {
                let pair = if self.raw_basic {
                    format!("{client_id}:{secret}")
                } else {
                    format!("{}:{}", form_encode(client_id), form_encode(secret))
                };
                let text = format!("Basic {}", STANDARD.encode(pair));
                let mut value = HeaderValue::try_from(text).ok()?;
                value.set_sensitive(true);
                Some((AUTHORIZATION, value))
            }
            AuthMethod::ClientSecretPost => {
                form.set(self.client_id_param, client_id);
                form.set("client_secret", secret);
                None
            }
            // An assertion grant does not need a client (RFC 7521 §4.1).
            AuthMethod::None if client_id.is_empty() => None,
            // With a certificate or an assertion, the id tells which client it is (RFC 8705 §2).
            _ => {
                form.set(self.client_id_param, client_id);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials<'a>(
        method: AuthMethod,
        client_id: &'a str,
        secret: &'a Secret,
    ) -> Credentials<'a> {
        let assertion = Some(Secret::new("a.b.c"));
        Credentials {
            method,
            client_id_param: "client_id",
            client_id,
            client_secret: Some(secret),
            raw_basic: false,
            assertion,
        }
    }

    fn basic(id: &str, secret: &str) -> String {
        let secret = Secret::new(secret);
        let (form, header) =
            credentials(AuthMethod::ClientSecretBasic, id, &secret).apply(Params::new());
        assert_eq!(form, "");
        let (_, value) = header.unwrap();
        assert!(value.is_sensitive(), "HTTP libraries log other headers");
        let encoded = value.to_str().unwrap().strip_prefix("Basic ").unwrap().to_owned();
        String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
    }

    /// H31: colons, percent signs, pluses, spaces and non-ASCII.
    #[test]
    fn basic_credentials_are_form_encoded_before_joining() {
        assert_eq!(basic("a:b", "p%ä +"), "a%3Ab:p%25%C3%A4+%2B");
    }

    #[test]
    fn raw_basic_credentials_are_not_encoded() {
        let secret = Secret::new("p%ä +");
        let raw = Credentials {
            raw_basic: true,
            ..credentials(AuthMethod::ClientSecretBasic, "a", &secret)
        };
        let (_, value) = raw.apply(Params::new()).1.unwrap();
        let expected = format!("Basic {}", STANDARD.encode("a:p%ä +"));
        assert_eq!(value.to_str().unwrap(), expected);
    }

    #[test]
    fn other_methods_send_form_parameters() {
        let assertion = "client_id=id&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
                         client-assertion-type%3Ajwt-bearer&client_assertion=a.b.c";
        for (method, expected) in [
            (AuthMethod::ClientSecretPost, "client_id=id&client_secret=s"),
            (AuthMethod::None, "client_id=id"),
            (AuthMethod::TlsClientAuth, "client_id=id"),
            (AuthMethod::SelfSignedTlsClientAuth, "client_id=id"),
            (AuthMethod::ClientSecretJwt, assertion),
            (AuthMethod::PrivateKeyJwt, assertion),
        ] {
            let applied = credentials(method, "id", &Secret::new("s")).apply(Params::new());
            assert_eq!(applied, (expected.to_owned(), None));
        }
        let own = Params::new().with("client_assertion", "x").with("client_id", "y").with("a", "b");
        let applied = credentials(AuthMethod::PrivateKeyJwt, "id", &Secret::new("s")).apply(own);
        assert_eq!(applied.0, format!("a=b&{assertion}"));
    }

    #[test]
    fn auth_method_is_configured_one_then_metadata() {
        use AuthMethod as M;
        use CredentialKind::{Certificate, PrivateKey, Secret};
        let basic = Some(M::ClientSecretBasic);
        let table: &[(_, _, Option<&[&str]>, _)] = &[
            (None, Secret, None, basic),
            (None, Secret, Some(&["client_secret_post"]), Some(M::ClientSecretPost)),
            (
                None,
                Secret,
                Some(&["client_secret_jwt", "client_secret_post"]),
                Some(M::ClientSecretPost),
            ),
            (
                None,
                Secret,
                Some(&["private_key_jwt", "client_secret_jwt"]),
                Some(M::ClientSecretJwt),
            ),
            (None, Secret, Some(&["private_key_jwt"]), None),
            (None, PrivateKey, None, Some(M::PrivateKeyJwt)),
            (None, PrivateKey, Some(&["none", "private_key_jwt"]), Some(M::PrivateKeyJwt)),
            (None, PrivateKey, Some(&["client_secret_basic", "none"]), None),
            (None, Certificate, None, Some(M::TlsClientAuth)),
            (
                None,
                Certificate,
                Some(&["none", "self_signed_tls_client_auth"]),
                Some(M::SelfSignedTlsClientAuth),
            ),
            (None, Certificate, Some(&["client_secret_basic", "none"]), None),
            (None, CredentialKind::None, Some(&["client_secret_post"]), Some(M::None)),
            (basic, Secret, Some(&["client_secret_post"]), basic),
        ];
        for (configured, credential, supported, expected) in table {
            let names: Option<Vec<_>> =
                supported.map(|names| names.iter().map(ToString::to_string).collect());
            let chosen = M::choose(*configured, *credential, names.as_deref()).ok();
            assert_eq!(chosen, *expected, "{credential:?} {supported:?}");
        }
    }
}
