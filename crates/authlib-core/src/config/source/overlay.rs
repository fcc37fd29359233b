//! Merging tables of settings into clients.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::suggest::similar;
use crate::config::setting_keys::{CLIENT_KWARGS, SETTINGS, find};
use crate::config::{ClientConfig, ConfigProblem};

/// Merges a table into a client: its values win.
pub(super) fn overlay(
    client: &mut ClientConfig,
    mut table: Map<String, Value>,
    problems: &mut Vec<ConfigProblem>,
) {
    let nested = match table.remove(CLIENT_KWARGS) {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(nested)) => nested,
        Some(_) => {
            problems.push(ConfigProblem::new(&client.name, CLIENT_KWARGS, "must be a table"));
            Map::new()
        }
    };
    let entries = { nested.into_iter() }.map(|entry| (true, entry));
    let entries = entries.chain(table.into_iter().map(|entry| (false, entry)));
    let mut seen: BTreeMap<&'static str, (String, Value)> = BTreeMap::new();
    for (is_nested, (key, value)) in entries {
        let problem = match find(&key).filter(|setting| setting.in_kwargs || !is_nested) {
            // Null counts as absent.
            Some(_) if value.is_null() => continue,
            Some(setting) => {
                let earlier = seen.insert(setting.name, (key.clone(), value.clone()));
                let conflict = earlier.filter(|(_, earlier)| *earlier != value);
                client.set(&key, value);
                match conflict {
                    None => continue,
                    Some((other, _)) if other == key => {
                        "has another value in `client_kwargs`: remove one of them".to_owned()
                    }
                    Some((other, _)) => {
                        format!(
                            "has another value than `{other}`, its other name: remove one of them"
                        )
                    }
                }
            }
            None if is_nested => {
                let known = SETTINGS.iter().filter(|setting| setting.in_kwargs);
                let known: Vec<_> = known.map(|setting| setting.name).collect();
                format!("is not supported in `client_kwargs`, which accepts {}", known.join(", "))
            }
            None => unknown(&key),
        };
        problems.push(ConfigProblem::new(&client.name, &key, problem));
    }
}

fn unknown(key: &str) -> String {
    match similar(key) {
        Some(similar) => format!("is not a known setting; did you mean `{similar}`?"),
        None => "is not a known setting".to_owned(),
    }
}
