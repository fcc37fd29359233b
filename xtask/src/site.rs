//! `docs --site`: the guide and the API documentation as one site that works offline.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, links, package, setup};

/// The version of mdBook that builds the site.
const MDBOOK: &str = "0.5.4";
/// The folder of the API documentation in the site.
const API: &str = "reference";
/// Links of the guide to files of the repository that are not pages.
const OUTSIDE: &str = "](../../";

/// Builds the site in `target/site`. The API documentation must be in `target/doc`.
pub(crate) fn build() -> Outcome {
    let mdbook = installed_mdbook()?;
    let target = setup::target_folder();
    let (book, site) = (target.join("site-source"), target.join("site"));
    package::reset(&book)?;
    package::reset(&site)?;
    let docs = setup::root().join("docs");
    copy(&docs.join("src"), &book.join("src"))?;
    fs::copy(docs.join("book.toml"), book.join("book.toml")).map_err(failed(&book))?;
    for page in files(&book.join("src"), "md")? {
        let text = fs::read_to_string(&page).map_err(failed(&page))?;
        let replaced =
            text.replace(OUTSIDE, &format!("]({}/blob/main/", env!("CARGO_PKG_REPOSITORY")));
        fs::write(&page, replaced).map_err(failed(&page))?;
    }
    add_api_page(&book.join("src"))?;
    setup::run_with(Command::new(mdbook).arg("build").arg(&book).arg("--dest-dir").arg(&site))?;
    copy(&target.join("doc"), &site.join(API))?;
    links::check_html(&site, API)?;
    println!("the site is in {}", site.join("index.html").display());
    Ok(())
}

/// The screenshots of the browser test that the guide shows, by their names there.
const IMAGES: [(&str, &str); 3] = [
    ("1-logged-out.png", "logged-out.png"),
    ("2-provider.png", "provider.png"),
    ("3-logged-in.png", "logged-in.png"),
];

/// Copies the screenshots of the last browser test into the guide.
pub(crate) fn take_images() -> Outcome {
    let taken = setup::root().join("target/e2e/axum-login");
    let images = setup::root().join("docs/src/images");
    for (from, to) in IMAGES {
        fs::copy(taken.join(from), images.join(to)).map_err(failed(&taken.join(from)))?;
    }
    Ok(())
}

/// A page that leads from the guide to the API documentation of each published crate.
fn add_api_page(pages: &Path) -> Outcome {
    let mut page = "# API documentation\n\nThe types and functions of each crate:\n\n".to_owned();
    for name in package::published()? {
        page += &format!("- [`{name}`]({API}/{}/index.html)\n", name.replace('-', "_"));
    }
    fs::write(pages.join("rust-api.md"), page).map_err(failed(pages))?;
    let summary = pages.join("SUMMARY.md");
    let contents = fs::read_to_string(&summary).map_err(failed(&summary))?;
    let contents = format!("{}\n- [API documentation](rust-api.md)\n", contents.trim_end());
    fs::write(&summary, contents).map_err(failed(&summary))
}

/// The path of mdBook; it is installed below `target` if this version is not there.
fn installed_mdbook() -> Result<PathBuf, String> {
    let tools = setup::target_folder().join("tools");
    let root = tools.display().to_string();
    // Cargo does nothing if this version is installed.
    setup::cargo(&[
        "install",
        "mdbook",
        "--version",
        MDBOOK,
        "--locked",
        "--quiet",
        "--root",
        &root,
    ])?;
    Ok(tools.join("bin").join(format!("mdbook{}", std::env::consts::EXE_SUFFIX)))
}

/// Copies a folder without the Rust code that compiles the guide.
fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to).map_err(failed(to))?;
    for entry in fs::read_dir(from).map_err(failed(from))?.flatten() {
        let (source, copied) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &copied)?;
        } else if source.extension().is_none_or(|ending| ending != "rs") {
            fs::copy(&source, &copied).map_err(failed(&source))?;
        }
    }
    Ok(())
}

/// The files of `folder` with this ending, without those of its folders.
pub(crate) fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(failed(folder))?.flatten();
    let paths = entries.map(|entry| entry.path());
    let mut found: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    found.sort();
    Ok(found)
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}
