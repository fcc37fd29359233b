use authlib_axum::{ClientConfig, CurrentUser, OAuth, Result, routes, session_layer};
use authlib_provider::{Provider, Server};
use axum::response::{Html, IntoResponse, Response};
use axum::{Router, routing::get};
use tower_sessions::MemoryStore;

async fn home(user: Option<CurrentUser>) -> Result<Response> {
    Ok(match user {
        Some(user) => {
            format!("Hello, {}!", user.userinfo()?.name().unwrap_or("friend")).into_response()
        }
        None => Html("<a href='/login/demo'>Log in</a>").into_response(),
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init(); // shows why a login failed
    let provider = Server::start(Provider::new).await?; // a provider to try it out
    let demo = ClientConfig::new("demo")
        .issuer(provider.issuer())
        .client_id("demo")
        .client_secret("demo-secret")
        .scope("openid profile");
    let oauth = OAuth::builder().base_url("http://localhost:3000").register(demo).build()?;
    let app = Router::new()
        .route("/", get(home))
        .merge(routes()) // /login/{client}, /authorize/{client} and /logout
        .layer(session_layer(MemoryStore::default(), &oauth));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("Open http://localhost:3000");
    Ok(axum::serve(listener, app).await?)
}
