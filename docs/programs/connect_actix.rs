pub mod users;

use actix_web::{App, HttpResponse, HttpServer, web};
use authlib_actix::{
    AuthorizeOptions, CoreError, Error, ErrorKind, LinkPolicy, OAuth, OAuthCallback, OAuthClient,
    OAuthSession, Purpose, cookie_session_middleware, redirect,
};
use authlib_core::Keyring;
use authlib_sqlx::SqlxStore;
use users::Users;

async fn login(client: OAuthClient) -> Result<HttpResponse, AppError> {
    Ok(client.authorize_redirect(format!("/authorize/{}", client.client().name())).await?)
}

/// Starts to connect an account to the user who is logged in.
async fn connect(client: OAuthClient, session: OAuthSession) -> Result<HttpResponse, AppError> {
    let options = AuthorizeOptions::from(format!("/authorize/{}", client.client().name()));
    let login = session.require_user().await?;
    let user = login.user_id().ok_or_else(nobody)?;
    Ok(client.authorize_redirect(options.connect(user)).await?)
}

/// The callback of logins and of connections.
async fn authorize(
    users: web::Data<Users>,
    session: OAuthSession,
    callback: OAuthCallback,
) -> Result<HttpResponse, AppError> {
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

/// Revokes and deletes the token, and ends the logins with the account.
async fn disconnect(
    users: web::Data<Users>,
    client: OAuthClient,
    session: OAuthSession,
) -> Result<HttpResponse, AppError> {
    let login = session.require_user().await?;
    let user = login.user_id().ok_or_else(nobody)?;
    if users.find(user).await?.is_none_or(|user| user.accounts.len() < 2) {
        return Err(last().into());
    }
    client.disconnect(user).await?;
    users.disconnect(user.parse()?, client.client().name()).await?;
    Ok(redirect("/"))
}

async fn home(users: web::Data<Users>, session: OAuthSession) -> Result<HttpResponse, AppError> {
    let login = session.current_user().await?;
    let user = match login.as_ref().and_then(|login| login.user_id()) {
        Some(id) => users.find(id).await?,
        None => None,
    };
    let clients: Vec<String> =
        session.oauth().clients().map(|client| client.name().to_owned()).collect();
    Ok(HttpResponse::Ok().content_type("text/html").body(users::page(user.as_ref(), &clients)))
}

async fn logout(session: OAuthSession) -> Result<HttpResponse, AppError> {
    session.logout().await?;
    Ok(redirect("/"))
}

pub fn routes(app: &mut web::ServiceConfig) {
    app.route("/", web::get().to(home))
        .route("/login/{client}", web::get().to(login))
        .service(web::resource("/authorize/{client}").get(authorize).post(authorize))
        .route("/connect/{client}", web::post().to(connect))
        .route("/disconnect/{client}", web::post().to(disconnect))
        .route("/logout", web::post().to(logout));
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let users = Users::open("app.sqlite").await?;
    let tokens = SqlxStore::from_sqlite(users.pool()).keyring(Keyring::from_env()?);
    tokens.migrate().await?;
    let oauth = OAuth::builder()
        .base_url("http://localhost:3000")
        .register("google")
        .register("github")
        .load_env()
        .token_store(tokens)
        // Google is the authority for the addresses that it verifies.
        .link_policy(LinkPolicy::new().trust_email_of("google"))
        .build()?;
    // Once for all workers, each of which calls the closure below.
    let (users, sessions) = (web::Data::new(users), cookie_session_middleware(&oauth));
    let app = move || App::new().app_data(users.clone()).configure(routes).wrap(sessions.clone());
    Ok(HttpServer::new(app).bind(("127.0.0.1", 3000))?.run().await?)
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
struct AppError(Error);

impl From<AppError> for actix_web::Error {
    fn from(error: AppError) -> Self {
        error.0.into()
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(Error::from_any(error))
    }
}
