//! Servers on Node.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/oidc-provider");

pub(super) fn command(script: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(script).current_dir(FOLDER);
    node
}

/// The missing installation, if any.
pub(super) async fn missing() -> Option<String> {
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status().await;
    if !node.is_ok_and(|status| status.success()) {
        return Some("there is no node".to_owned());
    }
    let installed = Path::new(FOLDER).join("node_modules").is_dir();
    (!installed).then(|| "its packages are not installed: run `cargo xtask test`".to_owned())
}
