//! The behaviour suite: drives an example app over HTTP by its contract, whichever framework is behind
//! the port, against the embedded provider and against a certified one.
//!
//! [`App`] is an example app as a process, [`Browser`] a browser with cookies that obey `SameSite`,
//! [`World`] an app with its provider, [`InteropServer`] an implementation that is not ours. The cases are in `tests/`; a framework is added to the list in
//! `tests/suite/main.rs` and gets all of them.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "it is a test, and a test that can't go on fails"
)]

mod app;
mod browser;
mod interop;
mod world;

pub use crate::app::App;
pub use crate::browser::{Browser, Page};
pub use crate::interop::{Interop, InteropClient, InteropKind, InteropServer, TestKey};
pub use crate::world::World;
