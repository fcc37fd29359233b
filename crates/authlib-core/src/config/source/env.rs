//! Settings in the environment: `{NAME}_{KEY}`.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};

use super::clients::Clients;
use super::overlay::overlay;
use super::suggest::similar;
use crate::config::setting_keys::{CLIENT_KWARGS, SETTINGS, find, variable};
use crate::config::{ClientConfig, ConfigProblem};
use crate::jose::strict_json;

/// Environment variables, by name.
pub(crate) type Vars = BTreeMap<String, String>;

/// The clients that only the environment configures: presets, then others.
pub(super) fn unnamed_clients(clients: &Clients, vars: &Vars, presets: &[&str]) -> Vec<String> {
    let has_id =
        |preset: &&&str| vars.get(&variable(preset, "client_id")).is_some_and(|id| !id.is_empty());
    let presets = presets.iter().filter(has_id).map(|preset| (*preset).to_owned());
    let mut known: HashSet<_> = clients.iter().map(|client| prefix(&client.name)).collect();
    let mut found: Vec<String> = presets.chain(clients_in_env(vars)).collect();
    found.retain(|name| known.insert(prefix(name)));
    found
}

/// Longer than every key of a setting.
const MAX_KEY: usize = 64;

/// Merges the variables into the clients.
pub(super) fn merge(clients: &mut [ClientConfig], vars: &Vars, problems: &mut Vec<ConfigProblem>) {
    let mut by_prefix: HashMap<String, String> = HashMap::new();
    for client in clients {
        overlay(client, table(&client.name, vars, problems), problems);
        let prefix = prefix(&client.name);
        match by_prefix.get(&prefix) {
            // They would share a secret, as `my-app` and `my_app`.
            Some(other) => {
                let problem = format!(
                    "has the same environment variables `{prefix}..` as client `{other}`: rename one of them"
                );
                problems.push(ConfigProblem::new(&client.name, "", problem));
            }
            None => drop(by_prefix.insert(prefix, client.name.clone())),
        }
    }
    check_typos(&by_prefix, vars, problems);
}

/// What the names of a client's variables begin with.
fn prefix(client: &str) -> String {
    variable(client, "")
}

/// The variables of one client as a table. Only known keys are looked up, so that `AZ_TWO_CLIENT_ID` is
/// never a setting of `az`.
fn table(client: &str, vars: &Vars, problems: &mut Vec<ConfigProblem>) -> Map<String, Value> {
    let keys = SETTINGS
        .iter()
        .flat_map(|setting| setting.keys().map(|key| (key, setting.is_table())))
        .chain([(CLIENT_KWARGS, true)]);
    let mut table = Map::new();
    for (key, is_json) in keys {
        let variable = variable(client, key);
        let Some(text) = vars.get(&variable).filter(|text| !text.is_empty()) else {
            continue;
        };
        let value = if !is_json {
            Value::String(text.clone())
        } else if let Ok(table) = strict_json::object(text.as_bytes()) {
            Value::Object(table)
        } else {
            problems.push(ConfigProblem::new(client, &variable, "must be a JSON object"));
            continue;
        };
        table.insert(key.to_owned(), value);
    }
    table
}

/// Reports variables that begin like a client's, and end almost like a key. If several clients' names fit, the
/// longest counts.
fn check_typos(
    by_prefix: &HashMap<String, String>,
    vars: &Vars,
    problems: &mut Vec<ConfigProblem>,
) {
    for name in vars.keys() {
        // From the shortest rest: what is longer than a key can't resemble one.
        let ends = name.rmatch_indices('_').map(|(end, _)| name.split_at(end + 1));
        let found = ends
            .take_while(|(_, rest)| rest.len() < MAX_KEY)
            .find_map(|(prefix, rest)| Some((by_prefix.get(prefix)?, rest)));
        let Some((client, rest)) = found else {
            continue;
        };
        let rest = rest.to_ascii_lowercase();
        if rest.len() > 5
            && find(&rest).is_none()
            && rest != CLIENT_KWARGS
            && let Some(similar) = similar(&rest)
        {
            let meant = variable(client, similar);
            let problem = format!("is not a known setting; did you mean `{meant}`?");
            problems.push(ConfigProblem::new(client, name, problem));
        }
    }
}

/// The clients that the environment alone configures: those with an id and the location of the
/// provider.
fn clients_in_env(vars: &Vars) -> Vec<String> {
    const LOCATIONS: [&str; 4] =
        ["issuer", "server_metadata_url", "authorize_url", "authorization_endpoint"];
    let set = |name: &str| vars.get(name).is_some_and(|value| !value.is_empty());
    vars.keys()
        .filter_map(|variable| variable.strip_suffix("_CLIENT_ID"))
        .filter(|name| !name.is_empty() && set(&format!("{name}_CLIENT_ID")))
        .filter(|name| LOCATIONS.iter().any(|key| set(&variable(name, key))))
        .map(str::to_ascii_lowercase)
        .collect()
}
