//! The login of OAuth 1.0a (RFC 5849 §2), in the place of request.rs and response.rs.

use url::Url;

use super::front_channel::FrontChannel;
use super::options::AuthorizeOptions;
use super::pending::PendingLogin;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth1::authenticated_request::OUT_OF_BAND;
use crate::oauth1::authorization::{
    Authorization, authorization_url, callback_token, reported_problem,
};
use crate::oauth1::credentials::TokenCredentials;
use crate::oauth2::{Token, UserInfo};
use crate::params::Params;
use crate::secret::Secret;

impl FrontChannel {
    pub(super) async fn create_oauth1_url(
        &self,
        options: AuthorizeOptions,
    ) -> Result<(Url, PendingLogin)> {
        let settings = self.settings();
        let given = options.redirect_uri.as_deref().or(settings.redirect_uri.as_deref());
        let redirect_uri = match given {
            None | Some(OUT_OF_BAND) if !settings.is_interactive => OUT_OF_BAND.to_owned(),
            _ => self.redirect_uri(options.redirect_uri.clone())?,
        };
        let temporary = self.endpoints.request_temporary_credentials(&redirect_uri).await?;
        let url = self.oauth1_authorization_url(&temporary.token, &options.params)?;
        let mut pending = self.pending_login(options, redirect_uri, temporary.token);
        pending.token_secret = Some(temporary.secret);
        Ok((url, pending))
    }

    /// The URL to send the browser to with temporary credentials (RFC 5849 §2.2).
    pub(crate) fn oauth1_authorization_url(&self, token: &Secret, params: &Params) -> Result<Url> {
        let endpoint = self.endpoints.documents().configured_endpoint(Endpoint::Authorization)?;
        authorization_url(&endpoint, token, &self.authorize_params(params))
    }

    /// The temporary token of a callback, by which the pending login is found.
    pub(super) fn oauth1_callback_state(callback: &Params) -> Result<Option<String>> {
        let token = callback_token(callback)?.filter(|token| !token.is_empty());
        Ok(token.map(ToOwned::to_owned))
    }

    /// The OAuth 1.0a problem that a callback reports without naming the login: the problem reporting extension
    /// does not require the token.
    pub(crate) fn problem_without_state(&self, callback: &Params) -> Option<Error> {
        let problem = self.settings().is_oauth1().then(|| reported_problem(callback)).flatten()?;
        Some(self.settings().with_denial(problem))
    }

    /// Completes a login. The caller has checked that it is this client's and not expired.
    pub(super) async fn fetch_oauth1_token(
        &self,
        pending: PendingLogin,
        callback: &Params,
    ) -> Result<Token> {
        let authorization = Authorization::check(callback, &pending.state)?;
        let secret = pending.token_secret.as_ref().ok_or_else(|| {
            let check = "the pending login was not started with OAuth 1.0a";
            Error::new(ErrorKind::InvalidCallback, check).with_hint("start the login again")
        })?;
        let temporary = TokenCredentials { token: &pending.state, secret };
        let verifier = &authorization.verifier;
        let mut token = self.endpoints.request_token_credentials(temporary, verifier).await?;
        if let Some(url) = self.endpoints.login_userinfo_url().await? {
            let response = self.endpoints.request_userinfo(&url, &token).await?;
            let mut claims = token.claims.take().map(UserInfo::into_map).unwrap_or_default();
            let sub = claims.get("sub").and_then(|sub| sub.as_str());
            let about_user = self.endpoints.parse_userinfo(&response, &token, sub).await?;
            claims.extend(about_user);
            token.claims = Some(UserInfo::new(claims));
        }
        Ok(token)
    }
}
