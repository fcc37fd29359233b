//! OAuth 1.0a (RFC 5849) as pure functions: signed requests out of values, values out of responses.
//! This door holds the nouns: [`Token`], [`SignatureMethod`] and [`SignaturePlacement`].
//!
//! A login asks for temporary credentials (§2.1), sends the browser away with them (§2.2), and trades
//! what the callback brings for token credentials (§2.3). Each request is signed (§3); there is one
//! signer, over a whole request, and what it writes it writes once.

mod answer;
mod base_string;
pub(crate) mod credentials;
mod signature;

pub(crate) mod authorization;
pub(crate) mod sign;
pub(crate) mod temporary;
pub(crate) mod token;

pub use self::sign::SignaturePlacement;
pub use self::signature::SignatureMethod;
pub use self::temporary::TemporaryCredentials;
pub use self::token::Token;

#[cfg(test)]
mod tests;
