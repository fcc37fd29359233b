//! Servers on Python, in the virtual environment that `cargo xtask test` creates.

use std::path::{Path, PathBuf};

use tokio::process::Command;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/authlib-server");

pub(super) fn command(script: &str) -> Command {
    let mut python = Command::new(program());
    python.arg(script).current_dir(FOLDER);
    python
}

/// The missing installation, if any.
pub(super) fn missing() -> Option<String> {
    let installed = program().is_file();
    (!installed).then(|| "its packages are not installed: run `cargo xtask test`".to_owned())
}

fn program() -> PathBuf {
    let python = if cfg!(windows) { ".venv/Scripts/python.exe" } else { ".venv/bin/python" };
    Path::new(FOLDER).join(python)
}
