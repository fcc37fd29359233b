//! Authenticated requests, RFC 5849 §3.1 and §3.5: protocol parameters and signature in the header, the
//! form or the query.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Method, Uri};

use super::base_string::{BaseString, BaseStringError, base_string};
use super::credentials::{ClientCredentials, TokenCredentials};
use super::escape::{ascii, escape};
use super::protocol::Protocol;
use super::sent_pairs::{FORM, is_form};
use super::settings::{SignatureLocation, SignatureMethod};
use crate::crypto::{Hash, hash};
use crate::endpoint_url::{EndpointUrlError, HttpHosts, endpoint_url};
use crate::error::{Error, ErrorKind, Result};
use crate::message::Request;
use crate::numeric_date::unix_seconds;
use crate::secret::Secret;

/// `oauth_callback` of a client without a callback URL: the user types the verifier (RFC 5849 §2.1).
pub(crate) const OUT_OF_BAND: &str = "oob";

/// What a request is signed with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signing<'a> {
    pub(crate) client: &'a ClientCredentials,
    pub(crate) token: Option<TokenCredentials<'a>>,
    pub(crate) method: SignatureMethod,
    pub(crate) placement: SignatureLocation,
    /// The realm of the header, which is not signed.
    pub(crate) realm: Option<&'a str>,
    /// Unguessable, and fresh for each request.
    pub(crate) nonce: &'a Secret,
    pub(crate) now: SystemTime,
    /// `oauth_callback` or [`OUT_OF_BAND`], in the request for temporary credentials and no other.
    pub(crate) callback: Option<&'a str>,
    /// `oauth_verifier`, in the request for token credentials and no other.
    pub(crate) verifier: Option<&'a Secret>,
}

/// A request with all protocol parameters but the signature.
#[derive(Debug)]
pub(crate) struct Unsigned<'a> {
    request: Request,
    oauth: Protocol<'a>,
    placement: SignatureLocation,
    realm: Option<&'a str>,
    base_string: BaseString,
}

#[derive(Debug, thiserror::Error)]
enum SignError {
    #[error("`client_id` is empty (RFC 5849 §3.1)")]
    NoIdentifier,
    #[error("the URL of the signed request is not allowed")]
    Url(#[source] EndpointUrlError),
    #[error(transparent)]
    BaseString(#[from] BaseStringError),
    #[error("the request already has an `Authorization` header (RFC 5849 §3.5.1)")]
    Authorized,
    #[error(
        "the realm has a quote, a backslash or characters beyond printable ASCII (RFC 5849 §3.5.1)"
    )]
    Realm,
    #[error("only a form body can carry the signature (RFC 5849 §3.5.2)")]
    NoForm,
    #[error("a {0} request has no body that can carry the signature (RFC 5849 §3.5.2)")]
    NoBody(Method),
    #[error("the signed URL is too long")]
    TooLong,
}

impl From<SignError> for Error {
    fn from(check: SignError) -> Self {
        let hint = match &check {
            SignError::NoIdentifier => Some("set `client_id`"),
            SignError::Realm => Some("check `realm`"),
            SignError::NoForm | SignError::NoBody(_) => {
                Some("sign in the header, which is the default of `signature_type`")
            }
            _ => None,
        };
        let kind = match &check {
            SignError::NoIdentifier | SignError::Realm | SignError::Url(_) => ErrorKind::Config,
            _ => ErrorKind::InvalidRequest,
        };
        let error = Self::new(kind, check);
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

impl<'a> Signing<'a> {
    /// Signs `request`.
    pub(crate) fn sign(&self, request: Request) -> Result<Request> {
        let unsigned = self.unsigned(request, self.method.name(), self.method.hash())?;
        let token_secret = self.token.map(|token| token.secret);
        let signature =
            self.method.sign(unsigned.base_string.as_bytes(), self.client, token_secret)?;
        unsigned.with_signature(&signature)
    }

    /// Prepares the request for a signature by `method`. `body_hash` is the hash function of
    /// `oauth_body_hash`, for bodies that are not a form (draft-eaton-oauth-bodyhash).
    pub(crate) fn unsigned(
        &self,
        request: Request,
        method: &'a str,
        body_hash: Option<Hash>,
    ) -> Result<Unsigned<'a>> {
        let is_form = is_form(&request);
        let has_other_body = !is_form && has_body(&request);
        self.check(&request, has_other_body)?;
        let body_hash = body_hash
            .filter(|_| has_other_body && !request.body().is_empty())
            .map(|function| STANDARD.encode(hash(function, request.body())));
        let oauth = Protocol {
            nonce: self.nonce.expose(),
            timestamp: unix_seconds(self.now).to_string(),
            signature_method: method,
            consumer_key: &self.client.identifier,
            token: self.token.map(|token| token.token.expose()),
            callback: self.callback,
            verifier: self.verifier.map(Secret::expose),
            body_hash,
        };
        let base_string =
            base_string(&request, is_form, oauth.sorted()).map_err(SignError::from)?;
        Ok(Unsigned { request, oauth, placement: self.placement, realm: self.realm, base_string })
    }

    fn check(&self, request: &Request, has_other_body: bool) -> Result<(), SignError> {
        if self.client.identifier.is_empty() {
            return Err(SignError::NoIdentifier);
        }
        // Only the origin: path and query are the application's.
        let uri = request.uri();
        let authority = uri.authority().map_or("", Authority::as_str);
        let secure = uri.scheme() == Some(&Scheme::HTTPS) && !authority.is_empty();
        if !secure || authority.contains('@') {
            let server = format!("{}://{authority}/", uri.scheme_str().unwrap_or_default());
            endpoint_url(&server, HttpHosts::LOOPBACK).map_err(SignError::Url)?;
        }
        if request.headers().contains_key(AUTHORIZATION) {
            return Err(SignError::Authorized);
        }
        let quotable = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
        if self.realm.is_some_and(|realm| !realm.chars().all(quotable)) {
            return Err(SignError::Realm);
        }
        if self.placement == SignatureLocation::Body {
            if has_other_body {
                return Err(SignError::NoForm);
            }
            if !matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH) {
                return Err(SignError::NoBody(request.method().clone()));
            }
        }
        Ok(())
    }
}

impl Unsigned<'_> {
    /// The signature base string (RFC 5849 §3.4.1).
    pub(crate) fn base_string(&self) -> &BaseString {
        &self.base_string
    }

    /// Adds the signature of the base string.
    pub(crate) fn with_signature(self, signature: &Secret) -> Result<Request> {
        match self.placement {
            SignatureLocation::Body => Ok(self.into_body(signature)),
            SignatureLocation::Header => self.into_header(signature),
            SignatureLocation::Query => self.into_query(signature),
        }
    }

    fn into_header(mut self, signature: &Secret) -> Result<Request> {
        let mut text = Vec::with_capacity(512);
        text.extend_from_slice(b"OAuth ");
        if let Some(realm) = &self.realm {
            text.extend_from_slice(format!("realm=\"{realm}\", ").as_bytes());
        }
        self.write_pairs(&mut text, signature, ["=\"", "\"", ", "]);
        let mut value = HeaderValue::try_from(text).map_err(|_| SignError::Realm)?;
        value.set_sensitive(true);
        self.request.headers_mut().insert(AUTHORIZATION, value);
        Ok(self.request)
    }

    /// Appends to the form, whose signed bytes must not change.
    fn into_body(mut self, signature: &Secret) -> Request {
        let mut body = Vec::from(std::mem::take(self.request.body_mut()));
        if !body.is_empty() {
            body.push(b'&');
        }
        self.write_pairs(&mut body, signature, ["=", "", "&"]);
        *self.request.body_mut() = body.into();
        let headers = self.request.headers_mut();
        headers.remove(CONTENT_LENGTH);
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(FORM));
        self.request
    }

    fn into_query(mut self, signature: &Secret) -> Result<Request> {
        let mut pairs = Vec::new();
        self.write_pairs(&mut pairs, signature, ["=", "", "&"]);
        let (pairs, uri) = (ascii(pairs), self.request.uri().to_string());
        let mark = match uri.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        let uri: Uri = format!("{uri}{mark}{pairs}").parse().map_err(|_| SignError::TooLong)?;
        *self.request.uri_mut() = uri;
        Ok(self.request)
    }

    /// Writes the encoded parameters, with the texts before a value, after it, and between two pairs.
    fn write_pairs(
        &self,
        to: &mut Vec<u8>,
        signature: &Secret,
        [before, after, between]: [&str; 3],
    ) {
        for (name, value) in self.oauth.sent() {
            to.extend_from_slice(name.as_bytes());
            to.extend_from_slice(before.as_bytes());
            escape(to, value.as_bytes());
            to.extend_from_slice(after.as_bytes());
            to.extend_from_slice(between.as_bytes());
        }
        to.extend_from_slice(b"oauth_signature");
        to.extend_from_slice(before.as_bytes());
        escape(to, signature.expose().as_bytes());
        to.extend_from_slice(after.as_bytes());
    }
}

/// Whether the request has a body, or says that it has one. One that is not a form is not in the base string
/// (RFC 5849 §3.4.1.3.1).
fn has_body(request: &Request) -> bool {
    !request.body().is_empty() || request.headers().contains_key(CONTENT_TYPE)
}

#[cfg(test)]
#[path = "authenticated_request_tests.rs"]
mod tests;
