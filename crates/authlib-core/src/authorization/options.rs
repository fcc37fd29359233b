//! [`AuthorizeOptions`]: the optional arguments of one login.

use std::time::Duration;

use serde_json::{Value, json};

use super::pending::Purpose;
use crate::oauth2::StepUp;
use crate::params::Params;

/// What one login requests beyond its client's settings.
///
/// ```
/// use authlib_core::AuthorizeOptions;
///
/// let options = AuthorizeOptions::new().redirect_uri("/authorize").next("/inbox").prompt("login");
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AuthorizeOptions {
    /// Where the provider sends the browser back to; by default the client's `redirect_uri`.
    pub redirect_uri: Option<String>,
    /// The scope, instead of the configured one.
    pub scope: Option<String>,
    /// Where the browser goes after the login: a path on this site; any other value becomes `/`.
    pub next: Option<String>,
    /// The `max_age` to request and to check the ID token with (OpenID Connect Core §3.1.2.1).
    pub max_age: Option<Duration>,
    /// More parameters of the authorization request, such as `prompt` and `login_hint`.
    pub params: Params,
    /// The application's own data, returned by the callback. It is kept in the session: keep it small.
    pub data: Option<Value>,
    /// Whether the user logs in (the default), or connects another account.
    pub purpose: Purpose,
    /// Whether the token is requested in the URL's fragment, by the implicit grant.
    pub dangerous_implicit: bool,
    /// What an API requires of this login.
    pub step_up: Option<StepUp>,
}

impl AuthorizeOptions {
    /// No options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    option_setters! {
        /// Where the provider sends the browser back to: an absolute URL, or a path under the registry's
        /// base URL.
        redirect_uri
        /// The scope, space-separated, instead of the configured one.
        scope
        /// Where the browser goes after the login: a path on this site. Any other value becomes `/`.
        next
    }

    /// The maximum time since the user authenticated at the provider.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// `prompt`: `none`, `login`, `consent` or `select_account` (OpenID Connect Core §3.1.2.1).
    #[must_use]
    pub fn prompt(self, prompt: impl AsRef<str>) -> Self {
        self.param("prompt", prompt)
    }

    /// `login_hint`: which user is likely to log in (OpenID Connect Core §3.1.2.1).
    #[must_use]
    pub fn login_hint(self, hint: impl AsRef<str>) -> Self {
        self.param("login_hint", hint)
    }

    /// Requests claims by name for this login, instead of those of the client's settings: see
    /// [`ClientConfig::claim_request`](crate::ClientConfig::claim_request).
    #[must_use]
    pub fn claims(self, claims: impl Into<Value>) -> Self {
        self.param("claims", claims.into().to_string())
    }

    /// Requires one of these authentication context classes: the ID token's `acr` must be one of them (OpenID Connect
    /// Core §5.5.1.1). It replaces the requested claims.
    ///
    /// ```
    /// use authlib_core::AuthorizeOptions;
    ///
    /// let options = AuthorizeOptions::from("/authorize/bank").essential_acr(["urn:bank:sca"]);
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn essential_acr(self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        self.claims(json!({ "id_token": { "acr": { "essential": true, "values": values } } }))
    }

    /// Requests what an API requires (RFC 9470 §4): its `acr_values`, its `max_age` if it is shorter, and its scope in
    /// addition to that of the login and to what was granted before. The ID token's `acr` must then be one of the
    /// values, whatever the requested claims say, and its `auth_time` recent enough.
    ///
    /// ```
    /// use authlib_core::{AuthorizeOptions, Error};
    ///
    /// fn options(error: &Error) -> Option<AuthorizeOptions> {
    ///     Some(AuthorizeOptions::from("/authorize/bank").step_up(error.step_up()?))
    /// }
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn step_up(mut self, required: &StepUp) -> Self {
        self.step_up = Some(required.clone());
        self
    }

    /// Requests authorization details for this login, a list of objects (RFC 9396 §2).
    #[must_use]
    pub fn authorization_details(self, details: impl Into<Value>) -> Self {
        self.param("authorization_details", details.into().to_string())
    }

    /// Sets a parameter of the authorization request. Those that protect the login (`state`, `nonce`,
    /// `redirect_uri`, …) are rejected when the login starts.
    #[must_use]
    pub fn param(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.params.set(name, value);
        self
    }

    /// The application's own data, returned by the callback.
    #[must_use]
    pub fn data(mut self, data: impl Into<Value>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// Requests the token with `response_type=token` (RFC 6749 §4.2.1), for old servers that support no other
    /// grant. **The token passes through the browser, its history and its extensions, and no PKCE protects
    /// it**: RFC 9700 §2.1.2 advises against it.
    ///
    /// The response is in the fragment of the redirect URI, which no server receives. A program that has the
    /// URL reads it with [`token_from_fragment`](crate::OAuth2Client::token_from_fragment) and the
    /// [`state`](super::PendingLogin::state) of the pending login. Logins of a web application can't use it.
    #[must_use]
    #[doc(alias = "response_type")]
    pub fn dangerous_implicit(mut self) -> Self {
        self.dangerous_implicit = true;
        self
    }

    /// Connects an account at the provider to a user of the application instead of logging in. `user` is the
    /// application's id of the user who is logged in now; the callback must be finished by the same user, with
    /// [`LoginCallback::connect`](crate::adapter::LoginCallback::connect).
    ///
    /// The framework crates reject a request of another site, which could connect an attacker's account.
    ///
    /// ```
    /// use authlib_core::AuthorizeOptions;
    ///
    /// let options = AuthorizeOptions::from("/authorize/github").connect("42").next("/settings");
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn connect(mut self, user: impl Into<String>) -> Self {
        self.purpose = Purpose::Connect { user: user.into() };
        self
    }
}

impl From<&str> for AuthorizeOptions {
    /// A redirect URI and nothing else.
    fn from(redirect_uri: &str) -> Self {
        Self::new().redirect_uri(redirect_uri)
    }
}

impl From<String> for AuthorizeOptions {
    /// A redirect URI and nothing else.
    fn from(redirect_uri: String) -> Self {
        Self::new().redirect_uri(redirect_uri)
    }
}
