pub(crate) mod cache;
pub(crate) mod id_token;
pub(crate) mod jwks;
pub(crate) mod metadata;
