//! The parts of the pages that are copied from elsewhere: each follows a marker.
//!
//! `<!-- program: users_axum.rs -->` is followed by a code block with that file of `docs/programs`.

use std::path::{Path, PathBuf};

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
        let file = folder().join("programs").join(name);
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
        out += &format!("{before}<!-- program: {name} -->\n{fence}\n{}\n```\n", text.trim_end());
        rest = after;
    }
    Ok(out + rest)
}

/// The pages of the guide.
///
/// # Errors
///
/// If the folder can't be read.
pub fn pages() -> std::io::Result<Vec<PathBuf>> {
    let files = std::fs::read_dir(folder().join("src"))?.flatten().map(|entry| entry.path());
    Ok(files.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect())
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
