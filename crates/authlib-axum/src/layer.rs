//! [`session_layer`] and [`cookie_session_layer`]: sessions, the registry, and error pages for a router.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use authlib_core::OAuth;
use authlib_core::adapter::{CookieSession, RequestContext, SealedCookies, SessionCookie};
use axum::extract::Request;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use tower::{Layer, Service};
use tower_sessions::cookie::SameSite;
use tower_sessions::{SessionManagerLayer, SessionStore};

use crate::error::Error;

/// The layer that a router with logins needs: sessions of tower-sessions with the right cookie, the registry
/// for the extractors, and errors rendered as the request accepts. Add it after the last route.
///
/// The session cookie is `HttpOnly` and `SameSite=Lax`, and its name, path and `Secure` follow from the registry's
/// base URL ([`SessionCookie`] has the reasons). The session has the logins; what is pending is in encrypted cookies,
/// so that the start of a login stores nothing on the server.
///
/// ```
/// use authlib_axum::{OAuth, routes, session_layer};
/// use axum::Router;
/// use tower_sessions::{Expiry, MemoryStore, cookie::time::Duration};
///
/// let oauth = OAuth::builder().base_url("http://localhost:3000").build()?;
/// let layer = session_layer(MemoryStore::default(), &oauth)
///     .map_sessions(|sessions| sessions.with_expiry(Expiry::OnInactivity(Duration::hours(8))));
/// let app: Router = Router::new().merge(routes()).layer(layer);
/// # let _ = app;
/// # Ok::<(), authlib_axum::Error>(())
/// ```
///
/// An application with a session layer of its own adds it and an `Extension(oauth)` instead. Then the session has what
/// is pending too, and errors are rendered as HTML.
pub fn session_layer<Store: SessionStore>(store: Store, oauth: &OAuth) -> SessionLayer<Store> {
    let cookie = SessionCookie::of(oauth);
    let sessions = SessionManagerLayer::new(store)
        .with_name(cookie.name)
        .with_secure(cookie.secure)
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        .with_path(cookie.path);
    SessionLayer { sessions, cookies: SealedCookies::for_pending(oauth) }
}

/// As [`session_layer`], without a session store: the whole session is in encrypted cookies. Any replica with the same
/// keys ([`OAuthBuilder::keyring`](authlib_core::OAuthBuilder::keyring)) reads them.
///
/// A login also needs its row in the token store, so logouts are effective: a copied cookie is useless after them.
/// The extractor [`tower_sessions::Session`] is not available.
///
/// ```
/// use authlib_axum::{OAuth, cookie_session_layer, routes};
/// use axum::Router;
///
/// let oauth = OAuth::builder().base_url("http://localhost:3000").build()?;
/// let app: Router = Router::new().merge(routes()).layer(cookie_session_layer(&oauth));
/// # let _ = app;
/// # Ok::<(), authlib_axum::Error>(())
/// ```
#[must_use]
pub fn cookie_session_layer(oauth: &OAuth) -> CookieSessionLayer {
    CookieSessionLayer { cookies: SealedCookies::for_sessions(oauth) }
}

/// A layer made by [`session_layer`].
#[derive(Clone)]
pub struct SessionLayer<Store: SessionStore> {
    sessions: SessionManagerLayer<Store>,
    cookies: SealedCookies,
}

/// A layer made by [`cookie_session_layer`].
#[derive(Clone, Debug)]
pub struct CookieSessionLayer {
    cookies: SealedCookies,
}

impl<Store: SessionStore> SessionLayer<Store> {
    /// Changes the settings of tower-sessions, such as the expiry.
    #[must_use]
    pub fn map_sessions(
        mut self,
        change: impl FnOnce(SessionManagerLayer<Store>) -> SessionManagerLayer<Store>,
    ) -> Self {
        self.sessions = change(self.sessions);
        self
    }
}

impl<S, Store: SessionStore> Layer<S> for SessionLayer<Store> {
    type Service = SessionService<<SessionManagerLayer<Store> as Layer<S>>::Service>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService { inner: self.sessions.layer(inner), cookies: self.cookies.clone() }
    }
}

impl<S> Layer<S> for CookieSessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService { inner, cookies: self.cookies.clone() }
    }
}

/// The service of a [`SessionLayer`] or [`CookieSessionLayer`].
#[derive(Clone)]
pub struct SessionService<S> {
    inner: S,
    cookies: SealedCookies,
}

impl<S> Service<Request> for SessionService<S>
where
    S: Service<Request>,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let oauth = self.cookies.oauth().clone();
        let sent = request.headers().get_all(COOKIE).iter();
        let cookies = self.cookies.of_request(sent.filter_map(|value| value.to_str().ok()));
        request.extensions_mut().insert(oauth.clone());
        request.extensions_mut().insert(cookies.clone());
        // Cheap to clone: all are reference-counted.
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let headers = READ.map(|name| (name, request.headers().get(name).cloned()));
        let response = self.inner.call(request);
        Box::pin(async move {
            let mut response = response.await?.into_response();
            add_cookies(&mut response, &cookies);
            let Some(error) = response.extensions_mut().remove::<Error>() else {
                return Ok(response);
            };
            let header = |name: &str| {
                let (_, value) = headers.iter().find(|(known, _)| *known == name)?;
                value.as_ref()?.to_str().ok()
            };
            let request = RequestContext::new(method, uri.path(), uri.query(), header);
            let request = request.of_app(Some(&oauth));
            // The session's cookie, and what else the layers inside have added.
            let page = error.respond(&request);
            let (parts, body) = page.into_parts();
            *response.status_mut() = parts.status;
            response.headers_mut().remove(axum::http::header::CONTENT_SECURITY_POLICY);
            response.headers_mut().remove(axum::http::header::CONTENT_LENGTH);
            response.headers_mut().remove(axum::http::header::CONTENT_TYPE);
            response.headers_mut().extend(parts.headers);
            *response.body_mut() = body;
            Ok(response)
        })
    }
}

/// The headers by which an error is rendered.
const READ: [&str; 8] = [
    "accept",
    "accept-language",
    "purpose",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-purpose",
    "x-moz",
    "x-requested-with",
];

/// Adds the cookies that the request changed, to the response of an error too.
fn add_cookies(response: &mut Response, cookies: &CookieSession) {
    match cookies.set_cookies() {
        Ok(values) => {
            response.headers_mut().extend(values.into_iter().map(|value| (SET_COOKIE, value)));
        }
        Err(error) => *response = Error::from(error).into_response(),
    }
}

impl<Store: SessionStore> fmt::Debug for SessionLayer<Store> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").field("oauth", self.cookies.oauth()).finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for SessionService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService").finish_non_exhaustive()
    }
}
