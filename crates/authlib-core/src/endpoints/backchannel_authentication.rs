//! Client-initiated backchannel authentication (OpenID Connect CIBA Core 1.0): [`BackchannelLogin`].

use std::sync::Arc;
use std::time::Duration;

use super::client::EndpointClient;
use super::polled_login::{LoginPoll, PolledLogin};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result, clipped};
use crate::message::with_source;
use crate::oauth2::polling::{PolledFlow, Polling};
use crate::oauth2::{Grant, Token};
use crate::oidc::backchannel_authentication::{
    BackchannelAuthentication, BackchannelRequest, check_claims,
    parse_backchannel_authentication_response,
};
use crate::params::Params;

/// A backchannel login in progress: the provider asks the user on another device.
///
/// ```no_run
/// # async fn run(app: authlib_core::RegisteredClient) -> authlib_core::Result<()> {
/// use authlib_core::BackchannelRequest;
///
/// let request = BackchannelRequest::login_hint("alice@example.com").binding_message("W4SCT");
/// let mut login = app.start_backchannel_login(&request).await?;
/// println!("Confirm W4SCT on your phone");
/// let token = login.wait().await?;
/// # let _ = token;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "call `wait` or `poll`: otherwise no token is requested"]
pub struct BackchannelLogin {
    authentication: BackchannelAuthentication,
    /// The user that the request names by an ID token.
    hinted_subject: Option<String>,
    polled: PolledLogin,
}

impl BackchannelLogin {
    /// Sends the request (OpenID Connect CIBA Core §7.1); without a scope, for the client's.
    pub(crate) async fn start(
        endpoints: Arc<EndpointClient>,
        request: &BackchannelRequest,
    ) -> Result<Self> {
        let settings = endpoints.settings();
        if settings.issuer.is_none() {
            let check = "a backchannel login needs `issuer` to validate its ID token";
            return Err(Error::new(ErrorKind::Config, check)
                .with_hint("set `issuer` or `server_metadata_url`"));
        }
        let mode = if request.is_pinged() { "ping" } else { "poll" };
        ensure_mode(&endpoints, mode).await?;
        let scope = request.scope_or(&settings.scope);
        let mut defaults = Params::new();
        for values in settings.authorize_params.all("acr_values") {
            defaults.push("acr_values", values);
        }
        for resource in &settings.resources {
            defaults.push("resource", resource);
        }
        let token = request.is_pinged().then(|| endpoints.random_secret()).transpose()?;
        let form = request.form(&scope, &defaults, token.as_ref())?;
        let response = endpoints.call(Endpoint::BackchannelAuthentication, form).await?;
        let authentication = parse_backchannel_authentication_response(&response, endpoints.now());
        let authentication = match with_source(authentication, &response) {
            Ok(authentication) => authentication,
            Err(error) => return Err(endpoints.settings().with_denial(error)),
        };
        let BackchannelAuthentication { auth_req_id, expires_at, interval } = &authentication;
        let ping = token.map(|token| endpoints.pings().expect(auth_req_id, token));
        let polling = Polling::new(PolledFlow::Backchannel, *interval, *expires_at);
        let grant = Grant::backchannel_authentication(auth_req_id);
        let mut polled = PolledLogin::new(endpoints, polling, grant, scope).await?;
        polled.expect(ping);
        Ok(Self { authentication, hinted_subject: request.hinted_subject(), polled })
    }

    /// The provider's response to the request (OpenID Connect CIBA Core §7.3).
    #[must_use]
    pub fn authentication(&self) -> &BackchannelAuthentication {
        &self.authentication
    }

    /// Polls once whether the user has decided (OpenID Connect CIBA Core §10.1). If it is called before the wait of the
    /// last poll is over, the provider answers `slow_down`, and the wait becomes longer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AccessDenied`] when the user refused, [`ErrorKind::Unauthenticated`] when the request has expired or
    /// would before the next poll, [`ErrorKind::InvalidIdToken`] if the ID token is missing, not valid, of another request,
    /// or another user's than that of `id_token_hint`, and what else the token endpoint reports.
    pub async fn poll(&mut self) -> Result<LoginPoll> {
        let polled = self.polled.poll().await?;
        if let LoginPoll::Token(token) = &polled {
            self.check(token)?;
        }
        Ok(polled)
    }

    /// Polls until the user has decided. In ping mode it asks at once when the ping arrives. To cancel, drop the future.
    ///
    /// # Errors
    ///
    /// Those of [`poll`](Self::poll).
    pub async fn wait(&mut self) -> Result<Token> {
        let token = self.polled.wait().await?;
        self.check(&token)?;
        Ok(token)
    }

    /// As [`wait`](Self::wait), for as long as `keep_on` returns true; then the result is `None`.
    /// `keep_on` is called with the length of each pause before it begins, for example to show progress.
    ///
    /// # Errors
    ///
    /// Those of [`poll`](Self::poll).
    pub async fn wait_while(
        &mut self,
        keep_on: impl FnMut(Duration) -> bool,
    ) -> Result<Option<Token>> {
        let token = self.polled.wait_while(keep_on).await?;
        if let Some(token) = &token {
            self.check(token)?;
        }
        Ok(token)
    }

    fn check(&self, token: &Token) -> Result<()> {
        let auth_req_id = &self.authentication.auth_req_id;
        let hinted = self.hinted_subject.as_deref();
        self.polled.named(check_claims(token.claims.as_ref(), auth_req_id, hinted))
    }
}

/// Checks that the provider offers this delivery mode (OpenID Connect CIBA Core §4).
async fn ensure_mode(endpoints: &EndpointClient, mode: &str) -> Result<()> {
    let metadata = endpoints.documents().metadata().await?;
    let listed =
        metadata.as_deref().and_then(|m| m.backchannel_token_delivery_modes_supported.as_ref());
    match listed {
        Some(modes) if !modes.iter().any(|listed| listed == mode) => {
            let check = format!(
                "the provider's `backchannel_token_delivery_modes_supported` ({}) does not have {mode:?} (OpenID Connect \
                 CIBA Core §4)",
                clipped(&modes.join(", "))
            );
            let hint = "call `ping` on the request if the client is registered for ping mode; push mode is not supported";
            Err(Error::new(ErrorKind::Unsupported, check).with_hint(hint))
        }
        _ => Ok(()),
    }
}
