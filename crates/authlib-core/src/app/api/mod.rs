pub(crate) mod allowed_origins;
pub(crate) mod request;
pub(crate) mod response;
