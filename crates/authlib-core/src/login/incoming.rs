//! The callback request, before anything in it is believed: [`receive`].

use std::fmt;

use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, Method};

use super::body::too_large;
use super::repost;
use super::status::Answer;
use super::{Failure, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::message;
use crate::params::Params;
use crate::registry::RegisteredClient;

/// The most bytes of a `form_post` body: 64 KiB. Framework crates stop reading there.
pub const MAX_FORM: usize = 64 * 1024;

/// The most bytes of a callback's query.
const MAX_QUERY: usize = 16 * 1024;

/// The most bytes of a `state`.
const MAX_STATE: usize = 512;

/// A callback request as a framework hands it in. Its `Debug` shows the method only: query and body hold
/// codes, headers hold cookies.
#[non_exhaustive]
pub struct Incoming<'a> {
    /// The method.
    pub method: &'a Method,
    /// The query, without `?`.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, of which at most [`MAX_FORM`] bytes were read.
    pub body: &'a [u8],
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("method", self.method).finish_non_exhaustive()
    }
}

impl<'a> Incoming<'a> {
    /// A callback request.
    #[must_use]
    pub fn new(
        method: &'a Method,
        query: Option<&'a str>,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> Self {
        Self { method, query, headers, body }
    }
}

/// The parameters of a callback, from the one place where they belong.
#[derive(Clone, Debug)]
pub struct CallbackParams(Params);

impl CallbackParams {
    pub(crate) fn params(&self) -> &Params {
        &self.0
    }
}

/// What is to be done with a callback request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Received {
    /// Answer with this, and nothing more: the browser will come again.
    Answer(Answer),
    /// Finish the login with these parameters.
    Callback(CallbackParams),
}

impl Received {
    /// The parameters to finish the login with.
    ///
    /// # Errors
    ///
    /// The answer that must go out instead.
    pub fn callback(self) -> std::result::Result<CallbackParams, Failure> {
        match self {
            Self::Answer(answer) => Err(Failure::instead(answer)),
            Self::Callback(params) => Ok(params),
        }
    }
}

/// Reads a callback request: a GET's query (RFC 6749 §4.1.2), or a POST's form
/// (OAuth 2.0 Form Post Response Mode), never both.
///
/// A `form_post` is a cross-site POST, and browsers send it without `SameSite=Lax` or `Strict` cookies:
/// the session in which the login began seems not to be there. Then the answer is a page that posts
/// the same form once more, now from our own site and so with the cookie. It needs no weaker cookie,
/// works on `http://localhost`, and keeps the code out of every URL.
///
/// # Errors
///
/// [`ErrorKind::InvalidCallback`] when the request is malformed or too large, and what the session
/// reports.
pub async fn receive(
    app: &RegisteredClient,
    session: &impl Session,
    incoming: &Incoming<'_>,
) -> Result<Received> {
    read(app, session, incoming).await.map_err(|error| {
        tracing::warn!(client = app.name(), error = %error.report(), "a callback was refused");
        error.with_client(app.name())
    })
}

async fn read(
    app: &RegisteredClient,
    session: &impl Session,
    incoming: &Incoming<'_>,
) -> Result<Received> {
    if is_speculative(incoming) {
        return Ok(Received::Answer(super::status::no_content()));
    }
    let params = match *incoming.method {
        Method::GET => query(incoming)?,
        Method::POST => form(incoming)?,
        _ => return Err(refused("a callback comes by GET or POST (RFC 6749 §4.1.2)")),
    };
    let state = params.only("state").map_err(refused)?.unwrap_or_default();
    if state.len() > MAX_STATE {
        return Err(refused(format!("the callback's `state` is longer than {MAX_STATE} bytes")));
    }
    if *incoming.method == Method::POST
        && !repost::is_repeated(incoming.query)
        && is_cross_site(incoming.headers)
    {
        let known = session.load().await?.is_some_and(|known| known.has_pending(state));
        if !known {
            tracing::debug!(client = app.name(), "a form_post came without its session");
            return Ok(Received::Answer(repost::answer(&params, incoming.query)));
        }
    }
    Ok(Received::Callback(CallbackParams(params)))
}

fn query(incoming: &Incoming<'_>) -> Result<Params> {
    let query = incoming.query.unwrap_or_default();
    if query.len() > MAX_QUERY {
        return Err(refused(format!("the callback's query is longer than {MAX_QUERY} bytes")));
    }
    Ok(Params::parse(query))
}

fn form(incoming: &Incoming<'_>) -> Result<Params> {
    if message::media_type(incoming.headers).as_deref() != Some("application/x-www-form-urlencoded")
    {
        return Err(refused(format!(
            "the callback was posted with another `{CONTENT_TYPE}` than a form's"
        )));
    }
    if incoming.body.len() > MAX_FORM {
        return Err(too_large());
    }
    let text = std::str::from_utf8(incoming.body)
        .map_err(|_| refused("the callback's form is no UTF-8 text"))?;
    for name in Params::parse(incoming.query.unwrap_or_default()).iter().map(|(name, _)| name) {
        if matches!(name, "code" | "state" | "iss" | "error") {
            return Err(refused(format!(
                "the callback has `{name}` in the query of a posted form: only one place counts"
            )));
        }
    }
    Ok(Params::parse(text))
}

fn refused(check: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::InvalidCallback, check)
}

/// HEAD requests and prefetches must not spend the login: the real visit is still to come.
fn is_speculative(incoming: &Incoming<'_>) -> bool {
    let says = |name: &str| {
        let value = incoming.headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.to_ascii_lowercase().contains("prefetch"))
    };
    *incoming.method == Method::HEAD || says("purpose") || says("sec-purpose") || says("x-moz")
}

/// Whether a browser says that another site posted the form. Browsers send `Origin` with every POST
/// to another site, and most `Sec-Fetch-Site`; what sends neither is no browser.
fn is_cross_site(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site").and_then(|value| value.to_str().ok()) {
        Some(site) => site == "cross-site" || site == "same-site",
        None => headers.contains_key(ORIGIN),
    }
}
