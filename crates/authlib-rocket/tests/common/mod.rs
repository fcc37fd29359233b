//! A provider, a registry, and a browser that keeps cookies.

use std::collections::BTreeMap;

use authlib_core::{ClientConfig, OAuth, OAuthBuilder};
use authlib_provider::{Provider, ProviderBuilder, TestClient as Registered, TestUser};
use authlib_rocket::{OAuthFairing, catchers};
use rocket::http::{ContentType, Cookie, Header, Method, Status};
use rocket::local::asynchronous::Client;
use rocket::{Build, Config, Rocket, Route};

pub(crate) const ISSUER: &str = "https://op.example";
pub(crate) const BASE_URL: &str = "https://app.example";

pub(crate) fn provider() -> Provider {
    provider_builder().build()
}

pub(crate) fn provider_builder() -> ProviderBuilder {
    let client = Registered::confidential("app", "secret")
        .redirect_uri("https://app.example/authorize")
        .redirect_uri("https://app.example/authorize/op")
        .redirect_uri("https://app.example/authorize/two")
        .post_logout_redirect_uri("https://app.example/logged-out");
    Provider::builder(ISSUER).client(client).user(TestUser::new("alice").name("Alice"))
}

pub(crate) fn op() -> ClientConfig {
    ClientConfig::new("op")
        .client_id("app")
        .client_secret("secret")
        .issuer(ISSUER)
        .api_base_url(format!("{ISSUER}/api"))
        .scope("openid profile")
}

pub(crate) fn builder(provider: &Provider) -> OAuthBuilder {
    OAuth::builder().base_url(BASE_URL).register(op()).http_client(provider.clone())
}

/// Rocket in the profile `debug`, whatever the environment says.
pub(crate) fn rocket() -> Rocket<Build> {
    rocket::custom(Config { log_level: rocket::config::LogLevel::Off, ..Config::debug_default() })
}

/// A cookie as the browser received it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) value: String,
    pub(crate) header: String,
    /// Its decrypted value.
    pub(crate) plain: String,
}

pub(crate) struct Browser {
    client: Client,
    pub(crate) cookies: BTreeMap<String, Kept>,
}

pub(crate) struct Page {
    pub(crate) status: Status,
    pub(crate) location: String,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) async fn of(rocket: Rocket<Build>) -> Self {
        let client = Client::untracked(rocket).await.unwrap();
        Self { client, cookies: BTreeMap::new() }
    }

    pub(crate) async fn at(builder: OAuthBuilder, routes: Vec<Route>) -> Self {
        let rocket = rocket().attach(OAuthFairing::new(builder));
        Self::of(rocket.mount("/", routes).register("/", catchers())).await
    }

    pub(crate) async fn get(&mut self, uri: impl AsRef<str>) -> Page {
        self.send(Method::Get, uri, &[], "").await
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        uri: impl AsRef<str>,
        headers: &[(&'static str, &'static str)],
        form: &str,
    ) -> Page {
        let uri = uri.as_ref();
        let path = uri.strip_prefix(BASE_URL).unwrap_or(uri);
        let mut request = self.client.req(method, path);
        request = request.header(Header::new("accept", "application/json"));
        for (name, value) in headers {
            request = request.header(Header::new(*name, *value));
        }
        if !form.is_empty() {
            request = request.header(ContentType::Form).body(form);
        }
        for (name, kept) in &self.cookies {
            request = request.cookie(Cookie::new(name.clone(), kept.value.clone()));
        }
        let response = request.dispatch().await;
        for header in response.headers().get("set-cookie") {
            let cookie = Cookie::parse_encoded(header).unwrap();
            let (name, value) = (cookie.name().to_owned(), cookie.value().to_owned());
            let plain = response.cookies().get_private(&name);
            let plain = plain.map(|cookie| cookie.value().to_owned()).unwrap_or_default();
            if cookie.max_age().is_some_and(|age| age.is_zero()) {
                self.cookies.remove(&name);
            } else {
                self.cookies.insert(name, Kept { value, header: header.to_owned(), plain });
            }
        }
        let location = response.headers().get_one("location").unwrap_or_default().to_owned();
        let status = response.status();
        Page { status, location, body: response.into_string().await.unwrap_or_default() }
    }
}
