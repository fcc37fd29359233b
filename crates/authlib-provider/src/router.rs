//! The router: which endpoint a path belongs to, and its handler.

use authlib_core::message::{Request, Response};
use url::Url;

use crate::endpoint::Endpoint;
use crate::endpoints::{
    api, authorize, backchannel, device, discovery, end_session, introspect, pushed_authorization,
    register, revoke, token, userinfo,
};
use crate::oauth1;
use crate::pages;
use crate::reply::Reply;
use crate::request::{self, Fields};
use crate::response;
use crate::state::{Context, RecordedRequest};

/// Records a request and responds: as its endpoint, or with an injected fault.
pub(crate) fn handle(context: &Context, request: &Request) -> Response {
    let endpoint = endpoint(context, request.uri().path()).unwrap_or(Endpoint::Unmatched);
    context.record(RecordedRequest::new(endpoint, request));
    if let Some(reply) = context.faulty_reply(endpoint) {
        return response::faulty(&reply);
    }
    let response = dispatch(context, endpoint, request, &request::fields(request));
    // Only the response is lost: the request was carried out.
    let lost = context.takes_lost_response(endpoint);
    let mut response = if lost { response::faulty(&Reply::Reset) } else { response };
    response.extensions_mut().insert(endpoint);
    response
}

fn endpoint(context: &Context, path: &str) -> Option<Endpoint> {
    let base = Url::parse(&context.issuer).ok()?;
    let base = base.path().trim_end_matches('/');
    // RFC 8414 §3.1 appends the issuer's path to the well-known path.
    if path.strip_prefix("/.well-known/oauth-authorization-server") == Some(base) {
        return Some(Endpoint::Discovery);
    }
    if path == "/.well-known/webfinger" {
        return Some(Endpoint::WebFinger);
    }
    let path = path.strip_prefix(base)?;
    if let "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" = path {
        return Some(Endpoint::Discovery);
    }
    let prefix = context.state().path_prefix.clone().unwrap_or_default();
    Some(match path.strip_prefix(prefix.as_str())? {
        "/authorize" => Endpoint::Authorize,
        "/backchannel_authentication" => Endpoint::BackchannelAuthentication,
        "/claims" => Endpoint::Claims,
        "/device" => Endpoint::Device,
        "/device_authorization" => Endpoint::DeviceAuthorization,
        "/end_session" => Endpoint::EndSession,
        "/introspect" => Endpoint::Introspect,
        "/jwks" => Endpoint::Jwks,
        "/par" if context.pushed_authorization.is_some() => Endpoint::PushedAuthorization,
        "/revoke" => Endpoint::Revoke,
        "/token" => Endpoint::Token,
        "/userinfo" => Endpoint::UserInfo,
        other if other.starts_with("/api/") => Endpoint::Api,
        other if context.registration.is_offered() && register::is_at(other) => Endpoint::Register,
        other => return oauth1::endpoint(other),
    })
}

fn dispatch(context: &Context, endpoint: Endpoint, request: &Request, fields: &Fields) -> Response {
    match endpoint {
        Endpoint::Api => api::handle(context, request),
        Endpoint::Authorize => authorize::handle(context, request, fields),
        Endpoint::BackchannelAuthentication => {
            backchannel::authenticate_user(context, request, fields)
        }
        Endpoint::Claims => userinfo::distributed(context, request),
        Endpoint::Device => device::page(context, request, fields),
        Endpoint::DeviceAuthorization => device::authorize(context, request, fields),
        Endpoint::Discovery => discovery::document(context),
        Endpoint::EndSession => end_session::handle(context, request, fields),
        Endpoint::Introspect => introspect::handle(context, request, fields),
        Endpoint::Jwks => discovery::jwks(context),
        Endpoint::OAuth1AccessToken
        | Endpoint::OAuth1Api
        | Endpoint::OAuth1Authorize
        | Endpoint::OAuth1RequestToken => oauth1::handle(context, endpoint, request),
        Endpoint::PushedAuthorization => pushed_authorization::handle(context, request, fields),
        Endpoint::Register => register::handle(context, request),
        Endpoint::Revoke => revoke::handle(context, request, fields),
        Endpoint::Token => token::handle(context, request, fields),
        Endpoint::Unmatched => response::respond(404, "text/plain", "not found\n"),
        Endpoint::UserInfo => userinfo::handle(context, request),
        Endpoint::WebFinger => discovery::webfinger(context, fields),
    }
}

/// The response to the decision of `user` about an authorization request of either protocol; `None` denies.
pub(crate) fn decide(context: &Context, authorization_url: &str, user: Option<&str>) -> Response {
    let query = authorization_url.split_once('?').map_or("", |(_, query)| query);
    let fields = request::parse(query);
    if oauth1::is_authorization_url(authorization_url) {
        oauth1::decide(context, &fields, user)
    } else {
        match pushed_authorization::resolve(context, &fields) {
            Ok(fields) => authorize::decide(context, &fields, user),
            Err(problem) => pages::problem(&problem),
        }
    }
}
