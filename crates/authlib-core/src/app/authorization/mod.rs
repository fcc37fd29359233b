pub(crate) mod oauth1;
pub(crate) mod options;
pub(crate) mod pending;
pub(crate) mod replay;
pub(crate) mod request;
