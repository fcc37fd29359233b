//! Implementations that are not ours, as processes on loopback.

mod login;

pub use self::login::{Interop, InteropClient};
