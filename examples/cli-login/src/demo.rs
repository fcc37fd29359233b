//! A device login from its beginning to its end, against a provider of this program's own.

use authlib_core::{ClientConfig, DevicePoll, OAuth2Client};
use authlib_provider::{Fault, Provider, Server, TestClient, TestUser};

use crate::failure::Failure;
use crate::output::print;

pub(crate) async fn run() -> Result<(), Failure> {
    let server = Server::start(|issuer| {
        let alice = TestUser::new("alice").name("Alice Example").email("alice@example.com");
        // A program that everybody can take apart keeps no secret: it is a public client (RFC 8252 §8.5).
        Provider::builder(issuer).client(TestClient::public("cli")).user(alice).build()
    })
    .await?;
    let provider = server.provider();
    // Five seconds, the usual pause between two questions, are long in a demo.
    provider.inject(Fault::Device("interval".to_owned(), 1.into()));
    let client = OAuth2Client::new(
        ClientConfig::new("demo")
            .client_id("cli")
            .issuer(server.issuer())
            .api_base_url(format!("{}/api/", server.issuer()))
            .scope("openid profile email"),
    )?;
    print(&format!("The demo provider runs at {}\n\n", server.issuer()))?;

    let mut login = client.start_device_login(None).await?;
    print(&format!("Open {} and type {}\n", login.verification_uri(), login.user_code()))?;
    if let DevicePoll::Pending { wait } = login.poll().await? {
        print(&format!("Is it allowed? Not yet; ask again in {} s.\n", wait.as_secs()))?;
    }
    print("Alice opens the page, types the code and allows it.\n")?;
    provider.approve_device(login.user_code(), "alice");
    client.set_token(&login.wait().await?).await?;
    print("Is it allowed? Yes.\n\n")?;

    let claims = serde_json::to_string_pretty(&client.userinfo().await?)?;
    print(&format!("Who is it?\n{claims}\n\n"))?;
    let echo: serde_json::Value = client.get("echo").send().await?.json()?;
    print(&format!("The API hears of:\n{echo:#}\n\n"))?;
    client.revoke_token().await?;
    print("Logged out: the token is revoked.\n")
}
