use actix_web::{App, HttpResponse, HttpServer, cookie::Key, web};
use authlib_actix::{ClientConfig, MemoryStore, OAuth, OAuthSession, Result};
use authlib_actix::{routes, session_middleware};
use authlib_provider::{Provider, Server};

async fn home(session: OAuthSession) -> Result<HttpResponse> {
    Ok(match session.current_user().await? {
        Some(user) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(format!("Hello, {}!", user.userinfo()?.name().unwrap_or("friend"))),
        None => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .body("<a href='/login/demo'>Log in</a>"),
    })
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init(); // shows why a login failed
    let provider = Server::start(Provider::new).await?; // a provider to try it out
    let demo = ClientConfig::new("demo")
        .issuer(provider.issuer())
        .client_id("demo")
        .client_secret("demo-secret")
        .scope("openid profile");
    let oauth = OAuth::builder().base_url("http://localhost:3000").register(demo).build()?;
    // Once for all workers, each of which calls the closure below.
    let sessions = session_middleware(MemoryStore::new(), Key::generate(), &oauth);
    let app = move || {
        // The routes are /login/{client}, /authorize/{client} and /logout.
        App::new().route("/", web::get().to(home)).configure(routes).wrap(sessions.clone())
    };
    let server = HttpServer::new(app).bind(("127.0.0.1", 3000))?;
    println!("Open http://localhost:3000");
    Ok(server.run().await?)
}
