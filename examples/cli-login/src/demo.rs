//! A complete device login against an embedded provider.

use authlib_core::{ClientConfig, LoginPoll, OAuth2Client};
use authlib_provider::{Fault, Provider, Server, TestClient, TestUser};

use crate::failure::Failure;
use crate::output::print;

pub(crate) async fn run() -> Result<(), Failure> {
    let server = Server::start(|issuer| {
        let alice = TestUser::new("alice").name("Alice Example").email("alice@example.com");
        // A distributed program cannot keep a secret: it is a public client (RFC 8252 §8.5).
        Provider::builder(issuer).client(TestClient::public("cli")).user(alice).build()
    })
    .await?;
    let provider = server.provider();
    // The default polling interval, five seconds, is long for a demo.
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
    print(&format!(
        "Open {} and enter the code {}\n",
        login.verification_uri(),
        login.user_code()
    ))?;
    if let LoginPoll::Pending { wait } = login.poll().await? {
        print(&format!("Waiting for approval; polling again in {} s.\n", wait.as_secs()))?;
    }
    print("Alice opens the page, enters the code and approves the login.\n")?;
    provider.approve_device(login.user_code(), "alice");
    client.set_token(&login.wait().await?).await?;
    print("Approved: the program has a token.\n\n")?;

    let claims = serde_json::to_string_pretty(&client.userinfo().await?)?;
    print(&format!("The user:\n{claims}\n\n"))?;
    let response: serde_json::Value = client.get("echo").send().await?.json()?;
    print(&format!("API response:\n{response:#}\n\n"))?;
    client.revoke_token().await?;
    print("Logged out: the token is revoked.\n")
}
