pub mod users;

use authlib_core::Keyring;
use authlib_rocket::{
    AuthorizeOptions, CoreError, Error, ErrorKind, LinkPolicy, OAuth, OAuthCallback, OAuthClient,
    OAuthFairing, OAuthResponse, OAuthSession, Purpose, catchers, redirect,
};
use authlib_sqlx::SqlxStore;
use rocket::response::content::RawHtml;
use rocket::{Build, Rocket, State, get, post, routes};
use users::Users;

#[get("/login/<_>")]
async fn login(client: OAuthClient<'_>) -> Result<OAuthResponse, AppError> {
    Ok(client.authorize_redirect(format!("/authorize/{}", client.client().name())).await?)
}

/// Starts to connect an account to the user who is logged in.
#[post("/connect/<_>")]
async fn connect(
    client: OAuthClient<'_>,
    session: OAuthSession<'_>,
) -> Result<OAuthResponse, AppError> {
    let options = AuthorizeOptions::from(format!("/authorize/{}", client.client().name()));
    let login = session.require_user().await?;
    let user = login.user_id().ok_or_else(nobody)?;
    Ok(client.authorize_redirect(options.connect(user)).await?)
}

/// The callback of logins and of connections.
#[get("/authorize/<_>")]
async fn authorize(
    users: &State<Users>,
    session: OAuthSession<'_>,
    callback: OAuthCallback<'_>,
) -> Result<OAuthResponse, AppError> {
    let completed = callback.complete().await?;
    let account = completed.identity().ok_or_else(nobody)?;
    let client = completed.client.name().to_owned();
    if let Purpose::Connect { .. } = completed.purpose {
        let login = session.require_user().await?;
        let user = login.user_id().ok_or_else(nobody)?;
        // An error if another user started it, or if the account is connected to another user.
        let connected = callback.record_connection(completed, user).await?;
        if !users.connect(user.parse()?, &client, &account).await? {
            connected.client.disconnect(user).await?;
            return Err(taken().into());
        }
        return Ok(redirect(&connected.next));
    }
    let name = completed.token.userinfo()?.name().unwrap_or("friend");
    let user = users.log_in(&client, &account, name, completed.linkable_email()).await?;
    Ok(redirect(&callback.record_as(completed, user.to_string()).await?.next))
}

/// For providers that post the callback.
#[post("/authorize/<_>", data = "<callback>")]
async fn authorize_posted(
    users: &State<Users>,
    session: OAuthSession<'_>,
    callback: OAuthCallback<'_>,
) -> Result<OAuthResponse, AppError> {
    authorize(users, session, callback).await
}

/// Revokes and deletes the token, and ends the logins with the account.
#[post("/disconnect/<_>")]
async fn disconnect(
    users: &State<Users>,
    client: OAuthClient<'_>,
    session: OAuthSession<'_>,
) -> Result<OAuthResponse, AppError> {
    let login = session.require_user().await?;
    let user = login.user_id().ok_or_else(nobody)?;
    if users.find(user).await?.is_none_or(|user| user.accounts.len() < 2) {
        return Err(last().into());
    }
    client.disconnect(user).await?;
    users.disconnect(user.parse()?, client.client().name()).await?;
    Ok(redirect("/"))
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
        .mount("/", routes![home, login, authorize, authorize_posted, connect, disconnect, logout])
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
        // Google is the authority for the addresses that it verifies.
        .link_policy(LinkPolicy::new().trust_email_of("google"))
        .build()?;
    app(rocket::build(), oauth, users).launch().await?;
    Ok(())
}

fn nobody() -> CoreError {
    CoreError::new(ErrorKind::Unauthenticated, "the provider did not say who the user is")
}

fn taken() -> CoreError {
    CoreError::new(ErrorKind::Conflict, "the account belongs to another user")
}

fn last() -> CoreError {
    CoreError::new(ErrorKind::Conflict, "the user could not log in any more")
}

/// Any error as a page; yours are logged and have the status 500.
#[derive(rocket::Responder)]
struct AppError(Error);

impl<E: std::error::Error + Send + Sync + 'static> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(Error::from_any(error))
    }
}
