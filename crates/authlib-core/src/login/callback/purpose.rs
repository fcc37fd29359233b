//! Whether a callback may finish what the application finishes with it: a callback of one purpose never
//! completes a flow of the other.

use crate::authorization::Purpose;
use crate::error::{Error, ErrorKind, Result};

/// Checks that the callback is of a login.
pub(super) fn check_login(purpose: &Purpose) -> Result<()> {
    if *purpose == Purpose::LogIn {
        return Ok(());
    }
    let check = "the callback connects an account: it does not log the user in";
    Err(Error::new(ErrorKind::InvalidCallback, check)
        .with_hint("finish it with `connect(user)`, which leaves the session's logins as they are")
        .with_page_text("Your account was not connected. Please log in and try again."))
}

/// Checks that the callback connects an account to this user. Another user may have logged in in this browser
/// since the start.
pub(super) fn check_connect(purpose: &Purpose, user: &str) -> Result<()> {
    match purpose {
        Purpose::Connect { user: started } if started == user => Ok(()),
        Purpose::Connect { .. } => {
            let check = "another user started to connect this account";
            Err(Error::new(ErrorKind::InvalidCallback, check)
                .with_hint("pass the id of the same user to `AuthorizeOptions::connect` and here")
                .with_page_text(
                    "Your account was not connected, because another user started this. Please try again.",
                ))
        }
        _ => {
            let check = "the callback is of a login: it does not connect an account";
            Err(Error::new(ErrorKind::InvalidCallback, check)
                .with_hint("start with `AuthorizeOptions::connect`, or finish it with `log_in()`"))
        }
    }
}
