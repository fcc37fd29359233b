//! [`FormBody`]: reads the body of a callback chunk by chunk, and keeps no more than a form may have.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// The most bytes of a `form_post` body: 64 KiB.
const MAX_FORM: usize = 64 * 1024;

/// How long the body of a callback may take to arrive. After that, the request fails.
pub const FORM_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of an oversized body that are read and discarded: a client that is disconnected while it
/// sends does not see the response.
const MAX_DISCARDED: usize = 16 * 1024 * 1024;

/// The body of a callback as it arrives. Its `Debug` shows no byte of it: it contains the code.
///
/// ```
/// use authlib_core::adapter::FormBody;
///
/// let mut body = FormBody::new();
/// for chunk in ["code=abc", "&state=xyz"] {
///     if !body.push(chunk.as_bytes()) {
///         break;
///     }
/// }
/// assert_eq!(body.finish()?, b"code=abc&state=xyz");
/// # Ok::<(), authlib_core::Error>(())
/// ```
#[derive(Default)]
pub struct FormBody {
    kept: Vec<u8>,
    seen: usize,
}

impl FormBody {
    /// An empty body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next chunk. Returns whether to read on.
    #[must_use]
    pub fn push(&mut self, chunk: &[u8]) -> bool {
        self.seen = self.seen.saturating_add(chunk.len());
        if self.seen <= MAX_FORM {
            self.kept.extend_from_slice(chunk);
        }
        self.seen <= MAX_DISCARDED
    }

    /// The error of a body that did not arrive within [`FORM_TIMEOUT`].
    #[must_use]
    pub fn timed_out() -> Error {
        let check = format!("the callback's form did not arrive within {FORM_TIMEOUT:?}");
        Error::new(ErrorKind::InvalidCallback, check)
    }

    /// The whole body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::PayloadTooLarge`] if it is longer than 64 KiB.
    pub fn finish(self) -> Result<Vec<u8>> {
        check_size(self.seen).map(|()| self.kept)
    }
}

debug_fields!(FormBody { seen });

/// Checks the length of a callback's form.
pub(super) fn check_size(bytes: usize) -> Result<()> {
    if bytes <= MAX_FORM {
        return Ok(());
    }
    let check = format!("the callback's form is longer than {MAX_FORM} bytes");
    Err(Error::new(ErrorKind::PayloadTooLarge, check))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_is_bounded() {
        let mut body = FormBody::new();
        assert!(body.push(&[b'x'; MAX_FORM]));
        assert!(body.push(b"x"), "read on, so that the sender sees the answer");
        assert_eq!(body.kept.len(), MAX_FORM);
        assert!(check_size(MAX_FORM).is_ok() && check_size(MAX_FORM + 1).is_err());
        assert!(!body.push(&vec![b'x'; MAX_DISCARDED]), "but not for ever");
        assert_eq!(body.finish().unwrap_err().kind(), ErrorKind::PayloadTooLarge);
    }
}
