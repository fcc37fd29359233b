//! What the benchmarks share.

pub mod browser;
pub mod recorded;
pub mod sender;
pub mod tenants;

use authlib_core::{ClientConfig, OAuth};
use futures_util::FutureExt as _;

use crate::recorded::{ISSUER, Recorded};

/// The result of a future that never waits.
pub fn now<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("nothing waits in one process")
}

/// A registry of `count` clients: `client-0`, `client-1` and so on.
pub fn registry(count: u32) -> OAuth {
    let mut builder = OAuth::builder().http_client(Recorded::default());
    for number in 0..count {
        let client = ClientConfig::new(format!("client-{number}")).client_id("app");
        builder = builder.register(client.client_secret("s").issuer(ISSUER));
    }
    builder.build().expect("the settings are valid")
}
