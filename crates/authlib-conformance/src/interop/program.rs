//! [`Program`]: the servers of `interop/`, each in its own folder with its own packages.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop");

/// A folder and the script in it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Program {
    /// On Node.
    Node(&'static str, &'static str),
    /// On Python, in the folder's virtual environment.
    Python(&'static str, &'static str),
    /// On Ruby, with Debian's packages.
    Ruby(&'static str, &'static str),
    /// On Perl, with Debian's packages.
    Perl(&'static str, &'static str),
}

impl Program {
    /// The missing installation, if any.
    pub(super) async fn missing(self) -> Option<String> {
        if matches!(self, Self::Node(..)) {
            let node = Command::new("node").arg("--version").stdout(Stdio::null()).status().await;
            if !node.is_ok_and(|status| status.success()) {
                return Some("there is no node".to_owned());
            }
        }
        let is_installed = match self {
            Self::Node(..) => self.folder().join("node_modules").is_dir(),
            Self::Python(..) => self.python().is_file(),
            // Made by `cargo xtask test`: to look for the packages takes long.
            Self::Ruby(..) | Self::Perl(..) => self.folder().join(".installed").is_file(),
        };
        (!is_installed).then(|| "its packages are not installed: run `cargo xtask test`".to_owned())
    }

    /// The program and the script, without the settings.
    pub(super) fn command(self) -> Command {
        let (mut command, script) = match self {
            Self::Node(_, script) => (Command::new("node"), script),
            Self::Python(_, script) => (Command::new(self.python()), script),
            Self::Ruby(_, script) => (Command::new("ruby"), script),
            Self::Perl(_, script) => (Command::new("perl"), script),
        };
        // `interop/loopback.py` is beside the folders.
        command.arg(script).current_dir(self.folder()).env("PYTHONPATH", FOLDER);
        command
    }

    fn folder(self) -> PathBuf {
        let (Self::Node(folder, _)
        | Self::Python(folder, _)
        | Self::Ruby(folder, _)
        | Self::Perl(folder, _)) = self;
        Path::new(FOLDER).join(folder)
    }

    fn python(self) -> PathBuf {
        let python = if cfg!(windows) { ".venv/Scripts/python.exe" } else { ".venv/bin/python" };
        self.folder().join(python)
    }
}
