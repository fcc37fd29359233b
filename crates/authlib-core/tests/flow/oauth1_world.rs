//! A registry with a client that speaks OAuth 1.0a, and its provider: the [`World`] of
//! [`world`](crate::world) with other settings, and an [`OAuth1Client`] beside it.

use authlib_core::{ClientConfig, OAuth1Client, Params};
use authlib_provider::{Client, Endpoint, ProviderBuilder};

use crate::world::{CALLBACK, ISSUER, Wire, World};

/// A key and a secret that a signature without escapes would get wrong.
pub(crate) const KEY: &str = "c&k";
pub(crate) const SECRET: &str = "s~e c%41-of-the-client";

const RSA_KEY: &str = include_str!("../client-keys/rsa.pem");
const RSA_PUBLIC_KEY: &str = include_str!("../client-keys/rsa.pub.pem");

/// Every signature method that has a name.
pub(crate) const METHODS: [&str; 7] = [
    "HMAC-SHA1",
    "HMAC-SHA256",
    "HMAC-SHA512",
    "PLAINTEXT",
    "RSA-SHA1",
    "RSA-SHA256",
    "RSA-SHA512",
];

pub(crate) const PLACEMENTS: [&str; 3] = ["HEADER", "BODY", "QUERY"];

/// The client in its users' name, as the registry has it.
pub(crate) fn settings() -> ClientConfig {
    ClientConfig::new("op")
        .client_id(KEY)
        .client_secret(SECRET)
        .request_token_url(format!("{ISSUER}/oauth1/request_token"))
        .authorization_endpoint(format!("{ISSUER}/oauth1/authorize"))
        .token_endpoint(format!("{ISSUER}/oauth1/access_token"))
        .api_base_url(format!("{ISSUER}/oauth1/api/"))
        .subject_claim("user_id")
}

/// `settings` that sign by `method` in a place.
pub(crate) fn signing(client: ClientConfig, method: &str, placement: &str) -> ClientConfig {
    let client = client.signature_method(method).signature_type(placement);
    if method.starts_with("RSA") { client.private_key(RSA_KEY) } else { client }
}

/// How the provider knows the client.
fn registered(provider: ProviderBuilder, method: &str) -> ProviderBuilder {
    let client = Client::oauth1(KEY, SECRET)
        .redirect_uri(CALLBACK)
        .redirect_uri("https://app.example/authorize/other");
    let rsa = method.starts_with("RSA");
    provider.client(if rsa { client.rsa_public_key(RSA_PUBLIC_KEY) } else { client })
}

/// The registry's client is `op`, as in every world, and speaks OAuth 1.0a.
pub(crate) fn world(client: impl FnOnce(ClientConfig) -> ClientConfig) -> World {
    world_by("HMAC-SHA1", client)
}

/// As [`world`], where the provider expects signatures by `method`.
pub(crate) fn world_by(method: &str, client: impl FnOnce(ClientConfig) -> ClientConfig) -> World {
    World::with(|provider| registered(provider, method), |_| client(settings()), |oauth| oauth)
}

/// A client with one token, which signs by `method` in a place.
pub(crate) fn client(method: &str, placement: &str) -> (OAuth1Client, World) {
    client_with(method, |client| signing(client, method, placement))
}

pub(crate) fn client_with(
    method: &str,
    change: impl FnOnce(ClientConfig) -> ClientConfig,
) -> (OAuth1Client, World) {
    let world = World::with(|provider| registered(provider, method), |op| op, |oauth| oauth);
    let client = OAuth1Client::builder(change(settings()))
        .http_client(Wire(world.provider.clone()))
        .shared_clock(world.clock.clone())
        .build_oauth1()
        .unwrap();
    (client, world)
}

/// A whole login of `client` by Alice, which leaves it with her token.
pub(crate) async fn log_in(client: &OAuth1Client, world: &World) {
    let temporary = client.fetch_request_token(CALLBACK).await.unwrap();
    let page = client.create_authorization_url(&temporary, &Params::new()).unwrap();
    let back = world.provider.approve(page.as_str(), "alice");
    let verifier = client.parse_authorization_response(&temporary, &back).unwrap();
    client.fetch_access_token(&temporary, &verifier).await.unwrap();
}

/// A client that is logged in, and a provider that has seen nothing yet.
pub(crate) async fn logged_in(method: &str, placement: &str) -> (OAuth1Client, World) {
    let (client, world) = client(method, placement);
    log_in(&client, &world).await;
    world.provider.clear_requests();
    (client, world)
}

/// The parameters of the last request to `endpoint`: the query's and the form's, then the header's.
pub(crate) fn signed_with(world: &World, endpoint: Endpoint) -> (Vec<String>, String) {
    let seen = world.provider.requests();
    let last = seen.iter().rev().find(|seen| seen.endpoint == endpoint).unwrap();
    (last.names.clone(), last.header("authorization").unwrap_or_default().to_owned())
}
