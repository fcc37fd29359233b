//! The public API of one crate, read from the HTML pages that rustdoc wrote.
//!
//! rustdoc's JSON output needs a nightly toolchain; its pages don't. Only their structure is used: the
//! links of a module page, the declaration at the top of an item page, and the header of each member.

use std::path::Path;

use super::html;

/// Kinds of items that have a page of their own, as rustdoc names them in links.
const KINDS: &[&str] = &[
    "attr",
    "constant",
    "derive",
    "enum",
    "fn",
    "macro",
    "static",
    "struct",
    "trait",
    "traitalias",
    "type",
    "union",
];
/// Sections of an item page that list members of the item itself.
const MEMBERS: &[&str] = &["fields", "implementations", "variants"];
/// Sections of an item page that list implementations of traits.
const IMPLEMENTATIONS: &[&str] = &["foreign-impls", "implementors", "trait-implementations"];

/// The public API of the crate `name` (with underscores), documented in `folder`: a sorted line for each
/// module, item, field, variant, method and trait implementation.
///
/// # Errors
/// A page is missing or does not look like a page of rustdoc.
pub(crate) fn listing(folder: &Path, name: &str) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    module(&folder.join(name), name, &mut lines)?;
    lines.sort();
    lines.dedup();
    Ok(lines)
}

fn module(folder: &Path, path: &str, lines: &mut Vec<String>) -> Result<(), String> {
    let page = read(&folder.join("index.html"))?;
    lines.push(format!("{path}: pub mod"));
    for row in page.split("<dt").skip(1) {
        let row = row.split("</dt>").next().unwrap_or_default();
        if let Some((_, code)) = row.split_once("<code>pub use ") {
            lines.push(format!("{path}: pub use {}", html::text(html::until(code, "</code>"))));
            continue;
        }
        let Some(kind) = html::attribute(row, "class") else { continue };
        let Some(link) = html::attribute(row, "href") else { continue };
        if kind == "mod" {
            let name = link.trim_end_matches("/index.html");
            module(&folder.join(name), &format!("{path}::{name}"), lines)?;
        } else if KINDS.contains(&kind) {
            let name = link.trim_end_matches(".html").rsplit('.').next().unwrap_or_default();
            item(&read(&folder.join(link))?, kind, &format!("{path}::{name}"), lines)?;
        }
    }
    Ok(())
}

/// The lines of one item page. An item of another crate is one line: its own crate lists its members.
fn item(page: &str, kind: &str, path: &str, lines: &mut Vec<String>) -> Result<(), String> {
    let (_, page) = page
        .split_once("<section id=\"main-content\"")
        .ok_or_else(|| format!("the page of {path} has no main content; did rustdoc change?"))?;
    let home = path.split("::").next().unwrap_or_default();
    let (_, heading) = page.split_once("class=\"sub-heading\">").unwrap_or_default();
    if !html::until(heading, "</span>").contains(&format!("src/{home}/")) {
        lines.push(format!("{path}: pub use ({kind} of another crate)"));
        return Ok(());
    }
    let (_, declaration) = page
        .split_once("item-decl\"><code>")
        .ok_or_else(|| format!("the page of {path} has no declaration; did rustdoc change?"))?;
    let declaration = html::text(html::until(declaration, "</code></pre>"));
    lines.push(format!("{path}: {}", head(&declaration, kind)));
    if kind == "type" {
        return Ok(());
    }
    for section in page.split("<h2 id=\"").skip(1) {
        let (id, rest) = section.split_once('"').unwrap_or_default();
        let shown = html::until(rest, ">").contains("section-header");
        let of_trait = id.starts_with("required-") || id.starts_with("provided-");
        if shown && (of_trait || MEMBERS.contains(&id)) {
            members(rest, path, lines);
        } else if shown && IMPLEMENTATIONS.contains(&id) {
            implementations(rest, kind, path, lines);
        }
    }
    Ok(())
}

/// A declaration without the members, which have lines of their own.
fn head(declaration: &str, kind: &str) -> String {
    let braces = matches!(kind, "enum" | "struct" | "trait" | "union");
    let Some((head, members)) = declaration.split_once('{').filter(|_| braces) else {
        return declaration.to_owned();
    };
    let private = if members.contains("private fields") { " { /* private fields */ }" } else { "" };
    format!("{}{private}", head.trim_end())
}

/// Fields, variants, methods, associated types and constants.
fn members(section: &str, path: &str, lines: &mut Vec<String>) {
    for member in section.split(" id=\"").skip(1) {
        let (id, rest) = member.split_once('"').unwrap_or_default();
        let mut parts = id.split('.');
        let (kind, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let header = match kind {
            "structfield" => between(rest, "<code>", "</code>"),
            "variant" if parts.next().is_some() => between(rest, "<code>", "</code>"),
            "associatedconstant" | "associatedtype" | "method" | "tymethod" | "variant" => {
                between(rest, "class=\"code-header\">", "</h")
            }
            _ => None,
        };
        let Some(header) = header else { continue };
        // `method.new-1` is the second method of that name.
        let name = name.split('-').next().unwrap_or_default();
        let field = id.split_once(".field.").map(|(_, field)| format!("::{field}"));
        let field = field.unwrap_or_default();
        lines.push(format!("{path}::{name}{field}: {header}"));
    }
}

/// Implementations of traits. On the page of a trait only those that no type's page has.
fn implementations(section: &str, kind: &str, path: &str, lines: &mut Vec<String>) {
    for section in section.split("<section id=\"impl-").skip(1) {
        let Some((_, header)) = section.split_once("class=\"code-header\">") else { continue };
        let header = html::until(header, "</h");
        let (_, target) = header.rsplit_once(" for ").unwrap_or_default();
        let local = target.starts_with("<a class=\"") && !target.contains("https://");
        let derived = header.contains("StructuralPartialEq");
        if !(derived || kind == "trait" && local) {
            lines.push(format!("{path}: {}", html::text(header)));
        }
    }
}

fn between(html: &str, from: &str, to: &str) -> Option<String> {
    let (_, inner) = html.split_once(from)?;
    Some(html::text(html::until(inner, to)))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_item(kind: &str, page: &str, expected: &[&str]) {
        let page = format!("<section id=\"main-content\"{page}");
        let mut lines = Vec::new();
        item(&page, kind, "a::B", &mut lines).unwrap();
        assert_eq!(lines, expected, "{page}");
    }

    #[test]
    fn item_page_lists_declaration_members_and_impls() {
        let page = r##"><span class="sub-heading"><a class="src" href="../src/a/lib.rs.html">Source</a></span>
            <pre class="rust item-decl"><code>pub struct B {
                pub c: <a href="d.html">D</a>,
                /* private fields */
            }</code></pre><h2 id="errors">Errors</h2>
            <h2 id="fields" class="fields section-header">Fields</h2>
            <span id="structfield.c" class="structfield"><a href="#structfield.c"></a><code>c: <a href="d.html">D</a></code></span>
            <h2 id="implementations" class="section-header">Implementations</h2>
            <section id="impl-B" class="impl"><h3 class="code-header">impl B</h3></section>
            <section id="method.new" class="method"><h4 class="code-header">pub fn new(
                c: D,
            ) -&gt; Self</h4></section>
            <h2 id="trait-implementations" class="section-header">Trait Implementations</h2>
            <section id="impl-Clone-for-B" class="impl"><h3 class="code-header">impl Clone for B</h3></section>
            <section id="method.clone" class="method trait-impl"><h4 class="code-header">fn clone(&amp;self)</h4></section>
            <h2 id="blanket-implementations" class="section-header">Blanket Implementations</h2>
            <section id="impl-Any-for-T" class="impl"><h3 class="code-header">impl Any for T</h3></section>"##;
        let expected = [
            "a::B: pub struct B { /* private fields */ }",
            "a::B::c: c: D",
            "a::B::new: pub fn new(c: D) -> Self",
            "a::B: impl Clone for B",
        ];
        check_item("struct", page, &expected);
    }

    #[test]
    fn item_of_another_crate_is_one_line() {
        check_item(
            "enum",
            "><span class=\"sub-heading\"></span>",
            &["a::B: pub use (enum of another crate)"],
        );
    }
}
