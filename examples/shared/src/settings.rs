//! The settings of an example app, from the environment.

use std::fmt;
use std::path::PathBuf;

/// Address, base URL and configuration file of the app.
#[derive(Clone)]
pub struct Settings {
    /// `HOST` and `PORT`: 127.0.0.1 and 3000 by default.
    pub address: (String, u16),
    /// `BASE_URL`: the app's external URL, `http://localhost:$PORT` by default.
    pub base_url: String,
    /// `DATABASE_URL`: the database of the tokens, by default a SQLite file; `None` if they are in Redis.
    pub(crate) database_url: Option<String>,
    /// `REDIS_URL`: the Redis of pending logins, and of tokens if `DATABASE_URL` is not set.
    pub(crate) redis_url: Option<String>,
    /// `AUTHLIB_KEYS`: the keys that encrypt tokens and cookies.
    pub(crate) keys: Option<String>,
    /// `AUTHLIB_CONFIG`, or `authlib.toml` if there is one.
    pub config_file: Option<PathBuf>,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// A sentence that says which variable to change.
    pub fn from_env() -> Result<Self, String> {
        Self::read(|name| std::env::vars().find(|(known, _)| known == name).map(|(_, value)| value))
    }

    /// Where the routes are: below the path of the base URL, if it has one, and at the root, for a proxy that
    /// removes that path.
    #[must_use]
    pub fn mounts(&self) -> Vec<String> {
        let url = self.base_url.parse::<http::Uri>().unwrap_or_default();
        let path = url.path().trim_end_matches('/').to_owned();
        let below = Some(path).filter(|path| !path.is_empty());
        below.into_iter().chain(["".to_owned()]).collect()
    }

    /// The database, if it is a SQLite file.
    pub(crate) fn database_file(&self) -> Option<PathBuf> {
        let path = self.database_url.as_deref()?.strip_prefix("sqlite:")?;
        let path = path.split('?').next()?.trim_start_matches("//");
        (path != ":memory:").then(|| path.into())
    }

    /// Where the tokens are, without passwords.
    pub(crate) fn token_place(&self) -> String {
        match (self.database_file(), &self.database_url) {
            (Some(file), _) => format!("the file {}", file.display()),
            (None, Some(url)) if url.starts_with("postgres") => "PostgreSQL".to_owned(),
            (None, Some(_)) => "a database in memory".to_owned(),
            (None, None) => "Redis".to_owned(),
        }
    }

    pub(crate) fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let port = get("PORT").unwrap_or_else(|| "3000".to_owned());
        let port = port
            .parse()
            .map_err(|_| format!("PORT is {port:?}: it must be a number from 0 to 65535"))?;
        let (redis_url, keys) = (get("REDIS_URL"), get("AUTHLIB_KEYS"));
        let database_url = match get("DATABASE_URL") {
            None if redis_url.is_some() => None,
            None => Some(DATABASE_URL.to_owned()),
            url => url,
        };
        let is_shared = |url: &String| !url.starts_with("sqlite:");
        if keys.is_none() && (redis_url.is_some() || database_url.as_ref().is_some_and(is_shared)) {
            return Err("AUTHLIB_KEYS is not set: replicas that share a database need the same keys; set it to \
                        NAME:KEY, with a key of `openssl rand -base64 32`"
                .to_owned());
        }
        let base_url = get("BASE_URL").unwrap_or_else(|| format!("http://localhost:{port}"));
        let by_default = PathBuf::from("authlib.toml");
        let config_file = match get("AUTHLIB_CONFIG") {
            Some(path) => Some(PathBuf::from(path)),
            None => by_default.exists().then_some(by_default),
        };
        Ok(Self {
            address: (get("HOST").unwrap_or_else(|| "127.0.0.1".to_owned()), port),
            base_url: base_url.trim_end_matches('/').to_owned(),
            config_file,
            database_url,
            redis_url,
            keys,
        })
    }
}

// The variables have secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// The default of `DATABASE_URL`: a login survives a restart.
const DATABASE_URL: &str = "sqlite:authlib.sqlite";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(|name| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_follow_the_port() {
        assert_eq!(read(&[]).unwrap().base_url, "http://localhost:3000");
        assert_eq!(read(&[("PORT", "4000")]).unwrap().base_url, "http://localhost:4000");
        let settings = read(&[("BASE_URL", "https://app.example/"), ("HOST", "0.0.0.0")]).unwrap();
        assert_eq!(settings.base_url, "https://app.example");
        assert_eq!(settings.address, ("0.0.0.0".to_owned(), 3000));
        assert_eq!(settings.mounts(), [""]);
        assert_eq!(read(&[("BASE_URL", "https://app.example/p/")]).unwrap().mounts(), ["/p", ""]);
    }

    #[test]
    fn invalid_setting_is_named() {
        assert!(read(&[("PORT", "x")]).unwrap_err().contains("PORT"));
        for vars in [("REDIS_URL", "redis://x"), ("DATABASE_URL", "postgres://x")] {
            assert!(read(&[vars]).unwrap_err().contains("AUTHLIB_KEYS"));
            assert!(read(&[vars, ("AUTHLIB_KEYS", "a:b")]).is_ok());
        }
    }

    #[test]
    fn tokens_are_in_a_file_by_default() {
        let file = |url: &str| {
            let settings = read(&[("DATABASE_URL", url)]).unwrap();
            settings.database_file().map(|file| file.display().to_string())
        };
        assert_eq!(file("").as_deref(), Some("authlib.sqlite"));
        assert_eq!(file("sqlite:/a/b.db?mode=rwc").as_deref(), Some("/a/b.db"));
        assert_eq!(file("sqlite://b.db").as_deref(), Some("b.db"));
        assert_eq!(file("sqlite::memory:"), None);
        let redis = [("REDIS_URL", "redis://x"), ("AUTHLIB_KEYS", "a:b")];
        assert_eq!(read(&redis).unwrap().database_url, None);
    }
}
