//! A service account at a provider of this program's own.

use std::error::Error;
use std::fs::{self, DirBuilder};
use std::path::PathBuf;

use authlib_core::client::blocking::AssertionClient;
use authlib_provider::{Endpoint, Provider, Server};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::print;

const ACCOUNT: &str = "robot@project.example";
const KEY_ID: &str = "key-1";

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let key = new_key()?;
    // The provider knows the public half. It runs on threads of its own, the demo on this one.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let jwks = public_half(&key)?;
    let server = runtime.block_on(Server::start(|issuer| {
        Provider::builder(issuer).assertion_issuer(ACCOUNT, jwks).build()
    }))?;
    print(&format!("The demo provider runs at {}\n", server.issuer()))?;

    let folder = Folder::new()?;
    let file = folder.0.join("service-account.json");
    fs::write(&file, key_file(&server, &key).to_string())?;
    print(&format!("The key of {ACCOUNT} is in {}\n\n", file.display()))?;

    let account = AssertionClient::from_service_account_file(&file)?
        .scope("reports")
        .subject("alice@example.com")
        .api_base_url(format!("{}/api/", server.issuer()))
        .build()?;
    show(&account, &server)?;
    server.provider().expire_access_tokens();
    print("The token has expired.\n\n")?;
    show(&account, &server)
}

/// Calls the API, and says in whose name and by how many statements.
fn show(account: &AssertionClient, server: &Server) -> Result<(), Box<dyn Error>> {
    let echo: Value = account.get("echo").send()?.error_for_status()?.json()?;
    let said = |name| echo.get(name).and_then(Value::as_str).unwrap_or_default();
    let (sub, scope) = (said("sub"), said("scope"));
    print(&format!("The API is called in the name of {sub}, with scope {scope}\n"))?;
    let statements = server.provider().count(Endpoint::Token);
    print(&format!("Statements signed so far: {statements}\n"))
}

/// What Google's console gives out for an account.
fn key_file(server: &Server, key: &str) -> Value {
    json!({
        "type": "service_account",
        "project_id": "project",
        "private_key_id": KEY_ID,
        "private_key": key,
        "client_email": ACCOUNT,
        "token_uri": format!("{}/token", server.issuer()),
    })
}

/// A private key as PEM.
fn new_key() -> Result<String, Box<dyn Error>> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| "no key can be made")?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| "the key can't be written")?;
    let text = STANDARD.encode(der.as_ref());
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
}

/// A JWK set with its public half.
fn public_half(key: &str) -> Result<Value, Box<dyn Error>> {
    let key = EncodingKey::from_rsa_pem(key.as_bytes())?;
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256)?;
    jwk.common.key_id = Some(KEY_ID.to_owned());
    Ok(json!({ "keys": [jwk] }))
}

/// A new folder for this demo alone, which is gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let name = format!("service-account-demo-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        private(&mut DirBuilder::new()).create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Only its owner looks into it. Windows has no such modes; there it is as private as the user's
/// temporary folder.
fn private(builder: &mut DirBuilder) -> &DirBuilder {
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
    builder
}
