//! [`ResponseMode`]: how the provider sends the authorization response.

use serde::{Deserialize, Serialize};

use crate::oauth2::ResponseType;

/// How the provider sends the authorization response (OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0
/// Form Post Response Mode, JARM §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ResponseMode {
    /// As a form that the browser posts.
    #[serde(rename = "form_post")]
    FormPost,
    /// As a signed JWT in a form.
    #[serde(rename = "form_post.jwt")]
    FormPostJwt,
    /// In the fragment, which a page of the callback posts to it.
    #[serde(rename = "fragment")]
    Fragment,
    /// As a signed JWT in the fragment.
    #[serde(rename = "fragment.jwt")]
    FragmentJwt,
    /// As a signed JWT, in the query or in the fragment: what is usual for the response type.
    #[serde(rename = "jwt")]
    Jwt,
    /// In the query.
    #[serde(rename = "query")]
    Query,
    /// As a signed JWT in the query.
    #[serde(rename = "query.jwt")]
    QueryJwt,
}

impl ResponseMode {
    const ALL: [Self; 7] = [
        Self::FormPost,
        Self::FormPostJwt,
        Self::Fragment,
        Self::FragmentJwt,
        Self::Jwt,
        Self::Query,
        Self::QueryJwt,
    ];

    /// The registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FormPost => "form_post",
            Self::FormPostJwt => "form_post.jwt",
            Self::Fragment => "fragment",
            Self::FragmentJwt => "fragment.jwt",
            Self::Jwt => "jwt",
            Self::Query => "query",
            Self::QueryJwt => "query.jwt",
        }
    }

    /// Whether the response is a JWT (JARM).
    #[must_use]
    pub fn is_jwt(self) -> bool {
        matches!(self, Self::FormPostJwt | Self::FragmentJwt | Self::Jwt | Self::QueryJwt)
    }

    /// Whether the response is in the query.
    pub(crate) fn is_query(self) -> bool {
        matches!(self, Self::Query | Self::QueryJwt)
    }

    /// Whether the response is in the fragment. Without a mode, that is where tokens are (OAuth 2.0 Multiple
    /// Response Types §5).
    pub(crate) fn is_fragment(mode: Option<Self>, response_type: ResponseType) -> bool {
        match mode {
            Some(Self::Fragment | Self::FragmentJwt) => true,
            None | Some(Self::Jwt) => response_type != ResponseType::Code,
            _ => false,
        }
    }

    /// The mode of a registered name, if it is supported.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}
