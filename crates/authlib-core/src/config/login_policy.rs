//! [`LoginPolicy`]: when logins end by themselves.

use std::time::Duration;

use serde_json::Value;

use super::ConfigProblem;
use super::setting_keys::duration;

/// When the logins of browsers end by themselves, the same on every framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoginPolicy {
    /// From the login, whatever the user does.
    pub(crate) lifetime: Duration,
    /// From the last request.
    pub(crate) idle_timeout: Option<Duration>,
    /// How long a login counts without asking the provider again.
    pub(crate) revalidate_after: Option<Duration>,
}

impl Default for LoginPolicy {
    fn default() -> Self {
        let lifetime = Duration::from_secs(12 * 3600);
        Self { lifetime, idle_timeout: None, revalidate_after: None }
    }
}

const LIFETIME: &str = "login_lifetime";
const IDLE_TIMEOUT: &str = "login_idle_timeout";
const REVALIDATE_AFTER: &str = "login_revalidate_after";

impl LoginPolicy {
    /// Its settings in the table `[oauth]` of a file, beside those of the clients.
    pub(super) const KEYS: [&str; 3] = [LIFETIME, IDLE_TIMEOUT, REVALIDATE_AFTER];

    /// The environment variable of a setting.
    pub(super) fn variable(key: &str) -> String {
        format!("AUTHLIB_{}", key.to_ascii_uppercase())
    }

    /// Changes one of the [`KEYS`](Self::KEYS); `name` is what the operator wrote.
    pub(super) fn set(
        &mut self,
        key: &str,
        name: &str,
        value: &Value,
        problems: &mut Vec<ConfigProblem>,
    ) {
        match duration(value) {
            Ok(seconds) => match key {
                LIFETIME => self.lifetime = seconds,
                IDLE_TIMEOUT => self.idle_timeout = Some(seconds),
                _ => self.revalidate_after = Some(seconds),
            },
            Err(problem) => problems.push(ConfigProblem::new("", name, problem)),
        }
    }

    /// The policy with what 0 means: that a limit is off.
    pub(super) fn checked(mut self, problems: &mut Vec<ConfigProblem>) -> Self {
        if self.lifetime.is_zero() {
            let problem = "is 0, so users could not log in: set a number of seconds";
            problems.push(ConfigProblem::new("", LIFETIME, problem));
        }
        self.idle_timeout = self.idle_timeout.filter(|limit| !limit.is_zero());
        self.revalidate_after = self.revalidate_after.filter(|limit| !limit.is_zero());
        self
    }
}
