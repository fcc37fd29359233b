//! [`UnsavedToken`]: a token that the provider gave and the store did not take.

use std::error::Error as StdError;
use std::fmt;

use crate::error::Error;
use crate::oauth2::Token;

/// The error of a renewal whose token could not be kept. The provider has given it, and a refresh token
/// that was rotated is in it and nowhere else, so it comes with the error.
///
/// Another call tries to keep it again, as long as this process lives.
///
/// ```
/// use authlib_core::store::UnsavedToken;
///
/// fn rescue(error: &authlib_core::Error) {
///     if let Some(unsaved) = UnsavedToken::of(error) {
///         // `unsaved.token()` is good: it only has no home.
///         let _ = unsaved.token();
///     }
/// }
/// # let _ = rescue;
/// ```
pub struct UnsavedToken {
    token: Token,
    cause: Error,
}

impl UnsavedToken {
    pub(crate) fn new(token: Token, cause: Error) -> Self {
        Self { token, cause }
    }

    /// The unsaved token of an error of kind [`Store`](crate::ErrorKind::Store), if it is such a one.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error.get_ref());
        while let Some(error) = cause {
            if let Some(unsaved) = error.downcast_ref() {
                return Some(unsaved);
            }
            cause = error.source();
        }
        None
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }
}

impl fmt::Display for UnsavedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token was renewed, but could not be kept")
    }
}

impl fmt::Debug for UnsavedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsavedToken").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl StdError for UnsavedToken {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.cause)
    }
}
