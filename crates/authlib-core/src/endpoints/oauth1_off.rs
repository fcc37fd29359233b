//! Without the feature `oauth1`: no request is signed, because no client of OAuth 1.0a passes the checks at the start.

use super::client::EndpointClient;
use crate::error::{Error, ErrorKind, Result};
use crate::message::Request;
use crate::oauth2::Token;

impl EndpointClient {
    #[expect(clippy::unused_self, reason = "the same signature as with the feature")]
    pub(crate) fn sign_with(&self, _: Request, _: Option<&Token>) -> Result<Request> {
        Err(not_compiled())
    }
}

pub(crate) fn not_compiled() -> Error {
    Error::new(ErrorKind::Unsupported, "OAuth 1.0a needs the cargo feature `oauth1`")
}
