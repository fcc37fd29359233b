//! Files of the deployer: settings and keys.

use authlib_core::{ClientConfig, OAuth};

use crate::peer::{self, Peer};

/// Marks a secret.
const MARK: &str = "hush-hush";

/// A configuration file: its errors do not show the secret, unless it stands elsewhere too, such as in a name.
pub(crate) fn config(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let built =
        OAuth::builder().discover_clients().load_toml(text).http_client(Peer::json(b"")).build();
    let Err(error) = built else { return true };
    let shown = error.to_string();
    let as_secret = text.matches(&format!("client_secret = '{MARK}'")).count();
    assert!(text.matches(MARK).count() > as_secret || !shown.contains(MARK), "{shown}");
    false
}

/// A private key: PEM, or a JWK. Its errors show nothing of it.
pub(crate) fn private_key(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let keyed = base().private_key(text).private_key_id("k");
    let built = OAuth::builder().register(keyed).http_client(Peer::json(b"")).build();
    let Err(error) = built else { return true };
    let shown = error.to_string();
    let lines = text.lines().filter(|line| line.len() >= 24 && !line.contains("-----"));
    lines.for_each(|line| assert!(!shown.contains(line), "{shown}"));
    false
}

fn base() -> ClientConfig {
    peer::config().client_secret("")
}
