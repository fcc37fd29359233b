//! OAuth 2.0 (RFC 6749 and its extensions) as pure functions: requests out of values, values out of
//! responses. This door holds the nouns: [`Token`], [`Grant`] and [`AuthMethod`], and what single
//! exchanges ask and answer, such as [`Introspection`], [`DeviceAuthorization`], [`TokenExchange`] and
//! [`ClientMetadata`].

pub(crate) mod authorization;
pub(crate) mod bearer;
pub(crate) mod client_assertion;
pub(crate) mod client_auth;
pub(crate) mod device;
pub(crate) mod endpoint_response;
pub(crate) mod grant;
pub(crate) mod introspection;
pub(crate) mod jwt_bearer;
pub(crate) mod jwt_introspection_response;
pub(crate) mod metadata;
pub(crate) mod pkce;
pub(crate) mod registration;
pub(crate) mod revocation;
pub(crate) mod token_endpoint;
pub(crate) mod token_exchange;

mod actor;
mod client_metadata;
mod implicit;
mod token;

pub use self::actor::Actor;
pub use self::bearer::TokenLocation;
pub use self::client_assertion::Audience as AssertionAudience;
pub use self::client_auth::AuthMethod;
pub use self::client_metadata::ClientMetadata;
pub use self::device::DeviceAuthorization;
pub use self::grant::Grant;
pub use self::implicit::token_from_fragment;
pub use self::introspection::Introspection;
pub use self::jwt_bearer::JwtBearer;
pub use self::registration::ClientInformation;
pub use self::revocation::TokenTypeHint;
pub use self::token::Token;
pub use self::token_exchange::{ExchangedToken, TokenExchange, token_type};
