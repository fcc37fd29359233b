//! Log in with any configured provider on actix-web; without one, with the demo provider.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "prints the app's URL")]

use actix_web::cookie::Key;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer, web};
use authlib_actix::{
    AuthorizeOptions, BackChannelLogout, CurrentUser, LogoutOptions, MemoryStore, OAuth,
    OAuthCallback, OAuthClient, OAuthSession, Params, RequireLogin, Result, redirect,
    require_login, session_middleware,
};
use example_shared::{Page, Settings, Visitor, headers, landing, nobody, registry};

/// Redirects to the provider.
async fn login(client: OAuthClient, request: HttpRequest) -> Result<HttpResponse> {
    let mut options = AuthorizeOptions::from(format!("/authorize/{}", client.client().name()));
    let query = Params::parse(request.query_string());
    options.next = query.all("next").next().map(str::to_owned);
    client.authorize_redirect(options).await
}

/// The callback: logs the user in.
async fn authorize(callback: OAuthCallback) -> Result<HttpResponse> {
    let user = callback.log_in().await?;
    Ok(redirect(&landing(&user.next, callback.unverified_params())))
}

async fn logout(session: OAuthSession) -> Result<HttpResponse> {
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
    session.logout_redirect(options, "/logged-out").await
}

async fn logged_out(session: OAuthSession) -> Result<HttpResponse> {
    session.validate_logout_response().await?;
    Ok(html(Page::logged_out("actix-web")))
}

/// Ends all logins of the user, in all browsers.
async fn logout_everywhere(session: OAuthSession) -> Result<HttpResponse> {
    session.logout_everywhere().await?;
    Ok(redirect("/logged-out"))
}

/// The provider tells that the user has logged out there, by a request of its own or in a frame of its page.
async fn back_channel_logout(request: BackChannelLogout) -> HttpResponse {
    request.end_logins().await
}

async fn front_channel_logout(client: OAuthClient) -> Result<HttpResponse> {
    client.front_channel_logout().await
}

async fn home(oauth: web::Data<OAuth>, session: OAuthSession) -> Result<HttpResponse> {
    Ok(html(match session.current_user().await? {
        Some(user) => Page::home("actix-web", &Visitor::of(&user)),
        None => Page::welcome("actix-web", &oauth),
    }))
}

async fn profile(user: Option<CurrentUser>) -> HttpResponse {
    match user {
        Some(user) => no_store(StatusCode::OK).json(example_shared::profile(&user)),
        None => no_store(StatusCode::UNAUTHORIZED).json(nobody()),
    }
}

/// A page that only logged-in users see.
async fn protected(user: CurrentUser) -> HttpResponse {
    html(Page::home("actix-web", &Visitor::of(&user)))
}

async fn userinfo(client: OAuthClient) -> Result<HttpResponse> {
    Ok(no_store(StatusCode::OK).json(client.user().await?.userinfo().await?))
}

/// Forwards the request to the provider's API with the user's token.
async fn api(
    client: OAuthClient,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse> {
    let user = client.user().await?;
    let call =
        if request.method() == Method::POST { user.post(&path.1) } else { user.get(&path.1) };
    let mut call = call.query(Params::parse(request.query_string()));
    if !body.is_empty() {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        call = call.body(content_type.unwrap_or("application/octet-stream"), body);
    }
    let upstream = call.send().await?;
    let status = StatusCode::from_u16(upstream.status().as_u16());
    let mut response = no_store(status.unwrap_or(StatusCode::BAD_GATEWAY));
    if let Some(content_type) = upstream.headers().get("content-type") {
        response.insert_header((header::CONTENT_TYPE, content_type.as_bytes()));
    }
    // The API's response is data, and never a page of this site.
    response.insert_header((header::CONTENT_SECURITY_POLICY, "sandbox"));
    response.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    Ok(response.body(upstream.into_inner().into_body()))
}

#[actix_web::main]
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
    let (oauth, _provider) = registry(&settings).await?;
    // Once for all workers, each of which calls the closure below.
    let sessions = session_middleware(MemoryStore::new(), Key::generate(), &oauth);
    let app = move || {
        App::new()
            .app_data(web::Data::new(oauth.clone()))
            .app_data(web::PayloadConfig::new(1024 * 1024))
            .wrap(sessions.clone())
            .route("/", web::get().to(home))
            .route("/login/{client}", web::get().to(login))
            .service(web::resource("/authorize/{client}").get(authorize).post(authorize))
            .route("/profile", web::get().to(profile))
            .service(
                web::resource("/protected").wrap(require_login(RequireLogin::new())).get(protected),
            )
            .service(web::resource("/api/{client}/{path:.*}").get(api).post(api))
            .route("/userinfo/{client}", web::get().to(userinfo))
            .route("/logout", web::post().to(logout))
            .route("/logged-out", web::get().to(logged_out))
            .route("/logout-everywhere", web::post().to(logout_everywhere))
            .route("/backchannel-logout/{client}", web::post().to(back_channel_logout))
            .route("/frontchannel-logout/{client}", web::get().to(front_channel_logout))
            .route("/healthz", web::get().to(|| async { "ok" }))
    };
    let server = HttpServer::new(app).bind(settings.address)?;
    println!("The app is at {}", settings.base_url);
    server.run().await?;
    Ok(())
}

fn html(page: Page) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for header in headers() {
        response.insert_header(header);
    }
    response.body(page.into_html())
}

fn no_store(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    response
}
