//! Requests to the provider's API with the token of a user.

mod allowed_origins;
#[cfg(feature = "multipart")]
mod multipart;
mod request;
mod request_parts;
mod response;
mod send;
mod userinfo;
mod verbs;

pub(crate) use self::allowed_origins::fully_decoded;
#[cfg(feature = "multipart")]
pub use self::multipart::Multipart;
pub use self::request::{ApiRequest, Async};
pub use self::response::ApiResponse;
pub(crate) use self::userinfo::{userinfo, userinfo_with};
pub(crate) use self::verbs::verbs;
