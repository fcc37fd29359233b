//! Authorization grants, RFC 6749 §4.1.3, §4.3, §4.4, §4.5 and §6, RFC 7521 §4.1 and RFC 8628 §3.4: what a token
//! request asks with.

use std::fmt;

use crate::params::Params;
use crate::secret::Secret;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const SAML2_BEARER: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A grant with its parameters: what a token is asked for with.
///
/// ```
/// use authlib_core::Grant;
///
/// let own = Grant::client_credentials().scope("reports:read").resource("https://api.example.com");
/// let other = Grant::extension("urn:example:grant-type:voucher").param("voucher", "4711");
/// # let _ = (own, other);
/// ```
#[derive(Clone)]
pub struct Grant {
    grant_type: String,
    params: Params,
    pub(crate) scope: Scope,
}

/// What scope a grant asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// That of this text.
    Asked(String),
    /// It was said before, and is not repeated (RFC 6749 §4.1.3, §6).
    Implied,
    /// The client's.
    Registered,
}

impl Grant {
    fn new(grant_type: impl Into<String>) -> Self {
        Self { grant_type: grant_type.into(), params: Params::new(), scope: Scope::Registered }
    }

    fn implied(grant_type: &str) -> Self {
        Self { scope: Scope::Implied, ..Self::new(grant_type) }
    }

    /// RFC 6749 §4.1.3 with the verifier of RFC 7636 §4.5.
    pub(crate) fn authorization_code(
        code: &Secret,
        redirect_uri: &str,
        code_verifier: Option<&Secret>,
    ) -> Self {
        let grant = Self::implied("authorization_code")
            .param("code", code.expose())
            .param("redirect_uri", redirect_uri);
        match code_verifier {
            Some(verifier) => grant.param("code_verifier", verifier.expose()),
            None => grant,
        }
    }

    /// A refresh token (RFC 6749 §6). The scope is not repeated: left out, it means the same scope.
    #[must_use]
    pub fn refresh_token(refresh_token: &Secret) -> Self {
        Self::implied("refresh_token").param("refresh_token", refresh_token.expose())
    }

    /// A device code (RFC 8628 §3.4).
    pub(crate) fn device_code(device_code: &Secret) -> Self {
        Self::implied(DEVICE_CODE).param("device_code", device_code.expose())
    }

    /// The client's own authority (RFC 6749 §4.4).
    #[must_use]
    pub fn client_credentials() -> Self {
        Self::new("client_credentials")
    }

    /// A user's name and password (RFC 6749 §4.3). Dangerous, because the user learns to type the
    /// password into other programs than the provider's, and no second factor fits in: RFC 9700 §2.4
    /// says that it must not be used. It is here for servers that have nothing else.
    #[must_use]
    pub fn dangerous_password(username: &str, password: &Secret) -> Self {
        Self::new("password").param("username", username).param("password", password.expose())
    }

    /// A signed assertion (RFC 7523 §2.1). [`JwtBearer`](crate::JwtBearer) makes them.
    #[must_use]
    pub fn jwt_bearer(assertion: &Secret) -> Self {
        Self::new(JWT_BEARER).param("assertion", assertion.expose())
    }

    /// A SAML 2.0 assertion, base64url-encoded (RFC 7522 §2.1).
    #[must_use]
    pub fn saml2_bearer(assertion: &Secret) -> Self {
        Self::new(SAML2_BEARER).param("assertion", assertion.expose())
    }

    /// Any other grant, by its URI (RFC 6749 §4.5).
    #[must_use]
    pub fn extension(grant_type: &str) -> Self {
        Self::new(grant_type)
    }

    /// The scope to ask for, blank-separated, in the place of the client's; an empty one asks for none.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Scope::Asked(scope.into());
        self
    }

    /// A resource that the token is for (RFC 8707 §2); may be said more than once.
    #[must_use]
    pub fn resource(self, resource: &str) -> Self {
        self.param("resource", resource)
    }

    /// Adds a parameter. What names and proves the client is refused when the request is sent.
    #[must_use]
    pub fn param(mut self, name: &str, value: impl Into<String>) -> Self {
        self.params.push(name, value);
        self
    }

    /// Whether it renews a token by its refresh token.
    pub(crate) fn is_refresh(&self) -> bool {
        self.grant_type == "refresh_token"
    }

    /// The refresh token that a refresh sends.
    pub(crate) fn spent_refresh_token(&self) -> Option<Secret> {
        self.is_refresh()
            .then(|| self.params.all("refresh_token").next().map(Secret::new))
            .flatten()
    }

    /// The first parameter that is not a grant's to set.
    pub(crate) fn foreign_param(&self) -> Option<&str> {
        const FOREIGN: &[&str] = &[
            "client_assertion",
            "client_assertion_type",
            "client_id",
            "client_secret",
            "grant_type",
        ];
        self.params.iter().map(|(name, _)| name).find(|name| FOREIGN.contains(name))
    }

    /// The form of the token request, without client authentication; `registered` is the client's scope.
    pub(crate) fn form(&self, registered: &str) -> Params {
        let mut form = Params::new().with("grant_type", &self.grant_type);
        form.extend(self.params.clone());
        let scope = match &self.scope {
            Scope::Asked(scope) => scope,
            Scope::Implied => "",
            Scope::Registered => registered,
        };
        if !scope.is_empty() && !form.contains("scope") {
            form.push("scope", scope);
        }
        form
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("grant_type", &self.grant_type)
            .field("params", &self.params)
            .field("scope", &self.scope)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(grant: &Grant) -> String {
        grant.form("a b").to_form()
    }

    #[test]
    fn each_grant_sends_required_parameters() {
        let secret = Secret::new("s");
        for (grant, expected) in [
            (
                Grant::authorization_code(&secret, "https://c/cb", Some(&secret)),
                "grant_type=authorization_code&code=s&redirect_uri=https%3A%2F%2Fc%2Fcb&code_verifier=s",
            ),
            (Grant::refresh_token(&secret), "grant_type=refresh_token&refresh_token=s"),
            (Grant::client_credentials(), "grant_type=client_credentials&scope=a+b"),
            (Grant::client_credentials().scope("c"), "grant_type=client_credentials&scope=c"),
            (Grant::client_credentials().scope(""), "grant_type=client_credentials"),
            (
                Grant::dangerous_password("joe", &secret),
                "grant_type=password&username=joe&password=s&scope=a+b",
            ),
            (
                Grant::jwt_bearer(&secret),
                "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=s&scope=a+b",
            ),
            (
                Grant::device_code(&secret),
                "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=s",
            ),
        ] {
            assert_eq!(form(&grant), expected);
        }
    }

    /// H30: `resource` may be repeated (RFC 8707 §2).
    #[test]
    fn resource_parameter_is_repeated() {
        let grant = Grant::extension("urn:x").scope("").resource("https://a").resource("https://b");
        assert_eq!(
            form(&grant),
            "grant_type=urn%3Ax&resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb"
        );
    }

    #[test]
    fn grant_cannot_set_client_credentials() {
        let grant = Grant::extension("urn:x").param("a", "b").param("client_secret", "s");
        assert_eq!(grant.foreign_param(), Some("client_secret"));
        assert_eq!(Grant::client_credentials().foreign_param(), None);
    }

    #[test]
    fn debug_shows_no_value() {
        let grant = Grant::dangerous_password("joe", &Secret::new("hush"));
        assert!(!format!("{grant:?}").contains("hush"));
    }
}
