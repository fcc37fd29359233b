//! OAuth 1.0a (RFC 5849) as pure functions: signed requests out of values, values out of responses.
//! This door holds the nouns: [`Token`], [`SignatureMethod`] and [`SignatureLocation`].
//!
//! A login asks for temporary credentials (§2.1), sends the browser away with them (§2.2), and trades
//! what the callback brings for token credentials (§2.3). Each request is signed (§3); there is one
//! signer, over a whole request, and what it writes it writes once.

mod base_string;
pub(crate) mod credentials;
mod credentials_response;
mod escape;
mod protocol;
mod sent_pairs;
mod settings;
mod signature;

pub(crate) mod authenticated_request;
pub(crate) mod authorization;
pub(crate) mod temporary_credentials;
pub(crate) mod token_credentials;

pub use self::settings::{SignatureLocation, SignatureMethod};
pub(crate) use self::signature::RSA_SHA1_FEATURE;
pub use self::temporary_credentials::TemporaryCredentials;
pub use self::token_credentials::Token;

#[cfg(test)]
mod tests;
