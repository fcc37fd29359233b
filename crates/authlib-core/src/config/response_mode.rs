//! [`ResponseMode`]: how the provider sends the authorization response.

/// How the provider sends the authorization response (OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0
/// Form Post Response Mode).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseMode {
    /// As a form that the browser posts.
    FormPost,
    /// In the query.
    Query,
}

impl ResponseMode {
    /// The registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FormPost => "form_post",
            Self::Query => "query",
        }
    }

    /// The mode of a registered name, if it is supported.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::FormPost, Self::Query].into_iter().find(|mode| mode.name() == name)
    }
}
