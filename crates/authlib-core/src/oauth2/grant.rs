//! Authorization grants: RFC 6749 §4 and §6, RFC 7521 §4.1 and RFC 8628 §3.4.

use crate::params::Params;
use crate::secret::Secret;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const SAML2_BEARER: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";
const CIBA: &str = "urn:openid:params:grant-type:ciba";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// An authorization grant with its parameters (RFC 6749 §1.3), which a token request sends.
///
/// ```
/// use authlib_core::Grant;
///
/// let own = Grant::client_credentials().scope("reports:read").resource("https://api.example.com");
/// let other = Grant::extension("urn:example:grant-type:voucher").param("voucher", "4711");
/// # let _ = (own, other);
/// ```
#[derive(Clone, Debug)]
pub struct Grant {
    grant_type: String,
    params: Params,
    pub(crate) scope: Scope,
}

/// The scope that a grant requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The scope of an earlier request, which is not repeated (RFC 6749 §4.1.3, §6).
    Implied,
    /// The scope of the client's configuration.
    Registered,
    Requested(String),
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

    /// A refresh token (RFC 6749 §6). Without a scope, the new token has the same scope.
    #[must_use]
    pub fn refresh_token(refresh_token: &Secret) -> Self {
        Self::implied("refresh_token").param("refresh_token", refresh_token.expose())
    }

    /// A device code (RFC 8628 §3.4).
    pub(crate) fn device_code(device_code: &Secret) -> Self {
        Self::implied(DEVICE_CODE).param("device_code", device_code.expose())
    }

    /// A backchannel authentication request (OpenID Connect CIBA Core §10.1).
    pub(crate) fn backchannel_authentication(auth_req_id: &Secret) -> Self {
        Self::implied(CIBA).param("auth_req_id", auth_req_id.expose())
    }

    /// The client credentials grant (RFC 6749 §4.4).
    #[must_use]
    pub fn client_credentials() -> Self {
        Self::new("client_credentials")
    }

    /// A user's name and password (RFC 6749 §4.3). Dangerous, because the user learns to type the
    /// password into other programs than the provider's, and no second factor fits in: RFC 9700 §2.4
    /// forbids it. Use it only if the server supports no other grant.
    #[must_use]
    pub fn dangerous_password(username: &str, password: &Secret) -> Self {
        Self::new("password").param("username", username).param("password", password.expose())
    }

    /// A JWT assertion (RFC 7523 §2.1), such as [`JwtBearer`](crate::JwtBearer) signs.
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

    /// The scope, space-separated, instead of the client's; an empty one is not sent.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Scope::Requested(scope.into());
        self
    }

    /// Adds a resource that the token is for (RFC 8707 §2).
    #[must_use]
    pub fn resource(self, resource: &str) -> Self {
        self.param("resource", resource)
    }

    /// Adds a parameter. The request fails if it is `grant_type` or a parameter of client authentication.
    #[must_use]
    pub fn param(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.params.push(name, value);
        self
    }

    /// Whether this is the refresh token grant.
    pub(crate) fn is_refresh(&self) -> bool {
        self.grant_type == "refresh_token"
    }

    /// The refresh token of a refresh token grant.
    pub(crate) fn sent_refresh_token(&self) -> Option<Secret> {
        self.is_refresh()
            .then(|| self.params.all("refresh_token").next().map(Secret::new))
            .flatten()
    }

    /// The first parameter that the library sets itself.
    pub(crate) fn reserved_param(&self) -> Option<&str> {
        const RESERVED: &[&str] = &[
            "client_assertion",
            "client_assertion_type",
            "client_id",
            "client_secret",
            "grant_type",
        ];
        self.params.iter().map(|(name, _)| name).find(|name| RESERVED.contains(name))
    }

    /// The form of the token request, without client authentication; `registered` is the client's scope.
    pub(crate) fn form(&self, registered: &str) -> Params {
        let mut form = Params::new().with("grant_type", &self.grant_type);
        form.extend(self.params.iter());
        let scope = match &self.scope {
            Scope::Requested(scope) => scope,
            Scope::Implied => "",
            Scope::Registered => registered,
        };
        if !scope.is_empty() && !form.contains("scope") {
            form.push("scope", scope);
        }
        form
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
            (
                Grant::backchannel_authentication(&secret),
                "grant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba&auth_req_id=s",
            ),
        ] {
            assert_eq!(form(&grant), expected);
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let grant = Grant::dangerous_password("joe", &Secret::new("hush"));
        assert!(!format!("{grant:?}").contains("hush"));
    }
}
