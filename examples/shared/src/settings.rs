//! The settings of an example app, from the environment.

use std::path::PathBuf;

/// Address, base URL and configuration file of the app.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `HOST` and `PORT`: 127.0.0.1 and 3000 by default.
    pub address: (String, u16),
    /// `BASE_URL`: the app's external URL, `http://localhost:$PORT` by default.
    pub base_url: String,
    /// Whether `DATABASE_URL` names a database file, which is not supported yet.
    pub forgets_tokens: bool,
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

    fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let port = get("PORT").unwrap_or_else(|| "3000".to_owned());
        let port = port
            .parse()
            .map_err(|_| format!("PORT is {port:?}: it must be a number from 0 to 65535"))?;
        if get("REDIS_URL").is_some() {
            return Err(not_built("REDIS_URL"));
        }
        // With one process, tokens in memory are lost at a restart only; replicas would lose logins.
        if get("DATABASE_URL").is_some_and(|url| !url.starts_with("sqlite:")) {
            return Err(not_built("DATABASE_URL"));
        }
        let forgets_tokens = get("DATABASE_URL").is_some_and(|url| !url.contains("memory"));
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
            forgets_tokens,
        })
    }
}

fn not_built(name: &str) -> String {
    format!("{name} is set, but stores that replicas share are not supported yet: unset it")
}

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
        assert!(read(&[("REDIS_URL", "redis://x")]).unwrap_err().contains("REDIS_URL"));
        assert!(read(&[("DATABASE_URL", "postgres://x")]).unwrap_err().contains("DATABASE_URL"));
        assert!(read(&[("DATABASE_URL", "sqlite:a.db")]).unwrap().forgets_tokens);
        assert!(!read(&[("DATABASE_URL", "sqlite::memory:")]).unwrap().forgets_tokens);
    }
}
