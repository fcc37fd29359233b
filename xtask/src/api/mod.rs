//! `api`: the public API of each published crate, listed in `api/<crate>.txt`.
//!
//! A change of the public API shows up in the diff of these files. `ci` compares them.

mod html;
mod listing;

use std::path::PathBuf;

use crate::{Outcome, package, setup, steps};

/// Writes the listings, and prints how much is public.
pub(crate) fn write() -> Outcome {
    steps::docs(&[])?;
    let folder = folder();
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    for (name, lines) in listings()? {
        let path = folder.join(format!("{name}.txt"));
        std::fs::write(&path, text(&lines))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        println!("{}", summary(&name, &lines));
    }
    Ok(())
}

/// Compares the listings with the documentation, which the step before has built.
pub(crate) fn check() -> Outcome {
    let folder = folder();
    if !folder.is_dir() {
        println!("there is no folder `api`; `cargo xtask api` writes the listings");
        return Ok(());
    }
    let mut changed = 0;
    for (name, lines) in listings()? {
        let path = folder.join(format!("{name}.txt"));
        let listed = std::fs::read_to_string(&path).unwrap_or_default();
        let listed: Vec<&str> = listed.lines().collect();
        let removed = listed.iter().filter(|line| !lines.iter().any(|new| new == *line));
        let added = lines.iter().filter(|line| !listed.contains(&line.as_str()));
        let difference: Vec<String> = removed
            .map(|line| format!("- {line}"))
            .chain(added.map(|line| format!("+ {line}")))
            .collect();
        for line in &difference {
            println!("{line}");
        }
        changed += difference.len();
        println!("{}", summary(&name, &lines));
    }
    if changed == 0 {
        return Ok(());
    }
    Err(format!(
        "the public API differs from the listings in `api` in {changed} lines; if this is intended, run `cargo xtask api` and commit the listings"
    ))
}

fn listings() -> Result<Vec<(String, Vec<String>)>, String> {
    let pages = setup::target_folder().join("doc");
    let list = |name: String| {
        let lines = listing::listing(&pages, &name.replace('-', "_"))?;
        Ok((name, lines))
    };
    package::published()?.into_iter().map(list).collect()
}

fn folder() -> PathBuf {
    setup::root().join("api")
}

fn text(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn summary(name: &str, lines: &[String]) -> String {
    let is_implementation = |line: &&String| {
        line.split_once(": ").is_some_and(|(_, signature)| signature.starts_with("impl"))
    };
    let implementations = lines.iter().filter(is_implementation).count();
    let items = lines.len() - implementations;
    format!("{name}: {items} public items, {implementations} trait implementations")
}
