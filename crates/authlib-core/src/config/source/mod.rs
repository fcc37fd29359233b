//! Where settings come from, and which wins: code, then a file over it, then the environment over both.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::setting_keys::{self, ALIASES, CLIENT_KWARGS, IN_CLIENT_KWARGS, KEYS, NOT_USED_YET};
use super::{ClientConfig, ConfigProblem};

/// Variables of the environment, by name.
pub(crate) type Vars = BTreeMap<String, String>;

/// Everything that was given to a registry's builder, in order.
#[derive(Default)]
pub(crate) struct Sources {
    registered: Vec<ClientConfig>,
    tables: Vec<Map<String, Value>>,
    vars: Option<Vars>,
    problems: Vec<ConfigProblem>,
}

impl Sources {
    pub(crate) fn register(&mut self, config: ClientConfig) {
        if self.registered.iter().any(|known| known.name == config.name) {
            let problem = "registered twice; give one of them another name with `.name(..)`";
            self.problems.push(ConfigProblem::new(&config.name, "", problem));
            return;
        }
        self.registered.push(config);
    }

    /// Adds the clients of a TOML file: a table `[oauth.NAME]` each.
    pub(crate) fn file(&mut self, path: &Path) {
        match std::fs::read_to_string(path) {
            Ok(text) => self.toml(&text, path),
            Err(cause) => {
                let problem = format!("{} can't be read: {cause}", path.display());
                self.problems.push(ConfigProblem::new("", "", problem));
            }
        }
    }

    /// Adds the clients of a TOML text that came from `origin`.
    pub(crate) fn toml(&mut self, text: &str, origin: impl Into<PathBuf>) {
        let origin = origin.into();
        match toml::from_str::<Map<String, Value>>(text) {
            Ok(document) => self.document(document),
            Err(cause) => {
                // The message alone: the excerpt that toml shows may hold a secret.
                let line = cause.span().map_or(0, |span| {
                    text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
                });
                let what = cause.message();
                let problem = format!("{}, line {line}: {what}", origin.display());
                self.problems.push(ConfigProblem::new("", "", problem));
            }
        }
    }

    /// Adds the clients of a document: those in its `oauth`, or an error where that is no table.
    pub(crate) fn document(&mut self, mut document: Map<String, Value>) {
        match document.remove("oauth") {
            None => {}
            Some(Value::Object(clients)) => self.tables.push(clients),
            Some(_) => {
                let problem = "`oauth` must hold a table for each client";
                self.problems.push(ConfigProblem::new("", "oauth", problem));
            }
        }
    }

    /// Adds the process's environment.
    pub(crate) fn env(&mut self) {
        // Variables that are no text can't be settings of ours.
        let vars = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        self.vars(vars.collect());
    }

    /// Adds variables as if they were the environment's.
    pub(crate) fn vars(&mut self, vars: Vars) {
        self.vars.get_or_insert_default().extend(vars);
    }

    /// The clients, with everything that was wrong on the way.
    pub(crate) fn merge(self, presets: &[&str]) -> (Vec<ClientConfig>, Vec<ConfigProblem>) {
        let Self { registered: mut clients, tables, vars, mut problems } = self;
        for (name, table) in tables.into_iter().flatten() {
            let client = known(&mut clients, &name);
            match table {
                Value::Object(table) => overlay(client, table, &mut problems),
                _ => problems.push(ConfigProblem::new(&name, "", "must be a table")),
            }
        }
        if let Some(vars) = vars {
            for preset in presets {
                if vars.get(&variable(preset, "client_id")).is_some_and(|id| !id.is_empty()) {
                    known(&mut clients, preset);
                }
            }
            for name in named_by(&vars) {
                if !clients.iter().any(|client| variable(&client.name, "") == variable(&name, "")) {
                    known(&mut clients, &name);
                }
            }
            let names: Vec<_> = clients.iter().map(|client| client.name.clone()).collect();
            for client in &mut clients {
                environment(client, &vars, &mut problems);
                misspelt(&client.name, &names, &vars, &mut problems);
                shared(&client.name, &names, &mut problems);
            }
        }
        (clients, problems)
    }
}

/// The client of this name, added where it is new: a preset is the base of its namesake.
fn known<'a>(clients: &'a mut Vec<ClientConfig>, name: &str) -> &'a mut ClientConfig {
    let place = clients.iter().position(|client| client.name == name).unwrap_or(clients.len());
    if place == clients.len() {
        clients.push(ClientConfig::from(name));
    }
    // The place was found or made just above.
    #[expect(clippy::indexing_slicing, reason = "the place was found or made just above")]
    &mut clients[place]
}

/// Lays a table over a client.
fn overlay(
    client: &mut ClientConfig,
    mut table: Map<String, Value>,
    problems: &mut Vec<ConfigProblem>,
) {
    let name = client.name.clone();
    for (authlibs, rfcs) in ALIASES {
        if let (Some(left), Some(right)) = (table.get(*authlibs), table.get(*rfcs))
            && left != right
        {
            let problem = format!("is set to another value than `{rfcs}`, and both mean the same");
            problems.push(ConfigProblem::new(&name, authlibs, problem));
        }
    }
    match table.remove(CLIENT_KWARGS) {
        None | Some(Value::Null) => {}
        Some(Value::Object(nested)) => {
            for (key, value) in nested {
                if IN_CLIENT_KWARGS.contains(&key.as_str()) {
                    if table.get(&key).is_some_and(|other| *other != value) {
                        let problem = "is set to another value in `client_kwargs`";
                        problems.push(ConfigProblem::new(&name, &key, problem));
                    }
                    set(client, &key, value, problems);
                } else {
                    let most = IN_CLIENT_KWARGS.join(", ");
                    let problem = format!("is not known in `client_kwargs`, which takes {most}");
                    problems.push(ConfigProblem::new(&name, &key, problem));
                }
            }
        }
        Some(_) => problems.push(ConfigProblem::new(&name, CLIENT_KWARGS, "must be a table")),
    }
    for (key, value) in table {
        set(client, &key, value, problems);
    }
}

/// Writes one setting; null counts as absent.
fn set(client: &mut ClientConfig, key: &str, value: Value, problems: &mut Vec<ConfigProblem>) {
    if value.is_null() && setting_keys::setter(key).is_some() {
        return;
    }
    let problem = match setting_keys::setter(key) {
        Some(setter) => match setter(client, value) {
            Ok(()) => return,
            Err(expected) => format!("must be {expected}"),
        },
        None if NOT_USED_YET.contains(&key) => "has no use yet: leave it out".to_owned(),
        None => match setting_keys::similar(key) {
            Some(similar) => format!("is no known setting; did you mean `{similar}`?"),
            None => "is no known setting".to_owned(),
        },
    };
    problems.push(ConfigProblem::new(&client.name, key, problem));
}

/// Lays `{NAME}_{KEY}` variables over a client; tables among them are written as JSON. Only known keys
/// are looked up, so that `AZ_TWO_CLIENT_ID` is never a setting of `az`.
fn environment(client: &mut ClientConfig, vars: &Vars, problems: &mut Vec<ConfigProblem>) {
    let mut table = Map::new();
    for key in KEYS.iter().map(|(key, _)| *key).chain([CLIENT_KWARGS]) {
        let variable = variable(&client.name, key);
        let Some(text) = vars.get(&variable).filter(|text| !text.is_empty()) else {
            continue;
        };
        let table_like = key.ends_with("_params") || key.ends_with("_claims");
        let value = if table_like || matches!(key, CLIENT_KWARGS | "jwks") {
            match serde_json::from_str(text) {
                Ok(value @ Value::Object(_)) => value,
                _ => {
                    let problem = "must be a JSON object";
                    problems.push(ConfigProblem::new(&client.name, &variable, problem));
                    continue;
                }
            }
        } else {
            Value::String(text.clone())
        };
        table.insert(key.to_owned(), value);
    }
    overlay(client, table, problems);
}

/// Variables that begin like this client's, and like no longer name's, and nearly end like a key.
fn misspelt(name: &str, names: &[String], vars: &Vars, problems: &mut Vec<ConfigProblem>) {
    let prefix = variable(name, "");
    let longer: Vec<_> = names
        .iter()
        .map(|other| variable(other, ""))
        .filter(|other| other.len() > prefix.len() && other.starts_with(&prefix))
        .collect();
    for variable in vars.keys() {
        let Some(rest) = variable.strip_prefix(&prefix) else {
            continue;
        };
        if longer.iter().any(|longer| variable.starts_with(longer)) {
            continue;
        }
        let rest = rest.to_ascii_lowercase();
        if rest.len() > 5
            && setting_keys::setter(&rest).is_none()
            && rest != CLIENT_KWARGS
            && let Some(similar) = setting_keys::similar(&rest)
        {
            let meant = self::variable(name, similar);
            let problem = format!("is no known setting; did you mean `{meant}`?");
            problems.push(ConfigProblem::new(name, variable, problem));
        }
    }
}

/// Two clients whose variables are the same ones, such as `my-app` and `my_app`, would share a secret.
fn shared(name: &str, names: &[String], problems: &mut Vec<ConfigProblem>) {
    let prefix = variable(name, "");
    // Each pair once: a client is held against the later ones only.
    let later = names.iter().skip_while(|other| *other != name).skip(1);
    for other in later.filter(|other| variable(other, "") == prefix) {
        let problem = format!("has the same variables `{prefix}..` as client `{name}`: rename one");
        problems.push(ConfigProblem::new(other, "", problem));
    }
}

/// The clients that the environment alone speaks of: those with an id and a word on where the provider
/// is.
fn named_by(vars: &Vars) -> Vec<String> {
    const PLACES: [&str; 4] =
        ["issuer", "server_metadata_url", "authorize_url", "authorization_endpoint"];
    let set = |name: &str| vars.get(name).is_some_and(|value| !value.is_empty());
    vars.keys()
        .filter_map(|variable| variable.strip_suffix("_CLIENT_ID"))
        .filter(|name| !name.is_empty() && set(&format!("{name}_CLIENT_ID")))
        .filter(|name| PLACES.iter().any(|key| set(&variable(name, key))))
        .map(str::to_ascii_lowercase)
        .collect()
}

/// The variable of a client's key: upper case, `_` for whatever is no letter or digit.
fn variable(name: &str, key: &str) -> String {
    format!("{name}_{key}")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect()
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Tables and variables hold secrets, and the environment more than ours.
        let tables: Vec<_> = self.tables.iter().flat_map(Map::keys).collect();
        f.debug_struct("Sources")
            .field("registered", &self.registered)
            .field("tables", &tables)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
