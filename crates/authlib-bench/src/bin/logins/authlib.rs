//! The applications of this library: the quick start of each framework.

use std::net::Ipv4Addr;

use authlib_core::{ClientConfig, OAuth, OAuthBuilder};

use crate::{Outcome, SCOPE, SECRET};

fn registry(port: u16, issuer: String) -> OAuthBuilder {
    let op = ClientConfig::new("op").client_id("app").client_secret(SECRET).issuer(issuer);
    let op = op.scope(SCOPE).without_userinfo_at_login();
    OAuth::builder().base_url(format!("http://127.0.0.1:{port}")).register(op)
}

mod on_axum {
    use authlib_axum::{CurrentUser, Result};

    pub(super) async fn home(user: Option<CurrentUser>) -> Result<String> {
        Ok(match user {
            Some(user) => user.userinfo()?.sub().to_owned(),
            None => "nobody".to_owned(),
        })
    }
}

pub(crate) fn serve_axum(port: u16, issuer: String) -> Outcome {
    tokio::runtime::Runtime::new()?.block_on(async {
        let oauth = registry(port, issuer).build()?;
        let app = axum::Router::new()
            .route("/", axum::routing::get(on_axum::home))
            .merge(authlib_axum::routes())
            .layer(authlib_axum::session_layer(tower_sessions::MemoryStore::default(), &oauth));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(axum::serve(listener, app).await?)
    })
}

mod on_actix {
    use authlib_actix::{OAuthSession, Result};

    pub(super) async fn home(session: OAuthSession) -> Result<String> {
        Ok(match session.current_user().await? {
            Some(user) => user.userinfo()?.sub().to_owned(),
            None => "nobody".to_owned(),
        })
    }
}

pub(crate) fn serve_actix(port: u16, issuer: String) -> Outcome {
    use actix_web::{App, HttpServer, cookie::Key, web};
    use authlib_actix::{MemoryStore, routes, session_middleware};

    actix_web::rt::System::new().block_on(async {
        let oauth = registry(port, issuer).build()?;
        let sessions = session_middleware(MemoryStore::new(), Key::generate(), &oauth);
        let app = move || {
            let home = web::get().to(on_actix::home);
            App::new().route("/", home).configure(routes).wrap(sessions.clone())
        };
        Ok(HttpServer::new(app).bind((Ipv4Addr::LOCALHOST, port))?.run().await?)
    })
}

mod on_rocket {
    use authlib_rocket::{OAuthSession, Result};

    #[rocket::get("/")]
    pub(super) async fn home(session: OAuthSession<'_>) -> Result<String> {
        Ok(match session.current_user().await? {
            Some(user) => user.userinfo()?.sub().to_owned(),
            None => "nobody".to_owned(),
        })
    }
}

pub(crate) fn serve_rocket(port: u16, issuer: String) -> Outcome {
    let settings = rocket::Config::figment()
        .merge(("port", port))
        .merge(("log_level", "off"))
        .merge(("secret_key", "hPRYyVRiMyxpw5sBB1XeCMN1kFsDCqKvBi2QJxBVHQk="));
    let app = rocket::custom(settings)
        .attach(authlib_rocket::OAuthFairing::new(registry(port, issuer)))
        .mount("/", rocket::routes![on_rocket::home])
        .mount("/", authlib_rocket::routes())
        .register("/", authlib_rocket::catchers());
    rocket::execute(app.launch()).map_err(|error| error.to_string())?;
    Ok(())
}
