//! The rules for a `Cargo.toml`, read line by line without a parser.

/// The problems of the manifest `text`, each with its line. `has_readme`: there is a `README.md` in the same
/// folder.
pub(crate) fn check(text: &str, has_readme: bool) -> Vec<(usize, String)> {
    let mut problems = Vec::new();
    let mut table = String::new();
    let mut last: Option<String> = None;
    let mut lints = false;
    let mut published = true;
    let mut package = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            name.trim_end_matches(']').clone_into(&mut table);
            package |= table == "package";
            last = None;
            continue;
        }
        lints |= table == "lints" && line == "workspace = true";
        published &= line != "publish = false";
        if line.is_empty() {
            last = None;
        }
        if !table.ends_with("dependencies") || line.is_empty() || line.starts_with('#') {
            continue;
        }
        let name = line.split(['=', '.']).next().unwrap_or_default().trim();
        if last.as_deref().is_some_and(|last| last > name) {
            problems.push((index + 1, format!("`{name}` is out of order; sort the dependencies")));
        }
        last = Some(name.to_owned());
        if table != "workspace.dependencies" && !line.contains("workspace = true") {
            let problem = format!("`{name}` states a version; move it to [workspace.dependencies]");
            problems.push((index + 1, problem));
        }
    }
    if package && !lints {
        problems.push((1, "`[lints] workspace = true` is missing".to_owned()));
    }
    if package && published && !has_readme {
        problems.push((1, "README.md is missing; published crates need one".to_owned()));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\nb = { workspace = true }\n\n[lints]\nworkspace = true\n";

    fn check_manifest(text: &str, has_readme: bool, expected: &[&str]) {
        let problems = check(text, has_readme);
        assert_eq!(problems.len(), expected.len(), "{text}\n{problems:?}");
        for ((_, problem), expected) in problems.iter().zip(expected) {
            assert!(problem.contains(expected), "{problem} does not contain {expected}");
        }
    }

    #[test]
    fn each_manifest_rule_is_checked() {
        check_manifest(GOOD, true, &[]);
        check_manifest(GOOD, false, &["README"]);
        check_manifest(&GOOD.replace("name", "publish = false\nname"), false, &[]);
        check_manifest(&GOOD.replace("[lints]", "[other]"), true, &["[lints]"]);
        check_manifest(&GOOD.replace("a.w", "c.w"), true, &["out of order"]);
        check_manifest(&GOOD.replace("a.workspace = true", "a = \"1\""), true, &["version"]);
        check_manifest("[workspace.dependencies]\na = \"1\"\nb = \"1\"\n", false, &[]);
        check_manifest(
            "[workspace.dependencies]\nb = \"1\"\na = \"1\"\n",
            false,
            &["out of order"],
        );
        check_manifest("[workspace.dependencies]\nb = \"1\"\n\na = \"1\"\n", false, &[]);
    }
}
