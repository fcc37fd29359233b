//! OAuth 2.0 (RFC 6749 and its extensions) as pure functions: requests out of values, values out of
//! responses. This door holds the nouns: [`Token`], [`Grant`], [`AuthMethod`] and [`Introspection`].

pub(crate) mod assertion;
pub(crate) mod authorization;
pub(crate) mod bearer;
pub(crate) mod client_auth;
pub(crate) mod error_response;
pub(crate) mod grant;
pub(crate) mod introspection;
pub(crate) mod jwt_bearer;
pub(crate) mod metadata;
pub(crate) mod pkce;
pub(crate) mod revocation;
pub(crate) mod token;

mod noun;

pub use self::bearer::TokenPlacement;
pub use self::client_auth::AuthMethod;
pub use self::grant::Grant;
pub use self::introspection::Introspection;
pub use self::jwt_bearer::JwtBearer;
pub use self::noun::Token;
pub use self::revocation::TokenTypeHint;
