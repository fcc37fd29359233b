//! `tidy`: the rules of this repository that the compiler and clippy do not check.

use std::fs;
use std::path::{Path, PathBuf};

use crate::rules::{self, File};
use crate::{Outcome, manifests, setup};

/// Folders that are not searched.
const SKIPPED: &[&str] = &[".git", ".venv", "node_modules", "target"];
/// Separate workspaces: their manifests state their own versions.
const SEPARATE: [&str; 3] = ["crates/authlib-bench", "fuzz/", "templates/"];

/// Prints every problem.
pub(crate) fn run() -> Outcome {
    let problems = problems(&setup::root())?;
    if problems.is_empty() {
        return Ok(());
    }
    for problem in &problems {
        println!("{problem}");
    }
    Err(format!("tidy: {} problems", problems.len()))
}

fn problems(root: &Path) -> Result<Vec<String>, String> {
    let mut files = Vec::new();
    walk(root, &mut files)?;
    files.sort();
    let exports = rules::exports(&read(&root.join("crates/authlib-core/src/lib.rs"))?);
    let mut problems = Vec::new();
    for file in files {
        let path = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let is_separate = SEPARATE.iter().any(|folder| path.starts_with(folder));
        let found = if path.ends_with("Cargo.toml") && !is_separate {
            manifests::check(&read(&file)?, file.with_file_name("README.md").is_file())
        } else if path.ends_with(".rs") {
            rules::check(&File { path: &path, text: &read(&file)? }, &exports)
        } else {
            continue;
        };
        problems
            .extend(found.into_iter().map(|(line, problem)| format!("{path}:{line}: {problem}")));
    }
    Ok(problems)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    let failed = |error| format!("cannot list {}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let skipped = path.file_name().is_some_and(|name| SKIPPED.iter().any(|skip| name == *skip));
        if path.is_dir() && !skipped {
            walk(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_is_tidy() {
        let problems = problems(&setup::root()).unwrap();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
