//! `package`: what would be published, and whether it compiles.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{Outcome, setup};

/// What each package holds beside its sources.
const REQUIRED: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/lib.rs"];

/// Packages every published crate, and compiles the packages as one workspace.
///
/// `cargo package` would compile each on its own, with dependencies of its own: ten times slower.
pub(crate) fn run() -> Outcome {
    let names = published()?;
    let folder = setup::target_folder().join("package");
    let unpacked = folder.join("unpacked");
    reset(&folder)?;
    reset(&unpacked)?;
    let mut arguments = vec!["package", "--no-verify", "--allow-dirty", "--quiet"];
    arguments.extend(names.iter().flat_map(|name| ["--package", name]));
    setup::cargo(&arguments)?;
    let version = env!("CARGO_PKG_VERSION");
    let mut patches = String::new();
    for name in &names {
        let package = format!("{name}-{version}");
        let mut tar = Command::new("tar");
        setup::run_with(tar.arg("-xzf").arg(format!("../{package}.crate")).current_dir(&unpacked))?;
        check_contents(&unpacked.join(&package))?;
        patches += &format!("{name} = {{ path = \"{package}\" }}\n");
    }
    compile(&unpacked, &patches)
}

/// The names of the published crates: the packages in `crates` without `publish = false`, sorted.
pub(crate) fn published() -> Result<Vec<String>, String> {
    let folder = setup::root().join("crates");
    let failed = |error| format!("cannot list {}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Ok(manifest) = fs::read_to_string(path.join("Cargo.toml")) else { continue };
        if !manifest.lines().any(|line| line == "publish = false") {
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

fn check_contents(package: &Path) -> Outcome {
    for file in REQUIRED {
        if !package.join(file).is_file() {
            return Err(format!("{} does not contain {file}", package.display()));
        }
    }
    Ok(())
}

/// Compiles the packages with the profile and the lock file of this repository, so that most of their
/// dependencies are compiled already.
fn compile(folder: &Path, patches: &str) -> Outcome {
    let root = setup::root();
    let manifest = read(&root.join("Cargo.toml"))?;
    let (_, profile) = manifest.split_once("[profile.dev]").ok_or("no [profile.dev]")?;
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n[patch.crates-io]\n{patches}[profile.dev]{profile}"
    );
    write(&folder.join("Cargo.toml"), &manifest)?;
    write(&folder.join("Cargo.lock"), &read(&root.join("Cargo.lock"))?)?;
    let mut cargo = Command::new(setup::cargo_path());
    cargo.args(["check", "--workspace", "--quiet"]).current_dir(folder);
    setup::run_with(cargo.env("CARGO_TARGET_DIR", setup::target_folder()))
}

/// Makes an empty folder.
/// Makes an empty folder, in the place of what is there.
pub(crate) fn reset(folder: &Path) -> Outcome {
    let failed = |error| format!("cannot create {}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    fs::create_dir_all(folder).map_err(failed)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Outcome {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
