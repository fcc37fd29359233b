//! The parts of the pages that are copied from elsewhere: each follows a marker.
//!
//! `<!-- program: users_axum.rs -->` is followed by a code block with that file of `docs/programs`, and
//! `<!-- program: templates/axum/src/main.rs -->` by one with that file of the repository. `<!-- presets -->` is followed by the table of presets.

use std::path::{Path, PathBuf};

use authlib_core::providers::{ProviderInfo, catalogue};

/// The page with its generated parts replaced.
///
/// # Errors
///
/// A marker without a block, or the name of a file that can't be read.
pub fn generated(page: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("<!-- program: ") {
        let (name, after) = after.split_once(" -->\n").ok_or("a marker does not end")?;
        let end = format!("a block must follow the marker of {name}");
        let (fence, after) = after.split_once('\n').ok_or(&*end)?;
        let (_, after) = after.split_once("\n```\n").ok_or(&*end)?;
        // A program of the guide, or a file of a template.
        let file = match name.contains('/') {
            true => folder().join("..").join(name),
            false => folder().join("programs").join(name),
        };
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
        let text = text.replace("{{project-name}}", "my-app");
        out += &format!("{before}<!-- program: {name} -->\n{fence}\n{}\n```\n", text.trim_end());
        rest = after;
    }
    out += rest;
    if let Some((before, after)) = out.split_once(PRESETS) {
        let (_, after) =
            after.split_once("\n\n").ok_or("a paragraph must follow the table of presets")?;
        let rows: String = catalogue().iter().map(preset_row).collect();
        out = format!("{before}{PRESETS}{HEAD}{rows}\n{after}");
    }
    Ok(out)
}

/// The table of presets follows.
const PRESETS: &str = "<!-- presets -->\n";
const HEAD: &str = "| preset | provider | protocol | user id | verified e-mail | register at |\n\
                    | --- | --- | --- | --- | --- | --- |\n";

fn preset_row(info: &ProviderInfo) -> String {
    let ProviderInfo { name, display_name, protocol, user_id, verified_email, console_url, .. } =
        info;
    let user_id = match *user_id {
        "" => "in the API only".to_owned(),
        id => format!("`{id}`"),
    };
    let console = match *console_url {
        "" => "your own server".to_owned(),
        url => format!("<{url}>"),
    };
    format!(
        "| `{name}` | {display_name} | {protocol} | {user_id} | {verified_email} | {console} |\n"
    )
}

/// The pages of the guide, and the README.
///
/// # Errors
///
/// If the folder can't be read.
pub fn pages() -> std::io::Result<Vec<PathBuf>> {
    let files = std::fs::read_dir(folder().join("src"))?.flatten().map(|entry| entry.path());
    let pages = files.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    Ok(pages.chain([folder().join("../README.md")]).collect())
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_the_newest_programs() {
        for path in pages().unwrap() {
            let page = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().display();
            assert!(generated(&page).unwrap() == page, "{name}: run `cargo xtask guide`");
        }
    }

    #[test]
    fn marker_without_block_is_an_error() {
        assert!(generated("<!-- program: users.rs -->\n").is_err());
        let page = "a\n<!-- program: users.rs -->\n```rust\n```\n";
        assert!(generated(page).is_err());
        let page = "a\n<!-- program: users.rs -->\n```rust\nx\n```\nb";
        let page = generated(page).unwrap();
        assert!(page.starts_with("a\n<!-- program: users.rs -->\n```rust\n//! The users"));
        assert!(page.ends_with("\n}\n```\nb"), "{page}");
    }
}
