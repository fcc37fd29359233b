//! [`Storage`]: where an example app keeps its tokens, and the keys with which it encrypts them and its cookies.

use std::error::Error;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use authlib_core::store::TokenStore;
use authlib_core::{Keyring, OAuthBuilder};
use authlib_redis::RedisStore;
use authlib_sqlx::SqlxStore;

use crate::Settings;

/// The stores and keys of the settings.
pub struct Storage {
    keys: Keyring,
    tokens: Arc<dyn TokenStore>,
    pending_logins: Option<RedisStore>,
    /// A key for Rocket, which has cookies of its own.
    rocket_key: Option<String>,
}

impl Storage {
    /// Connects to `DATABASE_URL` and `REDIS_URL`, and creates the tables.
    ///
    /// # Errors
    ///
    /// A database can't be reached, or the keys are invalid.
    pub async fn open(settings: &Settings) -> Result<Self, Box<dyn Error>> {
        let key_file = settings.database_file().map(|file| beside(&file, ".key"));
        let keys = match (&settings.keys, &key_file) {
            (Some(keys), _) => Keyring::parse(keys)?,
            (None, Some(file)) => Keyring::parse(&kept(file, "local")?)?,
            // Of a database in memory.
            (None, None) => Keyring::generate("process")?,
        };
        let rocket_file = settings.database_file().map(|file| beside(&file, ".rocket-key"));
        let rocket_key = rocket_file.map(|file| kept(&file, "rocket")).transpose()?;
        let rocket_key = rocket_key.and_then(|text| Some(format!("{}=", text.split_once(':')?.1)));
        let redis = match &settings.redis_url {
            Some(url) => Some(RedisStore::connect(url).await?.keyring(keys.clone())),
            None => None,
        };
        let tokens: Arc<dyn TokenStore> = match (&settings.database_url, redis.clone()) {
            (Some(url), _) => {
                let store = SqlxStore::connect(url).await?.keyring(keys.clone());
                store.migrate().await?;
                Arc::new(store)
            }
            (None, Some(redis)) => Arc::new(redis),
            (None, None) => return Err("neither DATABASE_URL nor REDIS_URL is set".into()),
        };
        Ok(Self { keys, tokens, pending_logins: redis, rocket_key })
    }

    /// Gives a registry the stores and keys.
    pub fn give(&self, builder: OAuthBuilder) -> OAuthBuilder {
        let builder = builder.keyring(self.keys.clone()).token_store(self.tokens.clone());
        match self.pending_logins.clone() {
            Some(redis) => builder.pending_login_store(redis),
            None => builder,
        }
    }

    /// A `secret_key` for Rocket that survives a restart, if the database is a file.
    #[must_use]
    pub fn rocket_key(&self) -> Option<&str> {
        self.rocket_key.as_deref()
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").finish_non_exhaustive()
    }
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The text of a key file; makes the key if there is no file. Only the user of the process can read it.
fn kept(file: &Path, name: &str) -> Result<String, Box<dyn Error>> {
    if !file.exists() {
        let key = Keyring::generate(name)?;
        let made = beside(file, &format!(".{}", std::process::id()));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        std::io::Write::write_all(&mut options.open(&made)?, key.to_text().as_bytes())?;
        // A complete file, unless another process was first.
        let _ = fs::hard_link(&made, file);
        fs::remove_file(&made)?;
    }
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_made_once_and_private() {
        let file = std::env::temp_dir().join(format!("authlib-key-{}", std::process::id()));
        let _ = fs::remove_file(&file);
        let key = kept(&file, "local").unwrap();
        assert!(Keyring::parse(&key).is_ok());
        assert_eq!(kept(&file, "local").unwrap(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::remove_file(&file).unwrap();
    }
}
