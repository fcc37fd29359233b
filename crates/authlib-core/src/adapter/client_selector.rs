//! [`ClientSelector`]: how an extractor finds its client.

use super::misconfigured;
use crate::error::{Error, ErrorKind, Result};
use crate::login::{self, ClientName, CurrentUser, Session};
use crate::registry::{OAuth, RegisteredClient};

/// How an extractor finds its client: by a [`ClientName`], or by the route ([`FromRoute`]).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a registered client",
    label = "not a client name",
    note = "use a type of `clients`, such as `clients::Google`, or implement `ClientName` for `{Self}`"
)]
pub trait ClientSelector: Send + Sync + 'static {
    /// The client's name; `None` if the route names it.
    const NAME: Option<&'static str>;
}

impl<C: ClientName + Send + Sync + 'static> ClientSelector for C {
    const NAME: Option<&'static str> = Some(C::NAME);
}

/// Selects the client that the route's `client` parameter names.
#[derive(Clone, Copy, Debug)]
pub struct FromRoute;

impl ClientSelector for FromRoute {
    const NAME: Option<&'static str> = None;
}

/// Finds a client by the name in its type, or else by the name in the route ([`OAuth::find_client`]).
///
/// # Errors
///
/// Those of [`OAuth::find_client`], and the error of `route`.
pub async fn find_client<C: ClientSelector>(
    oauth: &OAuth,
    route: impl FnOnce() -> Result<String>,
) -> Result<RegisteredClient> {
    match C::NAME {
        Some(name) => oauth.find_client(name).await,
        None => oauth.find_client(&route()?).await,
    }
}

/// Selects the newest login with any client: `CurrentUser` without a type parameter.
#[derive(Clone, Copy, Debug)]
pub struct AnyClient;

impl ClientSelector for AnyClient {
    const NAME: Option<&'static str> = None;
}

/// The user who is logged in with the client that the type names, or with any client.
///
/// # Errors
///
/// Those of [`OAuth::find_client`], of the session and of the token store.
pub async fn selected_user<C: ClientSelector>(
    oauth: &OAuth,
    session: &impl Session,
) -> Result<Option<CurrentUser>> {
    match C::NAME {
        Some(name) => login::client_user(&oauth.find_client(name).await?, session).await,
        None => login::current_user(oauth, session).await,
    }
}

/// As [`selected_user`], for a user who must be logged in.
///
/// # Errors
///
/// Those of [`selected_user`], and [`ErrorKind::Unauthenticated`] if the user is not logged in.
pub async fn require_selected_user<C: ClientSelector>(
    oauth: &OAuth,
    session: &impl Session,
) -> Result<CurrentUser> {
    selected_user::<C>(oauth, session).await?.ok_or_else(|| {
        let error =
            Error::new(ErrorKind::Unauthenticated, "the user is not logged in in this browser");
        match C::NAME {
            Some(name) => error.with_client(name),
            None => error,
        }
    })
}

/// The client's name in a route's parameters: `Ok(None)` if the route has no such parameter, `Err` if its
/// value is not UTF-8.
///
/// # Errors
///
/// [`ErrorKind::Config`] if the route has no such parameter, and [`ErrorKind::UnknownClient`] if its value is
/// not UTF-8.
pub fn route_client(
    parameter: std::result::Result<Option<&str>, ()>,
    placeholder: &'static str,
) -> Result<String> {
    match parameter {
        Ok(Some(name)) => Ok(name.to_owned()),
        Ok(None) => {
            Err(misconfigured("the route has no parameter that names the client", placeholder))
        }
        Err(()) => {
            Err(Error::new(ErrorKind::UnknownClient, "the client's name in the path is not UTF-8"))
        }
    }
}
