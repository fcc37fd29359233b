//! Log in with any configured provider on actix-web; without one, with the demo provider.

#![expect(clippy::print_stderr, reason = "prints why the app did not start")]

use actix_web::http::{StatusCode, header};
use actix_web::rt::time::timeout;
use actix_web::{App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer, web};
use authlib_actix::{
    AuthorizeOptions, BackChannelLogout, CurrentUser, LogoutOptions, OAuth, OAuthCallback,
    OAuthClient, OAuthSession, Params, Purpose, RequireLogin, Result, cookie_session_middleware,
    redirect, require_login,
};
use example_shared::{
    Page, REQUEST_TIMEOUT, SHUTDOWN_TIMEOUT, Settings, Visitor, announce, headers, landing, nobody,
    registry, stopped, user_id,
};

/// Redirects to the provider.
async fn login(client: OAuthClient, request: HttpRequest) -> Result<HttpResponse> {
    let mut options = AuthorizeOptions::from(format!("/authorize/{}", client.client().name()));
    let query = Params::parse(request.query_string());
    options.next = query.all("next").next().map(str::to_owned);
    client.authorize_redirect(options).await
}

/// Starts a login that the provider or a portal initiates.
async fn initiate_login(client: OAuthClient, form: web::Bytes) -> Result<HttpResponse> {
    client.initiate_login(format!("/authorize/{}", client.client().name()), &form).await
}

/// The callback: logs the user in, or connects the account to the user who is logged in.
async fn authorize(user: Option<CurrentUser>, callback: OAuthCallback) -> Result<HttpResponse> {
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
async fn connect(user: CurrentUser, client: OAuthClient) -> Result<HttpResponse> {
    let callback = format!("/authorize/{}", client.client().name());
    client.authorize_redirect(AuthorizeOptions::from(callback).connect(user_id(&user))).await
}

async fn disconnect(user: CurrentUser, client: OAuthClient) -> Result<HttpResponse> {
    client.disconnect(user_id(&user)).await?;
    Ok(redirect(&client.client().site_path("/")))
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
    Ok(redirect(&session.oauth().site_path("/logged-out")))
}

/// The provider tells that the user has logged out there, by a request of its own or in a frame of its page.
async fn back_channel_logout(request: BackChannelLogout) -> HttpResponse {
    request.end_logins().await
}

async fn front_channel_logout(client: OAuthClient) -> Result<HttpResponse> {
    client.front_channel_logout().await
}

/// The client's public keys.
async fn jwks(client: OAuthClient) -> HttpResponse {
    client.public_jwks()
}

/// An authorization request that the provider fetches.
async fn request_object(client: OAuthClient) -> Result<HttpResponse> {
    client.request_object().await
}

async fn home(oauth: web::Data<OAuth>, session: OAuthSession) -> Result<HttpResponse> {
    Ok(html(match session.current_user().await? {
        Some(user) => Page::home("actix-web", &Visitor::of(&oauth, &user).await?),
        None => Page::welcome("actix-web", &oauth),
    }))
}

/// Not with `Option<CurrentUser>`, for which a store that is down would be a user who is not logged in.
async fn profile(oauth: web::Data<OAuth>, session: OAuthSession) -> Result<HttpResponse> {
    profile_of(&oauth, session.current_user().await?.map(CurrentUser::from)).await
}

async fn profile_of(oauth: &OAuth, user: Option<CurrentUser>) -> Result<HttpResponse> {
    Ok(match user {
        Some(user) => no_store(StatusCode::OK).json(example_shared::profile(oauth, &user).await?),
        None => no_store(StatusCode::UNAUTHORIZED).json(nobody()),
    })
}

/// Refreshes the token now.
async fn refresh(oauth: web::Data<OAuth>, client: OAuthClient) -> Result<HttpResponse> {
    client.user().await?.refresh_token().await?;
    profile_of(&oauth, client.current_user().await?.map(CurrentUser::from)).await
}

/// A page that only logged-in users see.
async fn protected(oauth: web::Data<OAuth>, user: CurrentUser) -> Result<HttpResponse> {
    Ok(html(Page::home("actix-web", &Visitor::of(&oauth, &user).await?)))
}

async fn userinfo(client: OAuthClient) -> Result<HttpResponse> {
    Ok(no_store(StatusCode::OK).json(client.user().await?.userinfo().await?))
}

/// Forwards the request to the provider's API with the user's token.
async fn api(client: OAuthClient, body: web::Payload) -> Result<HttpResponse> {
    let body = timeout(REQUEST_TIMEOUT, body.to_bytes_limited(1024 * 1024)).await;
    match body {
        Ok(Ok(Ok(body))) => client.forward(&format!("/api/{}", client.client().name()), body).await,
        Ok(Err(_)) => Ok(no_store(StatusCode::PAYLOAD_TOO_LARGE).finish()),
        Ok(Ok(Err(_))) | Err(_) => Ok(no_store(StatusCode::REQUEST_TIMEOUT).finish()),
    }
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("", web::get().to(home))
        .route("/", web::get().to(home))
        .route("/login/{client}", web::get().to(login))
        .service(web::resource("/authorize/{client}").get(authorize).post(authorize))
        .route("/connect/{client}", web::get().to(connect))
        .route("/disconnect/{client}", web::post().to(disconnect))
        .route("/profile", web::get().to(profile))
        .route("/refresh/{client}", web::post().to(refresh))
        .service(web::resource("/initiate-login/{client}").get(initiate_login).post(initiate_login))
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
        .route("/jwks/{client}", web::get().to(jwks))
        .route("/request-object/{client}/{id}", web::get().to(request_object))
        .route("/healthz", web::get().to(|| async { "ok" }));
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
    let (oauth, _provider) = registry(&settings).await?;
    // Once for all workers, each of which calls the closure below.
    let sessions = cookie_session_middleware(&oauth);
    let (started, mounts, refreshes) = (oauth.clone(), settings.mounts(), oauth.clone());
    let app = move || {
        let app = App::new().app_data(web::Data::new(oauth.clone())).wrap(sessions.clone());
        let app = app.default_service(web::to(not_found));
        mounts.iter().fold(app, |app, base| app.service(web::scope(base).configure(routes)))
    };
    let server = HttpServer::new(app)
        .disable_signals()
        .shutdown_timeout(SHUTDOWN_TIMEOUT.as_secs() / 2)
        .bind(settings.address.clone())?
        .run();
    announce(&settings, &started);
    // actix-web would break requests off at Ctrl-C.
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        stopped().await;
        // Before the workers end, which run the refreshes.
        let _ = timeout(SHUTDOWN_TIMEOUT / 2, refreshes.shutdown()).await;
        handle.stop(true).await;
    });
    server.await?;
    Ok(())
}

async fn not_found(oauth: web::Data<OAuth>) -> HttpResponse {
    let mut response = html(Page::not_found("actix-web", &oauth));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
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
