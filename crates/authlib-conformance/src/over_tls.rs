//! An example app whose provider is reached over TLS, with client certificates (RFC 8705).

use authlib_provider::certificates::CA;
use authlib_provider::{Provider, ProviderBuilder, Server, TestClient, TestUser};

use crate::app::{App, free_port};
use crate::fixture::Fixture;

/// The folder of the files of [`authlib_provider::certificates`].
const CERTIFICATES: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../authlib-provider/src/certificates");

impl Fixture {
    /// Starts both, with changes to the provider and to its only client, `app`, more settings of `op`, and an
    /// environment. The scope is `openid profile email`, unless the settings have another. In settings and environment,
    /// `ISSUER` is the issuer, `MTLS` the URL of the port that asks for client certificates, and `CERTIFICATES` a folder
    /// with the files of [`certificates`](authlib_provider::certificates).
    ///
    /// # Panics
    ///
    /// If one of them doesn't start.
    pub async fn over_tls(
        package: &str,
        client: impl FnOnce(TestClient) -> TestClient,
        provider: impl FnOnce(ProviderBuilder) -> ProviderBuilder,
        settings: &str,
        vars: &[(&str, &str)],
    ) -> Self {
        let port = free_port();
        let base_url = format!("http://localhost:{port}");
        let client =
            client(TestClient::public("app").redirect_uri(format!("{base_url}/authorize/op")));
        let mut mutual = String::new();
        let server = Server::start_tls(|issuer, mtls| {
            mutual.clone_from(&mtls);
            let builder = Provider::builder(issuer).mtls_endpoint_aliases(mtls).client(client);
            let alice = TestUser::new("alice").name("Alice Example").email("alice@example.com");
            provider(builder.user(alice)).build()
        });
        let server = server.await.expect("the provider starts");
        let filled = |text: &str| {
            let text = text.replace("ISSUER", server.issuer()).replace("MTLS", &mutual);
            text.replace("CERTIFICATES", CERTIFICATES)
        };
        let scope = "scope = 'openid profile email'\n";
        let scope = if settings.contains("scope = ") { "" } else { scope };
        let config = format!(
            "[oauth.op]\nclient_id = 'app'\nissuer = 'ISSUER'\n{scope}\
             api_base_url = 'MTLS/api'\nca_certificate = '''{CA}'''\n{settings}\n"
        );
        let vars = vars.iter().map(|(name, value)| (*name, filled(value)));
        let vars: Vec<_> = vars.chain([("BASE_URL", base_url)]).collect();
        let app = App::start_with(package, port, &filled(&config), &vars).await;
        Self::of(app, server)
    }
}
