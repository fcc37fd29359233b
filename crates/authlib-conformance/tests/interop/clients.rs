//! Helpers of the client tests: servers, settings and a login.

use authlib_conformance::{Browser, InteropKind, InteropServer};
use authlib_core::oauth2::AuthMethod;
use authlib_core::{AuthorizeOptions, ClientConfig, Error, Grant, OAuth2Client, Secret, Token};
use serde_json::{Value, json};

use crate::SECRET;
use crate::oidc::API;

/// The redirect URI. There is no server: the tests read the redirect.
pub(crate) const CALLBACK: &str = "https://app.example.com/cb";

/// A second resource of oidc-provider.
pub(crate) const BILLING: &str = "https://billing.example.com/";

/// Starts oidc-provider with these clients and features.
pub(crate) async fn oidc(clients: &[Value], features: &[&str]) -> Option<InteropServer> {
    let settings = json!({
        "clients": clients,
        "features": features,
        "access_token_ttl": 600,
        "resources": { (API): { "scope": "read write" }, (BILLING): { "scope": "read" } },
        "initial_access_token": "initial",
    });
    InteropServer::start(InteropKind::OidcProvider, &settings).await
}

/// Starts Authlib's server with these clients. Device polling is never too fast.
pub(crate) async fn authlib(clients: &[Value]) -> Option<InteropServer> {
    let settings = json!({ "clients": clients, "device_interval": 0, "registration": "initial" });
    InteropServer::start(InteropKind::AuthlibOAuth2, &settings).await
}

/// The settings of a client at oidc-provider, without authentication.
pub(crate) fn oidc_settings(server: &InteropServer, client_id: &str) -> ClientConfig {
    ClientConfig::new("peer")
        .client_id(client_id)
        .issuer(server.issuer())
        .api_base_url(server.issuer())
        .redirect_uri(CALLBACK)
}

/// The same at Authlib's server, which is not an OpenID provider.
pub(crate) fn authlib_settings(server: &InteropServer, client_id: &str) -> ClientConfig {
    oidc_settings(server, client_id)
        .server_metadata_url(server.url("/.well-known/oauth-authorization-server"))
        .api_base_url(server.url("/api/"))
}

/// The authentication of [`crate::client`].
pub(crate) fn with_secret(config: ClientConfig) -> ClientConfig {
    config.client_secret(SECRET).token_endpoint_auth_method(AuthMethod::ClientSecretPost)
}

/// The client of [`crate::client`] for a login.
pub(crate) fn login_client(grant_types: &[&str]) -> Value {
    let mut app = crate::client(grant_types);
    app["redirect_uris"] = json!([CALLBACK]);
    app
}

/// The client of [`crate::client`] without logins.
pub(crate) fn machine_client(grant_types: &[&str]) -> Value {
    let mut app = crate::client(grant_types);
    app["redirect_uris"] = json!([]);
    app["response_types"] = json!([]);
    app
}

/// Logs alice in on the server's pages with this decision.
pub(crate) async fn log_in(
    server: &InteropServer,
    client: &OAuth2Client,
    decision: &str,
) -> Result<Token, Error> {
    let options = AuthorizeOptions::new().prompt("consent");
    let (url, pending) = client.create_authorization_url(options).await?;
    let end = server.decide(&Browser::new(), url.as_str(), "alice", decision).await;
    client.fetch_access_token(pending, end.location().as_str()).await
}

/// Fetches two tokens, introspects and revokes the second: three endpoints with client
/// authentication.
pub(crate) async fn authenticates_everywhere(client: &OAuth2Client, client_id: &str) {
    client.fetch_token(Grant::client_credentials()).await.unwrap();
    let token = client.fetch_token(Grant::client_credentials()).await.unwrap();
    let state = client.introspect_token(&token.access_token, None).await.unwrap();
    assert_eq!((state.active(), state.client_id()), (true, Some(client_id)));
    client.revoke_token().await.unwrap();
    let state = client.introspect_token(&token.access_token, None).await.unwrap();
    assert!(!state.active(), "{client_id}");
}

/// Revokes a token without the client.
pub(crate) async fn revoke(url: &str, token: &Secret) {
    let proof = [("client_id", "app"), ("client_secret", SECRET), ("token", token.expose())];
    let page = crate::post(url, &proof).await;
    assert_eq!(page.status, 200, "{}", page.body);
}

/// The `error` that the server sent.
pub(crate) fn error_code(error: &Error) -> &str {
    error.provider_error().map_or("nothing", |said| said.error.as_str())
}
