//! [`Configuration`]: what a registry is built from, and read again by a reload.

use crate::config::{ClientConfig, ConfigProblem, LoginPolicy, REQUIRE_FIPS, Sources};
use crate::crypto;
use crate::keyring::KEYS_VARIABLE;

/// The error of [`OAuthBuilder::require_fips`](super::OAuthBuilder::require_fips).
const NO_FIPS: &str = "is true, but aws-lc-rs does not run in FIPS mode: add `aws-lc-rs = { version = \"1\", features = \
                       [\"fips\"] }` to the Cargo.toml of the application";

/// What the builder was given.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub(super) sources: Sources,
    /// The clients that must be registered.
    pub(super) required: Vec<String>,
    /// The policy of the code.
    pub(super) login_policy: LoginPolicy,
    pub(super) requires_fips: bool,
}

/// What files, environment and code say, read once.
pub(super) struct ReadConfiguration {
    pub(super) login_policy: LoginPolicy,
    /// The text of the keys in the environment.
    pub(super) keys: Option<String>,
    pub(super) configs: Vec<ClientConfig>,
    pub(super) problems: Vec<ConfigProblem>,
}

impl Configuration {
    pub(super) fn read(&self) -> ReadConfiguration {
        let mut contents = self.sources.read();
        let login_policy = contents.login_policy(self.login_policy);
        let keys = contents.variable(KEYS_VARIABLE).map(str::to_owned);
        let requires_fips = contents.requires_fips(self.requires_fips);
        let (configs, mut problems) = contents.merge(crate::providers::NAMES);
        if requires_fips && !crypto::is_fips() {
            problems.push(ConfigProblem::new("", REQUIRE_FIPS, NO_FIPS));
        }
        check_required(&self.required, &configs, &mut problems);
        ReadConfiguration { login_policy, keys, configs, problems }
    }
}

/// Clients that must be registered.
fn check_required(
    required: &[String],
    configs: &[ClientConfig],
    problems: &mut Vec<ConfigProblem>,
) {
    for name in required {
        if !configs.iter().any(|config| config.name == *name) {
            let known: Vec<_> = configs.iter().map(|config| config.name.as_str()).collect();
            let problem = format!(
                "is required but not registered; call `.register({name:?})`, or load its \
                 `client_id` (registered: {})",
                known.join(", ")
            );
            problems.push(ConfigProblem::new(name, "", problem));
        }
    }
}
