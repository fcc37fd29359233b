//! The rules for one source file.

use crate::layers;
use crate::source;

/// A source file: its path from the root of the repository, with `/`, and its text.
#[derive(Debug)]
pub(crate) struct File<'a> {
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
}

const MAX_LINES: usize = 600;
const MAX_TEST_NAME: usize = 60;
const CORE: &str = "crates/authlib-core/src/";
const PROVIDER: &str = "crates/authlib-provider/src/";
const CRYPTO_CRATES: &[&str] =
    &["aws_lc_rs", "hmac", "jsonwebtoken", "ring", "rsa", "sha1", "sha2"];
const FRAMEWORKS: &[&str] =
    &["actix", "actix_session", "actix_web", "axum", "rocket", "tower_sessions"];
/// The core modules that the provider may use. It shares no protocol code: a bug in it would be on both sides
/// of a test and stay hidden.
const SHARED_WITH_PROVIDER: &[&str] = &["message", "transport"];
/// Split with `concat!`, so that this file passes its own rules.
const LEFT_BEHIND: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!("),
    concat!("unimpl", "emented!("),
    concat!("#[ig", "nore"),
    concat!("should_", "panic"),
];
/// Prefixes of credentials of well-known services.
const CREDENTIALS: &[&str] = &[
    concat!("AK", "IA"),
    concat!("AI", "za"),
    concat!("GOC", "SPX-"),
    concat!("gh", "p_"),
    concat!("github_", "pat_"),
    concat!("sk_", "live_"),
    concat!("xo", "xb-"),
];
const SPECIFICATIONS: &[&str] = &["RFC ", "OpenID Connect ", "JARM", "FAPI"];

/// The problems of `file`, each with its line. `exports` maps names that the core re-exports at its root to
/// their module.
pub(crate) fn check(file: &File<'_>, exports: &[(String, String)]) -> Vec<(usize, String)> {
    let mut problems = Vec::new();
    let lines = file.text.lines().count();
    if lines > MAX_LINES {
        problems
            .push((lines, format!("file has {lines} lines; the limit is {MAX_LINES}, split it")));
    }
    left_behind(file.text, &mut problems);
    long_test_names(file.text, &mut problems);
    if is_test(file.path) {
        return problems;
    }
    let code = source::code(file.text);
    let code = source::without_tests(&code);
    if let Some(inner) = file.path.strip_prefix(CORE) {
        core(inner, file.text, code, exports, &mut problems);
    }
    if let Some(inner) = file.path.strip_prefix(PROVIDER) {
        provider(inner, code, &mut problems);
    }
    problems
}

/// The names that the core re-exports at its root, each with its module.
pub(crate) fn exports(lib: &str) -> Vec<(String, String)> {
    let code = source::code(lib);
    let mut exports = Vec::new();
    for statement in code.split(';') {
        let Some((_, path)) = statement.split_once("pub use ") else { continue };
        let path = path.trim().trim_start_matches("crate::");
        let Some((module, names)) = path.split_once("::") else { continue };
        let names = source::words(names).map(|(_, name, _)| (name.to_owned(), module.to_owned()));
        exports.extend(names);
    }
    exports
}

fn long_test_names(text: &str, problems: &mut Vec<(usize, String)>) {
    let mut in_attributes = false;
    for (index, line) in text.lines().map(str::trim).enumerate() {
        in_attributes |=
            line.starts_with("#[") && (line.contains("test]") || line.contains("test("));
        let Some((_, rest)) = line.split_once("fn ").filter(|_| in_attributes) else { continue };
        in_attributes = false;
        let name = rest.split(['(', '<']).next().unwrap_or_default();
        if name.len() > MAX_TEST_NAME {
            let length = name.len();
            problems.push((
                index + 1,
                format!("test name `{name}` has {length} characters; the limit is {MAX_TEST_NAME}"),
            ));
        }
    }
}

fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || path.split('/').any(|part| part == "tests")
}

fn left_behind(text: &str, problems: &mut Vec<(usize, String)>) {
    for (index, line) in text.lines().enumerate() {
        for word in LEFT_BEHIND.iter().filter(|word| line.contains(**word)) {
            problems.push((index + 1, format!("leftover `{word}`; finish or remove it")));
        }
        for word in CREDENTIALS.iter().filter(|word| line.contains(**word)) {
            problems.push((
                index + 1,
                format!("`{word}…` looks like a real credential; use a made-up value"),
            ));
        }
    }
}

fn core(
    inner: &str,
    text: &str,
    code: &str,
    exports: &[(String, String)],
    problems: &mut Vec<(usize, String)>,
) {
    let module = module(inner);
    for (line, word, tail) in source::words(code) {
        if FRAMEWORKS.contains(&word) {
            problems.push((line, format!("the core must not depend on a framework: `{word}`")));
        }
        if module != "crypto" && CRYPTO_CRATES.contains(&word) && is_path(code, word, tail) {
            problems.push((line, format!("crypto crate `{word}` is used outside of crypto/")));
        }
    }
    if module == "lib" {
        return;
    }
    arrows(&layers::CORE, inner, code, exports, problems);
    match layers::CORE.rank(module) {
        None => problems.push((1, layers::CORE.objection(module, "error").unwrap_or_default())),
        Some(rank) if rank <= layers::LAST_PURE_RANK => pure(module, code, problems),
        Some(_) => {}
    }
    let first = text.lines().next().unwrap_or_default();
    let named = SPECIFICATIONS.iter().any(|name| first.contains(name));
    if matches!(module, "oauth1" | "oauth2" | "oidc") && !(first.starts_with("//!") && named) {
        let problem = "the first line of a protocol file must be `//!` and name its specification (`RFC …`, `OpenID Connect …`)";
        problems.push((1, problem.to_owned()));
    }
}

fn is_path(code: &str, word: &str, tail: &str) -> bool {
    let end = code.len() - tail.len();
    let before = code.get(..end - word.len()).unwrap_or_default();
    tail.starts_with("::") || before.ends_with("use ") || before.ends_with("extern crate ")
}

fn pure(module: &str, code: &str, problems: &mut Vec<(usize, String)>) {
    for (line, word, tail) in source::words(code) {
        let error =
            tail.split(['+', '>', ')', ',', ';', '=', '{']).next().unwrap_or_default().trim();
        let forbidden = match word {
            "async" | "await" => true,
            "dyn" => !error.ends_with("Error"),
            _ => false,
        };
        if forbidden {
            problems.push((
                line,
                format!("`{word}` in `{module}`: ranks 0 to 3 are pure, without `async` and `dyn`"),
            ));
        }
    }
}

/// Checks the imports of a module against the layers of its crate.
fn arrows(
    layers: &layers::Layers,
    inner: &str,
    code: &str,
    exports: &[(String, String)],
    problems: &mut Vec<(usize, String)>,
) {
    let module = module(inner);
    let parts = inner.trim_end_matches(".rs").split('/');
    let depth = parts.filter(|part| *part != "mod").count();
    let mut climbed = 0;
    for (line, word, tail) in source::words(code) {
        climbed = if word == "super" { climbed + 1 } else { 0 };
        let at_root = word == "crate" || (climbed >= depth && climbed > 0);
        let Some(tail) = tail.strip_prefix("::").filter(|_| at_root) else { continue };
        for head in source::heads(tail).into_iter().filter(|head| *head != "super") {
            let export = exports.iter().find(|(name, _)| name == head);
            let target = export.map_or(head, |(_, module)| module);
            problems.extend(layers.objection(module, target).map(|problem| (line, problem)));
        }
    }
}

/// The top-level module of a file, by its path below `src`.
fn module(inner: &str) -> &str {
    inner.split(['/', '.']).next().unwrap_or_default()
}

fn provider(inner: &str, code: &str, problems: &mut Vec<(usize, String)>) {
    if module(inner) != "lib" {
        arrows(&layers::PROVIDER, inner, code, &[], problems);
    }
    for (line, word, tail) in source::words(code) {
        let Some(tail) = tail.strip_prefix("::").filter(|_| word == "authlib_core") else {
            continue;
        };
        for head in source::heads(tail) {
            if !SHARED_WITH_PROVIDER.contains(&head) {
                let words = format!(
                    "the provider shares no protocol code with the core, but names `authlib_core::{head}`"
                );
                problems.push((line, words));
            }
        }
    }
}

#[cfg(test)]
mod tests;
