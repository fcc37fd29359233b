//! Requests to the endpoints at which the client says who it is: token, device authorization,
//! revocation and introspection.

use std::sync::Arc;

use url::Url;

use crate::app::RegisteredClient;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{ClientAuth, ClientIdentity, EndpointRequest, RequestHook, ResponseHook};
use crate::message::{Request, Response, form_post};
use crate::oauth2::client_assertion::{Assertion, Audience};
use crate::oauth2::client_auth::Credentials;
use crate::oauth2::grant::{Grant, Scope};
use crate::oauth2::metadata::ServerMetadata;
use crate::oauth2::token_endpoint::{parse_token_response, token_request};
use crate::oauth2::{AuthMethod, Token};
use crate::params::Params;
use crate::secret::Secret;

/// One of these endpoints, as one client sees it.
pub(crate) struct Asked {
    pub(crate) endpoint: Endpoint,
    pub(crate) url: Url,
    pub(crate) form: Params,
    /// The method that is configured for this endpoint alone.
    pub(crate) own_method: Option<AuthMethod>,
    pub(crate) hook: Option<RequestHook>,
}

impl RegisteredClient {
    /// One token request: never a second, which would spend the code or the refresh token.
    pub(crate) async fn token_request(
        &self,
        grant: &Grant,
        granted_scope: &str,
        metadata: Option<&Arc<ServerMetadata>>,
    ) -> Result<Token> {
        let (response, asked) = self.token_response(grant, metadata).await?;
        let scope = match grant.scope {
            Scope::Implied => granted_scope.to_owned(),
            _ => asked,
        };
        let scope = Some(scope.as_str()).filter(|scope| !scope.is_empty());
        parse_token_response(&response, self.now(), scope)
    }

    /// The answer to a token request, and the scope that it asked for.
    pub(crate) async fn token_response(
        &self,
        grant: &Grant,
        metadata: Option<&Arc<ServerMetadata>>,
    ) -> Result<(Response, String)> {
        if self.oauth1().is_some() {
            return Err(Error::new(ErrorKind::Unsupported, "OAuth 1.0a has no grants"));
        }
        if let Some(name) = grant.foreign_param() {
            let check = format!("a grant must not set `{name}`");
            return Err(Error::new(ErrorKind::InvalidRequest, check)
                .with_hint("remove it: `client_id` and `client_secret` are added automatically"));
        }
        let settings = &self.inner.settings;
        let mut registered = settings.endpoints.get(Endpoint::Token);
        let (extra, before, after) = if grant.is_refresh() {
            registered = settings.endpoints.get(Endpoint::Refresh).or(registered);
            let params = &settings.refresh_token_params;
            (params, RequestHook::RefreshTokenRequest, ResponseHook::RefreshTokenResponse)
        } else {
            let params = &settings.access_token_params;
            (params, RequestHook::AccessTokenRequest, ResponseHook::AccessTokenResponse)
        };
        let document = metadata.and_then(|known| known.endpoints.get(Endpoint::Token));
        let url = self.endpoint("token_endpoint", registered, document)?;
        let mut form = grant.form(&settings.scope.clone());
        form.extend(extra.clone());
        let asked_scope = form.all("scope").next().unwrap_or_default().to_owned();
        let asked =
            Asked { endpoint: Endpoint::Token, url, form, own_method: None, hook: Some(before) };
        let response = self.ask(asked, metadata.map(AsRef::as_ref)).await?;
        let response = settings.extensions.hooks.on_response(after, response).await?;
        Ok((response, asked_scope))
    }

    /// One request with this client's authentication, which is that of the token endpoint (RFC 7009
    /// §2.1) unless this endpoint has another.
    pub(crate) async fn ask(
        &self,
        asked: Asked,
        metadata: Option<&ServerMetadata>,
    ) -> Result<Response> {
        self.ask_with(asked, metadata, |_| {}).await
    }

    /// As [`ask`](Self::ask), with a change to the request before its hooks.
    pub(crate) async fn ask_with(
        &self,
        asked: Asked,
        metadata: Option<&ServerMetadata>,
        change: impl FnOnce(&mut Request),
    ) -> Result<Response> {
        let (what, hook, origin) = (asked.endpoint.request_name(), asked.hook, asked.url.origin());
        let mut request = self.authenticated(asked, metadata).await?;
        change(&mut request);
        if let Some(hook) = hook {
            request = self.inner.settings.extensions.hooks.on_request(hook, request).await?;
        }
        // What proves who the client is goes to nobody but the endpoint.
        let to = Url::parse(&request.uri().to_string()).map(|url| url.origin());
        if to.as_ref() != Ok(&origin) {
            let check = format!("{what} would leave the origin of its endpoint: it is not sent");
            return Err(Error::new(ErrorKind::Config, check).with_hint(
                "a hook or a `ClientAuth` may change the path and the query; another origin is set as \
                 the endpoint's URL",
            ));
        }
        self.inner.driver.send(what, request).await
    }

    async fn authenticated(
        &self,
        asked: Asked,
        metadata: Option<&ServerMetadata>,
    ) -> Result<Request> {
        let code = &self.inner.settings.extensions;
        if let Some(auth) = code.auth_for(asked.endpoint, asked.own_method.is_some()) {
            return self.authenticated_by(auth, asked).await;
        }
        let method = self.method_at(&asked, metadata)?;
        let credentials = self.credentials(method, &asked.url, metadata)?;
        Ok(token_request(&asked.url, asked.form, &credentials))
    }

    async fn authenticated_by(&self, auth: &dyn ClientAuth, asked: Asked) -> Result<Request> {
        let settings = &self.inner.settings;
        let client = ClientIdentity {
            endpoint: asked.endpoint,
            client_id: self.client_id(),
            client_secret: settings.client_secret.as_ref(),
            issuer: settings.issuer.as_deref(),
        };
        let plain =
            EndpointRequest { url: asked.url, headers: http::HeaderMap::new(), form: asked.form };
        let proven = auth.authenticate(client, plain).await?;
        let mut request = form_post(&proven.url, &proven.form);
        request.headers_mut().extend(proven.headers);
        Ok(request)
    }

    fn method_at(&self, asked: &Asked, metadata: Option<&ServerMetadata>) -> Result<AuthMethod> {
        let settings = &self.inner.settings;
        let choose = |supported: Option<&[String]>| {
            AuthMethod::choose(settings.auth_method, settings.held(), supported)
        };
        if let Some(method) = asked.own_method {
            return Ok(method);
        }
        let usual =
            choose(metadata.and_then(|known| known.auth_methods_supported(Endpoint::Token)))?;
        let own = metadata.and_then(|known| known.auth_methods_supported(asked.endpoint));
        match own {
            Some(own) if !own.iter().any(|name| name == usual.name()) => {
                choose(Some(own)).map_err(|_| {
                    let check = format!(
                        "the provider's `{}_auth_methods_supported` ({}) names no method that fits a \
                         client secret",
                        asked.endpoint.name(),
                        own.join(", ")
                    );
                    Error::new(ErrorKind::Unsupported, check)
                        .with_hint("set `token_endpoint_auth_method` if the document is wrong")
                })
            }
            _ => Ok(usual),
        }
    }

    /// What the client shows in one request to `endpoint`.
    fn credentials(
        &self,
        method: AuthMethod,
        endpoint: &Url,
        metadata: Option<&ServerMetadata>,
    ) -> Result<Credentials<'_>> {
        let settings = &self.inner.settings;
        Ok(Credentials {
            method,
            client_id: self.client_id(),
            client_secret: settings.client_secret.as_ref(),
            raw_basic: settings.raw_basic,
            assertion: self.client_assertion(method, endpoint, metadata)?,
        })
    }

    /// An assertion for one request to `endpoint`, where the method is by assertion (RFC 7523 §2.2).
    fn client_assertion(
        &self,
        method: AuthMethod,
        endpoint: &Url,
        metadata: Option<&ServerMetadata>,
    ) -> Result<Option<Secret>> {
        let settings = &self.inner.settings;
        let Some(signing) = settings.signing.as_ref().filter(|_| method.is_assertion()) else {
            return Ok(None);
        };
        let supported = metadata
            .and_then(|known| known.token_endpoint_auth_signing_alg_values_supported.as_deref());
        let audience = match (signing.audience, &settings.issuer) {
            (Audience::Issuer, Some(issuer)) => issuer,
            _ => endpoint.as_str(),
        };
        let assertion = Assertion {
            issuer: self.client_id(),
            subject: Some(self.client_id()),
            audience,
            jti: &self.unguessable()?,
            now: self.now(),
        };
        signing.sign(&assertion, signing.algorithm(supported)?).map(Some)
    }
}
