//! [`ConfigProblem`]: one error in the configuration, and [`ConfigProblems`], all of them.

use std::fmt;

use super::setting_keys::{find, variable};

/// One error in the configuration. It shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// The client; empty if the error is not about one client.
    pub client: String,
    /// The setting or the environment variable; empty if the error is not about one of them.
    pub key: String,
    /// What is wrong, and what is accepted: the predicate of a sentence about the key.
    pub problem: String,
}

/// All errors in the configuration of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblems(pub Vec<ConfigProblem>);

impl ConfigProblem {
    pub(crate) fn new(client: &str, key: &str, problem: impl Into<String>) -> Self {
        Self { client: client.to_owned(), key: key.to_owned(), problem: problem.into() }
    }

    /// An error about a URL, which is shown unless it has credentials.
    pub(crate) fn url(client: &str, key: &str, url: &str, cause: impl fmt::Display) -> Self {
        let shown = if url.contains('@') {
            "a URL with credentials".to_owned()
        } else {
            format!("{url:?}")
        };
        Self::new(client, key, format!("is {shown}: {cause}"))
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, key, problem } = self;
        match (client.is_empty(), key.is_empty()) {
            (true, true) => return f.write_str(problem),
            (true, false) => return write!(f, "`{key}` {problem}"),
            (false, true) => return write!(f, "client `{client}` {problem}"),
            (false, false) => write!(f, "client `{client}`: `{key}` ")?,
        }
        let Some(setting) = find(key) else {
            return f.write_str(problem);
        };
        if let Some(alias) = setting.alias.filter(|alias| alias != key) {
            write!(f, "(or `{alias}`) ")?;
        }
        write!(f, "{problem} [environment variable {}]", variable(client, key))
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let errors = if count == 1 { "error" } else { "errors" };
        write!(f, "invalid OAuth configuration: {count} {errors}")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigProblems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_client_setting_alias_and_variable() {
        for (client, key, expected) in [
            ("", "", "is bad"),
            ("", "base_url", "`base_url` is bad"),
            ("my-app", "", "client `my-app` is bad"),
            ("my-app", "MY_APP_X", "client `my-app`: `MY_APP_X` is bad"),
            (
                "my-app",
                "scope",
                "client `my-app`: `scope` is bad [environment variable MY_APP_SCOPE]",
            ),
            (
                "my-app",
                "display_name",
                "client `my-app`: `display_name` (or `label`) is bad [environment variable \
                 MY_APP_DISPLAY_NAME]",
            ),
        ] {
            assert_eq!(ConfigProblem::new(client, key, "is bad").to_string(), expected);
        }
    }

    #[test]
    fn errors_are_counted_and_listed() {
        let problem = ConfigProblem::new("", "", "bad");
        let one = ConfigProblems(vec![problem.clone()]);
        assert_eq!(one.to_string(), "invalid OAuth configuration: 1 error\n  bad");
        let two = ConfigProblems(vec![problem.clone(), problem]);
        assert_eq!(two.to_string(), "invalid OAuth configuration: 2 errors\n  bad\n  bad");
    }
}
