//! What the example apps share and is not OAuth: their settings and their pages.

mod pages;
mod settings;

pub use crate::pages::{Button, Page, Visitor, headers};
pub use crate::settings::Settings;
