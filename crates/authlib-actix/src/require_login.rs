//! [`require_login`]: a middleware for routes that only logged-in users may see.

use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use authlib_core::adapter::{self, LoginError};
use authlib_core::login::RequireLogin;
use futures_util::future::{LocalBoxFuture, Ready, ready};

use crate::error::Error;
use crate::message::context;
use crate::request::registry;
use crate::session::ActixSession;

/// A middleware for routes that only logged-in users may see. Wrap the scope of the protected routes with it,
/// and the app with the [`session_middleware`](crate::session_middleware).
///
/// A browser that navigates to a page is redirected to the login and comes back to exactly this page. Other
/// requests without a login (`fetch`, frames, API clients) get status 401 and JSON; CORS preflights pass.
///
/// ```
/// use actix_web::{App, cookie::Key, web};
/// use authlib_actix::{
///     CurrentUser, MemoryStore, OAuth, RequireLogin, require_login, routes, session_middleware,
/// };
///
/// async fn account(user: CurrentUser) -> String {
///     format!("{:?}", user.identity())
/// }
///
/// let oauth = OAuth::builder().base_url("http://localhost:3000").build()?;
/// let protected = web::scope("/account")
///     .wrap(require_login(RequireLogin::new()))
///     .route("", web::get().to(account));
/// let app = App::new()
///     .wrap(session_middleware(MemoryStore::new(), Key::generate(), &oauth))
///     .configure(routes)
///     .service(protected);
/// # let _ = app;
/// # Ok::<(), authlib_actix::Error>(())
/// ```
///
/// The responses without access are those of [`adapter::require_login`].
pub fn require_login(required: RequireLogin) -> RequireLoginMiddleware {
    RequireLoginMiddleware(required)
}

/// A middleware made by [`require_login`].
#[derive(Clone, Debug)]
pub struct RequireLoginMiddleware(RequireLogin);

impl<S, B> Transform<S, ServiceRequest> for RequireLoginMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = actix_web::Error;
    type Transform = RequireLoginService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(RequireLoginService { inner: Rc::new(inner), required: self.0.clone() }))
    }
}

/// The middleware of one worker.
#[expect(unnameable_types, reason = "only actix-web uses it")]
#[derive(Debug)]
pub struct RequireLoginService<Inner> {
    inner: Rc<Inner>,
    required: RequireLogin,
}

impl<Inner, B> Service<ServiceRequest> for RequireLoginService<Inner>
where
    Inner:
        Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (inner, required) = (self.inner.clone(), self.required.clone());
        Box::pin(async move {
            let checked = async {
                let head = request.request();
                let (oauth, session) = (registry(head)?, ActixSession::of(head)?);
                adapter::require_login(&oauth, &session, &context(head), &required).await
            };
            let checked: Result<_, LoginError> = checked.await;
            match checked {
                Ok(_) => inner.call(request).await.map(ServiceResponse::map_into_boxed_body),
                Err(error) => Ok(request.error_response(Error::from(error))),
            }
        })
    }
}
