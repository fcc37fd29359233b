//! What the extractors read of a request.

use authlib_core::OAuth;
use authlib_core::adapter::{
    ClientSelector, LoginError, RequestContext, find_client, misconfigured, route_client,
};
use authlib_core::{RegisteredClient, Result};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, OriginalUri, RawPathParams};
use axum::http::request::Parts;

use crate::error::Error;
use crate::session::AxumSession;

/// The registry, put into the request by [`session_layer`](crate::session_layer) or by an
/// [`Extension`](axum::Extension).
pub(crate) fn registry(parts: &Parts) -> Result<OAuth> {
    parts.extensions.get().cloned().ok_or_else(|| {
        misconfigured(
            "the route has no registry of clients",
            "add `.layer(authlib_axum::session_layer(store, &oauth))` to the router, after the last \
             `.route(..)`",
        )
    })
}

/// The client that an extractor names by type or by route, and the session.
pub(crate) async fn client<C: ClientSelector>(
    parts: &mut Parts,
) -> Result<(RegisteredClient, AxumSession)> {
    let oauth = registry(parts)?;
    let params = match C::NAME {
        Some(_) => None,
        None => Some(RawPathParams::from_request_parts(parts, &()).await),
    };
    let client = find_client::<C>(&oauth, || {
        let name = match &params {
            Some(Ok(params)) => {
                Ok(params.iter().find(|(name, _)| *name == "client").map(|(_, value)| value))
            }
            Some(Err(RawPathParamsRejection::InvalidUtf8InPathParam(_))) => Err(()),
            _ => Ok(None),
        };
        route_client(
            name,
            "add `{client}` to the route's path, or name the client by type: `OAuthClient<Google>`",
        )
    })
    .await?;
    Ok((client, AxumSession::of(parts)?))
}

/// The error of an extractor, with the request for its response.
pub(crate) fn rejection(error: impl Into<LoginError>, parts: &Parts) -> Error {
    error.into().with_request(context(parts)).into()
}

/// The head of a request.
pub(crate) fn context(parts: &Parts) -> RequestContext {
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0);
    RequestContext::new(parts.method.clone(), uri.path(), uri.query(), |name| {
        parts.headers.get(name)?.to_str().ok()
    })
    .of_app(parts.extensions.get())
}
