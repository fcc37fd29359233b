//! Where settings come from, and their precedence: code, then files, then the environment.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{ClientConfig, ConfigProblem};

mod clients;
mod env;
mod overlay;
mod suggest;
mod toml;

use self::clients::Clients;
use self::env::Vars;
use self::overlay::overlay;
pub(crate) use self::suggest::similar_preset;

/// Everything that was given to a registry's builder, in order.
#[derive(Default)]
pub(crate) struct Sources {
    registered: Clients,
    tables: Vec<Map<String, Value>>,
    vars: Option<Vars>,
    problems: Vec<ConfigProblem>,
}

impl Sources {
    pub(crate) fn register(&mut self, config: ClientConfig) {
        let name = config.name.clone();
        if !self.registered.add(config) {
            let problem = "is registered twice; rename one of them with `.name(..)`";
            self.problems.push(ConfigProblem::new(&name, "", problem));
        }
    }

    /// Adds the clients of a TOML file: a table `[oauth.NAME]` each.
    pub(crate) fn file(&mut self, path: &Path) {
        match toml::read(path) {
            Ok(text) => self.toml(&text, path),
            Err(problem) => self.problems.push(problem),
        }
    }

    /// Adds the clients of a TOML text that came from `origin`.
    pub(crate) fn toml(&mut self, text: &str, origin: impl Into<PathBuf>) {
        match toml::parse(text, &origin.into()) {
            Ok(document) => self.document(document),
            Err(problem) => self.problems.push(problem),
        }
    }

    /// Adds the clients in the member `oauth` of a document.
    pub(crate) fn document(&mut self, mut document: Map<String, Value>) {
        for (name, _) in document.iter().filter(|(name, value)| is_misnamed(name, value)) {
            let problem =
                format!("is not read: a client's table is `[oauth.NAME]`, not `[{name}.NAME]`");
            self.problems.push(ConfigProblem::new("", name, problem));
        }
        match document.remove("oauth") {
            None => {}
            Some(Value::Object(clients)) => self.tables.push(clients),
            Some(_) => {
                let problem = "must have a table for each client";
                self.problems.push(ConfigProblem::new("", "oauth", problem));
            }
        }
    }

    /// Adds the environment of the process.
    pub(crate) fn env(&mut self) {
        // Variables that are not Unicode can't be settings.
        let vars = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        self.vars(vars.collect());
    }

    /// Adds variables as if they were in the environment.
    pub(crate) fn vars(&mut self, vars: Vars) {
        self.vars.get_or_insert_default().extend(vars);
    }

    /// A variable of the environment, if it is read.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.vars.as_ref()?.get(name).map(String::as_str)
    }

    /// The clients, with all errors in files and variables.
    pub(crate) fn merge(self, presets: &[&str]) -> (Vec<ClientConfig>, Vec<ConfigProblem>) {
        let Self { registered: mut clients, tables, vars, mut problems } = self;
        for (name, table) in tables.into_iter().flatten() {
            let client = clients.find_or_add(&name);
            match table {
                Value::Object(table) => overlay(client, table, &mut problems),
                _ => problems.push(ConfigProblem::new(&name, "", "must be a table")),
            }
        }
        if let Some(vars) = &vars {
            env::add_clients(&mut clients, vars, presets);
        }
        let mut clients = clients.into_list();
        if let Some(vars) = &vars {
            env::merge(&mut clients, vars, &mut problems);
        }
        (clients, problems)
    }
}

/// A variable of the process's environment; `None` if it is not set or not Unicode.
pub(crate) fn environment_variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

/// Whether a table was meant to be `oauth`.
fn is_misnamed(name: &str, value: &Value) -> bool {
    value.is_object()
        && name != "oauth"
        && ["oauth", "oauth1", "oauth2", "oidc"].contains(&name.to_ascii_lowercase().as_str())
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Tables and variables hold secrets, and the environment also those of others.
        let tables: Vec<_> = self.tables.iter().flat_map(Map::keys).collect();
        f.debug_struct("Sources")
            .field("registered", &self.registered)
            .field("tables", &tables)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
