//! The standalone clients for programs without an async runtime. Each method has the errors of its async
//! counterpart.
//!
//! There is one implementation: these clients wait for the futures of [`OAuth2Client`](crate::OAuth2Client),
//! whose requests run on a background runtime of two threads. Do not call them in an async function, whose
//! thread they would block. A process that forks must do so before its first request: the child has none of
//! its parent's threads, and would wait forever.
//!
//! ```no_run
//! use authlib_core::ClientConfig;
//! use authlib_core::client::blocking::OAuth2Client;
//! use authlib_core::config::Refresh;
//!
//! fn main() -> authlib_core::Result<()> {
//!     let reports = OAuth2Client::new(
//!         ClientConfig::new("reports")
//!             .client_id("nightly-job")
//!             .client_secret("s3cr3t")
//!             .token_endpoint("https://login.example.com/token")
//!             .api_base_url("https://api.example.com/v1/")
//!             .refresh_with(Refresh::ClientCredentials),
//!     )?;
//!     let latest: serde_json::Value = reports.get("reports/latest").send()?.json()?;
//!     println!("{latest}");
//!     Ok(())
//! }
//! ```

#![expect(clippy::missing_errors_doc, reason = "the errors are those of the async clients")]

mod assertion;
mod backchannel;
mod device;
#[cfg(feature = "oauth1")]
mod oauth1;
mod oauth2;
mod request;
mod resource_client;
mod runtime;
mod wait_for;

pub use self::assertion::AssertionClient;
pub use self::backchannel::BackchannelLogin;
pub use self::device::DeviceLogin;
#[cfg(feature = "oauth1")]
pub use self::oauth1::OAuth1Client;
pub use self::oauth2::OAuth2Client;
pub use self::request::{ApiRequest, Blocking, BodyReader};
pub use self::resource_client::ResourceClient;
