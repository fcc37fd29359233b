//! [`Error`]: one opaque error with a public kind, for all that can go wrong.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, for the developer: the failed check, where it helps a hint at what to change, and
/// the cause behind it as [`source`](StdError::source). No secret, code or token ever stands in it.
///
/// Cheap to clone. What a *caller does next* depends on [`kind`](Self::kind) only; the detail may grow in any release.
///
/// ```
/// use authlib_core::{ErrorKind, OAuth};
///
/// let oauth = OAuth::builder().build()?;
/// let error = oauth.client("nobody").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::UnknownClient);
/// assert_eq!(error.kind().status(), 404);
/// # Ok::<(), authlib_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    check: Arc<dyn StdError + Send + Sync>,
    hint: Option<String>,
    client: Option<String>,
    provider: Option<ProviderError>,
    unsettled: bool,
}

/// What a caller does next, and the HTTP status that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The provider's answer behind the scenes (metadata, keys, token, user info) is malformed or an
    /// error status. 502.
    InvalidResponse,
    /// A setting is missing, wrong or contradicts another. 500.
    Config,
    /// The user refused, at the provider. 403.
    AccessDenied,
    /// The callback does not belong to a login that this browser started, or is malformed. 400.
    InvalidCallback,
    /// The ID token does not verify. 400.
    InvalidIdToken,
    /// Nobody is logged in, or the token has expired and can't be renewed. 401.
    Unauthenticated,
    /// The provider reported an error in the callback; see [`Error::provider_error`]. 400.
    AuthorizationError,
    /// The session or a store failed. 500.
    Store,
    /// The request's body is larger than a callback's may be. 413.
    PayloadTooLarge,
    /// The provider could not be reached in time. 502.
    Transport,
    /// No client is registered under that name. 404.
    UnknownClient,
    /// The provider or this build does not offer what was asked. 501.
    Unsupported,
}

/// A provider's own words (RFC 6749 §4.1.2.1, §5.2), cut to a bounded length. They come from outside:
/// escape them before they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderError {
    /// The `error` code.
    pub error: String,
    /// The `error_description`.
    pub error_description: Option<String>,
    /// The `error_uri`.
    pub error_uri: Option<String>,
    /// The HTTP status of the answer, where it was one and not a redirect.
    pub status: Option<u16>,
    /// Seconds to wait before another try, where the answer had a `Retry-After` in seconds.
    pub retry_after: Option<u64>,
}

impl Error {
    /// An error of `kind` whose message is that of `check`, the rule that failed.
    ///
    /// Implementations of the ports make their errors with it.
    pub fn new(kind: ErrorKind, check: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            check: Arc::from(check.into()),
            hint: None,
            client: None,
            provider: None,
            unsettled: false,
        }))
    }

    /// The same error with a word on what the developer should look at.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).hint = Some(hint.into());
        self
    }

    /// The same error, naming the registered client that it is about, unless it names one already.
    #[must_use]
    pub fn with_client(mut self, name: &str) -> Self {
        Arc::make_mut(&mut self.0).client.get_or_insert_with(|| name.to_owned());
        self
    }

    /// The same error with the provider's own words.
    #[must_use]
    pub fn with_provider_error(mut self, provider: ProviderError) -> Self {
        Arc::make_mut(&mut self.0).provider = Some(provider);
        self
    }

    /// The same error, of which another try may come to another verdict: newer keys could not be had.
    pub(crate) fn retryable(mut self) -> Self {
        Arc::make_mut(&mut self.0).unsettled = true;
        self
    }

    pub(crate) fn is_retryable(&self) -> bool {
        self.0.unsettled
    }

    /// What a caller does next.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The registered client that the error is about.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.0.client.as_deref()
    }

    /// The provider's own words, where it sent an error.
    #[must_use]
    pub fn provider_error(&self) -> Option<&ProviderError> {
        self.0.provider.as_ref()
    }
}

impl ErrorKind {
    /// The HTTP status that fits.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidCallback | Self::InvalidIdToken | Self::AuthorizationError => 400,
            Self::Unauthenticated => 401,
            Self::AccessDenied => 403,
            Self::UnknownClient => 404,
            Self::PayloadTooLarge => 413,
            Self::Config | Self::Store => 500,
            Self::Unsupported => 501,
            Self::InvalidResponse | Self::Transport => 502,
        }
    }
}

impl ProviderError {
    /// The most characters kept of each of the provider's texts.
    pub const MAX_TEXT: usize = 300;

    /// The provider's words, cut to [`MAX_TEXT`](Self::MAX_TEXT) characters, control characters
    /// replaced so that a log line stays one line.
    #[must_use]
    pub fn new(error: &str, error_description: Option<&str>, error_uri: Option<&str>) -> Self {
        Self {
            error: clipped(error),
            error_description: error_description.map(clipped),
            error_uri: error_uri.map(clipped),
            status: None,
            retry_after: None,
        }
    }
}

fn clipped(text: &str) -> String {
    text.chars()
        .take(ProviderError::MAX_TEXT)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.error)?;
        if let Some(description) = &self.error_description {
            write!(f, " ({description:?})")?;
        }
        if let Some(status) = self.status {
            write!(f, ", status {status}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(client) = &self.0.client {
            write!(f, "client `{client}`: ")?;
        }
        write!(f, "{}", self.0.check)?;
        let mut cause = self.0.check.source();
        while let Some(inner) = cause {
            write!(f, ": {inner}")?;
            // An error of ours has told its own causes already.
            cause = inner.source().filter(|_| !inner.is::<Self>());
        }
        if let Some(provider) = &self.0.provider {
            write!(f, ", the provider said {provider}")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self})", self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.0.check.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_client_the_check_the_providers_words_and_the_hint() {
        let error = Error::new(ErrorKind::InvalidResponse, "the token request was refused")
            .with_client("demo")
            .with_provider_error(ProviderError::new("invalid_client", Some("no\nsuch"), None))
            .with_hint("check `client_secret`");
        assert_eq!(
            error.to_string(),
            "client `demo`: the token request was refused, the provider said \"invalid_client\" \
             (\"no such\"); check `client_secret`"
        );
    }

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Error);

    #[derive(Debug, thiserror::Error)]
    #[error("middle")]
    struct Middle(#[source] fmt::Error);

    #[test]
    fn each_cause_is_told_once() {
        let inner = Error::new(ErrorKind::Store, Middle(fmt::Error)).with_hint("look there");
        let cause = fmt::Error.to_string();
        assert_eq!(inner.to_string(), format!("middle: {cause}; look there"));
        let outer = Error::new(ErrorKind::Store, Outer(inner.clone())).with_hint("and here");
        assert_eq!(outer.to_string(), format!("outer: {inner}; and here"));
    }

    #[test]
    fn a_providers_words_are_cut() {
        let long = "x".repeat(10_000);
        let said = ProviderError::new(&long, Some(&long), None);
        assert_eq!(said.error.len(), ProviderError::MAX_TEXT);
    }
}
