//! Log in with any configured provider on Rocket; without one, with the demo provider.

#![expect(clippy::print_stderr, reason = "prints why the app did not start")]

use std::io::Cursor;

use authlib_rocket::{
    AuthorizeOptions, BackChannelLogout, CurrentUser, LogoutOptions, OAuth, OAuthCallback,
    OAuthClient, OAuthFairing, OAuthResponse, OAuthSession, Purpose, RequireLogin, Result,
    UserInfo, catchers, load_figment, redirect, require_login,
};
use example_shared::{
    Page, REQUEST_TIMEOUT, SHUTDOWN_TIMEOUT, Settings, Storage, Visitor, announce, demo, headers,
    landing, nobody, user_id,
};
use rocket::data::{Data, ToByteUnit as _};
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::http::{Header, Method, Status};
use rocket::response::{self, Responder, Response};
use rocket::serde::json::{Json, Value};
use rocket::tokio::time::timeout;
use rocket::{Request, State, get, post, routes};

/// Redirects to the provider.
#[get("/login/<_>?<next>")]
async fn login(client: OAuthClient<'_>, next: Option<&str>) -> Result<OAuthResponse> {
    let mut options = AuthorizeOptions::from(format!("/authorize/{}", client.client().name()));
    options.next = next.map(str::to_owned);
    client.authorize_redirect(options).await
}

/// Starts a login that the provider or a portal initiates.
#[get("/initiate-login/<_>")]
async fn initiate_login(client: OAuthClient<'_>) -> Result<OAuthResponse> {
    client.initiate_login(format!("/authorize/{}", client.client().name()), &[]).await
}

#[post("/initiate-login/<_>", data = "<form>")]
async fn initiate_login_posted(client: OAuthClient<'_>, form: Vec<u8>) -> Result<OAuthResponse> {
    client.initiate_login(format!("/authorize/{}", client.client().name()), &form).await
}

/// The callback: logs the user in, or connects the account to the user who is logged in.
#[get("/authorize/<_>")]
async fn authorize(
    user: Option<CurrentUser>,
    callback: OAuthCallback<'_>,
) -> Result<OAuthResponse> {
    let completed = callback.complete().await?;
    let next = match (&completed.purpose, user) {
        (Purpose::Connect { .. }, Some(user)) => {
            callback.record_connection(completed, user_id(&user)).await?.next
        }
        _ => callback.record(completed).await?.next,
    };
    Ok(redirect(&landing(&next, callback.unverified_params()?)))
}

/// The same for a provider that posts the callback.
#[post("/authorize/<_>", data = "<callback>")]
async fn authorize_posted(
    user: Option<CurrentUser>,
    callback: OAuthCallback<'_>,
) -> Result<OAuthResponse> {
    authorize(user, callback).await
}

/// Connects another account to the user who is logged in.
#[get("/connect/<_>")]
async fn connect(user: Result<CurrentUser>, client: OAuthClient<'_>) -> Result<OAuthResponse> {
    let (user, callback) = (user?, format!("/authorize/{}", client.client().name()));
    let options = AuthorizeOptions::from(callback).connect(user_id(&user));
    client.authorize_redirect(options).await
}

#[post("/disconnect/<_>")]
async fn disconnect(user: Result<CurrentUser>, client: OAuthClient<'_>) -> Result<OAuthResponse> {
    let user = user?;
    client.disconnect(user_id(&user)).await?;
    Ok(redirect(&client.client().site_path("/")))
}

#[post("/logout")]
async fn logout(session: OAuthSession<'_>) -> Result<OAuthResponse> {
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
    session.logout_redirect(options, "/logged-out").await
}

#[get("/logged-out")]
async fn logged_out(session: OAuthSession<'_>) -> Result<Html> {
    session.validate_logout_response().await?;
    Ok(Html(Page::logged_out("Rocket")))
}

/// Ends all logins of the user, in all browsers.
#[post("/logout-everywhere")]
async fn logout_everywhere(session: OAuthSession<'_>) -> Result<OAuthResponse> {
    session.logout_everywhere().await?;
    Ok(redirect(&session.oauth().site_path("/logged-out")))
}

/// The provider tells that the user has logged out there, by a request of its own or in a frame of its page.
#[post("/backchannel-logout/<_>", data = "<request>")]
async fn back_channel_logout(request: BackChannelLogout) -> Result<OAuthResponse> {
    request.end_logins().await
}

#[get("/frontchannel-logout/<_>")]
async fn front_channel_logout(client: OAuthClient<'_>) -> Result<OAuthResponse> {
    client.front_channel_logout().await
}

/// The client's public keys.
#[get("/jwks/<_>")]
async fn jwks(client: OAuthClient<'_>) -> OAuthResponse {
    client.public_jwks()
}

/// An authorization request that the provider fetches.
#[get("/request-object/<_>/<_>")]
async fn request_object(client: OAuthClient<'_>) -> Result<OAuthResponse> {
    client.request_object().await
}

#[get("/")]
async fn home(oauth: &State<OAuth>, session: OAuthSession<'_>) -> Result<Html> {
    Ok(Html(match session.current_user().await? {
        Some(user) => Page::home("Rocket", &Visitor::of(oauth, &user).await?),
        None => Page::welcome("Rocket", oauth),
    }))
}

/// Not with `Option<CurrentUser>`, for which a store that is down would be a user who is not logged in.
#[get("/profile")]
async fn profile(
    oauth: &State<OAuth>,
    session: OAuthSession<'_>,
) -> Result<(Status, Fresh<Value>)> {
    profile_of(oauth, session.current_user().await?.map(CurrentUser::from)).await
}

async fn profile_of(oauth: &OAuth, user: Option<CurrentUser>) -> Result<(Status, Fresh<Value>)> {
    Ok(match user {
        Some(user) => (Status::Ok, fresh(example_shared::profile(oauth, &user).await?)),
        None => (Status::Unauthorized, fresh(nobody())),
    })
}

/// Refreshes the token now.
#[post("/refresh/<_>")]
async fn refresh(oauth: &State<OAuth>, client: OAuthClient<'_>) -> Result<(Status, Fresh<Value>)> {
    client.user().await?.refresh_token().await?;
    profile_of(oauth, client.current_user().await?.map(CurrentUser::from)).await
}

/// A page that only logged-in users see: the fairing protects the path.
#[get("/protected")]
async fn protected(oauth: &State<OAuth>, user: CurrentUser) -> Result<Html> {
    Ok(Html(Page::home("Rocket", &Visitor::of(oauth, &user).await?)))
}

#[get("/userinfo/<_>")]
async fn userinfo(client: OAuthClient<'_>) -> Result<Fresh<Json<UserInfo>>> {
    Ok(fresh(Json(client.user().await?.userinfo().await?)))
}

/// Forwards the request to the provider's API with the user's token.
#[get("/api/<_>/<_..>")]
async fn api(client: OAuthClient<'_>) -> Result<OAuthResponse> {
    client.forward(&format!("/api/{}", client.client().name()), Vec::new()).await
}

#[post("/api/<_>/<_..>", data = "<body>")]
async fn api_posted(
    client: OAuthClient<'_>,
    body: Data<'_>,
) -> Result<Result<OAuthResponse>, Status> {
    match timeout(REQUEST_TIMEOUT, body.open(1.mebibytes()).into_bytes()).await {
        Ok(Ok(body)) if body.is_complete() => {
            let path = format!("/api/{}", client.client().name());
            Ok(client.forward(&path, body.into_inner()).await)
        }
        Ok(Ok(_)) => Err(Status::PayloadTooLarge),
        Ok(Err(_)) | Err(_) => Err(Status::RequestTimeout),
    }
}

#[get("/healthz")]
fn healthz() -> &'static str {
    "ok"
}

#[rocket::main]
async fn main() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "info,hyper=warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    if let Err(error) = run().await {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

async fn run() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::from_env()?;
    let storage = Storage::open(&settings).await?;
    let (mounts, base_url) = (settings.mounts(), settings.base_url.clone());
    let (host, port) = settings.address.clone();
    let mut figment = rocket::Config::figment()
        .merge(("address", host))
        .merge(("port", port))
        // Rocket would log callback URLs with their codes.
        .merge(("log_level", "off"))
        // SIGTERM and Ctrl-C: running requests are finished.
        .merge(("shutdown.grace", SHUTDOWN_TIMEOUT.as_secs() - 2))
        .merge(("shutdown.mercy", 1));
    if let Some(key) = storage.rocket_key() {
        // Of `ROCKET_SECRET_KEY` or `Rocket.toml`, if it is there.
        figment = figment.join(("secret_key", key));
    }
    let mut builder =
        storage.give(OAuth::builder()).base_url(&base_url).load_env().discover_clients();
    if let Some(file) = &settings.config_file {
        builder = builder.load_file(file);
    }
    let mut oauth = load_figment(builder, &figment).build_registered().await?;
    let _provider = if oauth.clients().next().is_none() {
        let (provider, registry) = demo(&base_url, &storage).await?;
        oauth = registry;
        Some(provider)
    } else {
        None
    };
    let registry = oauth.clone();
    let routes = routes![
        home,
        login,
        authorize,
        authorize_posted,
        connect,
        disconnect,
        profile,
        refresh,
        initiate_login,
        initiate_login_posted,
        protected,
        api,
        api_posted,
        userinfo,
        logout,
        logged_out,
        logout_everywhere,
        back_channel_logout,
        front_channel_logout,
        jwks,
        request_object,
        healthz
    ];
    let mut rocket = rocket::custom(figment)
        .attach(AdHoc::on_request("POST stays POST", |request, _| {
            Box::pin(async { keep_post(request) })
        }))
        .attach(OAuthFairing::from(oauth))
        .register("/", catchers());
    for base in mounts {
        rocket = rocket
            .attach(require_login(&format!("{base}/protected"), RequireLogin::new()))
            .mount(format!("{base}/"), routes.clone());
    }
    announce(&settings, &registry);
    match rocket.launch().await {
        // A client that sent half a request was still connected.
        Err(error) if matches!(error.kind(), ErrorKind::Shutdown(..)) => Ok(()),
        ended => Ok(ended.map(drop)?),
    }
}

/// Rocket takes the first field `_method` of a posted form for the request's method. Here it is a field like any
/// other: what has a form and is no POST was one.
fn keep_post(request: &mut Request<'_>) {
    if request.content_type().is_some_and(|kind| kind.is_form()) {
        request.set_method(Method::Post);
    }
}

/// A page.
struct Html(Page);

impl<'r> Responder<'r, 'static> for Html {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        // Rocket's shield sets this one by itself.
        for (name, value) in
            headers().into_iter().filter(|(name, _)| *name != "x-content-type-options")
        {
            response.raw_header(name, value);
        }
        let page = self.0.into_html();
        response.sized_body(page.len(), Cursor::new(page)).ok()
    }
}

/// A response that is never cached.
#[derive(Responder)]
struct Fresh<R>(R, Header<'static>);

fn fresh<R>(response: R) -> Fresh<R> {
    Fresh(response, Header::new("cache-control", "no-store"))
}
