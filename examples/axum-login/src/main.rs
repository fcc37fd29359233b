//! Log in with any configured provider on axum; without one, with the demo provider.

#![expect(clippy::print_stderr, reason = "prints why the app did not start")]

use authlib_axum::{
    AuthorizeOptions, BackChannelLogout, CurrentUser, LogoutOptions, OAuth, OAuthCallback,
    OAuthClient, OAuthSession, Purpose, RequireLogin, Result, cookie_session_layer, redirect,
    require_login,
};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use example_shared::{
    Page, Settings, TowerToHyperService, Visitor, announce, landing, nobody, registry, serve,
    user_id,
};

/// Redirects to the provider.
async fn login(
    client: OAuthClient,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response> {
    let mut options = AuthorizeOptions::from(format!("/authorize/{}", client.client().name()));
    options.next = query.into_iter().find(|(name, _)| name == "next").map(|(_, path)| path);
    client.authorize_redirect(options).await
}

/// Starts a login that the provider or a portal initiates.
async fn initiate_login(client: OAuthClient, form: Bytes) -> Result<Response> {
    client.initiate_login(format!("/authorize/{}", client.client().name()), &form).await
}

/// The callback: logs the user in, or connects the account to the user who is logged in.
async fn authorize(user: Option<CurrentUser>, callback: OAuthCallback) -> Result<Response> {
    let completed = callback.complete().await?;
    let next = match (&completed.purpose, user) {
        (Purpose::Connect { .. }, Some(user)) => {
            callback.record_connection(completed, user_id(&user)).await?.next
        }
        _ => callback.record(completed).await?.next,
    };
    Ok(redirect(&landing(&next, callback.unverified_params())))
}

/// Connects another account to the user who is logged in.
async fn connect(user: CurrentUser, client: OAuthClient) -> Result<Response> {
    let callback = format!("/authorize/{}", client.client().name());
    client.authorize_redirect(AuthorizeOptions::from(callback).connect(user_id(&user))).await
}

async fn disconnect(user: CurrentUser, client: OAuthClient) -> Result<Response> {
    client.disconnect(user_id(&user)).await?;
    Ok(redirect(&client.client().site_path("/")))
}

async fn logout(session: OAuthSession) -> Result<Response> {
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
    session.logout_redirect(options, "/logged-out").await
}

async fn logged_out(session: OAuthSession) -> Result<Response> {
    session.validate_logout_response().await?;
    Ok(html(Page::logged_out("axum")))
}

/// Ends all logins of the user, in all browsers.
async fn logout_everywhere(session: OAuthSession) -> Result<Response> {
    session.logout_everywhere().await?;
    Ok(redirect(&session.oauth().site_path("/logged-out")))
}

/// The provider tells that the user has logged out there, by a request of its own or in a frame of its page.
async fn back_channel_logout(request: BackChannelLogout) -> Response {
    request.end_logins().await
}

async fn front_channel_logout(client: OAuthClient) -> Result<Response> {
    client.front_channel_logout().await
}

/// The client's public keys.
async fn jwks(client: OAuthClient) -> Response {
    client.public_jwks()
}

/// An authorization request that the provider fetches.
async fn request_object(client: OAuthClient) -> Result<Response> {
    client.request_object().await
}

async fn home(State(oauth): State<OAuth>, user: Option<CurrentUser>) -> Result<Response> {
    Ok(html(match user {
        Some(user) => Page::home("axum", &Visitor::of(&oauth, &user).await?),
        None => Page::welcome("axum", &oauth),
    }))
}

async fn profile(State(oauth): State<OAuth>, user: Option<CurrentUser>) -> Result<Response> {
    Ok(match user {
        Some(user) => no_store(Json(example_shared::profile(&oauth, &user).await?)),
        None => no_store((StatusCode::UNAUTHORIZED, Json(nobody()))),
    })
}

/// Refreshes the token now.
async fn refresh(oauth: State<OAuth>, client: OAuthClient) -> Result<Response> {
    client.user().await?.refresh_token().await?;
    profile(oauth, client.current_user().await?.map(CurrentUser::from)).await
}

/// A page that only logged-in users see.
async fn protected(State(oauth): State<OAuth>, user: CurrentUser) -> Result<Response> {
    Ok(html(Page::home("axum", &Visitor::of(&oauth, &user).await?)))
}

async fn userinfo(client: OAuthClient) -> Result<Response> {
    Ok(no_store(Json(client.user().await?.userinfo().await?)))
}

/// Forwards the request to the provider's API with the user's token.
async fn api(client: OAuthClient, body: Bytes) -> Result<Response> {
    client.forward(&format!("/api/{}", client.client().name()), body).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "info,hyper=warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    if let Err(error) = run().await {
        eprintln!("{error}");
        std::process::exit(1);
    }
    Ok(())
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::from_env()?;
    let (oauth, _provider) = registry(&settings).await?;
    let routes = Router::new()
        .route("/protected", get(protected))
        .route_layer(require_login(RequireLogin::new()))
        .route("/", get(home))
        .route("/login/{client}", get(login))
        .route("/authorize/{client}", get(authorize).post(authorize))
        .route("/initiate-login/{client}", get(initiate_login).post(initiate_login))
        .route("/connect/{client}", get(connect))
        .route("/disconnect/{client}", post(disconnect))
        .route("/profile", get(profile))
        .route("/refresh/{client}", post(refresh))
        .route("/api/{client}/", get(api).post(api))
        .route("/api/{client}/{*path}", get(api).post(api))
        .route("/userinfo/{client}", get(userinfo))
        .route("/logout", post(logout))
        .route("/logged-out", get(logged_out))
        .route("/logout-everywhere", post(logout_everywhere))
        .route("/backchannel-logout/{client}", post(back_channel_logout))
        .route("/frontchannel-logout/{client}", get(front_channel_logout))
        .route("/jwks/{client}", get(jwks))
        .route("/request-object/{client}/{id}", get(request_object))
        .route("/healthz", get(|| async { "ok" }));
    let mut app = Router::new();
    for base in settings.mounts() {
        app = match base.as_str() {
            "" => app.merge(routes.clone()),
            base => app.nest(base, routes.clone()).route(&format!("{base}/"), get(home)),
        };
    }
    let app = app.fallback(not_found).layer(cookie_session_layer(&oauth)).with_state(oauth.clone());
    let listener = tokio::net::TcpListener::bind(settings.address.clone()).await?;
    announce(&settings, &oauth);
    // As `axum::serve`, with timeouts and an end by SIGTERM.
    serve(listener, TowerToHyperService::new(app), &oauth).await;
    Ok(())
}

async fn not_found(State(oauth): State<OAuth>) -> Response {
    let mut response = html(Page::not_found("axum", &oauth));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn html(page: Page) -> Response {
    page.into_response().map(Body::from)
}

fn no_store(response: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], response).into_response()
}
