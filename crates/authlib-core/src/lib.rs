//! core

pub mod clock;
pub mod error;
pub mod message;
pub mod params;
pub mod secret;
pub mod transport;

pub use crate::error::{Error, ErrorKind, ProviderError, Result};
pub use crate::params::Params;
pub use crate::secret::Secret;
