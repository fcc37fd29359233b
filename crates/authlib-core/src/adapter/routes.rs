//! The built-in routes of the framework crates: their paths and options.

use crate::authorization::{AuthorizeOptions, LogoutOptions};
use crate::params::Params;

/// The path to which a logout redirects.
pub const LOGGED_OUT: &str = "/logged-out";

/// The options of the built-in `GET /login/{client}`: the callback is `/authorize/{client}`, and `next` is that
/// of the query.
#[must_use]
pub fn login_options(client: &str, query: Option<&str>) -> AuthorizeOptions {
    let mut options = AuthorizeOptions::new().redirect_uri(format!("/authorize/{client}"));
    options.next = Params::parse(query.unwrap_or_default()).all("next").next().map(str::to_owned);
    options
}

/// The options of the built-in `POST /logout`: the provider redirects back to [`LOGGED_OUT`].
#[must_use]
pub fn logout_options() -> LogoutOptions {
    LogoutOptions::new().post_logout_redirect_uri(LOGGED_OUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_next_of_the_query_is_used() {
        let options = login_options("op", Some("x=y&next=%2Finbox&next=%2Fother"));
        assert_eq!(options.next.as_deref(), Some("/inbox"));
        assert_eq!(options.redirect_uri.as_deref(), Some("/authorize/op"));
        assert_eq!(login_options("op", None).next, None);
    }
}
