//! The person's own browser. A window of this program's own would see what is typed into it (RFC 8252
//! §8.12).

use std::process::{Command, Stdio};

/// Tries to open `url`. It has been printed as well, so nothing is lost where no browser comes.
pub(crate) fn open(url: &str) {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        // `start` is a word of the shell's, to which the `&` of a query begins the next command.
        let mut command = Command::new("rundll32.exe");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else {
        Command::new("xdg-open")
    };
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = command.spawn();
}
