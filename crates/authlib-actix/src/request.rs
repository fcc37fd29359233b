//! What the extractors read of a request.

use actix_web::{HttpMessage as _, HttpRequest, web};
use authlib_core::adapter::{ClientSelector, LoginError, find_client, misconfigured, route_client};
use authlib_core::{OAuth, RegisteredClient, Result};

use crate::error::Error;
use crate::message::context;
use crate::session::ActixSession;

/// The registry, put into the request by [`session_middleware`](crate::session_middleware), or the
/// application's `web::Data<OAuth>`.
pub(crate) fn find_registry(request: &HttpRequest) -> Option<OAuth> {
    let data = || request.app_data::<web::Data<OAuth>>().map(|oauth| oauth.as_ref().clone());
    request.extensions().get().cloned().or_else(data)
}

/// As [`find_registry`]; an application without one is set up wrongly.
pub(crate) fn registry(request: &HttpRequest) -> Result<OAuth> {
    find_registry(request).ok_or_else(|| {
        misconfigured(
            "the route has no registry of clients",
            "add `.wrap(authlib_actix::session_middleware(store, key, &oauth))` to the app",
        )
    })
}

/// The client that an extractor names by type or by route, and the session.
pub(crate) async fn client<C: ClientSelector>(
    request: &HttpRequest,
) -> Result<(RegisteredClient, ActixSession)> {
    let oauth = registry(request)?;
    let client = find_client::<C>(&oauth, || {
        route_client(
            Ok(request.match_info().get("client")),
            "add `{client}` to the route's path, or name the client by type: `OAuthClient<Google>`",
        )
    });
    Ok((client.await?, ActixSession::of(request)?))
}

/// The error of an extractor, with the request for its response.
pub(crate) fn rejection(error: impl Into<LoginError>, request: &HttpRequest) -> Error {
    error.into().with_request(context(request)).into()
}
