//! The provider's endpoints, as one client calls them: one endpoint a file, all over one
//! [`EndpointClient`].

mod backchannel_authentication;
mod client;
mod device;
mod distributed_claims;
mod dpop;
mod introspection;
#[cfg(feature = "oauth1")]
pub(crate) mod oauth1;
#[cfg(not(feature = "oauth1"))]
#[path = "oauth1_off.rs"]
pub(crate) mod oauth1;
mod ping;
mod polled_login;
mod pushed_authorization;
mod redaction;
mod registration;
mod revocation;
mod token;
mod userinfo;
pub(crate) mod webfinger;

pub use self::backchannel_authentication::BackchannelLogin;
pub(crate) use self::client::EndpointClient;
pub use self::device::DeviceLogin;
pub(crate) use self::dpop::{SenderConstraint, url_of};
pub use self::polled_login::LoginPoll;
pub use self::registration::Registration;
