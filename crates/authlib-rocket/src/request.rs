//! Between Rocket's requests and responses and this library's.

use std::io::Cursor;

use authlib_core::adapter::{
    ClientSelector, RequestContext, Response, find_client, misconfigured, route_client,
};
use authlib_core::{RegisteredClient, Result};
use rocket::Request;
use rocket::http::{Method, Status};
use rocket::response::{self, Responder};

use crate::fairing::{Framed, OriginalMethod};
use crate::session::{OAuthState, RocketSession};

/// A redirect or a page of this library.
#[derive(Clone, Debug)]
pub struct OAuthResponse(Response);

impl From<Response> for OAuthResponse {
    fn from(response: Response) -> Self {
        Self(response)
    }
}

impl<'r> Responder<'r, 'static> for OAuthResponse {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let (mut parts, body) = self.0.into_parts();
        let policy = parts.headers.get("content-security-policy");
        let policy = policy.and_then(|policy| policy.to_str().ok()).unwrap_or_default();
        let is_framed = policy.contains("frame-ancestors http");
        request.local_cache(|| Framed(is_framed));
        let mut response = rocket::Response::build();
        response.status(Status::new(parts.status.as_u16()));
        // Rocket's shield adds `nosniff`, and warns if it is there already.
        parts.headers.remove("x-content-type-options");
        for (name, value) in &parts.headers {
            if let Ok(value) = value.to_str() {
                response.raw_header_adjoin(name.as_str().to_owned(), value.to_owned());
            }
        }
        response.sized_body(body.len(), Cursor::new(body)).ok()
    }
}

pub(crate) fn state<'r>(request: &'r Request<'_>) -> Result<&'r OAuthState> {
    let (check, hint) = ("the application has no registry of clients", "attach an `OAuthFairing`");
    request.rocket().state().ok_or_else(|| misconfigured(check, hint))
}

/// The client that a guard names by type or by route, and the session.
pub(crate) async fn client<'r, C: ClientSelector>(
    request: &'r Request<'_>,
) -> Result<(RegisteredClient, RocketSession<'r>)> {
    let state = state(request)?;
    let client = find_client::<C>(&state.oauth, || {
        route_client(
            Ok(parameter(request)),
            "add `<client>` or `<_>` to the route's path, or name the client by type: \
             `OAuthClient<'_, Google>`",
        )
    });
    Ok((client.await?, RocketSession::of(state, request)))
}

/// The route's parameter `<client>`, or else the first `<_>`: a guard reads it, so the handler need not.
fn parameter<'r>(request: &'r Request<'_>) -> Option<&'r str> {
    let route = request.route()?;
    let path = route.uri.path().strip_prefix(route.uri.base().trim_end_matches('/'))?;
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let named = segments.clone().position(|segment| segment == "<client>");
    let place = named.or_else(|| segments.position(|segment| segment == "<_>"))?;
    request.param::<&str>(place)?.ok()
}

/// The head of a request.
pub(crate) fn context(request: &Request<'_>) -> RequestContext {
    let OriginalMethod(method) = *request.local_cache(|| OriginalMethod(request.method()));
    let (path, query) = (request.uri().path(), request.uri().query());
    let query = query.map(|query| query.as_str());
    RequestContext::new(core_method(method), path.as_str(), query, |name| {
        request.headers().get_one(name)
    })
    .of_app(request.rocket().state::<OAuthState>().map(|state| &state.oauth))
}

fn core_method(method: Method) -> http::Method {
    // Never fails: Rocket knows registered methods only.
    http::Method::from_bytes(method.as_str().as_bytes()).unwrap_or_default()
}
