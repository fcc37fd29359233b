//! [`FormBody`]: a callback's body, read piece by piece and never kept beyond its bound.

use std::fmt;

use super::incoming::MAX_FORM;
use crate::error::{Error, ErrorKind, Result};

/// The most bytes of a body that are read to their end for politeness, and thrown away: a client that
/// is cut off while it sends does not see the answer.
const MAX_DISCARDED: usize = 16 * 1024 * 1024;

/// The body of a callback as it arrives, of which no more is kept than a form may have. Its `Debug`
/// shows no byte of it: it holds codes.
///
/// ```
/// use authlib_core::login::FormBody;
///
/// let mut body = FormBody::new();
/// for piece in ["code=abc", "&state=xyz"] {
///     if !body.push(piece.as_bytes()) {
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
    /// No bytes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece. Returns whether to read on.
    #[must_use]
    pub fn push(&mut self, piece: &[u8]) -> bool {
        self.seen = self.seen.saturating_add(piece.len());
        if self.seen <= MAX_FORM {
            self.kept.extend_from_slice(piece);
        }
        self.seen <= MAX_DISCARDED
    }

    /// The whole body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::PayloadTooLarge`] when it was longer than [`MAX_FORM`].
    pub fn finish(self) -> Result<Vec<u8>> {
        if self.seen > MAX_FORM { Err(too_large()) } else { Ok(self.kept) }
    }
}

impl fmt::Debug for FormBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormBody").field("seen", &self.seen).finish_non_exhaustive()
    }
}

pub(super) fn too_large() -> Error {
    let check = format!("the callback's form is longer than {MAX_FORM} bytes");
    Error::new(ErrorKind::PayloadTooLarge, check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_a_form_may_have() {
        let mut body = FormBody::new();
        assert!(body.push(&[b'x'; MAX_FORM]));
        assert!(body.push(b"x"), "read on, so that the sender sees the answer");
        assert_eq!(body.kept.len(), MAX_FORM);
        assert!(!body.push(&vec![b'x'; MAX_DISCARDED]), "but not for ever");
        assert_eq!(body.finish().unwrap_err().kind(), ErrorKind::PayloadTooLarge);
    }
}
