//! Log in with any configured provider on Rocket; without one, with the demo provider.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "prints the app's URL")]

use std::io::Cursor;

use authlib_rocket::{
    AuthorizeOptions, BackChannelLogout, CurrentUser, LogoutOptions, OAuth, OAuthCallback,
    OAuthClient, OAuthFairing, OAuthResponse, OAuthSession, Params, RequireLogin, Result, UserInfo,
    catchers, load_figment, redirect, require_login,
};
use example_shared::{Page, Settings, Visitor, demo, headers, landing, nobody};
use rocket::data::{Limits, ToByteUnit as _};
use rocket::http::uri::fmt::Path;
use rocket::http::uri::{Origin, Segments};
use rocket::http::{ContentType, Header, Method, Status};
use rocket::response::{self, Responder, Response};
use rocket::serde::json::{Json, Value};
use rocket::{Request, State, get, post, routes};

/// Redirects to the provider.
#[get("/login/<_>?<next>")]
async fn login(client: OAuthClient<'_>, next: Option<&str>) -> Result<OAuthResponse> {
    let mut options = AuthorizeOptions::from(format!("/authorize/{}", client.client().name()));
    options.next = next.map(str::to_owned);
    client.authorize_redirect(options).await
}

/// The callback: logs the user in.
#[get("/authorize/<_>")]
async fn authorize(callback: OAuthCallback<'_>) -> Result<OAuthResponse> {
    let user = callback.log_in().await?;
    Ok(redirect(&landing(&user.next, callback.unverified_params()?)))
}

/// The same for a provider that posts the callback.
#[post("/authorize/<_>", data = "<callback>")]
async fn authorize_posted(callback: OAuthCallback<'_>) -> Result<OAuthResponse> {
    let user = callback.log_in().await?;
    Ok(redirect(&landing(&user.next, callback.unverified_params()?)))
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
    Ok(redirect("/logged-out"))
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

#[get("/")]
async fn home(oauth: &State<OAuth>, session: OAuthSession<'_>) -> Result<Html> {
    Ok(Html(match session.current_user().await? {
        Some(user) => Page::home("Rocket", &Visitor::of(&user)),
        None => Page::welcome("Rocket", oauth),
    }))
}

#[get("/profile")]
fn profile(user: Option<CurrentUser>) -> (Status, Fresh<Value>) {
    match user {
        Some(user) => (Status::Ok, fresh(example_shared::profile(&user))),
        None => (Status::Unauthorized, fresh(nobody())),
    }
}

/// A page that only logged-in users see: the fairing protects the path.
#[get("/protected")]
fn protected(user: CurrentUser) -> Html {
    let visitor = Visitor::of(&user.into());
    Html(Page::home("Rocket", &visitor))
}

#[get("/userinfo/<_>")]
async fn userinfo(client: OAuthClient<'_>) -> Result<Fresh<Json<UserInfo>>> {
    Ok(fresh(Json(client.user().await?.userinfo().await?)))
}

#[get("/api/<_>/<path..>")]
async fn api(
    client: OAuthClient<'_>,
    path: Segments<'_, Path>,
    uri: &Origin<'_>,
) -> Result<Fresh<Upstream>> {
    call(client, Method::Get, path, uri, None).await
}

#[post("/api/<_>/<path..>", data = "<body>")]
async fn api_posted(
    client: OAuthClient<'_>,
    path: Segments<'_, Path>,
    uri: &Origin<'_>,
    content_type: Option<&ContentType>,
    body: Vec<u8>,
) -> Result<Fresh<Upstream>> {
    let content_type = content_type.unwrap_or(&ContentType::Binary).to_string();
    call(client, Method::Post, path, uri, Some((content_type, body))).await
}

/// Forwards the request to the provider's API with the user's token.
async fn call(
    client: OAuthClient<'_>,
    method: Method,
    path: Segments<'_, Path>,
    uri: &Origin<'_>,
    body: Option<(String, Vec<u8>)>,
) -> Result<Fresh<Upstream>> {
    let path = path.collect::<Vec<_>>().join("/");
    let user = client.user().await?;
    let mut call = if method == Method::Post { user.post(&path) } else { user.get(&path) };
    let query = uri.query().map_or("", |query| query.as_str());
    call = call.query(Params::parse(query));
    if let Some((content_type, body)) = body.filter(|(_, body)| !body.is_empty()) {
        call = call.body(&content_type, body);
    }
    let response = call.send().await?;
    let status = Status::new(response.status().as_u16());
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let content_type = content_type.and_then(|value| value.parse().ok());
    let body = response.into_inner().into_body().to_vec();
    Ok(fresh(Upstream::new(status, content_type.unwrap_or(ContentType::Binary), body)))
}

/// The API's response: data, and never a page of this site.
#[derive(Responder)]
struct Upstream((Status, (ContentType, Vec<u8>)), Header<'static>);

impl Upstream {
    fn new(status: Status, content_type: ContentType, body: Vec<u8>) -> Self {
        Self((status, (content_type, body)), Header::new("content-security-policy", "sandbox"))
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
    let Settings { address, base_url, forgets_tokens, config_file } = Settings::from_env()?;
    if forgets_tokens {
        eprintln!(
            "DATABASE_URL is not supported yet: tokens are in memory and are lost when this process ends"
        );
    }
    let (host, port) = address;
    let figment = rocket::Config::figment()
        .merge(("address", host))
        .merge(("port", port))
        // Rocket would log callback URLs with their codes.
        .merge(("log_level", "critical"))
        .merge(("limits", Limits::default().limit("bytes", 1.mebibytes())));
    let mut builder = OAuth::builder().base_url(&base_url).load_env();
    if let Some(file) = &config_file {
        builder = builder.load_file(file);
    }
    let mut oauth = load_figment(builder, &figment).build()?;
    let _provider = if oauth.clients().next().is_none() {
        let (provider, registry) = demo(&base_url).await?;
        oauth = registry;
        Some(provider)
    } else {
        None
    };
    let routes = routes![
        home,
        login,
        authorize,
        authorize_posted,
        profile,
        protected,
        api,
        api_posted,
        userinfo,
        logout,
        logged_out,
        logout_everywhere,
        back_channel_logout,
        front_channel_logout,
        healthz
    ];
    let rocket = rocket::custom(figment)
        .attach(OAuthFairing::from(oauth))
        .attach(require_login("/protected", RequireLogin::new()))
        .mount("/", routes)
        .register("/", catchers());
    println!("The app is at {base_url}");
    rocket.launch().await?;
    Ok(())
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
