//! The documents of a client's provider, fetched once and cached: metadata (RFC 8414) and keys
//! (RFC 7517). What needs the keys, such as the verification of ID tokens, is here too.

mod authorization_response;
mod cache;
mod decryption;
mod documents;
mod id_token;
mod jwks;
mod metadata;
mod refetch_limit;

pub(crate) use self::decryption::Encrypted;
pub(crate) use self::documents::ProviderDocuments;
pub(crate) use self::id_token::ExpectedIdToken;
