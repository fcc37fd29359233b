//! [`LoginClient::initiate_login`]: a login that the provider or a portal starts (OpenID Connect Core §4).

use http::Method;

use super::callback_request::form;
use super::{LoginClient, Response, see_other};
use crate::authorization::AuthorizeOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::login::{Session, path_below};
use crate::params::Params;

/// The parameters of the request (OpenID Connect Core §4).
const PARAMS: [&str; 3] = ["iss", "login_hint", "target_link_uri"];

impl<S: Session> LoginClient<S> {
    /// Starts a login that a third party initiates (OpenID Connect Core §4): the provider or a portal sends the browser
    /// here with `iss`, and by choice with `login_hint` and `target_link_uri`, in a query or a form. `form` is the
    /// body of a POST, and empty otherwise. Register the URL of the route at the provider as `initiate_login_uri`.
    ///
    /// **Any site can start such a login**, and so log a user in with an account of its choice if the provider does not
    /// ask. Add the route only if you need it.
    ///
    /// A POST is redirected to a GET of the same URL first: browsers send it without the session's `Lax` cookie.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] if `iss` is not the client's issuer, `target_link_uri` is not a page of this site, or
    /// a parameter is repeated; and those of [`authorize_redirect`](Self::authorize_redirect).
    pub async fn initiate_login(
        &self,
        options: impl Into<AuthorizeOptions>,
        body: &[u8],
    ) -> Result<Response> {
        let request = self.request();
        if request.method == Method::POST {
            let posted =
                form(request, body).map_err(|error| error.with_kind(ErrorKind::InvalidRequest))?;
            let query: Params = posted
                .iter()
                .filter(|(name, _)| PARAMS.contains(name))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            return Ok(see_other(&format!("{}?{}", request.external_path(), query.to_query())));
        }
        let params = Params::parse(request.query().unwrap_or_default());
        let only =
            |name| params.only(name).map_err(|cause| Error::new(ErrorKind::InvalidRequest, cause));
        self.check_initiator(only("iss")?)?;
        let mut options = options.into();
        if let Some(target) = only("target_link_uri")? {
            options.next = Some(self.local_target(target)?);
        }
        if let Some(hint) = only("login_hint")? {
            options = options.login_hint(hint);
        }
        self.authorize_redirect(options).await
    }

    fn check_initiator(&self, iss: Option<&str>) -> Result<()> {
        let issuers = &self.client().settings().issuers;
        match iss {
            Some(iss) if issuers.is_provider(iss) || issuers.identify(iss, None).is_ok() => Ok(()),
            _ => {
                let check = "the login was initiated with another `iss` than the client's issuer";
                Err(Error::new(ErrorKind::InvalidRequest, check).with_client(self.client().name()))
            }
        }
    }

    /// The page of this site that `target_link_uri` names.
    fn local_target(&self, target: &str) -> Result<String> {
        let here = self.client().base_url().map(|url| url.origin().ascii_serialization());
        let path = match here.and_then(|here| target.strip_prefix(&here)) {
            Some("") => "/",
            Some(path) => path,
            None => target,
        };
        path_below(self.client().base_path(), path).map_err(|reason| {
            let check = format!("`target_link_uri` is not a page of this site: {reason}");
            Error::new(ErrorKind::InvalidRequest, check).with_client(self.client().name())
        })
    }
}
