pub mod users;

use actix_web::{App, HttpResponse, HttpServer, web};
use authlib_actix::{
    CoreError, Error, ErrorKind, OAuth, OAuthCallback, OAuthClient, OAuthSession,
    cookie_session_middleware, redirect,
};
use authlib_core::Keyring;
use authlib_sqlx::SqlxStore;
use users::Users;

async fn login(client: OAuthClient) -> Result<HttpResponse, AppError> {
    Ok(client.authorize_redirect(format!("/authorize/{}", client.client().name())).await?)
}

/// The callback: finds the user by the account, or creates one, and logs the user in.
async fn authorize(
    users: web::Data<Users>,
    callback: OAuthCallback,
) -> Result<HttpResponse, AppError> {
    let completed = callback.complete().await?;
    let account = completed.identity().ok_or_else(nobody)?;
    let name = completed.token.userinfo()?.name().unwrap_or("friend");
    let user = users.log_in(completed.client.name(), &account, name, None).await?;
    Ok(redirect(&callback.record_as(completed, user.to_string()).await?.next))
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
        .build()?;
    // Once for all workers, each of which calls the closure below.
    let (users, sessions) = (web::Data::new(users), cookie_session_middleware(&oauth));
    let app = move || App::new().app_data(users.clone()).configure(routes).wrap(sessions.clone());
    Ok(HttpServer::new(app).bind(("127.0.0.1", 3000))?.run().await?)
}

fn nobody() -> CoreError {
    CoreError::new(ErrorKind::Unauthenticated, "the provider did not say who the user is")
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
