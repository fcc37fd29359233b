//! Opens the user's browser. An embedded browser window could read the user's password (RFC 8252 §8.12).

use std::process::{Command, Stdio};

/// Tries to open `url`. The URL has been printed too, so an error is ignored.
pub(crate) fn open(url: &str) {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        // Not `start`, a shell command: the shell would treat the `&` of the query as a separator.
        let mut command = Command::new("rundll32.exe");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else {
        Command::new("xdg-open")
    };
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = command.spawn();
}
