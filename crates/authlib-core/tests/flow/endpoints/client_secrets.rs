//! Client secrets that are kept elsewhere, and replaced while the application runs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authlib_core::oauth2::AuthMethod;
use authlib_core::secret_source::ClientSecretSource;
use authlib_core::transport::BoxFuture;
use authlib_core::{ClientConfig, Error, ErrorKind, OAuth, Result, Secret};
use authlib_provider::{Endpoint, Fault};

use crate::test_bed::log::capture_log;
use crate::test_bed::{Browser, HOUR, ISSUER, SECRET, TestBed, expired, sent};

const NEW_SECRET: &str = "the-new-secret-of-the-client-32b";

/// A vault with a secret, or none, and a count of how often it was asked.
#[derive(Clone, Default)]
struct Vault(Arc<Mutex<(Option<String>, usize)>>);

impl Vault {
    fn with(secret: &str) -> Self {
        let vault = Self::default();
        vault.put(Some(secret));
        vault
    }

    fn put(&self, secret: Option<&str>) {
        self.0.lock().unwrap().0 = secret.map(ToOwned::to_owned);
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

impl ClientSecretSource for Vault {
    fn fetch(&self) -> BoxFuture<'_, Result<Secret>> {
        Box::pin(async {
            let mut vault = self.0.lock().unwrap();
            vault.1 += 1;
            let secret = vault.0.clone().map(Secret::new);
            secret.ok_or_else(|| Error::new(ErrorKind::Transport, "the vault is sealed"))
        })
    }
}

fn config() -> ClientConfig {
    ClientConfig::new("op")
        .client_id("app")
        .issuer(ISSUER)
        .scope("openid profile email")
        .api_base_url(format!("{ISSUER}/api/"))
}

fn bed(change: impl FnOnce(ClientConfig) -> ClientConfig) -> TestBed {
    TestBed::with(|provider| provider, |_| change(config()), |oauth| oauth)
}

#[tokio::test]
async fn fetched_secret_is_used_for_its_time_to_live() {
    for method in
        [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::ClientSecretJwt]
    {
        let vault = Vault::with(SECRET);
        let bed = bed(|client| {
            let ttl = Duration::from_secs(7200);
            let client = client.client_secret_source(vault.clone()).client_secret_ttl(ttl);
            client.token_endpoint_auth_method(method)
        });
        let (_, owner, _) = expired(&bed).await;
        bed.app().active_token(&owner).await.unwrap();
        assert_eq!(vault.asked(), 1, "{method:?}");
        bed.clock.advance(HOUR);
        bed.app().active_token(&owner).await.unwrap();
        assert_eq!(vault.asked(), 2, "{method:?}");
    }
}

#[tokio::test]
async fn replaced_secret_is_fetched_once_more_after_invalid_client() {
    for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretJwt] {
        let vault = Vault::with(SECRET);
        let bed = bed(|client| {
            client.client_secret_source(vault.clone()).token_endpoint_auth_method(method)
        });
        let (_, owner, _) = expired(&bed).await;
        bed.app().active_token(&owner).await.unwrap();
        bed.provider.inject(Fault::ClientSecret(NEW_SECRET.into()));
        vault.put(Some(NEW_SECRET));
        bed.clock.advance(Duration::from_secs(1));
        bed.provider.clear_requests();
        bed.app().refresh_token(&owner).await.unwrap();
        assert_eq!(
            sent(&bed, Endpoint::Token).len(),
            2,
            "{method:?}: the rejected one and another"
        );
        bed.app().refresh_token(&owner).await.unwrap();
        assert_eq!(sent(&bed, Endpoint::Token).len(), 3, "{method:?}: the new one is known");
    }
}

#[tokio::test]
async fn rejected_secret_without_another_is_sent_once() {
    let vault = Vault::with(SECRET);
    let bed = bed(|client| client.client_secret_source(vault.clone()));
    let (_, owner, _) = expired(&bed).await;
    bed.provider.inject(Fault::ClientSecret(NEW_SECRET.into()));
    let error = bed.app().refresh_token(&owner).await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "invalid_client");
    assert_eq!(sent(&bed, Endpoint::Token).len(), 1);
}

#[tokio::test]
async fn unreachable_vault_keeps_the_earlier_secret() {
    let vault = Vault::with(SECRET);
    let bed = bed(|client| client.client_secret_source(vault.clone()));
    let (_, owner, _) = expired(&bed).await;
    vault.put(None);
    let (log, _guard) = capture_log();
    bed.app().active_token(&owner).await.unwrap();
    let text = log.text();
    assert!(text.contains("client secret not fetched; using the earlier one"), "{text}");
    log.check(&[SECRET.to_owned()], "the earlier secret");
    let other = self::bed(|client| client.client_secret_source(vault.clone()));
    let error = other.log_in(&Browser::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("the vault is sealed"), "{error}");
}

/// A file in a folder of its own, which is deleted at the end.
struct SecretFile(PathBuf);

impl SecretFile {
    fn new(name: &str, content: &str) -> Self {
        let path = std::env::temp_dir().join(format!("authlib-{name}-{}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn file_is_read_again_when_it_changes() {
    let file = SecretFile::new("replaced", &format!("{SECRET}\n"));
    let bed = bed(|client| client.client_secret_file(file.path()));
    let (_, owner, _) = expired(&bed).await;
    std::fs::write(&file.0, format!("{NEW_SECRET}\r\n")).unwrap();
    bed.provider.inject(Fault::ClientSecret(NEW_SECRET.into()));
    bed.app().active_token(&owner).await.unwrap();
    assert_eq!(sent(&bed, Endpoint::Token).len(), 1, "the new secret is used at once");
    std::fs::remove_file(&file.0).unwrap();
    bed.app().refresh_token(&owner).await.unwrap();
}

#[tokio::test]
async fn unusable_sources_fail_startup() {
    let file = SecretFile::new("unusable", "");
    let good = SecretFile::new("good", SECRET);
    let path = good.path();
    let with = |change: &dyn Fn(ClientConfig) -> ClientConfig| {
        let oauth = OAuth::builder().base_url("https://app.example").register(change(config()));
        oauth.build().unwrap_err().report().to_string()
    };
    for (error, expected) in [
        (with(&|client| client.client_secret_file("/no/such/file")), "can't be read"),
        (with(&|client| client.client_secret_file(file.path())), "it is empty"),
        (with(&|client| client.client_secret_file(&path).client_secret("x")), "remove one of them"),
        (
            with(&|client| client.client_secret_file(&path).client_secret_ttl(HOUR)),
            "`client_secret_ttl` is not used",
        ),
        (
            with(&|client| client.client_secret("x").client_secret_ttl(HOUR)),
            "`client_secret_ttl` is not used",
        ),
        (
            with(&|client| client.client_secret("x").client_secret_source(Vault::default())),
            "the code sets a `client_secret_source`",
        ),
        (
            with(&|client| {
                let client = client.client_secret_source(Vault::default());
                client.id_token_signed_response_alg(authlib_core::jose::Algorithm::Hs256)
            }),
            "needs a fixed `client_secret`",
        ),
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(!error.contains(SECRET), "{error}");
    }
}
