//! [`Contents`]: what the sources of a configuration say, read once.

#[cfg(feature = "toml")]
use std::path::Path;

use serde_json::{Map, Value};

use super::clients::Clients;
use super::env::{self, Vars};
use super::overlay::overlay;
use crate::config::setting_keys::boolean;
use crate::config::{ClientConfig, ConfigProblem, LoginPolicy};
use crate::error::Result;

/// The setting of the FIPS module in the table `[oauth]` of a file, and in the environment.
pub(crate) const REQUIRE_FIPS: &str = "require_fips";
const REQUIRE_FIPS_VARIABLE: &str = "AUTHLIB_REQUIRE_FIPS";

/// What the sources say, read once.
pub(crate) struct Contents {
    registered: Clients,
    tables: Vec<Map<String, Value>>,
    /// What files say about logins, by the keys of [`LoginPolicy`].
    login_settings: Vec<(&'static str, Value)>,
    /// What files say about [`REQUIRE_FIPS`].
    fips_settings: Vec<Value>,
    vars: Option<Vars>,
    discover: bool,
    pub(super) problems: Vec<ConfigProblem>,
}

impl Contents {
    pub(super) fn new(discover: bool) -> Self {
        Self {
            registered: Clients::default(),
            tables: Vec::new(),
            login_settings: Vec::new(),
            fips_settings: Vec::new(),
            vars: None,
            discover,
            problems: Vec::new(),
        }
    }

    pub(super) fn register(&mut self, config: ClientConfig) {
        let name = config.name.clone();
        if !self.registered.add(config) {
            let problem = "is registered twice; rename one of them with `.name(..)`";
            self.problems.push(ConfigProblem::new(&name, "", problem));
        }
    }

    #[cfg(feature = "toml")]
    pub(super) fn file(&mut self, path: &Path) {
        use super::toml::{parse, read};
        match read(path).and_then(|text| parse(&text, path)) {
            Ok(document) => self.document(document),
            Err(problem) => self.problems.push(problem),
        }
    }

    pub(super) fn read_document(&mut self, read: Result<Map<String, Value>>) {
        match read {
            Ok(document) => self.document(document),
            Err(error) => {
                let problem = format!("a table could not be read: {}", error.report());
                self.problems.push(ConfigProblem::new("", "", problem));
            }
        }
    }

    pub(super) fn document(&mut self, mut document: Map<String, Value>) {
        for (name, _) in document.iter().filter(|(name, value)| is_misnamed(name, value)) {
            let problem =
                format!("is not read: a client's table is `[oauth.NAME]`, not `[{name}.NAME]`");
            self.problems.push(ConfigProblem::new("", name, problem));
        }
        match document.remove("oauth") {
            None => {}
            Some(Value::Object(mut clients)) => {
                let found = LoginPolicy::KEYS.map(|key| Some((key, clients.remove(key)?)));
                self.login_settings.extend(found.into_iter().flatten());
                self.fips_settings.extend(clients.remove(REQUIRE_FIPS));
                self.tables.push(clients);
            }
            Some(_) => {
                let problem = "must have a table for each client";
                self.problems.push(ConfigProblem::new("", "oauth", problem));
            }
        }
    }

    pub(super) fn vars(&mut self, vars: Vars) {
        self.vars.get_or_insert_default().extend(vars);
    }

    /// A variable of the environment, if it is read.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.vars.as_ref()?.get(name).map(String::as_str)
    }

    /// The policy for logins: that of the code, changed by files and then by the environment.
    pub(crate) fn login_policy(&mut self, mut policy: LoginPolicy) -> LoginPolicy {
        let problems = &mut self.problems;
        for (key, value) in &self.login_settings {
            policy.set(key, key, value, problems);
        }
        for key in LoginPolicy::KEYS {
            let name = LoginPolicy::variable(key);
            let text = self.vars.as_ref().and_then(|vars| vars.get(&name));
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                policy.set(key, &name, &Value::String(text.clone()), problems);
            }
        }
        policy.checked(problems)
    }

    /// Whether the code, a file or the environment requires the FIPS module. None of them switches off what another
    /// requires.
    pub(crate) fn requires_fips(&mut self, in_code: bool) -> bool {
        let variable = self.variable(REQUIRE_FIPS_VARIABLE).filter(|text| !text.is_empty());
        let variable = variable.map(|text| (REQUIRE_FIPS_VARIABLE, Value::String(text.to_owned())));
        let files = std::mem::take(&mut self.fips_settings);
        let files = files.into_iter().map(|value| (REQUIRE_FIPS, value));
        let mut is_required = in_code;
        for (name, value) in files.chain(variable) {
            match boolean(&value) {
                Ok(value) => is_required |= value,
                Err(problem) => self.problems.push(ConfigProblem::new("", name, problem)),
            }
        }
        is_required
    }

    /// The clients, with all errors in files and variables.
    pub(crate) fn merge(self, presets: &[&str]) -> (Vec<ClientConfig>, Vec<ConfigProblem>) {
        let Self { registered: mut clients, tables, vars, discover, mut problems, .. } = self;
        for (name, table) in tables.into_iter().flatten() {
            if !discover && !clients.contains(&name) {
                problems.push(not_registered(&name, &clients));
                continue;
            }
            let client = clients.find_or_add(&name);
            match table {
                Value::Object(table) => overlay(client, table, &mut problems),
                _ => problems.push(ConfigProblem::new(&name, "", "must be a table")),
            }
        }
        let unnamed = vars.as_ref().map(|vars| env::unnamed_clients(&clients, vars, presets));
        for name in unnamed.unwrap_or_default() {
            if discover {
                clients.find_or_add(&name);
            } else {
                tracing::info!(
                    client = name,
                    "variables ignored: the client is not registered, and `discover_clients` is off"
                );
            }
        }
        let mut clients = clients.into_list();
        if let Some(vars) = &vars {
            env::merge(&mut clients, vars, &mut problems);
        }
        (clients, problems)
    }
}

/// A table must not become another way to log in, for example by a misspelt name.
fn not_registered(name: &str, clients: &Clients) -> ConfigProblem {
    let known: Vec<_> = clients.iter().map(|client| client.name.as_str()).collect();
    let problem = format!(
        "has a table, but is not registered: call `.register({name:?})`, or `.discover_clients()` to register \
         every client that is found (registered: {})",
        known.join(", ")
    );
    ConfigProblem::new(name, "", problem)
}

/// Whether a table was meant to be `oauth`.
fn is_misnamed(name: &str, value: &Value) -> bool {
    value.is_object()
        && name != "oauth"
        && ["oauth", "oauth1", "oauth2", "oidc"].contains(&name.to_ascii_lowercase().as_str())
}
