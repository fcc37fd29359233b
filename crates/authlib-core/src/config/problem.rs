//! [`ConfigProblem`]: one thing that is wrong with a setting, and [`ConfigProblems`], all of them.

use std::fmt;

/// One thing that is wrong with a setting. It shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// The client that the setting is of; empty for a problem of a whole file.
    pub client: String,
    /// The key, as the deployer writes it.
    pub key: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// Everything that is wrong with the settings of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblems(pub Vec<ConfigProblem>);

impl ConfigProblem {
    pub(crate) fn new(client: &str, key: &str, problem: impl Into<String>) -> Self {
        Self { client: client.to_owned(), key: key.to_owned(), problem: problem.into() }
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.client.is_empty() {
            write!(f, "client `{}`: ", self.client)?;
        }
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        f.write_str(&self.problem)
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} problem(s)", self.0.len())?;
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigProblems {}
