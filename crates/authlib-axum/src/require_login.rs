//! [`require_login`]: a layer for routes that only logged-in users may see.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use authlib_core::adapter;
use authlib_core::login::RequireLogin;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tower::{Layer, Service};

use crate::error::Error;
use crate::request::{context, registry};
use crate::session::AxumSession;

/// A layer for routes that only logged-in users may see. Add it with `route_layer` to the protected routes,
/// and the [`session_layer`](crate::session_layer) to the router that contains them.
///
/// A browser that navigates to a page is redirected to the login and comes back to exactly this page. Other
/// requests without a login (`fetch`, frames, API clients) get status 401 and JSON; CORS preflights pass.
///
/// ```
/// use authlib_axum::{CurrentUser, OAuth, RequireLogin, require_login, routes, session_layer};
/// use axum::{Router, routing::get};
/// use tower_sessions::MemoryStore;
///
/// async fn account(user: CurrentUser) -> String {
///     format!("{:?}", user.identity())
/// }
///
/// let oauth = OAuth::builder().base_url("http://localhost:3000").build()?;
/// let protected = Router::new()
///     .route("/account", get(account))
///     .route_layer(require_login(RequireLogin::new()));
/// let app: Router =
///     protected.merge(routes()).layer(session_layer(MemoryStore::default(), &oauth));
/// # let _ = app;
/// # Ok::<(), authlib_axum::Error>(())
/// ```
///
/// The responses without access are those of [`adapter::require_login`].
pub fn require_login(required: RequireLogin) -> RequireLoginLayer {
    RequireLoginLayer(required)
}

/// A layer made by [`require_login`].
#[derive(Clone, Debug)]
pub struct RequireLoginLayer(RequireLogin);

impl<S> Layer<S> for RequireLoginLayer {
    type Service = RequireLoginService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireLoginService { inner, required: self.0.clone() }
    }
}

/// The service of a [`RequireLoginLayer`].
#[derive(Clone)]
pub struct RequireLoginService<S> {
    inner: S,
    required: RequireLogin,
}

impl<S> Service<Request> for RequireLoginService<S>
where
    S: Service<Request> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The service that is ready, and not its clone, gets the request.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let required = self.required.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let checked = async {
                let (oauth, session) = (registry(&parts)?, AxumSession::of(&parts)?);
                adapter::require_login(&oauth, &session, &context(&parts), &required).await
            };
            if let Err(error) = checked.await {
                return Ok(Error::from(error).into_response());
            }
            inner.call(Request::from_parts(parts, body)).await.map(IntoResponse::into_response)
        })
    }
}

impl<S> fmt::Debug for RequireLoginService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireLoginService")
            .field("required", &self.required)
            .finish_non_exhaustive()
    }
}
