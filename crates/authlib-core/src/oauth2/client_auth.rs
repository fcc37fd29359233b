//! Client authentication at the token endpoint, RFC 6749 §2.3 and RFC 7523 §2.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;

use super::client_assertion::ASSERTION_TYPE;
use crate::error::{Error, ErrorKind, Result};
use crate::params::{Params, form_encode};
use crate::secret::Secret;

/// How a client says who it is at the token endpoint (`token_endpoint_auth_method`, RFC 7591 §2).
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
}

/// What a client can prove itself with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Nothing,
    PrivateKey,
    Secret,
}

/// What a client shows in one request.
#[derive(Debug)]
pub(crate) struct Credentials<'a> {
    pub(crate) method: AuthMethod,
    pub(crate) client_id: &'a str,
    pub(crate) client_secret: Option<&'a Secret>,
    /// Whether basic credentials go without the form-encoding of RFC 6749 §2.3.1.
    pub(crate) raw_basic: bool,
    /// Signed for this one request, where the method is by assertion.
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
        }
    }

    /// The method of a registered name that this crate speaks.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::ClientSecretBasic,
            Self::ClientSecretJwt,
            Self::ClientSecretPost,
            Self::None,
            Self::PrivateKeyJwt,
        ]
        .into_iter()
        .find(|method| method.name() == name)
    }

    /// Whether the client signs an assertion.
    pub(crate) fn is_assertion(self) -> bool {
        matches!(self, Self::ClientSecretJwt | Self::PrivateKeyJwt)
    }

    /// The one method to use, decided before anything is sent: trying several spends the code or
    /// leaks the secret.
    ///
    /// What is configured wins; who holds nothing is `none`, and a private key signs. A secret goes by
    /// the first of basic and post that `supported` names, whose absence means basic (RFC 8414 §2), and
    /// signs only where neither is offered.
    pub(crate) fn choose(
        configured: Option<Self>,
        held: Held,
        supported: Option<&[String]>,
    ) -> Result<Self> {
        if let Some(method) = configured {
            return Ok(method);
        }
        let (fitting, usual): (&[Self], _) = match held {
            Held::Nothing => return Ok(Self::None),
            Held::PrivateKey => (&[Self::PrivateKeyJwt], Self::PrivateKeyJwt),
            Held::Secret => (
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
                        supported.join(", "),
                        if held == Held::PrivateKey { "a private key" } else { "a secret" },
                    ),
                )
                .with_hint("set `token_endpoint_auth_method` if the document is wrong")
            })
    }
}

impl Credentials<'_> {
    /// Adds them to `form`, or returns the `Authorization` header that carries them.
    pub(crate) fn apply(&self, form: &mut Params) -> Option<(http::HeaderName, HeaderValue)> {
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
                form.set("client_id", client_id);
                form.set("client_secret", secret);
                None
            }
            AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt => {
                form.set("client_id", client_id);
                form.set("client_assertion_type", ASSERTION_TYPE);
                form.set("client_assertion", self.assertion.as_ref().map_or("", Secret::expose));
                None
            }
            // An assertion grant may go without a client (RFC 7521 §4.1).
            AuthMethod::None if client_id.is_empty() => None,
            AuthMethod::None => {
                form.set("client_id", client_id);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<'a>(method: AuthMethod, client_id: &'a str, secret: &'a Secret) -> Credentials<'a> {
        let assertion = Some(Secret::new("a.b.c"));
        Credentials { method, client_id, client_secret: Some(secret), raw_basic: false, assertion }
    }

    fn basic(id: &str, secret: &str) -> String {
        let mut form = Params::new();
        let secret = Secret::new(secret);
        let (_, value) =
            shown(AuthMethod::ClientSecretBasic, id, &secret).apply(&mut form).unwrap();
        assert!(form.is_empty());
        assert!(value.is_sensitive(), "libraries show the others in their logs");
        let encoded = value.to_str().unwrap().strip_prefix("Basic ").unwrap().to_owned();
        String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
    }

    /// H31: colons, percent signs, pluses, blanks and non-ASCII survive.
    #[test]
    fn basic_credentials_are_form_encoded_before_joining() {
        assert_eq!(basic("a:b", "p%ä +"), "a%3Ab:p%25%C3%A4+%2B");
    }

    #[test]
    fn raw_basic_credentials_are_not_encoded() {
        let secret = Secret::new("p%ä +");
        let raw =
            Credentials { raw_basic: true, ..shown(AuthMethod::ClientSecretBasic, "a", &secret) };
        let (_, value) = raw.apply(&mut Params::new()).unwrap();
        let expected = format!("Basic {}", STANDARD.encode("a:p%ä +"));
        assert_eq!(value.to_str().unwrap(), expected);
    }

    #[test]
    fn post_sends_id_and_secret_and_none_sends_id_only() {
        let secret = Secret::new("s");
        let mut form = Params::new();
        assert!(shown(AuthMethod::ClientSecretPost, "id", &secret).apply(&mut form).is_none());
        assert_eq!(form.to_form(), "client_id=id&client_secret=s");
        let mut form = Params::new();
        assert!(shown(AuthMethod::None, "id", &secret).apply(&mut form).is_none());
        assert_eq!(form.to_form(), "client_id=id");
    }

    #[test]
    fn assertion_is_sent_with_type_and_id_without_secret() {
        for method in [AuthMethod::ClientSecretJwt, AuthMethod::PrivateKeyJwt] {
            let mut form = Params::new();
            let secret = Secret::new("s");
            assert!(shown(method, "id", &secret).apply(&mut form).is_none());
            assert_eq!(
                form.to_form(),
                "client_id=id&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
                 client-assertion-type%3Ajwt-bearer&client_assertion=a.b.c"
            );
        }
    }

    #[test]
    fn auth_method_is_configured_one_then_metadata() {
        use AuthMethod as M;
        type Case<'a> = (Option<M>, Held, Option<&'a [&'a str]>, Option<M>);
        let (nothing, key, secret) = (Held::Nothing, Held::PrivateKey, Held::Secret);
        let table: &[Case<'_>] = &[
            (None, secret, None, Some(M::ClientSecretBasic)),
            (None, secret, Some(&["client_secret_post"]), Some(M::ClientSecretPost)),
            (
                None,
                secret,
                Some(&["client_secret_jwt", "client_secret_post"]),
                Some(M::ClientSecretPost),
            ),
            (
                None,
                secret,
                Some(&["private_key_jwt", "client_secret_jwt"]),
                Some(M::ClientSecretJwt),
            ),
            (None, secret, Some(&["private_key_jwt"]), None),
            (None, key, None, Some(M::PrivateKeyJwt)),
            (None, key, Some(&["none", "private_key_jwt"]), Some(M::PrivateKeyJwt)),
            (None, key, Some(&["client_secret_basic", "none"]), None),
            (None, nothing, Some(&["client_secret_post"]), Some(M::None)),
            (
                Some(M::ClientSecretBasic),
                secret,
                Some(&["client_secret_post"]),
                Some(M::ClientSecretBasic),
            ),
        ];
        for (configured, held, supported, expected) in table {
            let names = supported
                .map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
            let chosen = M::choose(*configured, *held, names.as_deref()).ok();
            assert_eq!(chosen, *expected, "{held:?} {supported:?}");
        }
    }
}
