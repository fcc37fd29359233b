use authlib_provider::{Provider, Server};
use authlib_rocket::{ClientConfig, OAuth, OAuthFairing, OAuthSession, Result, catchers};
use rocket::response::content::RawHtml;
use rocket::{Either, get, routes};

#[get("/")]
async fn home(session: OAuthSession<'_>) -> Result<Either<String, RawHtml<&'static str>>> {
    Ok(match session.current_user().await? {
        Some(user) => {
            Either::Left(format!("Hello, {}!", user.userinfo()?.name().unwrap_or("friend")))
        }
        None => Either::Right(RawHtml("<a href='/login/demo'>Log in</a>")),
    })
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init(); // shows why a login failed
    let provider = Server::start(Provider::new).await?; // a provider to try it out
    let demo = ClientConfig::new("demo")
        .issuer(provider.issuer())
        .client_id("demo")
        .client_secret("demo-secret")
        .scope("openid profile");
    let oauth = OAuth::builder().base_url("http://localhost:8000").register(demo);
    rocket::build()
        .attach(OAuthFairing::new(oauth))
        .mount("/", routes![home])
        .mount("/", authlib_rocket::routes()) // /login/<client>, /authorize/<client> and /logout
        .register("/", catchers())
        .launch()
        .await?;
    Ok(())
}
