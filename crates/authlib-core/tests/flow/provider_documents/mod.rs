//! The provider's metadata and keys.

mod external_id_token;
mod keys;
mod long_texts;
mod odd_metadata;
