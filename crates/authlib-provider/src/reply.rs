//! [`Reply`]: a response that replaces the correct one.

/// A response that an endpoint gives instead of the correct one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// A status with a body of this content type.
    Body {
        /// The status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The body.
        body: String,
    },
    /// A status with this `WWW-Authenticate` header.
    Challenge(u16, String),
    /// So many bytes, compressed with gzip to a small fraction.
    GzipBomb(usize),
    /// No response: the connection stays open.
    Hang,
    /// A response of this many bytes.
    Oversized(usize),
    /// A redirect with this status to this URL.
    Redirect(u16, String),
    /// The connection is reset before the first byte of the response.
    Reset,
    /// A response that is shorter than its `Content-Length`.
    Truncated,
}

impl Reply {
    /// HTML with this status.
    #[must_use]
    pub fn html(status: u16) -> Self {
        Self::Body {
            status,
            content_type: "text/html".to_owned(),
            body: "<!doctype html><h1>Oops</h1>".to_owned(),
        }
    }

    /// JSON with this status.
    #[must_use]
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Body { status, content_type: "application/json".to_owned(), body: body.into() }
    }
}
