//! Log in with any configured provider on axum; without one, with the demo provider.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "prints the app's URL")]

use authlib_axum::{
    AuthorizeOptions, CurrentUser, LogoutOptions, OAuth, OAuthCallback, OAuthClient, OAuthSession,
    Params, Result, redirect, session_layer,
};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use example_shared::{Page, Settings, Visitor, demo, headers, nobody};
use tower_sessions::MemoryStore;

/// Redirects to the provider.
async fn login(
    client: OAuthClient,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response> {
    let mut options = AuthorizeOptions::from(format!("/authorize/{}", client.client().name()));
    options.next = query.into_iter().find(|(name, _)| name == "next").map(|(_, path)| path);
    client.authorize_redirect(options).await
}

/// The callback: logs the user in.
async fn authorize(callback: OAuthCallback) -> Result<Response> {
    let user = callback.log_in().await?;
    Ok(redirect(&user.next))
}

async fn logout(session: OAuthSession) -> Result<Response> {
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
    session.logout_redirect(options, "/logged-out").await
}

async fn logged_out(session: OAuthSession) -> Result<Response> {
    session.validate_logout_response().await?;
    Ok(html(Page::logged_out("axum")))
}

async fn home(State(oauth): State<OAuth>, user: Option<CurrentUser>) -> Response {
    html(match user {
        Some(user) => Page::home("axum", &Visitor::of(&user)),
        None => Page::welcome("axum", &oauth),
    })
}

async fn profile(user: Option<CurrentUser>) -> Response {
    match user {
        Some(user) => no_store(Json(example_shared::profile(&user))),
        None => no_store((StatusCode::UNAUTHORIZED, Json(nobody()))),
    }
}

async fn userinfo(client: OAuthClient) -> Result<Response> {
    Ok(no_store(Json(client.user().await?.userinfo().await?)))
}

/// Forwards the request to the provider's API with the user's token.
async fn api(
    client: OAuthClient,
    Path((_, path)): Path<(String, String)>,
    request: Request,
) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let mut call = client.user().await?.request(parts.method, &path);
    if let Some(query) = parts.uri.query() {
        call = call.query(Params::parse(query));
    }
    let Ok(body) = axum::body::to_bytes(body, 1024 * 1024).await else {
        return Ok(no_store(StatusCode::PAYLOAD_TOO_LARGE));
    };
    if !body.is_empty() {
        let content_type = parts.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        call = call.body(content_type.unwrap_or("application/octet-stream"), body);
    }
    let upstream = call.send().await?;
    let content_type = upstream.headers().get(header::CONTENT_TYPE).cloned();
    let mut response =
        no_store((upstream.status(), Bytes::from(upstream.into_inner().into_body())));
    if let Some(content_type) = content_type {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    // The API's response is data, and never a page of this site.
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
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
    if settings.forgets_tokens {
        eprintln!(
            "DATABASE_URL is not supported yet: tokens are in memory and are lost when this process ends"
        );
    }
    let mut builder = OAuth::builder().base_url(&settings.base_url).load_env();
    if let Some(file) = &settings.config_file {
        builder = builder.load_file(file);
    }
    let mut oauth = builder.build()?;
    let _provider = if oauth.clients().next().is_none() {
        let (provider, registry) = demo(&settings.base_url).await?;
        oauth = registry;
        Some(provider)
    } else {
        None
    };
    let app = Router::new()
        .route("/", get(home))
        .route("/login/{client}", get(login))
        .route("/authorize/{client}", get(authorize).post(authorize))
        .route("/profile", get(profile))
        .route("/api/{client}/{*path}", get(api).post(api))
        .route("/userinfo/{client}", get(userinfo))
        .route("/logout", post(logout))
        .route("/logged-out", get(logged_out))
        .route("/healthz", get(|| async { "ok" }))
        .layer(session_layer(MemoryStore::default(), &oauth))
        .with_state(oauth);
    let (host, port) = settings.address;
    let listener = tokio::net::TcpListener::bind((host.as_str(), port)).await?;
    println!("The app is at {}", settings.base_url);
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    Ok(())
}

async fn stopped() {
    // Without a signal handler the process ends anyway.
    let _ = tokio::signal::ctrl_c().await;
}

fn html(page: Page) -> Response {
    (headers(), page.into_html()).into_response()
}

fn no_store(response: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], response).into_response()
}
