//! [`session_middleware`] and [`cookie_session_middleware`]: sessions, the registry, and error pages for an app.

use std::collections::HashMap;
use std::fmt;
use std::future::{Ready, ready};
use std::rc::Rc;

use actix_session::SessionMiddleware;
use actix_session::config::BrowserSession;
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::HttpMessage as _;
use actix_web::body::MessageBody;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{CookieJar, Key, SameSite};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, COOKIE, HeaderValue, SET_COOKIE};
use authlib_core::adapter::{SESSION_KEY, SealedCookies, SessionCookie};
use authlib_core::{Error, ErrorKind, OAuth};
use futures_util::future::LocalBoxFuture;

use crate::message::context;

/// The middleware that an app with logins needs: sessions of actix-session with the right cookie, the
/// registry for the extractors, and errors rendered as the request accepts.
///
/// The session cookie is `HttpOnly` and `SameSite=Lax`, and its name, path and `Secure` follow from the registry's
/// base URL ([`SessionCookie`] has the reasons). The key encrypts it. `Key::generate()` is good if the
/// sessions end with the process, as with a [`MemoryStore`](crate::MemoryStore). Sessions that outlive it, or
/// that replicas share, need one key for all, kept as a secret. The session has the logins; what is pending is in
/// encrypted cookies, so that the start of a login stores nothing on the server.
///
/// **Don't use actix-session's `CookieSessionStore`**, which is one cookie: several tabs that log in at the same time
/// overwrite each other. Without a store, use [`cookie_session_middleware`].
///
/// ```
/// use actix_web::cookie::Key;
/// use authlib_actix::{MemoryStore, OAuth, session_middleware};
///
/// let oauth = OAuth::builder().base_url("http://localhost:3000").build()?;
/// let (store, key) = (MemoryStore::new(), Key::generate());
/// let sessions = session_middleware(store, key, &oauth)
///     .lifetime(std::time::Duration::from_secs(8 * 3600));
/// # let _ = sessions;
/// # Ok::<(), authlib_actix::Error>(())
/// ```
pub fn session_middleware<Store>(store: Store, key: Key, oauth: &OAuth) -> OAuthSessions<Store>
where
    Store: SessionStore + Clone + 'static,
{
    let (cookie, cookies) = (SessionCookie::of(oauth), SealedCookies::for_pending(oauth));
    let sessions = OAuthSessions { store, key, cookie, lifetime: Duration::DAY, cookies };
    sessions.lifetime(oauth.login_lifetime())
}

/// As [`session_middleware`], without a session store: the whole session is in encrypted cookies. Any replica with the
/// same keys ([`OAuthBuilder::keyring`](authlib_core::OAuthBuilder::keyring)) reads them.
///
/// A login also needs its row in the token store, so logouts are effective: a copied cookie is useless after them.
/// The extractor `actix_session::Session` is not available.
///
/// ```
/// use actix_web::App;
/// use authlib_actix::{OAuth, cookie_session_middleware, routes};
///
/// let oauth = OAuth::builder().base_url("http://localhost:3000").build()?;
/// let app = App::new().wrap(cookie_session_middleware(&oauth)).configure(routes);
/// # let _ = app;
/// # Ok::<(), authlib_actix::Error>(())
/// ```
#[must_use]
pub fn cookie_session_middleware(oauth: &OAuth) -> OAuthCookieSessions {
    OAuthCookieSessions { cookies: SealedCookies::for_sessions(oauth) }
}

/// A middleware made by [`cookie_session_middleware`].
#[derive(Clone, Debug)]
pub struct OAuthCookieSessions {
    cookies: SealedCookies,
}

/// A middleware made by [`session_middleware`].
#[derive(Clone)]
pub struct OAuthSessions<Store> {
    store: Store,
    key: Key,
    cookie: SessionCookie,
    lifetime: Duration,
    cookies: SealedCookies,
}

impl<Store> OAuthSessions<Store> {
    /// How long a session lives after its last change: by default as long as a login may last
    /// ([`OAuthBuilder::login_lifetime`](authlib_core::OAuthBuilder::login_lifetime)), which ends earlier with it.
    #[must_use]
    pub fn lifetime(mut self, lifetime: std::time::Duration) -> Self {
        self.lifetime = Duration::try_from(lifetime).unwrap_or(Duration::MAX);
        self
    }

    /// The session's id, from the cookie, as actix-session reads it.
    fn id(&self, request: &ServiceRequest) -> Option<String> {
        let mut cookies = CookieJar::new();
        cookies.add_original(request.cookie(&self.cookie.name)?);
        let cookie = cookies.private(&self.key).get(&self.cookie.name)?;
        Some(cookie.value().to_owned())
    }
}

impl<S, B, Store> Transform<S, ServiceRequest> for OAuthSessions<Store>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
    Store: SessionStore + Clone + 'static,
{
    type Response = ServiceResponse;
    type Error = actix_web::Error;
    type Transform =
        SessionService<<SessionMiddleware<Self> as Transform<S, ServiceRequest>>::Transform>;
    type InitError = ();
    type Future = LocalBoxFuture<'static, Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let inner = SessionMiddleware::builder(self.clone(), self.key.clone())
            .cookie_name(self.cookie.name.clone())
            .cookie_secure(self.cookie.secure)
            .cookie_same_site(SameSite::Lax)
            .cookie_http_only(true)
            .cookie_path(self.cookie.path.clone())
            .session_lifecycle(BrowserSession::default().state_ttl(self.lifetime))
            .build()
            .new_transform(service);
        let (cookies, sessions) = (self.cookies.clone(), self.clone());
        let stored: FindSession = Rc::new(move |request| {
            let id = sessions.id(request)?;
            Some(StoredSession { store: Rc::new(sessions.clone()), id })
        });
        Box::pin(async {
            Ok(SessionService { inner: inner.await?, cookies, stored: Some(stored) })
        })
    }
}

impl<S, B> Transform<S, ServiceRequest> for OAuthCookieSessions
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = actix_web::Error;
    type Transform = SessionService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(SessionService { inner, cookies: self.cookies.clone(), stored: None }))
    }
}

/// In the values that actix-session reads before the handler: whether our value was among them. If the application
/// then removes our value, or clears the session, it is deleted; otherwise the store has a newer one.
const SEEN_KEY: &str = "authlib.seen";

/// The store, as actix-session sees it. Our value of an existing session is written directly to the store;
/// actix-session, which has read it before the handler, must not overwrite it with the old one.
impl<Store: SessionStore> SessionStore for OAuthSessions<Store> {
    async fn load(&self, key: &SessionKey) -> Result<Option<Values>, LoadError> {
        let mut values = self.store.load(key).await?;
        if let Some(values) = &mut values {
            let seen = values.contains_key(SESSION_KEY);
            values.insert(SEEN_KEY.to_owned(), seen.to_string());
        }
        Ok(values)
    }

    async fn save(&self, mut values: Values, ttl: &Duration) -> Result<SessionKey, SaveError> {
        values.remove(SEEN_KEY);
        self.store.save(values, ttl).await
    }

    async fn update(
        &self,
        key: SessionKey,
        mut values: Values,
        ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let stored = self.store.load(&key).await;
        let stored = stored.map_err(|cause| UpdateError::Other(anyhow::Error::new(cause)))?;
        let seen = values.remove(SEEN_KEY);
        let ours = values.remove(SESSION_KEY);
        let is_cleared = seen.is_none();
        let is_removed = ours.is_none() && seen.as_deref() == Some("true");
        if !is_cleared && !is_removed {
            values.extend(stored.and_then(|mut stored| stored.remove_entry(SESSION_KEY)));
        }
        self.store.update(key, values, ttl).await
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> anyhow::Result<()> {
        self.store.update_ttl(key, ttl).await
    }

    async fn delete(&self, key: &SessionKey) -> anyhow::Result<()> {
        self.store.delete(key).await
    }
}

/// Finds the session of a request in its store, by the cookie.
type FindSession = Rc<dyn Fn(&ServiceRequest) -> Option<StoredSession>>;

/// The middleware of one worker.
#[expect(unnameable_types, reason = "only actix-web uses it")]
pub struct SessionService<Inner> {
    inner: Inner,
    cookies: SealedCookies,
    stored: Option<FindSession>,
}

impl<Inner, B> Service<ServiceRequest> for SessionService<Inner>
where
    Inner: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    Inner::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let sent = request.headers().get_all(COOKIE);
        let cookies = self.cookies.of_request(sent.filter_map(|value| value.to_str().ok()));
        let session = self.stored.as_ref().and_then(|stored| stored(&request));
        {
            let mut extensions = request.extensions_mut();
            extensions.insert(self.cookies.oauth().clone());
            extensions.insert(cookies.clone());
            session.into_iter().for_each(|session| {
                extensions.insert(session);
            });
        }
        let response = self.inner.call(request);
        Box::pin(async move {
            let mut response = render_error(response.await?);
            for value in cookies.set_cookies().map_err(crate::Error::from)? {
                let value = HeaderValue::from_bytes(value.as_bytes());
                let value = value.map_err(ErrorInternalServerError)?;
                response.headers_mut().append(SET_COOKIE, value);
            }
            Ok(response)
        })
    }
}

/// Renders an error of this library as the request accepts. Cookies and other headers stay.
fn render_error<B: MessageBody + 'static>(response: ServiceResponse<B>) -> ServiceResponse {
    let error = response.response().error().and_then(|error| error.as_error::<crate::Error>());
    let Some(error) = error.cloned() else { return response.map_into_boxed_body() };
    let (page, body) = error.respond(Some(&context(response.request()))).into_parts();
    response.map_body(|head, _| {
        head.status = page.status();
        head.headers.remove(CONTENT_SECURITY_POLICY);
        for (name, value) in page.headers() {
            head.headers.insert(name.clone(), value.clone());
        }
        body
    })
}

/// One session, and the store that has it.
#[derive(Clone)]
pub(crate) struct StoredSession {
    pub(crate) store: Rc<dyn DynSessionStore>,
    pub(crate) id: String,
}

type Values = HashMap<String, String>;

/// A session store of any type.
pub(crate) trait DynSessionStore {
    fn load<'a>(&'a self, id: &'a str) -> LocalBoxFuture<'a, Result<Option<Values>, Error>>;
    fn save<'a>(&'a self, id: &'a str, values: Values) -> LocalBoxFuture<'a, Result<(), Error>>;
}

impl<Store: SessionStore> DynSessionStore for OAuthSessions<Store> {
    fn load<'a>(&'a self, id: &'a str) -> LocalBoxFuture<'a, Result<Option<Values>, Error>> {
        Box::pin(async move { self.store.load(&key(id)?).await.map_err(failed) })
    }

    fn save<'a>(&'a self, id: &'a str, values: Values) -> LocalBoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let saved = self.store.update(key(id)?, values, &self.lifetime).await;
            saved.map(drop).map_err(failed)
        })
    }
}

fn key(id: &str) -> Result<SessionKey, Error> {
    SessionKey::try_from(id.to_owned()).map_err(failed)
}

fn failed(cause: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Store, cause.to_string()).with_hint("check the session store")
}

impl<Inner> fmt::Debug for SessionService<Inner> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService").field("cookies", &self.cookies).finish_non_exhaustive()
    }
}

impl<Store> fmt::Debug for OAuthSessions<Store> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthSessions").field("cookie", &self.cookie).finish_non_exhaustive()
    }
}
