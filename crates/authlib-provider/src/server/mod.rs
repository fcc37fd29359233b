//! The provider on a loopback port.

mod faulty_body;
mod listener;

pub use listener::Server;
