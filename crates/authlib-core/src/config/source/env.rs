//! Settings in the environment: `{NAME}_{KEY}`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::overlay::{find_or_add, overlay};
use super::suggest::similar;
use crate::config::setting_keys::{CLIENT_KWARGS, SETTINGS, find, variable};
use crate::config::{ClientConfig, ConfigProblem};

/// Environment variables, by name.
pub(crate) type Vars = BTreeMap<String, String>;

/// Merges the variables into the clients, and adds the clients that only the environment configures.
pub(super) fn merge(
    clients: &mut Vec<ClientConfig>,
    vars: &Vars,
    presets: &[&str],
    problems: &mut Vec<ConfigProblem>,
) {
    for preset in presets {
        if vars.get(&variable(preset, "client_id")).is_some_and(|id| !id.is_empty()) {
            find_or_add(clients, preset);
        }
    }
    for name in clients_in_env(vars) {
        if !clients.iter().any(|client| variable(&client.name, "") == variable(&name, "")) {
            find_or_add(clients, &name);
        }
    }
    let names: Vec<_> = clients.iter().map(|client| client.name.clone()).collect();
    for client in clients {
        overlay(client, table(&client.name, vars, problems), problems);
        check_typos(&client.name, &names, vars, problems);
        check_collisions(&client.name, &names, problems);
    }
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
        let value = match serde_json::from_str(text) {
            Ok(value @ Value::Object(_)) if is_json => value,
            _ if is_json => {
                problems.push(ConfigProblem::new(client, &variable, "must be a JSON object"));
                continue;
            }
            _ => Value::String(text.clone()),
        };
        table.insert(key.to_owned(), value);
    }
    table
}

/// Reports variables that begin like this client's, and not like those of a longer name, and end almost
/// like a key.
fn check_typos(client: &str, names: &[String], vars: &Vars, problems: &mut Vec<ConfigProblem>) {
    let prefix = variable(client, "");
    let longer: Vec<_> = names
        .iter()
        .map(|other| variable(other, ""))
        .filter(|other| other.len() > prefix.len() && other.starts_with(&prefix))
        .collect();
    for name in vars.keys() {
        let Some(rest) = name.strip_prefix(&prefix) else {
            continue;
        };
        if longer.iter().any(|longer| name.starts_with(longer)) {
            continue;
        }
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

/// Reports two clients with the same variables, such as `my-app` and `my_app`: they would share a
/// secret.
fn check_collisions(client: &str, names: &[String], problems: &mut Vec<ConfigProblem>) {
    let prefix = variable(client, "");
    // Each pair is reported once: a client is compared with the later ones only.
    let later = names.iter().skip_while(|other| *other != client).skip(1);
    for other in later.filter(|other| variable(other, "") == prefix) {
        let problem = format!(
            "has the same environment variables `{prefix}..` as client `{client}`: rename one of them"
        );
        problems.push(ConfigProblem::new(other, "", problem));
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
