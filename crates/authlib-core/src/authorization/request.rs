//! The authorization request (RFC 6749 §4.1.1).

use url::Url;

use super::front_channel::FrontChannel;
use super::options::AuthorizeOptions;
use super::pending::{PendingLogin, Purpose};
use crate::config::{is_openid, is_reserved_authorize_param};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::authorization::{AuthorizationRequest, authorization_url};

impl FrontChannel {
    /// The URL to send the browser to, and the pending login that its callback must match.
    pub(crate) async fn create_authorization_url(
        &self,
        options: AuthorizeOptions,
    ) -> Result<(Url, PendingLogin)> {
        if options.purpose == Purpose::LogOut {
            let check = "an authorization request is for a login or for connecting an account";
            return Err(Error::new(ErrorKind::InvalidRequest, check)
                .with_hint("log out with `create_logout_url`"));
        }
        if matches!(&options.purpose, Purpose::Connect { user } if user.is_empty()) {
            let check = "the id of the user who connects an account is empty";
            return Err(Error::new(ErrorKind::InvalidRequest, check));
        }
        let implicit = options.dangerous_implicit;
        if implicit && self.settings().is_oauth1() {
            let check = "OAuth 1.0a has no implicit grant";
            return Err(Error::new(ErrorKind::InvalidRequest, check));
        }
        if self.settings().is_oauth1() {
            return self.create_oauth1_url(options).await;
        }
        let settings = self.settings();
        let redirect_uri = self.redirect_uri(options.redirect_uri.as_deref())?;
        let reserved = options.params.iter().find(|(name, _)| is_reserved_authorize_param(name));
        if let Some((name, _)) = reserved {
            let check = format!("the login itself sets parameter `{name}`");
            return Err(Error::new(ErrorKind::InvalidRequest, check)
                .with_hint("remove it, or use the method of `AuthorizeOptions` for it"));
        }
        let documents = self.endpoints.documents();
        let metadata = documents.metadata().await?;
        if !implicit {
            // Known before the user logs in at the provider in vain.
            self.endpoints.ensure_auth_method(metadata.as_deref())?;
        }
        let endpoint = documents.endpoint(Endpoint::Authorization).await?;
        let scope = options.scope.clone().unwrap_or_else(|| settings.scope.clone());
        let random = || self.endpoints.random_secret();
        // The response has neither an ID token nor a code.
        let needs_nonce = is_openid(&scope) && !settings.skip_nonce && !implicit;
        let needs_pkce = !settings.skip_pkce && !implicit;
        let mut extra = self.authorize_params(&options.params);
        let max_age = options.max_age.or(settings.max_age).map(|age| age.as_secs());
        let pending = PendingLogin {
            issuer: settings.issuer.clone(),
            nonce: needs_nonce.then(random).transpose()?,
            code_verifier: needs_pkce.then(random).transpose()?,
            scope,
            max_age,
            implicit,
            is_silent: extra.only("prompt").ok().flatten() == Some("none"),
            ..self.pending_login(options, redirect_uri, random()?)
        };
        if let Some(max_age) = pending.max_age {
            extra.set("max_age", max_age.to_string());
        }
        let params = AuthorizationRequest {
            response_type: if implicit { "token" } else { "code" },
            client_id: &settings.client_id,
            redirect_uri: &pending.redirect_uri,
            scope: &pending.scope,
            state: &pending.state,
            nonce: pending.nonce.as_ref(),
            code_verifier: pending.code_verifier.as_ref(),
            response_mode: settings.response_mode.filter(|_| !implicit).map(|mode| mode.name()),
            extra: &extra,
        }
        .params();
        let params = match self.endpoints.pushes_requests(metadata.as_deref())? {
            true => self.endpoints.push_authorization_request(params).await?,
            false => params,
        };
        Ok((authorization_url(&endpoint, &params), pending))
    }
}
