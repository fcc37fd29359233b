//! The first error goes to stderr if no log subscriber is installed: otherwise nobody would see it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;

/// Of the process: a subscriber is one of the process, too.
static FIRST_ERROR: FirstError = FirstError(AtomicBool::new(false));

/// Whether the error has been printed, or must not be.
struct FirstError(AtomicBool);

impl FirstError {
    /// The text to print: once, and only if nobody hears the log.
    fn text(&self, error: &Error, has_subscriber: bool) -> Option<String> {
        if has_subscriber || self.0.swap(true, Ordering::Relaxed) {
            return None;
        }
        Some(format!(
            "authlib: {}\nauthlib: no log subscriber is installed, so only this first error is printed; to see all, call \
             `tracing_subscriber::fmt::init()` at the start of `main`",
            error.report()
        ))
    }
}

/// Prints an error that was logged, if it is the first and no subscriber is installed.
pub(crate) fn print_first(error: &Error) {
    if let Some(text) = FIRST_ERROR.text(error, tracing::dispatcher::has_been_set()) {
        // A closed stderr is no reason to panic, as `eprintln!` would.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{text}\n").as_bytes());
    }
}

/// Never prints an error in this process.
pub(crate) fn print_none() {
    FIRST_ERROR.0.store(true, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn first_error_is_printed_once_without_subscriber() {
        let first = FirstError(AtomicBool::new(false));
        let error = Error::new(ErrorKind::InvalidResponse, "failed").with_hint("check `client_id`");
        assert_eq!(first.text(&error, true), None);
        let text = first.text(&error, false).unwrap();
        assert!(text.starts_with("authlib: failed; check `client_id`\n"), "{text}");
        assert!(text.contains("tracing_subscriber::fmt::init()"));
        assert_eq!(first.text(&error, false), None);
    }
}
