//! [`Sessions`]: actix-session's middleware with the right cookie, and a way to its store.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use actix_session::SessionMiddleware;
use actix_session::config::BrowserSession;
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::HttpMessage as _;
use actix_web::body::MessageBody;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{CookieJar, Key, SameSite};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use authlib_core::login::{SESSION_KEY, SessionCookie};
use authlib_core::{Error, ErrorKind};
use futures_util::future::LocalBoxFuture;

/// actix-session's middleware for logins, to be wrapped around the app.
///
/// Its cookie is `HttpOnly` and `SameSite=Lax`; [`SessionCookie`] says more, with the reasons. The key
/// encrypts it. `Key::generate()` is good where the sessions end with the process, as with a
/// [`MemoryStore`](crate::MemoryStore); sessions that outlive it, or that several replicas share, need
/// one key for all, kept as a secret.
///
/// The store must be one on this side, for a session in a cookie can't be ended: whoever has a copy has
/// the session. And a store is what lets several tabs work at once.
///
/// ```
/// use actix_web::cookie::Key;
/// use authlib_actix::{MemoryStore, session_middleware};
///
/// let (store, key) = (MemoryStore::new(), Key::generate());
/// let sessions = session_middleware(store, key, "http://localhost:3000")
///     .lifetime(std::time::Duration::from_secs(8 * 3600));
/// # let _ = sessions;
/// ```
pub fn session_middleware<Store>(store: Store, key: Key, base_url: &str) -> Sessions<Store>
where
    Store: SessionStore + Clone + 'static,
{
    Sessions { store, key, cookie: SessionCookie::of(base_url), lifetime: Duration::DAY }
}

/// A middleware made by [`session_middleware`].
#[derive(Clone)]
pub struct Sessions<Store> {
    store: Store,
    key: Key,
    cookie: SessionCookie,
    lifetime: Duration,
}

impl<Store> Sessions<Store> {
    /// How long a session lives after its last change: a day by default.
    #[must_use]
    pub fn lifetime(mut self, lifetime: std::time::Duration) -> Self {
        self.lifetime = Duration::try_from(lifetime).unwrap_or(Duration::MAX);
        self
    }
}

impl<S, B, Store> Transform<S, ServiceRequest> for Sessions<Store>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
    Store: SessionStore + Clone + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = actix_web::Error;
    type Transform =
        Outer<<SessionMiddleware<Self> as Transform<S, ServiceRequest>>::Transform, Store>;
    type InitError = ();
    type Future = LocalBoxFuture<'static, Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let inner = SessionMiddleware::builder(self.clone(), self.key.clone())
            .cookie_name(self.cookie.name.clone())
            .cookie_secure(self.cookie.secure)
            .cookie_same_site(SameSite::Lax)
            .cookie_http_only(true)
            .cookie_path("/".to_owned())
            .session_lifecycle(BrowserSession::default().state_ttl(self.lifetime))
            .build()
            .new_transform(service);
        let sessions = Rc::new(self.clone());
        Box::pin(async { Ok(Outer { inner: inner.await?, sessions }) })
    }
}

/// The store, as actix-session sees it. Our value in a session that exists is written past
/// actix-session, which has it as it was before the handler: the store's counts.
impl<Store: SessionStore> SessionStore for Sessions<Store> {
    async fn load(&self, key: &SessionKey) -> Result<Option<Values>, LoadError> {
        self.store.load(key).await
    }

    async fn save(&self, values: Values, ttl: &Duration) -> Result<SessionKey, SaveError> {
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
        values.remove(SESSION_KEY);
        values.extend(stored.and_then(|mut stored| stored.remove_entry(SESSION_KEY)));
        self.store.update(key, values, ttl).await
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> anyhow::Result<()> {
        self.store.update_ttl(key, ttl).await
    }

    async fn delete(&self, key: &SessionKey) -> anyhow::Result<()> {
        self.store.delete(key).await
    }
}

/// The middleware of one worker.
#[expect(unnameable_types, reason = "only actix-web has to do with it")]
#[derive(Debug)]
pub struct Outer<Inner, Store> {
    inner: Inner,
    sessions: Rc<Sessions<Store>>,
}

impl<Inner, Store> Service<ServiceRequest> for Outer<Inner, Store>
where
    Inner: Service<ServiceRequest>,
    Store: SessionStore + 'static,
{
    type Response = Inner::Response;
    type Error = Inner::Error;
    type Future = Inner::Future;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if let Some(id) = self.sessions.id(&request) {
            let stored = Stored { store: self.sessions.clone(), id };
            request.extensions_mut().insert(stored);
        }
        self.inner.call(request)
    }
}

impl<Store> Sessions<Store> {
    /// The session's id, from the cookie, as actix-session reads it.
    fn id(&self, request: &ServiceRequest) -> Option<String> {
        let mut cookies = CookieJar::new();
        cookies.add_original(request.cookie(&self.cookie.name)?);
        let cookie = cookies.private(&self.key).get(&self.cookie.name)?;
        Some(cookie.value().to_owned())
    }
}

/// One session, and the store that has it.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) store: Rc<dyn Keeps>,
    pub(crate) id: String,
}

type Values = HashMap<String, String>;

/// Any store, without its type.
pub(crate) trait Keeps {
    fn load<'a>(&'a self, id: &'a str) -> LocalBoxFuture<'a, Result<Option<Values>, Error>>;
    fn save<'a>(&'a self, id: &'a str, values: Values) -> LocalBoxFuture<'a, Result<(), Error>>;
}

impl<Store: SessionStore> Keeps for Sessions<Store> {
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
    Error::new(ErrorKind::Store, cause.to_string()).with_hint("the session store does not work")
}

impl<Store> fmt::Debug for Sessions<Store> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("cookie", &self.cookie).finish_non_exhaustive()
    }
}
