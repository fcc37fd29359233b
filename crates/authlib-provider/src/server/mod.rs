//! The provider on a loopback port.

mod faulty_body;
mod listener;
#[cfg(feature = "tls")]
mod tls;

pub use listener::Server;
