//! OAuth 2.0 (RFC 6749 and its extensions) as pure functions: requests out of values, values out of
//! responses. This door holds the nouns: [`Token`] and [`AuthMethod`].

pub(crate) mod assertion;
pub(crate) mod authorization;
pub(crate) mod bearer;
pub(crate) mod client_auth;
pub(crate) mod grant;
pub(crate) mod metadata;
pub(crate) mod pkce;
pub(crate) mod token;

mod noun;

pub use self::client_auth::AuthMethod;
pub use self::noun::Token;
