//! [`require_login`]: the response to a request for a protected route.

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use super::error_page::render;
use super::{LoginError, RequestContext, see_other};
use crate::error::{Error, ErrorKind, Remedy, Result};
use crate::login::{Access, CurrentUser, RequireLogin, Session};
use crate::params::Params;
use crate::registry::OAuth;

/// Checks a request for a protected route, and returns its user. `None` is a CORS preflight, which browsers
/// send without cookies: the route answers it, and the request that follows is checked. **Anybody can send an
/// `OPTIONS` request that looks like a preflight**: a handler for all methods must not act on `OPTIONS`.
///
/// # Errors
///
/// The response to send instead of the route's:
///
/// - 303 to the login, if a browser navigates to the page and its user is not logged in, or authenticated too
///   long ago. `next` is the URL of the request;
/// - 401 as JSON for every other request without a login: a redirect would lead `fetch`, a frame or an API
///   client to a page that it can't use;
/// - 403 if the user lacks a scope or a claim;
/// - 503 if the token has expired and the provider can't be reached, or a store fails: nobody knows who the user is.
pub async fn require_login(
    oauth: &OAuth,
    session: &impl Session,
    request: &RequestContext,
    required: &RequireLogin,
) -> Result<Option<CurrentUser>, LoginError> {
    if request.is_preflight {
        return Ok(None);
    }
    match required.check(oauth, session).await {
        Ok(Access::Allowed(user)) => Ok(Some(*user)),
        Ok(Access::NotLoggedIn) => {
            Err(log_in(oauth, request, required, "the user is not logged in"))
        }
        Ok(Access::TooLongAgo) => Err(log_in(
            oauth,
            request,
            required,
            "the user authenticated longer ago than `max_age`",
        )),
        Err(error) if error.remedy() == Remedy::Wait || error.kind() == ErrorKind::Store => {
            Err(unavailable(&error, request))
        }
        Err(error) => Err(LoginError::from(error).with_request(request.clone())),
    }
}

fn log_in(
    oauth: &OAuth,
    request: &RequestContext,
    required: &RequireLogin,
    reason: &'static str,
) -> LoginError {
    let error = Error::new(ErrorKind::Unauthenticated, reason);
    if !request.is_navigation {
        return LoginError::respond(render(&error, Some(&request.as_api_request())), reason);
    }
    // The form of a POST would be lost on the way.
    let Some(next) = request.repeatable() else {
        return LoginError::from(error).with_request(request.clone());
    };
    match required.login_url(oauth) {
        Ok(url) => {
            let separator = if url.contains('?') { '&' } else { '?' };
            let url = oauth.site_path(&url);
            let next = Params::new().with("next", next).to_query();
            LoginError::respond(see_other(&format!("{url}{separator}{next}")), reason)
        }
        Err(error) => error.into(),
    }
}

/// 503 rather than 502, because this application can't decide; and never an anonymous user.
fn unavailable(error: &Error, request: &RequestContext) -> LoginError {
    tracing::warn!(kind = ?error.kind(), error = %error.report(), "login not checked");
    let mut response = render(error, Some(request));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let seconds = error.retry_after().map_or(5, |wait| wait.as_secs());
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    LoginError::respond(response, "the login can't be checked at present")
}
