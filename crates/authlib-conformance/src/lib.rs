//! The behaviour suite: drives each example app over HTTP, against the embedded provider and against a
//! certified one. The cases are in `tests/suite`; to add a framework, add it to the list in
//! `tests/suite/main.rs`.
//!
//! - [`App`]: an example app as a process
//! - [`Browser`]: a browser with cookies, `SameSite` included
//! - [`Fixture`]: an app with its provider
//! - [`Replicas`]: three processes of an app behind a round-robin proxy
//! - [`InteropServer`]: a server that is not ours
//! - [`PostgresServer`], [`RedisServer`], [`RedisCluster`], [`SharedDatabase`]: databases for the tests of stores
//! - [`in_process`]: logins without HTTP between the browser and the application
//! - [`Gate`]: a proxy that stops, slows down or cuts what passes
//! - [`store_cases`]: cases that the tests of several stores share
//! - [`app_managed_tokens`], [`client_source`], [`own_users`], [`reload`]: tests that each framework crate runs in its own process

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "test code: a failure is a failed test"
)]

mod app;
pub mod app_managed_tokens;
mod browser;
pub mod client_source;
mod database;
mod fixture;
mod framework_tests;
mod gate;
pub mod in_process;
mod interop;
mod over_tls;
pub mod own_users;
mod proxy;
mod redis_cluster;
pub mod reload;
mod replicas;
mod response;
mod shared_database;
pub mod store_cases;

pub use crate::app::App;
pub use crate::browser::{Browser, Form, Page};
pub use crate::database::{PostgresServer, RedisServer};
pub use crate::fixture::{CONFIG, Fixture, KEYS};
pub use crate::gate::{Gate, Moment, Trap};
pub use crate::interop::{
    Interop, InteropClient, InteropKind, InteropServer, OtherLogin, OtherProvider, Step, TestKey,
};
pub use crate::redis_cluster::RedisCluster;
pub use crate::replicas::Replicas;
pub use crate::shared_database::SharedDatabase;

/// The CA of the certificates of test servers, as PEM.
pub const CA: &str = include_str!("../../authlib-core/tests/tls/ca.pem");

/// Another CA.
pub const OTHER_CA: &str = include_str!("../../authlib-core/tests/tls/other-ca.pem");
