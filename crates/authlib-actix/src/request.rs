//! Between actix-web's requests and responses, which are of `http` 0.2, and this library's.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use authlib_core::adapter::{
    ClientSelector, LoginError, RequestContext, Response, find_client, misconfigured, route_client,
};
use authlib_core::{OAuth, RegisteredClient, Result};

use crate::error::Error;
use crate::session::ActixSession;

/// The registry, put into the request by [`session_middleware`](crate::session_middleware), or the
/// application's `web::Data<OAuth>`.
pub(crate) fn registry(request: &HttpRequest) -> Result<OAuth> {
    let data = || request.app_data::<web::Data<OAuth>>().map(|oauth| oauth.as_ref().clone());
    request.extensions().get().cloned().or_else(data).ok_or_else(|| {
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

/// The head of a request.
pub(crate) fn context(request: &HttpRequest) -> RequestContext {
    // Never fails: both crates parse methods alike.
    let method = http::Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or_default();
    RequestContext::new(method, request.path(), request.uri().query(), |name| {
        request.headers().get(name)?.to_str().ok()
    })
}

pub(crate) fn response(response: Response) -> HttpResponse {
    let (parts, body) = response.into_parts();
    let status = StatusCode::from_u16(parts.status.as_u16());
    let mut response = HttpResponse::new(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        // A header of `http` 1 is valid in `http` 0.2.
        if let (Ok(name), Ok(mut copy)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            copy.set_sensitive(value.is_sensitive());
            response.headers_mut().append(name, copy);
        }
    }
    response.set_body(actix_web::body::BoxBody::new(body))
}
