//! Settings in TOML files: a table `[oauth.NAME]` for each client.

use std::path::Path;

use serde_json::{Map, Value};

use crate::config::ConfigProblem;

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, ConfigProblem> {
    std::fs::read_to_string(path).map_err(|cause| {
        ConfigProblem::new("", "", format!("could not read {}: {cause}", path.display()))
    })
}

/// The document that a text from `origin` has. The error has no excerpt, which may show a secret.
pub(super) fn parse(text: &str, origin: &Path) -> Result<Map<String, Value>, ConfigProblem> {
    toml::from_str(text).map_err(|cause| {
        let line = cause.span().map_or(0, |span| {
            text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
        });
        let problem = format!("{}, line {line}: {}", origin.display(), cause.message());
        ConfigProblem::new("", "", problem)
    })
}
