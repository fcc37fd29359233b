//! [`Registration`]: the client, configured by options, environment and file.

use std::path::PathBuf;
use std::sync::Arc;

use authlib_core::store::TokenOwner;
use authlib_core::{Keyring, OAuth, OAuth2Client};
use authlib_sqlx::SqlxStore;

use crate::arguments::Options;
use crate::failure::Failure;
use crate::token_file::TokenFile;

/// A client and its token file.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) client: OAuth2Client,
    /// `None` if the token is in a database.
    pub(crate) file: Option<Arc<TokenFile>>,
}

impl Registration {
    pub(crate) async fn find(options: &Options) -> Result<Self, Failure> {
        // Without `--client`, the name is known once the configuration is read.
        let name = match &options.client {
            Some(name) => name.clone(),
            None => only_client(&registry(options).build()?)?,
        };
        let (registry, file) = match std::env::var_os("DATABASE_URL") {
            Some(url) => {
                let store = database(&url.to_string_lossy()).await?;
                (registry(options).token_store(store), None)
            }
            None => {
                let file = Arc::new(TokenFile::at(token_file(options, &name)?));
                (registry(options).token_store(file.clone()), Some(file))
            }
        };
        let app = registry.build()?.client(&name)?;
        // The client id is part of the owner: a token of another registration is not used.
        let owner = TokenOwner::new(name, app.client_id());
        Ok(Self { client: OAuth2Client::for_owner(&app, owner), file })
    }
}

/// The store of a SQLite database, whose file only the user can read.
async fn database(url: &str) -> Result<SqlxStore, Failure> {
    let store = SqlxStore::connect(url).await?.keyring(Keyring::from_env()?);
    store.migrate().await?;
    Ok(store)
}

/// All configured clients. No file of the working directory is read: another user could have placed it
/// there to receive the token.
fn registry(options: &Options) -> authlib_core::OAuthBuilder {
    let mut builder = OAuth::builder();
    if let Some(name) = &options.client {
        builder = builder.register(name.as_str());
    }
    if let Some(file) = options.config.clone().or_else(|| variable("AUTHLIB_CONFIG")) {
        builder = builder.load_file(file);
    }
    builder = builder.load_env().discover_clients();
    let Some(name) = &options.client else { return builder };
    // Options are loaded as variables; they override the environment.
    let prefix: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let vars = options
        .settings()
        .map(|(key, value)| (format!("{prefix}_{key}").to_ascii_uppercase(), value.to_owned()));
    builder.load_env_from(vars)
}

fn only_client(oauth: &OAuth) -> Result<String, Failure> {
    let names: Vec<_> = oauth.clients().map(|client| client.name().to_owned()).collect();
    match names.as_slice() {
        [name] => Ok(name.clone()),
        [] => Err(Failure::usage(
            "no client is configured; set GOOGLE_CLIENT_ID or the like (see `cli-login --help`), or try `cli-login demo`",
        )),
        several => {
            let several = several.join(", ");
            Err(Failure::usage(format!(
                "several clients are configured ({several}); choose one with `--client NAME`"
            )))
        }
    }
}

fn token_file(options: &Options, client: &str) -> Result<PathBuf, Failure> {
    if let Some(file) = &options.token_file {
        return Ok(file.clone());
    }
    if !client.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Err(Failure::usage(format!(
            "client name `{client}` cannot be used as a file name; set `--token-file FILE`"
        )));
    }
    let folder = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else {
        let at_home = || Some(std::env::home_dir()?.join(".local/state"));
        variable("XDG_STATE_HOME").or_else(at_home)
    };
    let folder = folder.filter(|folder| folder.is_absolute()).ok_or_else(|| {
        Failure::usage("no home directory found for the token file; set `--token-file FILE`")
    })?;
    Ok(folder.join("cli-login").join(format!("{client}.json")))
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
