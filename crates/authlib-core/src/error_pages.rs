//! [`ErrorPage`]: a page for an error, which the application can translate or replace.

use std::fmt;
use std::sync::Arc;

use crate::error::ErrorKind;

/// A page for an error before it is sent: its texts can be translated, and its HTML replaced. See
/// [`OAuthBuilder::error_pages`](crate::OAuthBuilder::error_pages).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ErrorPage {
    /// The kind of the error; `None` for a status alone, such as 404 for a path without a route.
    pub kind: Option<ErrorKind>,
    /// The HTTP status.
    pub status: u16,
    /// The heading. Plain text, as all texts here but `html`.
    pub title: String,
    /// What happened, and what the user can do. It is also the `error_description` of a JSON response.
    pub message: String,
    /// What the provider says about a login that it did not allow. Show it escaped.
    pub provider_message: Option<String>,
    /// The path at which the user can try again: the login with the same client and `next`, or the same page.
    pub try_again: Option<String>,
    /// The text of the link to `try_again`.
    pub try_again_label: String,
    /// The path of the application's landing page.
    pub home: String,
    /// The text of the link to `home`.
    pub home_label: String,
    /// The `Accept-Language` of the request.
    pub accept_language: String,
    /// The check that failed and a hint, for the developer: only in development, see
    /// [`dangerous_show_error_details`](crate::OAuthBuilder::dangerous_show_error_details).
    pub details: Option<String>,
    /// The whole page, instead of the built-in one. Escape the other texts in it.
    pub html: Option<String>,
    /// The `Content-Security-Policy` of the page. The built-in page has no scripts and images.
    pub content_security_policy: String,
}

/// The policy of the built-in pages.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

impl ErrorPage {
    /// The primary language that the browser names first, in lower case: `de` for `de-AT, en;q=0.5`; empty if it names
    /// none (RFC 9110 §12.5.4).
    ///
    /// ```
    /// use authlib_core::{ErrorKind, ErrorPage, OAuth};
    ///
    /// let oauth = OAuth::builder()
    ///     .error_pages(|page: &mut ErrorPage| {
    ///         if page.language() == "de" && page.kind == Some(ErrorKind::Unauthenticated) {
    ///             page.title = "Nicht angemeldet".to_owned();
    ///             page.message = "Bitte melden Sie sich an.".to_owned();
    ///             page.home_label = "Zur Startseite".to_owned();
    ///         }
    ///     })
    ///     .build()?;
    /// # let _ = oauth;
    /// # Ok::<(), authlib_core::Error>(())
    /// ```
    #[must_use]
    pub fn language(&self) -> String {
        let first = self.accept_language.split([',', ';', '-']).next().unwrap_or_default();
        first.trim().to_ascii_lowercase()
    }
}

type Change = Arc<dyn Fn(&mut ErrorPage) + Send + Sync>;

/// How an application shows errors.
#[derive(Clone, Default)]
pub(crate) struct ErrorPages {
    change: Option<Change>,
    pub(crate) shows_details: bool,
}

impl ErrorPages {
    pub(crate) fn set_change(&mut self, change: impl Fn(&mut ErrorPage) + Send + Sync + 'static) {
        self.change = Some(Arc::new(change));
    }

    /// The page as the application wants it.
    pub(crate) fn changed(&self, mut page: ErrorPage) -> ErrorPage {
        if let Some(change) = &self.change {
            change(&mut page);
        }
        page
    }
}

impl fmt::Debug for ErrorPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorPages")
            .field("shows_details", &self.shows_details)
            .finish_non_exhaustive()
    }
}
