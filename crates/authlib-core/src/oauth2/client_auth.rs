//! Client authentication at the token endpoint, RFC 6749 §2.3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;

use crate::error::{Error, ErrorKind, Result};
use crate::params::{Params, form_encode};
use crate::secret::Secret;

/// How a client says who it is at the token endpoint (`token_endpoint_auth_method`, RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthMethod {
    /// HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// Id and secret as fields of the form (RFC 6749 §2.3.1).
    ClientSecretPost,
    /// A public client: the id only (RFC 6749 §3.2.1).
    None,
}

impl AuthMethod {
    /// The registered name, such as `client_secret_basic`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::None => "none",
        }
    }

    /// The method of a registered name that this crate speaks.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::ClientSecretBasic, Self::ClientSecretPost, Self::None]
            .into_iter()
            .find(|method| method.name() == name)
    }

    /// The one method to use, decided before anything is sent: trying several spends the code or
    /// leaks the secret.
    ///
    /// What is configured wins; without a secret it is `none`; else the first of basic and post that
    /// `supported` names, whose absence means basic (RFC 8414 §2).
    pub(crate) fn choose(
        configured: Option<Self>,
        has_secret: bool,
        supported: Option<&[String]>,
    ) -> Result<Self> {
        if let Some(method) = configured {
            return Ok(method);
        }
        if !has_secret {
            return Ok(Self::None);
        }
        let Some(supported) = supported else {
            return Ok(Self::ClientSecretBasic);
        };
        [Self::ClientSecretBasic, Self::ClientSecretPost]
            .into_iter()
            .find(|method| supported.iter().any(|name| name == method.name()))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Unsupported,
                    format!(
                        "the provider's `token_endpoint_auth_methods_supported` ({}) names no \
                         method that fits a client secret",
                        supported.join(", ")
                    ),
                )
                .hint("set `token_endpoint_auth_method` if the document is wrong")
            })
    }

    /// Adds the credentials to `form`, or returns the `Authorization` header that carries them.
    pub(crate) fn apply(
        self,
        client_id: &str,
        client_secret: Option<&Secret>,
        form: &mut Params,
    ) -> Option<(http::HeaderName, HeaderValue)> {
        let secret = client_secret.map_or("", Secret::expose);
        match self {
            Self::ClientSecretBasic => {
                let pair = format!("{}:{}", form_encode(client_id), form_encode(secret));
                let text = format!("Basic {}", STANDARD.encode(pair));
                let mut value = HeaderValue::try_from(text).ok()?;
                value.set_sensitive(true);
                Some((AUTHORIZATION, value))
            }
            Self::ClientSecretPost => {
                form.set("client_id", client_id);
                form.set("client_secret", secret);
                None
            }
            Self::None => {
                form.set("client_id", client_id);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(id: &str, secret: &str) -> String {
        let mut form = Params::new();
        let (_, value) =
            AuthMethod::ClientSecretBasic.apply(id, Some(&Secret::new(secret)), &mut form).unwrap();
        assert!(form.is_empty());
        let encoded = value.to_str().unwrap().strip_prefix("Basic ").unwrap().to_owned();
        String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
    }

    /// H31: colons, percent signs, pluses, blanks and non-ASCII survive.
    #[test]
    fn h31_basic_credentials_are_form_encoded_before_they_are_joined() {
        assert_eq!(basic("a:b", "p%ä +"), "a%3Ab:p%25%C3%A4+%2B");
    }

    #[test]
    fn post_puts_both_into_the_form_and_none_the_id_only() {
        let secret = Secret::new("s");
        let mut form = Params::new();
        assert!(AuthMethod::ClientSecretPost.apply("id", Some(&secret), &mut form).is_none());
        assert_eq!(form.to_form(), "client_id=id&client_secret=s");
        let mut form = Params::new();
        assert!(AuthMethod::None.apply("id", None, &mut form).is_none());
        assert_eq!(form.to_form(), "client_id=id");
    }

    #[test]
    fn the_method_is_what_is_configured_then_what_the_metadata_supports() {
        use AuthMethod::{ClientSecretBasic, ClientSecretPost, None as Public};
        let post_only = ["client_secret_post".to_owned()];
        let choose = |configured, secret, supported| {
            AuthMethod::choose(configured, secret, supported).unwrap()
        };
        assert_eq!(choose(None, true, None), ClientSecretBasic);
        assert_eq!(choose(None, true, Some(&post_only)), ClientSecretPost);
        assert_eq!(choose(None, false, Some(&post_only)), Public);
        assert_eq!(choose(Some(ClientSecretBasic), true, Some(&post_only)), ClientSecretBasic);
        let jwt_only = ["private_key_jwt".to_owned()];
        assert!(AuthMethod::choose(None, true, Some(&jwt_only)).is_err());
    }
}
