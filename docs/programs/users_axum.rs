pub mod users;

use authlib_axum::{
    CoreError, Error, ErrorKind, OAuth, OAuthCallback, OAuthClient, OAuthSession,
    cookie_session_layer, redirect,
};
use authlib_core::Keyring;
use authlib_sqlx::SqlxStore;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use users::Users;

async fn login(client: OAuthClient) -> Result<Response, AppError> {
    Ok(client.authorize_redirect(format!("/authorize/{}", client.client().name())).await?)
}

/// The callback: finds the user by the account, or creates one, and logs the user in.
async fn authorize(
    State(users): State<Users>,
    callback: OAuthCallback,
) -> Result<Response, AppError> {
    let completed = callback.complete().await?;
    let account = completed.identity().ok_or_else(nobody)?;
    let name = completed.token.userinfo()?.name().unwrap_or("friend");
    let user = users.log_in(completed.client.name(), &account, name, None).await?;
    Ok(redirect(&callback.record_as(completed, user.to_string()).await?.next))
}

async fn home(State(users): State<Users>, session: OAuthSession) -> Result<Html<String>, AppError> {
    let login = session.current_user().await?;
    let user = match login.as_ref().and_then(|login| login.user_id()) {
        Some(id) => users.find(id).await?,
        None => None,
    };
    let clients: Vec<String> =
        session.oauth().clients().map(|client| client.name().to_owned()).collect();
    Ok(Html(users::page(user.as_ref(), &clients)))
}

async fn logout(session: OAuthSession) -> Result<Response, AppError> {
    session.logout().await?;
    Ok(redirect("/"))
}

pub fn app(oauth: &OAuth, users: Users) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/login/{client}", get(login))
        .route("/authorize/{client}", get(authorize).post(authorize))
        .route("/logout", post(logout))
        .layer(cookie_session_layer(oauth))
        .with_state(users)
}

#[tokio::main]
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
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(&oauth, users)).await?)
}

fn nobody() -> CoreError {
    CoreError::new(ErrorKind::Unauthenticated, "the provider did not say who the user is")
}

/// Any error as a page; yours are logged and have the status 500.
struct AppError(Error);

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(Error::from_any(error))
    }
}
