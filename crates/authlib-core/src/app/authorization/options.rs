//! [`AuthorizeOptions`]: the optional arguments of one login.

use std::time::Duration;

use serde_json::Value;

use crate::params::Params;

/// What one login asks for beyond what its client is registered with.
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
    /// Where the provider sends the browser back to; by default what is registered.
    pub redirect_uri: Option<String>,
    /// The scope, in the place of the registered one.
    pub scope: Option<String>,
    /// Where the browser goes after the login: a path on this site, anything else falls to `/`.
    pub next: Option<String>,
    /// The `max_age` to ask for and to hold the ID token against (OpenID Connect Core §3.1.2.1).
    pub max_age: Option<Duration>,
    /// More parameters of the authorization request, such as `prompt` and `login_hint`.
    pub params: Params,
    /// Data of the application's own, handed back by the callback. It is kept in the session: keep it
    /// small.
    pub data: Option<Value>,
}

impl AuthorizeOptions {
    /// No options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the provider sends the browser back to: an absolute URL, or a path under the registry's
    /// base URL.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// The scope, blank-separated, in the place of the registered one.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Where the browser goes after the login: a path on this site. Anything else falls to `/`.
    #[must_use]
    pub fn next(mut self, path: impl Into<String>) -> Self {
        self.next = Some(path.into());
        self
    }

    /// How long ago the user may have authenticated at the provider.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// `prompt`: `none`, `login`, `consent` or `select_account` (OpenID Connect Core §3.1.2.1).
    #[must_use]
    pub fn prompt(self, prompt: impl Into<String>) -> Self {
        self.param("prompt", prompt)
    }

    /// `login_hint`: who is likely to log in (OpenID Connect Core §3.1.2.1).
    #[must_use]
    pub fn login_hint(self, hint: impl Into<String>) -> Self {
        self.param("login_hint", hint)
    }

    /// One more parameter of the authorization request. The names on which the login's security rests
    /// (`state`, `nonce`, `redirect_uri`, …) are refused when the login starts.
    #[must_use]
    pub fn param(mut self, name: &str, value: impl Into<String>) -> Self {
        self.params.set(name, value);
        self
    }

    /// Data of the application's own, handed back by the callback.
    #[must_use]
    pub fn data(mut self, data: impl Into<Value>) -> Self {
        self.data = Some(data.into());
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
