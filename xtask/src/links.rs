//! Links between the pages of the repository: the page exists, and so does the heading.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::{Outcome, setup, site};

/// The folders with pages, and `.` for those at the root.
const FOLDERS: &[&str] = &[".", "docs/src", "docs/dev", "crates", "examples"];

/// Checks all relative links, and that the guide's table of contents has every page.
pub(crate) fn check() -> Outcome {
    let root = setup::root();
    let mut pages = HashMap::new();
    for folder in FOLDERS {
        collect(&root.join(folder), *folder != ".", &mut pages)?;
    }
    let mut problems = Vec::new();
    for (path, text) in &pages {
        let shown = path.strip_prefix(&root).unwrap_or(path).display();
        for (line, target) in targets(text) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let folder = path.parent().unwrap_or(&root);
            let page = if file.is_empty() { path.clone() } else { normal(&folder.join(file)) };
            if !page.exists() {
                problems.push(format!("{shown}:{line}: {target}: there is no such file"));
            } else if !heading.is_empty()
                && pages.get(&page).is_some_and(|text| !anchors(text).contains(heading))
            {
                problems.push(format!("{shown}:{line}: {target}: there is no such heading"));
            }
        }
    }
    problems.extend(missing_chapters(&root.join("docs/src"), &pages));
    problems.sort();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// Checks the pages of a built site: files and anchors of all relative links exist, and nothing is loaded from another
/// host. `api` is the folder of the API documentation, whose own links rustdoc has checked.
pub(crate) fn check_html(site: &Path, api: &str) -> Outcome {
    let mut problems = Vec::new();
    for page in site::files(site, "html")? {
        let text = read(&page)?;
        let name = page.file_name().unwrap_or_default().to_string_lossy();
        // The page of all chapters in one has the links of the chapters.
        if name == "print.html" {
            continue;
        }
        for (is_loaded, target) in references(&text) {
            if target.contains("://") || target.starts_with("//") {
                if is_loaded {
                    problems.push(format!("{name}: {target} is loaded from another host"));
                }
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let linked = if file.is_empty() { page.clone() } else { site.join(file) };
            if !linked.exists() {
                problems.push(format!("{name}: {target}: there is no such file"));
            } else if !anchor.is_empty()
                && !file.starts_with(api)
                && !read(&linked)?.contains(&format!("id=\"{anchor}\""))
            {
                problems.push(format!("{name}: {target}: there is no such anchor"));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// The `href` and `src` of a page, and whether the browser loads what they name.
fn references(html: &str) -> impl Iterator<Item = (bool, &str)> {
    html.split('<').skip(1).flat_map(|tag| {
        let is_link = tag.starts_with("a ");
        let values = ["href=\"", "src=\""].into_iter().filter_map(move |name| {
            let (_, rest) = tag.split_once('>')?.0.split_once(name)?;
            rest.split_once('"').map(|(value, _)| value)
        });
        let has_file = |value: &&str| {
            !value.is_empty() && !value.starts_with("data:") && !value.starts_with("mailto:")
        };
        values.filter(has_file).map(move |value| (!is_link, value))
    })
}

fn read(page: &Path) -> Result<String, String> {
    fs::read_to_string(page).map_err(|error| format!("{}: {error}", page.display()))
}

fn missing_chapters(guide: &Path, pages: &HashMap<PathBuf, String>) -> Vec<String> {
    let summary = guide.join("SUMMARY.md");
    let Some(contents) = pages.get(&summary) else { return vec!["no SUMMARY.md".to_owned()] };
    let listed: HashSet<PathBuf> =
        targets(contents).map(|(_, target)| normal(&guide.join(target))).collect();
    let chapters = pages.keys().filter(|page| page.starts_with(guide) && **page != summary);
    let missing = chapters.filter(|page| !listed.contains(*page));
    missing.map(|page| format!("{}: not in SUMMARY.md", page.display())).collect()
}

fn collect(folder: &Path, deep: bool, pages: &mut HashMap<PathBuf, String>) -> Outcome {
    let failed = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            let name = entry.file_name();
            if deep && name != "target" && name != "node_modules" {
                collect(&path, deep, pages)?;
            }
        } else if path.extension().is_some_and(|ending| ending == "md") {
            let text = fs::read_to_string(&path).map_err(failed)?;
            pages.insert(normal(&path), text);
        }
    }
    Ok(())
}

/// The relative links outside code blocks, with their lines.
fn targets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(line, text)| {
        let links = text.split("](").skip(1);
        let links = links.filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
        links
            .filter(|target| !target.contains(':') && !target.contains(' '))
            .map(move |target| (line, target))
    })
}

/// The lines outside code blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    let lines = text.lines().enumerate();
    lines.filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        (!is_code && !is_fence).then_some((index + 1, line))
    })
}

/// The anchors of the headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> HashSet<String> {
    let mut counts = HashMap::new();
    let headings = prose(text).filter_map(|(_, line)| {
        let title = line.trim_start_matches('#');
        (title.len() < line.len()).then(|| title.strip_prefix(' ')).flatten()
    });
    let anchor = |title: &str| {
        let kept = title.trim().chars().filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
            _ => None,
        });
        kept.collect::<String>()
    };
    headings
        .map(|title| {
            let anchor = anchor(title);
            let count = counts.entry(anchor.clone()).or_insert(0_u32);
            *count += 1;
            if *count == 1 { anchor } else { format!("{anchor}-{}", *count - 1) }
        })
        .collect()
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_prose_are_found() {
        let text = "[a](b.md) and [c](d.md#e)\n```\n[x](y.md)\n```\n[w](https://x.example)";
        assert_eq!(targets(text).collect::<Vec<_>>(), [(1, "b.md"), (1, "d.md#e")]);
    }

    #[test]
    fn anchors_are_those_of_the_headings() {
        let found = anchors("# `next`, and more\n## Two\n#no\n## Two\n```\n# code\n```");
        let expected = ["next-and-more", "two", "two-1"].map(str::to_owned);
        assert_eq!(found, HashSet::from(expected));
    }

    #[test]
    fn references_of_html_are_found() {
        let html = "<a href=\"b.html#c\">b</a> <script src=\"d.js\"></script> <p>src=\"e\"</p>";
        assert_eq!(references(html).collect::<Vec<_>>(), [(false, "b.html#c"), (true, "d.js")]);
    }

    #[test]
    fn links_of_the_repository_are_not_broken() {
        check().unwrap();
    }
}
