//! The guards: [`OAuthClient`], [`OAuthCallback`], [`OAuthSession`] and [`CurrentUser`].

use std::marker::PhantomData;

use authlib_core::login::{self, ClientName, Failure, FormBody, Incoming, Received, Visit};
use authlib_core::{ApiRequest, Error as CoreError, ErrorKind};
use rocket::data::{self, ByteUnit, Data, FromData};
use rocket::http::{Method, Status};
use rocket::outcome::{Outcome, try_outcome};
use rocket::request::{self, FromRequest, Request};
use rocket::tokio::io::AsyncReadExt as _;
use rocket::{Ignite, Rocket, Sentinel};

use crate::response::{Answer, accept, core_method, outcome, parts};
use crate::session::{RocketSession, Setup};

authlib_core::login_extractors!(Answer, Answer, RocketSession<'r>, 'r);

/// How a guard finds its client: by a [`ClientName`], or [`Routed`].
pub trait FindClient: 'static {
    /// The client that must be registered for the launch to go on.
    const REQUIRED: Option<&'static str>;

    /// The client's name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the request names none.
    fn name(request: &Request<'_>) -> authlib_core::Result<String>;
}

impl<C: ClientName + 'static> FindClient for C {
    const REQUIRED: Option<&'static str> = Some(C::NAME);

    fn name(_: &Request<'_>) -> authlib_core::Result<String> {
        Ok(C::NAME.to_owned())
    }
}

/// The parameter is `<client>`, or else the first `<_>`: what a guard reads, a handler need not take.
impl FindClient for Routed {
    const REQUIRED: Option<&'static str> = None;

    fn name(request: &Request<'_>) -> authlib_core::Result<String> {
        let place = request.route().and_then(|route| {
            let path = route.uri.path().strip_prefix(route.uri.base().trim_end_matches('/'))?;
            let mut segments = path.split('/').filter(|segment| !segment.is_empty());
            let named = segments.clone().position(|segment| segment == "<client>");
            named.or_else(|| segments.position(|segment| segment == "<_>"))
        });
        let name = place.and_then(|place| request.param::<&str>(place)?.ok());
        name.map(str::to_owned).ok_or_else(|| {
            let hint = "add one, or name the client by type: `OAuthClient<'_, Google>`";
            login::misconfigured("the route has no parameter `<client>` or `<_>`", hint)
        })
    }
}

/// Whether the launch must not go on: there is no registry, or this client is not in it.
fn is_missing(rocket: &Rocket<Ignite>, client: Option<&str>) -> bool {
    let missing = match (rocket.state::<Setup>(), client) {
        (None, _) => Some("there is no registry of clients: attach an `OAuthFairing`".to_owned()),
        (Some(setup), Some(name)) => setup.oauth.client(name).err().map(|error| error.to_string()),
        (Some(_), None) => None,
    };
    missing.inspect(|words| tracing::error!("a guard lacks what it needs: {words}")).is_some()
}

macro_rules! sentinels {
    ($($Guard:ty, $client:expr $(, $C:ident)?;)*) => {
        $(impl$(<$C: FindClient>)? Sentinel for $Guard {
            fn abort(rocket: &Rocket<Ignite>) -> bool {
                is_missing(rocket, $client)
            }
        })*
    };
}

sentinels! {
    OAuthClient<'_, C>, C::REQUIRED, C;
    OAuthCallback<'_, C>, C::REQUIRED, C;
    OAuthSession<'_>, None;
    CurrentUser, None;
}

fn setup<'r>(request: &'r Request<'_>) -> authlib_core::Result<&'r Setup> {
    let (check, hint) = ("the application has no registry of clients", "attach an `OAuthFairing`");
    request.rocket().state::<Setup>().ok_or_else(|| login::misconfigured(check, hint))
}

fn failed(request: &Request<'_>) -> impl FnOnce(CoreError) -> Error {
    |error| Error(Failure::new(error, accept(request)))
}

/// The client and the session of a request.
fn visit<'r, C: FindClient>(request: &'r Request<'_>) -> Result<Visit<RocketSession<'r>>> {
    let found = || {
        let setup = setup(request)?;
        let app = setup.oauth.client(&C::name(request)?)?;
        Ok(Visit::new(app, RocketSession::of(setup, request), accept(request)))
    };
    found().map_err(failed(request))
}

impl<C> OAuthClient<'_, C> {
    /// A request to the provider's API with the token of who is logged in; see
    /// [`RegisteredClient::request`](authlib_core::RegisteredClient::request).
    ///
    /// # Errors
    ///
    /// 401 when nobody is logged in with this client.
    pub async fn request(&self, method: Method, url: &str) -> Result<ApiRequest> {
        let owner = self.login().await?.owner();
        Ok(self.visit.app.request(core_method(method), url, &owner))
    }
}

#[rocket::async_trait]
impl<'r, C: FindClient> FromRequest<'r> for OAuthClient<'r, C> {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Error> {
        outcome(request, visit::<C>(request).map(|visit| Self { visit, client: PhantomData }))
    }
}

impl<'r, C: FindClient> OAuthCallback<'r, C> {
    async fn of(request: &'r Request<'_>, body: authlib_core::Result<Vec<u8>>) -> Result<Self> {
        let (visit, parts) = (visit::<C>(request)?, parts(request));
        let received = match body {
            Ok(body) => {
                let query = parts.uri.query();
                let incoming = Incoming::new(&parts.method, query, &parts.headers, &body);
                login::receive(&visit.app, &visit.session, &incoming).await
            }
            Err(error) => Err(error),
        };
        let params = visit.answer(received).and_then(Received::callback);
        // A guard answers by a status only, so that the handler gives the answer: by `?`.
        Ok(Self { visit, params, client: PhantomData })
    }
}

/// A callback by GET.
#[rocket::async_trait]
impl<'r, C: FindClient> FromRequest<'r> for OAuthCallback<'r, C> {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Error> {
        outcome(request, Self::of(request, Ok(Vec::new())).await)
    }
}

/// A callback by `form_post`.
#[rocket::async_trait]
impl<'r, C: FindClient> FromData<'r> for OAuthCallback<'r, C> {
    type Error = Error;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        let body = form(data).await;
        outcome(request, Self::of(request, body).await)
    }
}

/// The callback's body, of which no more is kept than a form may have, whatever `limits` say.
async fn form(data: Data<'_>) -> authlib_core::Result<Vec<u8>> {
    let mut stream = data.open(ByteUnit::max_value());
    let (mut form, mut piece) = (FormBody::new(), vec![0; 8 * 1024]);
    loop {
        let read = stream.read(&mut piece).await;
        let read = read.map_err(|cause| CoreError::new(ErrorKind::InvalidCallback, cause))?;
        if read == 0 || !form.push(piece.get(..read).unwrap_or_default()) {
            return form.finish();
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for OAuthSession<'r> {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Error> {
        let found = setup(request).map(|setup| {
            let session = RocketSession::of(setup, request);
            Self { oauth: setup.oauth.clone(), session, parts: parts(request) }
        });
        outcome(request, found.map_err(failed(request)))
    }
}

/// Who is logged in in this browser.
///
/// # Errors
///
/// When nobody is, the request is forwarded to the next route, with the status 401; with
/// `Option<CurrentUser>` the handler is called and gets none. That is so for every error: where a store
/// that fails must not look like a logout, ask [`OAuthSession::user`].
#[derive(Clone, Debug)]
pub struct CurrentUser(pub login::CurrentUser);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for CurrentUser {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Error> {
        let session = try_outcome!(OAuthSession::from_request(request).await);
        let user = login::current_user(&session.oauth, &session.session).await;
        match outcome::<_, Status>(request, session.answer(user).map(Self)) {
            Outcome::Error((Status::Unauthorized, _)) => Outcome::Forward(Status::Unauthorized),
            outcome => outcome,
        }
    }
}
