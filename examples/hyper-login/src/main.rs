//! The example app on plain hyper, for authors of integrations: what lies between an HTTP framework and
//! `authlib_core::adapter`. Applications use the crate of their framework.

use std::convert::Infallible;

use authlib_core::adapter::{
    BackChannelLogout, CookieSession, FormBody, LOGGED_OUT, LoginCallback, LoginClient, LoginError,
    LoginSession, RequestContext, Response, SealedCookies, login_options, logout_options, no_store,
    require_login, see_other, status_page,
};
use authlib_core::login::RequireLogin;
use authlib_core::{Error, ErrorKind, OAuth, Purpose};
use example_shared::{
    Page, Settings, TimedBody, Visitor, announce, landing, nobody, profile, registry, serve,
    user_id,
};
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::service::service_fn;
use percent_encoding::percent_decode_str;

/// What a framework keeps in its application state.
#[derive(Clone)]
struct App {
    oauth: OAuth,
    sessions: SealedCookies,
}

/// One request, from the session to the session's cookies. In a framework this is the session middleware.
async fn handle(app: App, request: Request<TimedBody>) -> http::Response<Full<Bytes>> {
    let sent = request.headers().get_all(header::COOKIE).iter();
    let session = app.sessions.of_request(sent.filter_map(|value| value.to_str().ok()));
    let (method, uri) = (request.method().clone(), request.uri());
    let context = RequestContext::new(method, uri.path(), uri.query(), |name| {
        request.headers().get(name)?.to_str().ok()
    })
    .of_app(Some(&app.oauth));
    let result = route(&app.oauth, &session, &context, request).await;
    // An error becomes a page or, as the request accepts, JSON. Some errors are a response to send as it is.
    let mut response = result.unwrap_or_else(|error| {
        error.log();
        error.response(Some(&context))
    });
    // To the response of an error too: a failed callback also ends its pending login.
    let cookies = session.set_cookies().unwrap_or_else(|error| {
        response = LoginError::from(error).response(Some(&context));
        Vec::new()
    });
    response.headers_mut().extend(cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)));
    response.map(|body| Full::new(body.into()))
}

/// The routes with their handlers. In a framework, `LoginClient`, `LoginCallback` and `LoginSession` are extractors.
async fn route(
    oauth: &OAuth,
    session: &CookieSession,
    context: &RequestContext,
    request: Request<TimedBody>,
) -> Result<Response, LoginError> {
    let client = |name: &str| {
        let client = oauth.client(name)?;
        Ok::<_, Error>(LoginClient::new(client, session.clone(), context.clone()))
    };
    let logins = LoginSession::new(oauth.clone(), session.clone(), context.clone());
    let (parts, body) = request.into_parts();
    let get = matches!(parts.method, Method::GET | Method::HEAD);
    let post = parts.method == Method::POST;
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy().into_owned();
    // A proxy may have removed the path of the base URL.
    let base = oauth.site_path("/");
    let below =
        path.strip_prefix(base.as_str()).filter(|rest| rest.starts_with('/') || rest.is_empty());
    let path: Vec<&str> = below.unwrap_or(&path).trim_start_matches('/').split('/').collect();
    Ok(match path.as_slice() {
        ["login", name] if get => {
            client(name)?.authorize_redirect(login_options(name, parts.uri.query())).await?
        }
        // A POST is a callback with `response_mode=form_post`.
        ["authorize", name] if get || post => {
            let (client, form) = (oauth.client(name)?, read_form(body).await?);
            let callback = LoginCallback::read(client, session.clone(), context, &form).await?;
            let completed = callback.complete().await?;
            let next = match (&completed.purpose, logins.current_user().await?) {
                (Purpose::Connect { .. }, Some(user)) => {
                    callback.record_connection(completed, user_id(&user)).await?.next
                }
                _ => callback.record(completed).await?.next,
            };
            see_other(&landing(&next, callback.unverified_params()))
        }
        ["logout"] if post => logins.logout_redirect(logout_options(), LOGGED_OUT).await?,
        ["logged-out"] if get => {
            logins.validate_logout_response().await?;
            Page::logged_out("hyper").into_response()
        }
        ["logout-everywhere"] if post => {
            logins.logout_everywhere().await?;
            see_other(&oauth.site_path(LOGGED_OUT))
        }
        ["backchannel-logout", name] if post => {
            let (client, form) = (oauth.client(name)?, read_form(body).await?);
            BackChannelLogout::read(client, context, &form).await?.end_logins().await
        }
        ["frontchannel-logout", name] if get => client(name)?.front_channel_logout().await?,
        ["jwks", name] if get => client(name)?.public_jwks(),
        ["request-object", name, _] if get => client(name)?.request_object().await?,
        [""] if get => match logins.current_user().await? {
            Some(user) => Page::home("hyper", &Visitor::of(oauth, &user).await?).into_response(),
            None => Page::welcome("hyper", oauth).into_response(),
        },
        ["initiate-login", name] if get || post => {
            let (client, form) = (client(name)?, read_form(body).await?);
            client.initiate_login(format!("/authorize/{name}"), &form).await?
        }
        ["protected"] if get => {
            require_login(oauth, session, context, &RequireLogin::new()).await?;
            Page::welcome("hyper", oauth).into_response()
        }
        ["userinfo", name] if get => {
            let claims = client(name)?.user().await?.userinfo().await?;
            json(StatusCode::OK, &serde_json::json!(claims))
        }
        ["api", name, _, ..] if get || post => {
            let Ok(body) = Limited::new(body, 1024 * 1024).collect().await else {
                return Ok(status_page(StatusCode::PAYLOAD_TOO_LARGE, Some(context)));
            };
            client(name)?.forward(&format!("/api/{name}"), body.to_bytes()).await?
        }
        ["connect" | "disconnect" | "refresh" | "profile", ..] => {
            account_route(&parts.method, &logins, context, &path, client).await?
        }
        ["healthz"] if get => Response::new(b"ok".to_vec()),
        _ => status_page(StatusCode::NOT_FOUND, Some(context)),
    })
}

/// The routes for the user who is logged in.
async fn account_route(
    method: &Method,
    logins: &LoginSession<CookieSession>,
    context: &RequestContext,
    path: &[&str],
    client: impl Fn(&str) -> Result<LoginClient<CookieSession>, Error>,
) -> Result<Response, LoginError> {
    let oauth = logins.oauth();
    let (get, post) = (matches!(*method, Method::GET | Method::HEAD), *method == Method::POST);
    Ok(match path {
        ["connect", name] if get => {
            let user = logins.require_user().await?;
            let options = login_options(name, None).connect(user_id(&user));
            client(name)?.authorize_redirect(options).await?
        }
        ["disconnect", name] if post => {
            let user = logins.require_user().await?;
            client(name)?.disconnect(user_id(&user)).await?;
            see_other(&oauth.site_path("/"))
        }
        ["refresh", name] if post => {
            let client = client(name)?;
            client.user().await?.refresh_token().await?;
            match client.current_user().await? {
                Some(user) => json(StatusCode::OK, &profile(oauth, &user).await?),
                None => json(StatusCode::UNAUTHORIZED, &nobody()),
            }
        }
        ["profile"] if get => match logins.current_user().await? {
            Some(user) => json(StatusCode::OK, &profile(oauth, &user).await?),
            None => json(StatusCode::UNAUTHORIZED, &nobody()),
        },
        _ => status_page(StatusCode::NOT_FOUND, Some(context)),
    })
}

/// The form of a callback. `FormBody` limits it.
async fn read_form(mut body: TimedBody) -> Result<Vec<u8>, Error> {
    let mut form = FormBody::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|cause| Error::new(ErrorKind::InvalidCallback, cause))?;
        if frame.data_ref().is_some_and(|data| !form.push(data)) {
            break;
        }
    }
    form.finish()
}

fn json(status: StatusCode, value: &serde_json::Value) -> Response {
    let mut response = Response::new(value.to_string().into());
    *response.status_mut() = status;
    no_store(response.headers_mut());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let settings = Settings::from_env()?;
    let (oauth, _provider) = registry(&settings).await?;
    let app = App { sessions: SealedCookies::for_sessions(&oauth), oauth: oauth.clone() };
    let listener = tokio::net::TcpListener::bind(settings.address.clone()).await?;
    announce(&settings, &oauth);
    let service = service_fn(move |request| {
        let app = app.clone();
        async move { Ok::<_, Infallible>(handle(app, request).await) }
    });
    serve(listener, service, &oauth).await;
    Ok(())
}
