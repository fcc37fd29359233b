//! [`Error`]: one opaque error type with a public kind.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error of this library, written for the developer: the check that failed and, if it helps, a hint
/// at the setting to change. It never contains a secret, a code or a token.
///
/// [`kind`](Self::kind) and [`remedy`](Self::remedy) tell a program what to do next; the text may change in
/// any release. `Display` prints the check and the hint, [`source`](StdError::source) has the causes, and
/// [`report`](Self::report) prints all of it once, for a log line.
///
/// ```
/// use authlib_core::{ErrorKind, OAuth};
///
/// let oauth = OAuth::builder().build()?;
/// let error = oauth.client("unknown").unwrap_err();
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
    /// Where the refused response came from.
    source_url: Option<String>,
    retryable: bool,
    restart: Option<String>,
    page_title: Option<&'static str>,
    page_text: Option<&'static str>,
    logged: bool,
}

/// The kind of an [`Error`], with an HTTP status that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing, invalid, or contradicts another one. 500.
    Config,
    /// The application asked for something impossible, such as an API URL outside `api_base_url` or a
    /// reserved parameter, or the request is malformed or of another site. 400.
    InvalidRequest,
    /// The callback is malformed, or does not belong to a login that this browser started. 400.
    InvalidCallback,
    /// The ID token is not valid. 400.
    InvalidIdToken,
    /// The provider reported an error in the callback; see [`Error::provider_error`]. 400.
    AuthorizationError,
    /// The user is not logged in, or the token has expired and can't be refreshed. 401.
    Unauthenticated,
    /// The user or the provider denied access. 403.
    AccessDenied,
    /// The user is logged in, but lacks a scope or claim that the route requires. 403.
    Forbidden,
    /// An API requires a stronger or a newer authentication of the user; see [`Error::step_up`]. 401 (RFC 9470).
    InsufficientAuthentication,
    /// An API requires more scope than the token has; see [`Error::step_up`]. 403 (RFC 6750 §3.1).
    InsufficientScope,
    /// There is no client of that name, or none for the e-mail address or host. 404.
    UnknownClient,
    /// The account at the provider is connected to another user, or another account is connected to the user. 409.
    Conflict,
    /// The request body is larger than a callback's may be. 413.
    PayloadTooLarge,
    /// The session, a store or a [`ClientSource`](crate::ClientSource) failed. 503 (RFC 9110 §15.6.4).
    Store,
    /// The operating system or the application's own code failed, such as the random number generator.
    /// 500.
    Internal,
    /// The provider or this build does not support the request. 501.
    Unsupported,
    /// A back-channel response of the provider (metadata, keys, token, user info) is malformed, or its
    /// status is an error. 502.
    InvalidResponse,
    /// The provider could not be reached in time. 502.
    Transport,
}

/// What resolves an [`Error`]; see [`Error::remedy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remedy {
    /// Try the same again later: after [`Error::retry_after`], if the provider named a time.
    Wait,
    /// Change the request: it fails again as it is.
    ChangeRequest,
    /// Send the user through the login again.
    LogInAgain,
    /// Tell whoever runs the application: a setting, a store or the provider needs attention.
    AskOperator,
}

/// An error that the provider reported (RFC 6749 §4.1.2.1, §5.2), each text cut to
/// [`MAX_TEXT`](Self::MAX_TEXT) characters. It is untrusted input: escape it before you show it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderError {
    /// The `error` code.
    pub error: String,
    /// The `error_description`.
    pub error_description: Option<String>,
    /// The `error_uri`.
    pub error_uri: Option<String>,
    /// Entra's `suberror`, which says why the user must act.
    pub suberror: Option<String>,
    /// The HTTP status of the response; `None` for an error in a redirect.
    pub status: Option<u16>,
    /// The response's `Retry-After`, if it is in seconds.
    pub retry_after: Option<Duration>,
}

impl Error {
    /// An error of `kind` whose message is that of `check`, the check that failed.
    ///
    /// Implementations of stores, HTTP clients and hooks create their errors with it.
    pub fn new(kind: ErrorKind, check: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            check: Arc::from(check.into()),
            hint: None,
            client: None,
            provider: None,
            source_url: None,
            retryable: false,
            restart: None,
            page_title: None,
            page_text: None,
            logged: false,
        }))
    }

    /// Adds a hint: what the developer should look at.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).hint = Some(hint.into());
        self
    }

    /// Adds a hint behind the one that is there.
    pub(crate) fn with_another_hint(self, hint: &str) -> Self {
        let hint = match &self.0.hint {
            Some(first) => format!("{first}; {hint}"),
            None => hint.to_owned(),
        };
        self.with_hint(hint)
    }

    /// Adds the text for the user, instead of that of the kind.
    pub(crate) fn with_page_text(mut self, text: &'static str) -> Self {
        Arc::make_mut(&mut self.0).page_text = Some(text);
        self
    }

    /// Adds the title of the page for the user, instead of that of the kind.
    pub(crate) fn with_page_title(mut self, title: &'static str) -> Self {
        Arc::make_mut(&mut self.0).page_title = Some(title);
        self
    }

    pub(crate) fn page_title(&self) -> Option<&'static str> {
        self.0.page_title
    }

    pub(crate) fn page_text(&self) -> Option<&'static str> {
        self.0.page_text
    }

    /// Adds a hint, if there is one.
    pub(crate) fn maybe_hint(self, hint: Option<impl Into<String>>) -> Self {
        match hint {
            Some(hint) => self.with_hint(hint),
            None => self,
        }
    }

    /// Names the registered client that the error is about, unless the error names one already.
    #[must_use]
    pub fn with_client(mut self, name: &str) -> Self {
        Arc::make_mut(&mut self.0).client.get_or_insert_with(|| name.to_owned());
        self
    }

    /// Adds the error that the provider reported.
    #[must_use]
    pub fn with_provider_error(mut self, provider: ProviderError) -> Self {
        Arc::make_mut(&mut self.0).provider = Some(provider);
        self
    }

    /// Adds where the refused response came from, unless the error says so already.
    pub(crate) fn with_source_url(mut self, url: Option<String>) -> Self {
        if let Some(url) = url {
            Arc::make_mut(&mut self.0).source_url.get_or_insert(url);
        }
        self
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        Arc::make_mut(&mut self.0).kind = kind;
        self
    }

    /// Marks a failed check that may succeed later: newer keys could not be fetched.
    pub(crate) fn retryable(mut self) -> Self {
        Arc::make_mut(&mut self.0).retryable = true;
        self
    }

    pub(crate) fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Adds the path at which the user can try again.
    pub(crate) fn with_restart(mut self, path: Option<String>) -> Self {
        Arc::make_mut(&mut self.0).restart = path;
        self
    }

    pub(crate) fn restart(&self) -> Option<&str> {
        self.0.restart.as_deref()
    }

    /// Marks an error that has been logged, so that it is logged once.
    pub(crate) fn logged(mut self) -> Self {
        Arc::make_mut(&mut self.0).logged = true;
        self
    }

    pub(crate) fn is_logged(&self) -> bool {
        self.0.logged
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The registered client that the error is about.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.0.client.as_deref()
    }

    /// The error that the provider reported, if it reported one.
    #[must_use]
    pub fn provider_error(&self) -> Option<&ProviderError> {
        self.0.provider.as_ref()
    }

    /// The check that failed, to be downcast to its type. Its causes are those of the error.
    #[must_use]
    pub fn get_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self.0.check.as_ref()
    }

    /// How long the provider asked to wait before the next try (`Retry-After`).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.provider_error()?.retry_after
    }

    /// What resolves the error.
    ///
    /// ```
    /// use authlib_core::{Error, ErrorKind, Remedy};
    ///
    /// let error = Error::new(ErrorKind::Unauthenticated, "not logged in");
    /// assert_eq!(error.remedy(), Remedy::LogInAgain);
    /// ```
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        if self.is_retryable() || self.is_temporary() {
            return Remedy::Wait;
        }
        match self.kind() {
            ErrorKind::Transport => Remedy::Wait,
            ErrorKind::InvalidRequest
            | ErrorKind::Conflict
            | ErrorKind::Forbidden
            | ErrorKind::PayloadTooLarge
            | ErrorKind::UnknownClient
            | ErrorKind::Unsupported => Remedy::ChangeRequest,
            ErrorKind::InvalidCallback
            | ErrorKind::InvalidIdToken
            | ErrorKind::Unauthenticated
            | ErrorKind::InsufficientAuthentication
            | ErrorKind::InsufficientScope
            | ErrorKind::AccessDenied => Remedy::LogInAgain,
            ErrorKind::AuthorizationError | ErrorKind::InvalidResponse => {
                match self.provider_error() {
                    Some(provider) if provider.is_invalid_grant() || provider.needs_user() => {
                        Remedy::LogInAgain
                    }
                    _ => Remedy::AskOperator,
                }
            }
            ErrorKind::Config | ErrorKind::Store | ErrorKind::Internal => Remedy::AskOperator,
        }
    }

    /// Whether the provider is overloaded or down for a while (RFC 6749 §4.1.2.1, RFC 6585 §4).
    fn is_temporary(&self) -> bool {
        self.provider_error().is_some_and(|provider| {
            provider.retry_after.is_some()
                || provider.is_outage()
                || matches!(provider.error.as_str(), "server_error" | "temporarily_unavailable")
        })
    }

    /// The check, the hint and all causes, each once: the text for a log line.
    #[must_use]
    pub fn report(&self) -> impl fmt::Display + '_ {
        Report(self)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, with_causes: bool) -> fmt::Result {
        if let Some(client) = &self.0.client {
            write!(f, "client `{client}`: ")?;
        }
        write!(f, "{}", self.0.check)?;
        let mut cause = self.source().filter(|_| with_causes);
        while let Some(inner) = cause {
            if let Some(error) = inner.downcast_ref::<Self>() {
                // It reports its own causes.
                write!(f, ": {}", error.report())?;
                break;
            }
            write!(f, ": {inner}")?;
            cause = inner.source();
        }
        if let Some(url) = &self.0.source_url {
            write!(f, ", from {url}")?;
        }
        if let Some(provider) = &self.0.provider {
            write!(f, ", the provider reported {provider}")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

struct Report<'a>(&'a Error);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, true)
    }
}

impl ErrorKind {
    /// The HTTP status that fits.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest
            | Self::InvalidCallback
            | Self::InvalidIdToken
            | Self::AuthorizationError => 400,
            Self::Unauthenticated | Self::InsufficientAuthentication => 401,
            Self::AccessDenied | Self::Forbidden | Self::InsufficientScope => 403,
            Self::UnknownClient => 404,
            Self::Conflict => 409,
            Self::PayloadTooLarge => 413,
            Self::Config | Self::Internal => 500,
            Self::Unsupported => 501,
            Self::InvalidResponse | Self::Transport => 502,
            Self::Store => 503,
        }
    }
}

impl ProviderError {
    /// The most characters kept of each text.
    pub const MAX_TEXT: usize = 300;

    /// A provider's error, each text cut to [`MAX_TEXT`](Self::MAX_TEXT) characters and control
    /// characters replaced, so that a log line stays one line.
    #[must_use]
    pub fn new(error: &str, error_description: Option<&str>, error_uri: Option<&str>) -> Self {
        Self {
            error: clipped(error),
            error_description: error_description.map(clipped),
            error_uri: error_uri.map(clipped),
            suberror: None,
            status: None,
            retry_after: None,
        }
    }
}

impl ProviderError {
    /// Whether the status is that of an overloaded or broken server (RFC 6585 §4, RFC 9110 §15.6): whatever
    /// its body says, it is no verdict on a token.
    pub(crate) fn is_outage(&self) -> bool {
        self.status.is_some_and(is_outage)
    }

    /// Whether the provider rejected a grant for good (RFC 6749 §5.2).
    pub(crate) fn is_invalid_grant(&self) -> bool {
        !self.is_outage() && self.error == "invalid_grant"
    }

    /// Whether the provider only continues after the user acts: OpenID Connect Core §3.1.2.6, and Entra's
    /// `suberror`, as MSAL reads it.
    pub(crate) fn needs_user(&self) -> bool {
        const CODES: [&str; 4] = [
            "account_selection_required",
            "consent_required",
            "interaction_required",
            "login_required",
        ];
        const SUBERRORS: [&str; 6] = [
            "additional_action",
            "bad_token",
            "basic_action",
            "consent_required",
            "message_only",
            "user_password_expired",
        ];
        let is_suberror = |text: &String| SUBERRORS.contains(&text.as_str());
        !self.is_outage()
            && (CODES.contains(&self.error.as_str())
                || self.suberror.as_ref().is_some_and(is_suberror))
    }
}

/// Whether a status is that of an overloaded or broken server.
pub(crate) fn is_outage(status: u16) -> bool {
    status == 429 || status >= 500
}

pub(crate) fn clipped(text: &str) -> String {
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
        if let Some(suberror) = &self.suberror {
            write!(f, ", suberror {suberror:?}")?;
        }
        if let Some(status) = self.status {
            write!(f, ", status {status}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, false)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {})", self.0.kind, self.report())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.check.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_has_client_check_provider_error_and_hint() {
        let error = Error::new(ErrorKind::InvalidResponse, "the token request failed")
            .with_client("demo")
            .with_provider_error(ProviderError::new("invalid_client", Some("no\nsuch"), None))
            .with_hint("check `client_secret`");
        let text = "client `demo`: the token request failed, the provider reported \
                    \"invalid_client\" (\"no such\"); check `client_secret`";
        assert_eq!(error.to_string(), text);
        assert_eq!(error.report().to_string(), text);
    }

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Error);

    #[derive(Debug, thiserror::Error)]
    #[error("middle")]
    struct Middle(#[source] fmt::Error);

    /// What anyhow's `{:#}`, eyre and tracing print of an error.
    fn chain(error: &dyn StdError) -> String {
        error
            .source()
            .map_or_else(|| error.to_string(), |cause| format!("{error}: {}", chain(cause)))
    }

    #[test]
    fn each_cause_is_printed_once() {
        let inner = Error::new(ErrorKind::Store, Middle(fmt::Error)).with_hint("look there");
        let cause = fmt::Error.to_string();
        assert_eq!(inner.to_string(), "middle; look there");
        assert_eq!(inner.report().to_string(), format!("middle: {cause}; look there"));
        assert_eq!(chain(&inner), format!("middle; look there: {cause}"));
        let outer = Error::new(ErrorKind::Store, Outer(inner.clone())).with_hint("and here");
        let report = format!("outer: {}; and here", inner.report());
        assert_eq!(outer.report().to_string(), report);
        assert_eq!(chain(&outer), format!("outer; and here: middle; look there: {cause}"));
    }

    #[test]
    fn provider_texts_are_cut() {
        let long = "x".repeat(10_000);
        let provider = ProviderError::new(&long, Some(&long), None);
        assert_eq!(provider.error.len(), ProviderError::MAX_TEXT);
    }

    #[test]
    fn remedy_follows_kind_and_provider_error() {
        let of = |kind, code: &str, status| {
            let mut provider = ProviderError::new(code, None, None);
            provider.status = Some(status);
            Error::new(kind, "x").with_provider_error(provider).remedy()
        };
        assert_eq!(of(ErrorKind::InvalidResponse, "invalid_client", 401), Remedy::AskOperator);
        assert_eq!(of(ErrorKind::InvalidResponse, "invalid_grant", 400), Remedy::LogInAgain);
        assert_eq!(of(ErrorKind::InvalidResponse, "(no OAuth error)", 503), Remedy::Wait);
        assert_eq!(of(ErrorKind::AuthorizationError, "login_required", 302), Remedy::LogInAgain);
        assert_eq!(of(ErrorKind::InvalidResponse, "invalid_grant", 500), Remedy::Wait);
        assert_eq!(of(ErrorKind::AuthorizationError, "invalid_scope", 302), Remedy::AskOperator);
        let id_token = Error::new(ErrorKind::InvalidIdToken, "x");
        assert_eq!(id_token.clone().remedy(), Remedy::LogInAgain);
        assert_eq!(id_token.retryable().remedy(), Remedy::Wait);
        let outside = Error::new(ErrorKind::InvalidRequest, "x");
        assert_eq!((outside.remedy(), outside.kind().status()), (Remedy::ChangeRequest, 400));
    }

    #[test]
    fn retry_after_is_that_of_the_provider() {
        let mut provider = ProviderError::new("slow_down", None, None);
        provider.retry_after = Some(Duration::from_secs(7));
        let error = Error::new(ErrorKind::InvalidResponse, "x").with_provider_error(provider);
        assert_eq!(
            (error.retry_after(), error.remedy()),
            (Some(Duration::from_secs(7)), Remedy::Wait)
        );
    }
}
