//! [`Failure`]: an error message and its exit code.

use authlib_core::{Error, ErrorKind};

/// The exit codes, as `--help` lists them.
const OTHER: u8 = 1;
const USAGE: u8 = 2;
const NOT_LOGGED_IN: u8 = 3;
const DENIED: u8 = 4;
const NETWORK: u8 = 5;
const INTERRUPTED: u8 = 130;

#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self { code: OTHER, message: message.into() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, message: message.into() }
    }

    pub(crate) fn not_logged_in(message: &str) -> Self {
        Self { code: NOT_LOGGED_IN, message: format!("{message}; run `cli-login login`") }
    }

    pub(crate) fn timed_out(message: impl Into<String>) -> Self {
        Self { code: NOT_LOGGED_IN, message: message.into() }
    }

    pub(crate) fn interrupted() -> Self {
        Self { code: INTERRUPTED, message: "interrupted".to_owned() }
    }
}

impl From<Error> for Failure {
    /// The library's message with its hint and causes; it never contains a secret.
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            ErrorKind::Config | ErrorKind::InvalidRequest | ErrorKind::UnknownClient => USAGE,
            ErrorKind::Unauthenticated => NOT_LOGGED_IN,
            ErrorKind::AccessDenied => DENIED,
            ErrorKind::Transport => NETWORK,
            _ => OTHER,
        };
        Self { code, message: error.report().to_string() }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::other(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::other(error.to_string())
    }
}
