//! What the example apps share: their settings, their stores, their pages, and the demo provider.

#![expect(clippy::print_stdout, reason = "prints the URL of the demo provider")]

mod announce;
mod demo;
mod landing;
mod pages;
mod profile;
mod registry;
mod serve;
mod settings;
mod storage;

pub use crate::announce::announce;
pub use crate::demo::demo;
pub use crate::landing::landing;
pub use crate::pages::{Account, Page, Visitor, headers};
pub use crate::profile::{nobody, profile, user_id};
pub use crate::registry::registry;
pub use crate::serve::{REQUEST_TIMEOUT, SHUTDOWN_TIMEOUT, TimedBody, serve, stopped};
pub use crate::settings::Settings;
pub use crate::storage::Storage;
pub use hyper_util::service::TowerToHyperService;
