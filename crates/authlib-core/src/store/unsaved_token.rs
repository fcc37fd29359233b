//! [`UnsavedToken`]: a token that the provider issued and the store could not store.

use std::error::Error as StdError;
use std::fmt;

use crate::error::Error;
use crate::oauth2::Token;

/// The cause of an error of kind [`Store`](crate::ErrorKind::Store): a token was refreshed and could not be
/// stored. It comes with the error, because a rotated refresh token is nowhere else.
///
/// The next call tries to store it again, as long as this process lives.
///
/// ```
/// # fn rescue(error: &authlib_core::Error) -> Option<&authlib_core::Token> {
/// authlib_core::store::UnsavedToken::of(error).map(|unsaved| unsaved.token())
/// # }
/// ```
pub struct UnsavedToken {
    token: Token,
    cause: Error,
}

impl UnsavedToken {
    pub(crate) fn new(token: Token, cause: Error) -> Self {
        Self { token, cause }
    }

    /// The unsaved token among the causes of `error`.
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
        f.write_str("the token was refreshed, but could not be stored")
    }
}

debug_fields!(UnsavedToken { cause });

impl StdError for UnsavedToken {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.cause)
    }
}
