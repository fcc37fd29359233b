//! A login without its browser: [`RegisteredClient::create_authorization_url`] starts it,
//! [`RegisteredClient::fetch_access_token`] finishes it.

use std::sync::Arc;

use serde_json::Map;
use url::Url;

use crate::app::{AuthorizeOptions, PendingLogin, RegisteredClient};
use crate::config::{is_openid, is_reserved_authorize_param};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::claims::Claims;
use crate::numeric_date::unix_seconds;
use crate::oauth2::Token;
use crate::oauth2::authorization::{AuthorizationRequest, AuthorizationResponse, Expected};
use crate::oauth2::grant::Grant;
use crate::oauth2::metadata::ServerMetadata;
use crate::oidc::id_token::IdTokenError;
use crate::oidc::user_info::{parse_userinfo_response, userinfo_request};
use crate::params::Params;
use crate::random;
use crate::secret::Secret;

impl RegisteredClient {
    /// The URL to send the browser to, and the record that its callback is held against
    /// (RFC 6749 §4.1.1).
    ///
    /// PKCE with S256 is on (RFC 9700 §2.1.1) and a nonce is sent with the `openid` scope, unless the
    /// client's `dangerous` settings say otherwise.
    /// Web applications call [`login::authorize_redirect`](crate::login::authorize_redirect), which
    /// keeps the record in the session.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] without a redirect URI, [`ErrorKind::InvalidRequest`] with a reserved parameter,
    /// [`ErrorKind::Transport`] and [`ErrorKind::InvalidResponse`] when the metadata can't be had.
    pub async fn create_authorization_url(
        &self,
        options: AuthorizeOptions,
    ) -> Result<(Url, PendingLogin)> {
        let started = match self.oauth1() {
            Some(_) => self.start_oauth1(options).await,
            None => self.start(options).await,
        };
        started.map_err(|error| error.with_client(self.name()))
    }

    async fn start(&self, options: AuthorizeOptions) -> Result<(Url, PendingLogin)> {
        let settings = &self.inner.settings;
        let redirect_uri = self.redirect_uri(options.redirect_uri.as_deref())?;
        for (name, _) in options.params.iter() {
            if is_reserved_authorize_param(name) {
                return Err(Error::new(
                    ErrorKind::InvalidRequest,
                    format!("parameter `{name}` of the authorization request is set by the login"),
                )
                .with_hint("what can be chosen has a method of its own in `AuthorizeOptions`"));
            }
        }
        let metadata = self.metadata().await?;
        if metadata
            .as_ref()
            .is_some_and(|known| known.require_pushed_authorization_requests == Some(true))
        {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "the provider takes pushed authorization requests only (RFC 9126), which are not \
                 built yet",
            ));
        }
        let endpoint = self.endpoint(
            "authorization_endpoint",
            settings.endpoints.get(Endpoint::Authorization),
            metadata.as_ref().and_then(|known| known.endpoints.get(Endpoint::Authorization)),
        )?;
        let scope = options.scope.unwrap_or_else(|| settings.scope.clone());
        let pending = PendingLogin {
            client: self.name().to_owned(),
            issuer: settings.issuer.clone(),
            state: self.unguessable()?,
            nonce: (is_openid(&scope) && !settings.skip_nonce)
                .then(|| self.unguessable())
                .transpose()?,
            code_verifier: (!settings.skip_pkce).then(|| self.unguessable()).transpose()?,
            token_secret: None,
            redirect_uri,
            scope,
            max_age: options.max_age.or(settings.max_age).map(|age| age.as_secs()),
            started_at: unix_seconds(self.now()),
            next: options.next,
            data: options.data,
        };
        let mut extra = settings.authorize_params.clone();
        for (name, value) in options.params {
            extra.set(&name, value);
        }
        if let Some(max_age) = pending.max_age {
            extra.set("max_age", max_age.to_string());
        }
        let url = AuthorizationRequest {
            endpoint: &endpoint,
            client_id: self.client_id(),
            redirect_uri: &pending.redirect_uri,
            scope: &pending.scope,
            state: &pending.state,
            nonce: pending.nonce.as_ref(),
            code_verifier: pending.code_verifier.as_ref(),
            response_mode: settings.response_mode.map(|mode| mode.name()),
            extra: &extra,
        }
        .url();
        Ok((url, pending))
    }

    /// Finishes a login: checks the callback, spends the code, verifies the ID token and asks who the
    /// user is (RFC 6749 §4.1.2 and §4.1.3, OpenID Connect Core §3.1.3). The record is spent whatever
    /// comes of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidCallback`], [`ErrorKind::AccessDenied`] and [`ErrorKind::AuthorizationError`] by what the
    /// callback says, [`ErrorKind::Transport`] and [`ErrorKind::InvalidResponse`] by what comes of the
    /// requests behind it, [`ErrorKind::InvalidIdToken`] when the ID token does not verify.
    pub async fn fetch_access_token(
        &self,
        pending: PendingLogin,
        callback: &Params,
    ) -> Result<Token> {
        self.finish(pending, callback).await.map_err(|error| error.with_client(self.name()))
    }

    async fn finish(&self, pending: PendingLogin, callback: &Params) -> Result<Token> {
        let settings = &self.inner.settings;
        if pending.client != self.name() || pending.issuer != settings.issuer {
            return Err(Error::new(
                ErrorKind::InvalidCallback,
                "the callback belongs to a login that was started with another client",
            )
            .with_hint("each client needs a redirect URI of its own (RFC 9700 §4.4)"));
        }
        if pending.is_expired(self.now()) {
            return Err(Error::new(
                ErrorKind::InvalidCallback,
                "the login was started more than 10 minutes ago",
            ));
        }
        if self.oauth1().is_some() {
            return self.finish_oauth1(pending, callback).await;
        }
        let metadata = self.metadata().await?;
        let issuers = self.inner.settings.issuers();
        let promised = metadata.as_ref().is_some_and(|known| {
            known.authorization_response_iss_parameter_supported == Some(true)
        });
        let expected =
            Expected { state: &pending.state, issuers: &issuers, iss_required: promised };
        let response = AuthorizationResponse::check(callback, &expected)?;
        let verifier = pending.code_verifier.as_ref();
        let grant = Grant::authorization_code(&response.code, &pending.redirect_uri, verifier);
        let mut token = self.token_request(&grant, &pending.scope, metadata.as_ref()).await?;
        let claims = self.verified_claims(&token, &pending, metadata.as_ref()).await?;
        if claims.is_none() {
            // Nothing vouches for it: it must not come back as a hint or as an identity.
            token.id_token = None;
        }
        token.claims = self.who(&token, claims, metadata.as_ref()).await?;
        Ok(token)
    }

    /// Who the user is: the ID token's claims, and those of the user info that it lacks. Where there
    /// is neither, nothing.
    async fn who(
        &self,
        token: &Token,
        id_token: Option<Claims>,
        metadata: Option<&Arc<ServerMetadata>>,
    ) -> Result<Option<Map<String, serde_json::Value>>> {
        let settings = &self.inner.settings;
        let endpoint = settings
            .endpoints
            .get(Endpoint::UserInfo)
            .or_else(|| metadata.and_then(|known| known.endpoints.get(Endpoint::UserInfo)))
            .filter(|_| settings.fetch_userinfo);
        let Some(endpoint) = endpoint else {
            return Ok(id_token.map(|claims| claims.as_map().clone()));
        };
        let request = userinfo_request(endpoint, token)?;
        let response = self.inner.driver.send("the user info request", request).await?;
        let sub = id_token.as_ref().map(|claims| claims.text("sub")).transpose();
        let sub = sub.map_err(IdTokenError::from)?.flatten();
        let mut claims = parse_userinfo_response(&response, sub, settings.subject_claim())?;
        if let Some(id_token) = &id_token {
            // What is signed wins over what is not.
            claims.extend(id_token.as_map().clone());
        }
        Ok(Some(claims))
    }

    pub(in crate::app) fn redirect_uri(&self, given: Option<&str>) -> Result<String> {
        let text = given.or(self.inner.settings.redirect_uri.as_deref()).ok_or_else(|| {
            Error::new(ErrorKind::Config, "the login has no redirect URI")
                .with_hint("pass one to `authorize_redirect`, or set `redirect_uri`")
        })?;
        self.absolute(text, "the redirect URI")
    }

    /// A URL as it is, a path under the registry's base URL: never built from what a request says of
    /// its host.
    pub(crate) fn absolute(&self, text: &str, what: &str) -> Result<String> {
        if Url::parse(text).is_ok() {
            return Ok(text.to_owned());
        }
        let config = |check: String| Error::new(ErrorKind::Config, check);
        let base = self.inner.ports.base_url.as_ref().ok_or_else(|| {
            config(format!("{what} {text:?} is no absolute URL"))
                .with_hint("write it in full, or give the registry a `base_url`")
        })?;
        let under =
            format!("{}/{}", base.as_str().trim_end_matches('/'), text.trim_start_matches('/'));
        let url = Url::parse(&under).map_err(|_| config(format!("{what} {text:?} is no URL")))?;
        Ok(url.into())
    }

    pub(crate) fn unguessable(&self) -> Result<Secret> {
        random::token(self.inner.ports.random.as_ref()).map(Secret::new)
    }
}
