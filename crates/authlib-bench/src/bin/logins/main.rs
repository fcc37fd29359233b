//! What a whole login costs an application, in microseconds of its processor time.
//!
//! Each application runs in a process of its own, so the time of the provider and of the browsers, which are in this one, is
//! not counted. A login is two requests of a browser and the token request; the ID token is signed by ES256. The
//! applications take turns, and the cheapest turn counts. `logins [LOGINS]` sets the number of logins of a turn.
//!
//! The limit is the same application without OAuth: two requests, a session, and one verification of a signature.

mod authlib;
mod browser;
mod by_hand;
mod child;
mod limit;
mod openidconnect;

use std::error::Error;

use authlib_provider::{Provider, Server, TestClient, TestUser};

use crate::child::App;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// The client secret of all applications.
const SECRET: &str = "secret-of-the-client-32-bytes-lo";

/// The scope of all applications.
const SCOPE: &str = "openid profile email";

/// The turns of each application.
const TURNS: usize = 9;

/// The users who log in, one after the other.
const USERS: usize = 5_000;

/// A name, and the application: it listens on the port, and its provider is at the URL.
type Application = (&'static str, fn(u16, String) -> Outcome);

const APPLICATIONS: [Application; 6] = [
    ("limit", limit::serve),
    ("by hand, axum", by_hand::serve),
    ("openidconnect, axum", openidconnect::serve),
    ("authlib, axum", authlib::serve_axum),
    ("authlib, actix-web", authlib::serve_actix),
    ("authlib, Rocket", authlib::serve_rocket),
];

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        // An application in its process.
        ["serve", name, port, issuer] => {
            let known = APPLICATIONS.iter().find(|(known, _)| known == name);
            let (_, serve) = known.ok_or("the name is of no application")?;
            serve(port.parse()?, (*issuer).to_owned())
        }
        rest => {
            let logins = rest.first().map_or(Ok(300), |text| text.parse())?;
            tokio::runtime::Runtime::new()?.block_on(compare(logins))
        }
    }
}

async fn compare(logins: usize) -> Outcome {
    let server = Server::start(provider).await?;
    let mut apps = Vec::new();
    for (name, _) in APPLICATIONS {
        let app = App::start(name, server.issuer()).await?;
        browser::check(&app, server.provider()).await?;
        // The metadata, the keys and the connections are there, and the allocator has grown.
        browser::log_in(&app, server.provider(), logins).await?;
        apps.push((app, f64::INFINITY));
    }
    for _ in 0..TURNS {
        for (app, best) in &mut apps {
            let before = app.processor_time()?;
            browser::log_in(app, server.provider(), logins).await?;
            let spent = app.processor_time()?.saturating_sub(before);
            *best = best.min(spent.as_secs_f64() * 1e6 / logins as f64);
            server.provider().clear_requests();
        }
    }
    let time_of = |name| apps.iter().find(|(app, _)| app.name == name).map(|(_, time)| *time);
    let peers = ["limit", "by hand, axum", "openidconnect, axum"];
    print!("{:<22} {:>9}", "login", "µs CPU");
    peers.iter().for_each(|peer| print!(" {:>20}", format!("of {peer}")));
    println!();
    for (app, time) in &apps {
        print!("{:<22} {time:>9.0}", app.name);
        for peer in peers {
            print!(" {:>20.2}", time / time_of(peer).unwrap_or(f64::NAN));
        }
        println!();
    }
    Ok(())
}

fn provider(issuer: String) -> Provider {
    let client = TestClient::confidential("app", SECRET).any_loopback_redirect();
    let builder = Provider::builder(issuer).client(client).signing_alg("ES256");
    let user = |number| {
        let name = user(number);
        TestUser::new(&name).name("Alice Example").email(&format!("{name}@example.com"))
    };
    (0..USERS).fold(builder, |builder, number| builder.user(user(number))).build()
}

/// The subject of a user.
fn user(number: usize) -> String {
    format!("user-{}", number % USERS)
}
