pub mod users;

use authlib_axum::{
    AuthorizeOptions, CoreError, Error, ErrorKind, LinkPolicy, OAuth, OAuthCallback, OAuthClient,
    OAuthSession, Purpose, cookie_session_layer, redirect,
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

/// Starts to connect an account to the user who is logged in.
async fn connect(client: OAuthClient, session: OAuthSession) -> Result<Response, AppError> {
    let options = AuthorizeOptions::from(format!("/authorize/{}", client.client().name()));
    let login = session.require_user().await?;
    let user = login.user_id().ok_or_else(nobody)?;
    Ok(client.authorize_redirect(options.connect(user)).await?)
}

/// The callback of logins and of connections.
async fn authorize(
    State(users): State<Users>,
    session: OAuthSession,
    callback: OAuthCallback,
) -> Result<Response, AppError> {
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
    State(users): State<Users>,
    client: OAuthClient,
    session: OAuthSession,
) -> Result<Response, AppError> {
    let login = session.require_user().await?;
    let user = login.user_id().ok_or_else(nobody)?;
    if users.find(user).await?.is_none_or(|user| user.accounts.len() < 2) {
        return Err(last().into());
    }
    client.disconnect(user).await?;
    users.disconnect(user.parse()?, client.client().name()).await?;
    Ok(redirect("/"))
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
        .route("/connect/{client}", post(connect))
        .route("/disconnect/{client}", post(disconnect))
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
        // Google is the authority for the addresses that it verifies.
        .link_policy(LinkPolicy::new().trust_email_of("google"))
        .build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(&oauth, users)).await?)
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
