//! Clients whose issuer is found, and that are registered, when the registry is built (OpenID Connect Discovery §2, RFC
//! 7591).

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::base_url::BaseUrl;
use crate::config::ClientConfig;
use crate::endpoint::Endpoint;
use crate::endpoint_url::HttpHosts;
use crate::endpoints::Registration;
use crate::endpoints::webfinger::find_issuer;
use crate::error::{Error, ErrorKind, Result};
use crate::http_exchange::HttpExchange;
use crate::numeric_date::{from_unix_seconds, unix_seconds};
use crate::oauth2::{ClientInformation, ClientMetadata};
use crate::secret::Secret;
use crate::transport::HttpClient;

/// What is needed to complete the configuration of a client.
pub(super) struct Preparation<'a> {
    pub(super) http: &'a Arc<dyn HttpClient>,
    pub(super) base_url: Option<&'a BaseUrl>,
    pub(super) now: SystemTime,
}

impl Preparation<'_> {
    /// Finds the issuer, and registers the client, as far as the configuration asks for it.
    pub(super) async fn complete(&self, config: &mut ClientConfig) -> Result<()> {
        let name = config.name.clone();
        let completed = self.try_complete(config).await;
        completed.map_err(|error| error.with_client(&name))
    }

    async fn try_complete(&self, config: &mut ClientConfig) -> Result<()> {
        let exchange = HttpExchange::new(self.http.clone(), None, None);
        if let Some(identifier) = config.webfinger_resource.take() {
            let mut http = HttpHosts::default();
            for host in config.http_hosts() {
                http.add(host);
            }
            let issuer = find_issuer(&exchange, &identifier, &http).await?;
            tracing::info!(client = config.name, issuer, "issuer found by WebFinger");
            *config = std::mem::take(config).issuer(issuer);
        }
        if !config.dynamic_registration {
            return Ok(());
        }
        let metadata = config.registration_metadata(|text| self.absolute(text));
        let registration = match (config.endpoint(Endpoint::Registration), config.issuer_text()) {
            (Some(endpoint), _) => Registration::at_endpoint(endpoint)?,
            (None, Some(issuer)) => Registration::at_issuer(issuer)?,
            (None, None) => {
                let check = "`dynamic_registration` needs `issuer` or `registration_endpoint`";
                return Err(Error::new(ErrorKind::Config, check));
            }
        };
        let registration = registration.exchange(exchange);
        let registration = match &config.initial_access_token {
            Some(token) => registration.initial_access_token(token.clone()),
            None => registration,
        };
        let file = config.registration_file.clone();
        let issuer = config.issuer_text().unwrap_or_default().to_owned();
        let stored = file.as_deref().map(|file| Stored { file: Path::new(file), issuer: &issuer });
        if let Some(client) = stored.as_ref().and_then(|stored| stored.read(&metadata, self.now)) {
            config.set_registration(&client);
            return Ok(());
        }
        let client = registration.register(&metadata).await?;
        tracing::info!(client = config.name, "client registered at the provider");
        match &stored {
            Some(stored) => stored.write(&metadata, &client)?,
            None => tracing::warn!(
                client = config.name,
                "registration not stored: each start registers another client; set `registration_file`"
            ),
        }
        config.set_registration(&client);
        Ok(())
    }

    /// The URL of a path of the application.
    fn absolute(&self, text: &str) -> Option<String> {
        if url::Url::parse(text).is_ok() {
            return Some(text.to_owned());
        }
        self.base_url.and_then(|base| base.join(text).ok()).map(Into::into)
    }
}

/// A registration in a file.
struct Stored<'a> {
    file: &'a Path,
    issuer: &'a str,
}

impl Stored<'_> {
    /// The client, if it was registered at this issuer with the same metadata, and its secret has not expired.
    fn read(&self, metadata: &ClientMetadata, now: SystemTime) -> Option<ClientInformation> {
        let stored: Value = serde_json::from_slice(&std::fs::read(self.file).ok()?).ok()?;
        let text = |name: &str| stored.get(name).and_then(Value::as_str);
        let is_same = text("issuer") == Some(self.issuer)
            && stored.get("requested") == Some(&Value::Object(metadata.extra.clone()));
        let expires_at = stored.get("client_secret_expires_at").and_then(Value::as_u64);
        if !is_same || expires_at.is_some_and(|at| from_unix_seconds(at) <= now) {
            return None;
        }
        let mut client = ClientInformation::new(text("client_id")?);
        client.client_secret = text("client_secret").map(Secret::new);
        let registered = |name: &str| text(name).map(ToOwned::to_owned);
        client.metadata.token_endpoint_auth_method = registered("token_endpoint_auth_method");
        client.metadata.id_token_signed_response_alg = registered("id_token_signed_response_alg");
        Some(client)
    }

    /// Writes all that the provider returns once. Only the owner can read the file.
    fn write(&self, metadata: &ClientMetadata, client: &ClientInformation) -> Result<()> {
        let mut members = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            members.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("issuer", Some(self.issuer.into()));
        put("requested", Some(json!(metadata.extra)));
        put("client_id", Some(client.client_id.as_str().into()));
        put("client_secret", client.client_secret.as_ref().map(|one| one.expose().into()));
        let expires_at = client.client_secret_expires_at.map(unix_seconds);
        put("client_secret_expires_at", expires_at.map(Value::from));
        let token = client.registration_access_token.as_ref();
        put("registration_access_token", token.map(|token| token.expose().into()));
        let uri = client.registration_client_uri.as_ref();
        put("registration_client_uri", uri.map(|uri| uri.as_str().into()));
        let method = client.metadata.token_endpoint_auth_method.as_deref();
        put("token_endpoint_auth_method", method.map(Value::from));
        let alg = client.metadata.id_token_signed_response_alg.as_deref();
        put("id_token_signed_response_alg", alg.map(Value::from));
        write_private(self.file, Value::Object(members).to_string().as_bytes()).map_err(|cause| {
            let check = format!("`registration_file` {:?} can't be written: {cause}", self.file);
            Error::new(ErrorKind::Config, check).with_hint(
                "the client is registered; delete it at the provider, or register it by hand",
            )
        })
    }
}

/// Replaces a file that its owner alone can read.
fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}
