//! What the framework crates' ready-made routes do: the paths, and the options of each.

use crate::authorization::{AuthorizeOptions, LogoutOptions};
use crate::params::Params;

/// Where a logout ends.
pub const LOGGED_OUT: &str = "/logged-out";

/// The options of a ready-made `GET /login/{client}`: the browser comes back to `/authorize/{client}`,
/// and goes on to the `next` of the query.
#[must_use]
pub fn login_options(client: &str, query: Option<&str>) -> AuthorizeOptions {
    let mut options = AuthorizeOptions::new().redirect_uri(format!("/authorize/{client}"));
    options.next = Params::parse(query.unwrap_or_default()).all("next").next().map(str::to_owned);
    options
}

/// The options of a ready-made `POST /logout`: the browser comes back to [`LOGGED_OUT`].
#[must_use]
pub fn logout_options() -> LogoutOptions {
    LogoutOptions::new().post_logout_redirect_uri(LOGGED_OUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_next_of_the_query_counts() {
        let options = login_options("op", Some("x=y&next=%2Finbox&next=%2Fother"));
        assert_eq!(options.next.as_deref(), Some("/inbox"));
        assert_eq!(options.redirect_uri.as_deref(), Some("/authorize/op"));
        assert_eq!(login_options("op", None).next, None);
    }
}
