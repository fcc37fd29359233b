//! OAuth 2.0 (RFC 6749 and its extensions) as pure functions: values to requests, and responses to values.
//! Types of single endpoints and settings, such as [`TokenExchange`] and [`ClientMetadata`]; the crate's
//! root has [`Token`], [`Grant`] and [`UserInfo`].

pub(crate) mod authorization;
pub(crate) mod bearer;
pub(crate) mod client_assertion;
pub(crate) mod client_auth;
pub(crate) mod device;
pub(crate) mod dpop;
pub(crate) mod endpoint_response;
pub(crate) mod grant;
pub(crate) mod introspection;
pub(crate) mod issuers;
pub(crate) mod json_response;
pub(crate) mod jwt_authorization_response;
pub(crate) mod jwt_bearer;
pub(crate) mod jwt_introspection_response;
pub(crate) mod metadata;
pub(crate) mod pkce;
pub(crate) mod polling;
pub(crate) mod pushed_authorization;
pub(crate) mod registration;
pub(crate) mod request_object;
pub(crate) mod revocation;
pub(crate) mod step_up;
pub(crate) mod token_endpoint;
pub(crate) mod token_exchange;

mod actor;
mod client_metadata;
pub(crate) mod implicit;
mod response_type;
#[cfg(test)]
pub(crate) mod test_responses;
pub(crate) mod token;
pub(crate) mod user_info;

pub(crate) use self::grant::Grant;
pub(crate) use self::introspection::Introspection;
pub(crate) use self::jwt_bearer::JwtBearer;
pub(crate) use self::revocation::TokenTypeHint;
pub(crate) use self::step_up::StepUp;
pub(crate) use self::token::{Token, no_userinfo};
pub(crate) use self::user_info::UserInfo;

pub use self::actor::Actor;
pub use self::bearer::TokenLocation;
pub use self::client_assertion::Audience as AssertionAudience;
pub use self::client_auth::AuthMethod;
pub use self::client_metadata::ClientMetadata;
pub use self::device::DeviceAuthorization;
pub use self::implicit::token_from_fragment;
pub use self::registration::ClientInformation;
pub use self::response_type::ResponseType;
pub use self::token_exchange::{ExchangedToken, TokenExchange, token_type};
pub use self::user_info::Address;
