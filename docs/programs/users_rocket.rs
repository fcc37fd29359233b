pub mod users;

use authlib_core::Keyring;
use authlib_rocket::{
    CoreError, Error, ErrorKind, OAuth, OAuthCallback, OAuthClient, OAuthFairing, OAuthResponse,
    OAuthSession, catchers, redirect,
};
use authlib_sqlx::SqlxStore;
use rocket::response::content::RawHtml;
use rocket::{Build, Rocket, State, get, post, routes};
use users::Users;

#[get("/login/<_>")]
async fn login(client: OAuthClient<'_>) -> Result<OAuthResponse, AppError> {
    Ok(client.authorize_redirect(format!("/authorize/{}", client.client().name())).await?)
}

/// The callback: finds the user by the account, or creates one, and logs the user in.
#[get("/authorize/<_>")]
async fn authorize(
    users: &State<Users>,
    callback: OAuthCallback<'_>,
) -> Result<OAuthResponse, AppError> {
    let completed = callback.complete().await?;
    let account = completed.identity().ok_or_else(nobody)?;
    let name = completed.token.userinfo()?.name().unwrap_or("friend");
    let user = users.log_in(completed.client.name(), &account, name, None).await?;
    Ok(redirect(&callback.record_as(completed, user.to_string()).await?.next))
}

/// For providers that post the callback.
#[post("/authorize/<_>", data = "<callback>")]
async fn authorize_posted(
    users: &State<Users>,
    callback: OAuthCallback<'_>,
) -> Result<OAuthResponse, AppError> {
    authorize(users, callback).await
}

#[get("/")]
async fn home(
    users: &State<Users>,
    session: OAuthSession<'_>,
) -> Result<RawHtml<String>, AppError> {
    let login = session.current_user().await?;
    let user = match login.as_ref().and_then(|login| login.user_id()) {
        Some(id) => users.find(id).await?,
        None => None,
    };
    let clients: Vec<String> =
        session.oauth().clients().map(|client| client.name().to_owned()).collect();
    Ok(RawHtml(users::page(user.as_ref(), &clients)))
}

#[post("/logout")]
async fn logout(session: OAuthSession<'_>) -> Result<OAuthResponse, AppError> {
    session.logout().await?;
    Ok(redirect("/"))
}

pub fn app(rocket: Rocket<Build>, oauth: OAuth, users: Users) -> Rocket<Build> {
    rocket
        .attach(OAuthFairing::from(oauth))
        .manage(users)
        .mount("/", routes![home, login, authorize, authorize_posted, logout])
        .register("/", catchers())
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let users = Users::open("app.sqlite").await?;
    let tokens = SqlxStore::from_sqlite(users.pool()).keyring(Keyring::from_env()?);
    tokens.migrate().await?;
    let oauth = OAuth::builder()
        .base_url("http://localhost:8000")
        .register("google")
        .register("github")
        .load_env()
        .token_store(tokens)
        .build()?;
    app(rocket::build(), oauth, users).launch().await?;
    Ok(())
}

fn nobody() -> CoreError {
    CoreError::new(ErrorKind::Unauthenticated, "the provider did not say who the user is")
}

/// Any error as a page; yours are logged and have the status 500.
#[derive(rocket::Responder)]
struct AppError(Error);

impl<E: std::error::Error + Send + Sync + 'static> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(Error::from_any(error))
    }
}
