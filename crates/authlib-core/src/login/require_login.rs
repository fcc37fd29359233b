//! [`RequireLogin`]: what a protected route requires of the user.

use std::time::Duration;

use serde_json::Value;

use super::{CurrentUser, Session, client_user, current_user};
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::registry::OAuth;

/// A login that is younger than this does not have to be repeated because of `max_age`: the login route has
/// ignored it, and would ignore it again.
const JUST_LOGGED_IN: Duration = Duration::from_secs(30);

/// What a protected route requires: a login, and by choice a client, a recent authentication, scopes and claims.
///
/// ```
/// use std::time::Duration;
/// use authlib_core::login::RequireLogin;
///
/// let any_user = RequireLogin::new();
/// let admins = RequireLogin::new()
///     .client("company")
///     .claim("groups", "admins")
///     .max_age(Duration::from_secs(15 * 60));
/// # let _ = (any_user, admins);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "it protects nothing until it is added to routes"]
pub struct RequireLogin {
    client: Option<String>,
    login_path: Option<String>,
    max_age: Option<Duration>,
    scopes: Vec<String>,
    claims: Vec<(String, Value)>,
}

/// Whether a user may see a protected route.
#[derive(Debug)]
pub(crate) enum Access {
    Allowed(Box<CurrentUser>),
    NotLoggedIn,
    /// The user authenticated longer ago than `max_age`.
    TooLongAgo,
}

impl RequireLogin {
    /// Any user who is logged in.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only users who are logged in with this client.
    pub fn client(mut self, name: impl Into<String>) -> Self {
        self.client = Some(name.into());
        self
    }

    /// The path of the login, to which browsers are redirected with `next`: by default the built-in route
    /// `/login/{client}` of [`client`](Self::client), or else of the first registered client that accepts logins.
    /// It can be a page with several logins that hands `next` on.
    pub fn login_path(mut self, path: impl Into<String>) -> Self {
        self.login_path = Some(path.into());
        self
    }

    /// The user must have authenticated at the provider at most this long ago (`auth_time`, OpenID Connect Core
    /// §2), or must do so again. It goes to the login as `max_age` in the query, where `authorize_redirect` of the
    /// framework crates reads it.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// The user must have granted this scope; several are separated by spaces. Otherwise the response
    /// has status 403.
    pub fn scope(mut self, scope: &str) -> Self {
        self.scopes.extend(scope.split_ascii_whitespace().map(str::to_owned));
        self
    }

    /// The verified claim must have this value, or be a list that contains it. Otherwise the response has
    /// status 403.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.push((name.into(), value.into()));
        self
    }

    /// The path of the login below the base URL, with its query, without `next`.
    pub(crate) fn login_url(&self, oauth: &OAuth) -> Result<String> {
        let path = match &self.login_path {
            Some(path) => path.clone(),
            None => self.built_in_login(oauth)?,
        };
        let path = oauth.site_path(&path);
        let Some(max_age) = self.max_age else { return Ok(path) };
        let separator = if path.contains('?') { '&' } else { '?' };
        Ok(format!("{path}{separator}max_age={}", max_age.as_secs()))
    }

    fn built_in_login(&self, oauth: &OAuth) -> Result<String> {
        let first = || oauth.clients().find(|client| client.accepts_logins());
        let first = || first().map(|client| client.name().to_owned());
        let name = self.client.clone().or_else(first);
        let name = name.ok_or_else(|| {
            Error::new(ErrorKind::Config, "no registered client accepts logins")
                .with_hint("register one, or set `login_path`")
        })?;
        Ok(format!("/login/{name}"))
    }

    /// Checks the user of a session. An expired token is refreshed, if it can be: whoever the provider no longer
    /// knows is not logged in any more.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Forbidden`] if the user lacks a scope or claim, and those of the session, the token store
    /// and the refresh.
    pub(crate) async fn check(&self, oauth: &OAuth, session: &impl Session) -> Result<Access> {
        let user = match &self.client {
            Some(name) => {
                let client = oauth.find_client(name).await.map_err(|cause| match cause.kind() {
                    ErrorKind::UnknownClient => Error::new(ErrorKind::Config, cause)
                        .with_hint("register the client that `RequireLogin::client` names"),
                    _ => cause,
                })?;
                client_user(&client, session).await?
            }
            None => current_user(oauth, session).await?,
        };
        let Some(mut user) = user else { return Ok(Access::NotLoggedIn) };
        let now = oauth.now();
        let has_expired =
            |token: &&Token| token.is_expired(now, Duration::ZERO) && token.refresh_token.is_some();
        if user.token.as_ref().filter(has_expired).is_some() {
            match user.client.active_token(&user.owner()).await {
                Ok(token) => user.token = Some(token),
                Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                    tracing::info!(client = user.client.name(), "login ended: its token expired");
                    return Ok(Access::NotLoggedIn);
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(max_age) = self.max_age {
            let allowed = max_age.saturating_add(user.client.settings().clock_skew);
            let latest = auth_time(&user)?.and_then(|time| time.checked_add(allowed));
            if latest.is_none_or(|latest| latest < now) {
                if user.login.is_younger_than(JUST_LOGGED_IN, now) {
                    let check = "the login did not ask for the `max_age` of the route";
                    return Err(Error::new(ErrorKind::Config, check)
                        .with_client(user.client.name())
                        .with_hint("pass `max_age` of the query to `AuthorizeOptions`"));
                }
                return Ok(Access::TooLongAgo);
            }
        }
        self.check_scopes(&user)?;
        self.check_claims(&user)?;
        Ok(Access::Allowed(Box::new(user)))
    }

    fn check_scopes(&self, user: &CurrentUser) -> Result<()> {
        let granted = user.scope().unwrap_or_default();
        let lacks =
            |scope: &&String| granted.split_ascii_whitespace().all(|one| one != scope.as_str());
        match self.scopes.iter().find(lacks) {
            Some(scope) => Err(forbidden(format!("the token has no scope `{scope}`"))),
            None => Ok(()),
        }
    }

    fn check_claims(&self, user: &CurrentUser) -> Result<()> {
        for (name, expected) in &self.claims {
            let claim: Option<Value> = user.userinfo()?.get(name)?;
            let has = match &claim {
                Some(Value::Array(values)) => values.contains(expected),
                Some(value) => value == expected,
                None => false,
            };
            if !has {
                return Err(forbidden(format!(
                    "the user's claim `{name}` is not the required one"
                )));
            }
        }
        Ok(())
    }
}

fn forbidden(check: String) -> Error {
    Error::new(ErrorKind::Forbidden, check)
}

/// When the user authenticated (OpenID Connect Core §2).
fn auth_time(user: &CurrentUser) -> Result<Option<std::time::SystemTime>> {
    let seconds: Option<f64> = user.userinfo()?.get("auth_time")?;
    let since_epoch = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Ok(since_epoch.and_then(|since_epoch| std::time::UNIX_EPOCH.checked_add(since_epoch)))
}
