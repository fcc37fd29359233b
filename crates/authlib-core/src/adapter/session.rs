//! [`LoginSession`]: the logins of this browser's session, and their end.

use super::form_post::post_page;
use super::{RequestContext, Response, see_other};
use crate::authorization::LogoutOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::login::{self, CurrentUser, Login, LogoutResponse, Session, local_path};
use crate::registry::OAuth;

/// The longest URL that is sent as a redirect. Proxies reject longer ones, which an ID token with many claims
/// makes; then the browser posts it (RP-Initiated Logout 1.0 §2).
const MAX_URL: usize = 2000;

/// The logins of this browser's session: who is logged in, and logging out.
#[derive(Clone)]
pub struct LoginSession<S> {
    pub(super) oauth: OAuth,
    pub(super) session: S,
    pub(super) request: RequestContext,
}

impl<S: Session> LoginSession<S> {
    /// The session of one request.
    pub fn new(oauth: OAuth, session: S, request: RequestContext) -> Self {
        Self { oauth, session, request }
    }

    /// The user who is logged in; `None` if the user is not logged in.
    ///
    /// # Errors
    ///
    /// Those of the session and the token store.
    pub async fn current_user(&self) -> Result<Option<CurrentUser>> {
        login::current_user(&self.oauth, &self.session).await
    }

    /// The user who is logged in.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if the user is not logged in, and those of the session and the token
    /// store.
    pub async fn require_user(&self) -> Result<CurrentUser> {
        login::require_user(&self.oauth, &self.session).await
    }

    /// Logs the user out of this application only. Returns the newest login.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] if another site sent the request, and those of the session.
    pub async fn logout(&self) -> Result<Option<Login>> {
        self.check_site()?;
        login::logout(&self.oauth, &self.session).await
    }

    /// Logs the user out of this application, and redirects to the provider's logout, or to `fallback`, a path
    /// below the base URL, if the provider has none or is unreachable.
    ///
    /// Call it for a POST: a GET would let any site log users out. A form on another origin is rejected,
    /// another host or port of this site included.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] if another site sent the request, and those of
    /// [`login::logout_redirect`].
    pub async fn logout_redirect(
        &self,
        options: LogoutOptions,
        fallback: &str,
    ) -> Result<Response> {
        self.check_site()?;
        let url = login::logout_redirect(&self.oauth, &self.session, options).await?;
        Ok(match url {
            Some(url) if url.as_str().len() > MAX_URL => post_page(&url),
            Some(url) => see_other(url.as_str()),
            None => see_other(&local_path(&self.oauth.site_path(fallback))),
        })
    }

    /// Logs the user out of this application in all browsers and on all replicas: ends all logins of the
    /// user's identity, and all other logins of this browser. Returns how many ended elsewhere and here.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] if another site sent the request, [`ErrorKind::Unauthenticated`] if the
    /// user is not logged in or the provider did not identify the user, and those of
    /// [`OAuth::end_logins`].
    pub async fn logout_everywhere(&self) -> Result<usize> {
        self.check_site()?;
        let identity = self.require_user().await?.identity().ok_or_else(|| {
            let check = "the provider did not identify the user, so other logins can't be found";
            Error::new(ErrorKind::Unauthenticated, check)
        })?;
        let ended = self.oauth.end_logins(&identity).await?;
        login::logout(&self.oauth, &self.session).await?;
        Ok(ended)
    }

    /// Validates the redirect back from the provider's logout. Returns what was stored when this browser started it;
    /// `None` if it started none.
    ///
    /// # Errors
    ///
    /// Those of [`login::validate_logout_response`].
    pub async fn validate_logout_response(&self) -> Result<Option<LogoutResponse>> {
        let (method, query) = (&self.request.method, self.request.query());
        login::validate_logout_response(&self.oauth, &self.session, method, query).await
    }

    /// The registry.
    #[must_use]
    pub fn oauth(&self) -> &OAuth {
        &self.oauth
    }

    fn check_site(&self) -> Result<()> {
        self.request.check_site(self.oauth.base_url(), "logout request")
    }
}

debug_fields!(LoginSession<S> {});
