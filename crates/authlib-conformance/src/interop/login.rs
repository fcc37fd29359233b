//! [`Interop`]: an example app with a certified OpenID provider, or with oauthlib's OAuth 1.0a
//! server.

use authlib_provider::certificates::{CA, SERVER, SERVER_KEY};
use serde_json::{Value, json};

use super::{InteropKind, InteropServer, TestKey};
use crate::app::{App, free_port};
use crate::browser::{Browser, Page};

/// The client under test, as registered on both sides.
#[derive(Clone, Copy, Debug)]
pub struct InteropClient {
    /// How it authenticates.
    pub auth_method: &'static str,
    /// The algorithm of its ID tokens, and of its assertions with `private_key_jwt`.
    pub algorithm: &'static str,
}

/// The secret of confidential clients.
const SECRET: &str = "a-secret-of-forty-characters-1234567890";

/// An example app with the client `op` at oidc-provider or at oauthlib's server.
#[derive(Debug)]
pub struct Interop {
    /// The app.
    pub app: App,
    /// The provider's issuer.
    pub issuer: String,
    provider: InteropServer,
}

impl Interop {
    /// Starts both; nothing where the provider is not installed, as [`InteropServer::start`] says.
    ///
    /// # Panics
    ///
    /// If one of them doesn't start; in CI also if the provider is not installed.
    pub async fn start(package: &str, client: InteropClient) -> Option<Self> {
        let port = free_port();
        let base_url = format!("http://localhost:{port}");
        let mut metadata = json!({
            "client_id": "app",
            "token_endpoint_auth_method": client.auth_method,
            "id_token_signed_response_alg": client.algorithm,
            "redirect_uris": [format!("{base_url}/authorize/op")],
            "post_logout_redirect_uris": [format!("{base_url}/logged-out")],
        });
        let proof = client.proof(&mut metadata);
        let settings = json!({ "clients": [metadata], "access_token_ttl": 5 });
        let provider = InteropServer::start(InteropKind::OidcProvider, &settings).await?;
        let issuer = provider.issuer().to_owned();
        let config = format!(
            "[oauth.op]\nclient_id = 'app'\n{proof}\
             server_metadata_url = '{issuer}/.well-known/openid-configuration'\n\
             scope = 'openid profile email offline_access'\napi_base_url = '{issuer}'\n\
             token_endpoint_auth_method = '{}'\nid_token_signed_response_alg = '{}'\n\
             authorize_params = {{ prompt = 'consent' }}\n",
            client.auth_method, client.algorithm
        );
        let app = App::start(package, port, &config).await;
        Some(Self { app, issuer, provider })
    }

    /// Starts both for a client that signs with a key of `algorithm`: with these features of oidc-provider, more
    /// client metadata in the words of RFC 7591, and more settings of the app. With a `token_endpoint_auth_method` in
    /// the metadata, the settings have the credentials instead of the key.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn with_features(
        package: &str,
        features: &[&str],
        metadata: Value,
        settings: &str,
    ) -> Option<Self> {
        let server = json!({ "features": features });
        Self::with_server(package, server, metadata, settings).await
    }

    /// As [`with_features`](Self::with_features), where oidc-provider serves https, and asks for client certificates at
    /// the endpoints for mutual TLS (RFC 8705 §5). `fapi` is the FAPI profile that it enforces.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn over_tls(
        package: &str,
        features: &[&str],
        fapi: Option<&str>,
        metadata: Value,
        settings: &str,
    ) -> Option<Self> {
        let tls = json!({ "cert": SERVER, "key": SERVER_KEY, "ca": CA });
        let server = json!({ "features": features, "tls": tls, "fapi": fapi });
        Self::with_server(package, server, metadata, settings).await
    }

    async fn with_server(
        package: &str,
        mut server: Value,
        metadata: Value,
        settings: &str,
    ) -> Option<Self> {
        let port = free_port();
        let base_url = format!("http://localhost:{port}");
        let client = InteropClient { auth_method: "private_key_jwt", algorithm: "ES256" };
        let mut all = json!({
            "client_id": "app",
            // With http URLs, other response types are for native applications only.
            "application_type": "native",
            "grant_types": ["authorization_code", "refresh_token", "implicit"],
            "token_endpoint_auth_method": client.auth_method,
            "id_token_signed_response_alg": client.algorithm,
            "redirect_uris": [format!("{base_url}/authorize/op")],
        });
        // With another method the settings have the credentials.
        let proof = match metadata.get("token_endpoint_auth_method") {
            Some(_) => String::new(),
            None => client.proof(&mut all),
        };
        for (name, value) in metadata.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        server["clients"] = json!([all]);
        let provider = InteropServer::start(InteropKind::OidcProvider, &server).await?;
        let issuer = provider.issuer().to_owned();
        let certificate = provider.certificate().unwrap_or_default();
        let trusted = format!("ca_certificate = '''{certificate}'''\n");
        let trusted = if certificate.is_empty() { String::new() } else { trusted };
        let config = format!(
            "[oauth.op]\nclient_id = 'app'\nissuer = '{issuer}'\n{trusted}{proof}scope = 'openid profile email'\n\
             id_token_signed_response_alg = 'ES256'\n{settings}\n"
        );
        Some(Self { app: App::start(package, port, &config).await, issuer, provider })
    }

    /// A browser that trusts the provider.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::trusting(self.provider.certificate())
    }

    /// A whole login whose response is in the fragment: the app's page posts it.
    ///
    /// # Panics
    ///
    /// If the response is not in the fragment.
    pub async fn log_in_by_fragment(&self, browser: &Browser) -> Page {
        let start = browser.get(self.url("/login/op")).await;
        let there = start.location();
        let back = self.provider.decide(browser, there.as_str(), "alice", "allow").await;
        let mut callback = back.location();
        let fragment = callback.fragment().expect("a fragment").to_owned();
        callback.set_fragment(None);
        let page = browser.get(callback.as_str()).await;
        let fields: Vec<_> =
            url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect();
        let done = browser.submit(&page.action(), &fields, &page.url).await;
        browser.follow(done).await
    }

    /// Starts both, where the server is oauthlib's and signatures are made by `method` in a place; its user
    /// decides at once, as `decision` says.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn oauth1(
        package: &str,
        method: &str,
        placement: &str,
        decision: &str,
    ) -> Option<Self> {
        let key = TestKey::for_algorithm("RS256");
        let client = json!({
            "client_id": "app", "client_secret": SECRET, "rsa_public_key": key.public_jwk,
        });
        let settings = json!({ "clients": [client] });
        let provider = InteropServer::start(InteropKind::OauthlibOAuth1, &settings).await?;
        let issuer = provider.issuer().to_owned();
        let proof = if method.starts_with("RSA") {
            format!("private_key = '''\n{}'''", key.private_pem)
        } else {
            format!("client_secret = '{SECRET}'")
        };
        let config = format!(
            "[oauth.op]\nclient_id = 'app'\n{proof}\n\
             request_token_url = '{issuer}/initiate'\nauthorize_url = '{issuer}/authorize'\n\
             access_token_url = '{issuer}/token'\napi_base_url = '{issuer}/api'\n\
             userinfo_endpoint = '{issuer}/api/me'\nsignature_method = '{method}'\n\
             signature_type = '{placement}'\nauthorize_params = {{ decision = '{decision}' }}\n"
        );
        let port = free_port();
        Some(Self { app: App::start(package, port, &config).await, issuer, provider })
    }

    /// A URL of the app.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.app.base_url())
    }

    /// Logs in at the provider's pages; returns the last page of the app.
    ///
    /// # Panics
    ///
    /// If the app does not redirect to the provider.
    pub async fn log_in(&self, browser: &Browser, decision: &str) -> Page {
        let start = browser.get(self.url("/login/op")).await;
        self.provider.visit(browser, &start, decision).await
    }

    /// Logs out at the provider's page; returns the last page.
    ///
    /// # Panics
    ///
    /// If the app does not redirect to the provider.
    pub async fn log_out(&self, browser: &Browser) -> Page {
        let out = browser.request(reqwest::Method::POST, self.url("/logout"), &[], None).await;
        self.provider.visit(browser, &out, "allow").await
    }
}

impl InteropClient {
    /// Adds what the client proves itself with to its metadata, in the words of RFC 7591; returns our
    /// settings of the same.
    fn proof(self, metadata: &mut Value) -> String {
        match self.auth_method {
            "none" => {
                // oidc-provider treats public clients with http URLs as native applications (RFC
                // 8252).
                metadata["application_type"] = "native".into();
                String::new()
            }
            "private_key_jwt" => {
                let key = TestKey::for_algorithm(self.algorithm);
                metadata["jwks"] = json!({ "keys": [key.public_jwk] });
                metadata["token_endpoint_auth_signing_alg"] = self.algorithm.into();
                format!(
                    "private_key = '''\n{}'''\nprivate_key_id = {}\n\
                     token_endpoint_auth_signing_alg = '{}'\n",
                    key.private_pem, key.public_jwk["kid"], self.algorithm
                )
            }
            method => {
                metadata["client_secret"] = SECRET.into();
                if method == "client_secret_jwt" {
                    metadata["token_endpoint_auth_signing_alg"] = "HS256".into();
                }
                format!("client_secret = '{SECRET}'\n")
            }
        }
    }
}
