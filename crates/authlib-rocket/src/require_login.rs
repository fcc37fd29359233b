//! [`require_login`]: a fairing for paths that only logged-in users may see.

use authlib_core::adapter::{self, LoginError};
use authlib_core::login::RequireLogin;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Method, Status};
use rocket::uri;
use rocket::{Data, Request};

use crate::error::{last_error, outcome};
use crate::request::{OAuthResponse, context, state};
use crate::session::RocketSession;

/// A fairing for paths that only logged-in users may see: all routes at `path` and below it, whichever fairing
/// or `mount` they come from. Attach it beside the [`OAuthFairing`](crate::OAuthFairing).
///
/// A browser that navigates to a page is redirected to the login and comes back to exactly this page. Other
/// requests without a login (`fetch`, frames, API clients) get status 401 and JSON; CORS preflights pass.
///
/// ```
/// use authlib_rocket::{CurrentUser, OAuth, OAuthFairing, RequireLogin, require_login, routes};
/// use rocket::get;
///
/// #[get("/account")]
/// fn account(user: CurrentUser) -> String {
///     format!("{:?}", user.identity())
/// }
///
/// let rocket = rocket::build()
///     .attach(OAuthFairing::new(OAuth::builder().base_url("http://localhost:8000")))
///     .attach(require_login("/account", RequireLogin::new()))
///     .mount("/", routes())
///     .mount("/", rocket::routes![account]);
/// # let _ = rocket;
/// ```
///
/// The responses without access are those of [`adapter::require_login`].
pub fn require_login(path: &str, required: RequireLogin) -> RequireLoginFairing {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    RequireLoginFairing { path: segments.map(str::to_owned).collect(), required }
}

/// A fairing made by [`require_login`].
#[derive(Debug)]
pub struct RequireLoginFairing {
    path: Vec<String>,
    required: RequireLogin,
}

impl RequireLoginFairing {
    /// Whether the path is protected. Rocket compares the same decoded segments when it routes.
    fn protects(&self, request: &Request<'_>) -> bool {
        let mut segments = request.uri().path().segments().filter(|segment| !segment.is_empty());
        self.path.iter().all(|own| segments.next() == Some(own))
    }

    async fn check(&self, request: &Request<'_>) -> Result<(), LoginError> {
        let state = state(request)?;
        let (session, head) = (RocketSession::of(state, request), context(request));
        adapter::require_login(&state.oauth, &session, &head, &self.required).await.map(drop)
    }
}

#[rocket::async_trait]
impl Fairing for RequireLoginFairing {
    fn info(&self) -> Info {
        Info { name: "OAuth login requirement", kind: Kind::Request }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if !self.protects(request) {
            return;
        }
        if let Err(error) = self.check(request).await {
            let error = error.with_request(context(request));
            // A fairing can't respond: it sends the request to a route that does.
            let _ = outcome::<(), Status>(request, Err(error));
            request.set_method(Method::Get);
            request.set_uri(uri!(no_access));
        }
    }
}

/// Sends the response of a [`RequireLoginFairing`]. Whoever requests the path itself gets 404.
#[rocket::get("/.authlib/no-access")]
pub(crate) fn no_access(error: NoAccess) -> OAuthResponse {
    let NoAccess(error) = error;
    error.response(None).into()
}

/// The error of a [`RequireLoginFairing`] in this request.
pub(crate) struct NoAccess(LoginError);

#[rocket::async_trait]
impl<'r> rocket::request::FromRequest<'r> for NoAccess {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> rocket::request::Outcome<Self, Self::Error> {
        match last_error(request).take() {
            Some(error) => rocket::request::Outcome::Success(Self(error)),
            None => rocket::request::Outcome::Forward(Status::NotFound),
        }
    }
}
