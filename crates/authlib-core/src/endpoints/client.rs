//! [`EndpointClient`]: one request to an endpoint of the provider, from its URL to its response.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use url::{Origin, Url};

use super::dpop::{Nonces, SenderConstraint, url_of};
use super::ping::Pings;
use super::redaction::{redacted, rejects_client, secrets_of};
use crate::clock::Clock;
use crate::config::ClientSettings;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result, clipped};
use crate::hooks::{ClientAuth, ClientIdentity, EndpointRequest, RequestHook, ResponseHook};
use crate::http_exchange::HttpExchange;
use crate::jose::SigningKey;
use crate::message::{BodyLimit, Request, Response, form_post};
use crate::oauth2::AuthMethod;
use crate::oauth2::client_assertion::{Assertion, Audience};
use crate::oauth2::client_auth::Credentials;
use crate::oauth2::dpop::is_nonce_request;
use crate::oauth2::metadata::ServerMetadata;
use crate::oauth2::token_endpoint::token_request;
use crate::params::Params;
use crate::provider_documents::ProviderDocuments;
use crate::random::{self, Random};
use crate::secret::Secret;
use crate::signer::{LocalKey, Signer, sign_jws};
use crate::transport::{BoxFuture, HttpClient};

/// The maximum size of a response in bytes: tokens, and what a provider adds to them.
const MAX_RESPONSE: usize = 256 * 1024;

/// Calls the endpoints of one client's provider.
pub(crate) struct EndpointClient {
    settings: Arc<ClientSettings>,
    documents: ProviderDocuments,
    exchange: HttpExchange,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    nonces: Nonces,
    pings: Pings,
}

/// One request, and the client secret that it is sent with.
#[derive(Clone, Copy)]
struct Call<'a> {
    endpoint: Endpoint,
    secret: Option<&'a Secret>,
}

impl EndpointClient {
    pub(crate) fn new(
        settings: ClientSettings,
        http: Arc<dyn HttpClient>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        // Only the first of several registries with this configuration can set it, and they have one clock.
        let _ = settings.extensions.clock.set(clock.clone());
        let settings = Arc::new(settings);
        let exchange = HttpExchange::new(http, settings.user_agent.as_deref(), settings.timeout);
        let documents = ProviderDocuments::new(settings.clone(), exchange.clone(), clock.clone());
        let (nonces, pings) = (Nonces::default(), Pings::default());
        Self { settings, documents, exchange, clock, random, nonces, pings }
    }

    pub(crate) fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    pub(crate) fn documents(&self) -> &ProviderDocuments {
        &self.documents
    }

    pub(super) fn nonces(&self) -> &Nonces {
        &self.nonces
    }

    /// The pings that logins wait for.
    pub(crate) fn pings(&self) -> &Pings {
        &self.pings
    }

    pub(crate) fn exchange(&self) -> &HttpExchange {
        &self.exchange
    }

    /// Names the client in an error.
    pub(crate) fn named<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| error.with_client(&self.settings.name))
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    pub(crate) async fn sleep(&self, pause: Duration) {
        self.clock.sleep(pause).await;
    }

    /// Runs a task to its end, if the HTTP client has a runtime ([`HttpClient::spawn`]).
    pub(crate) fn spawn(&self, task: BoxFuture<'static, ()>) -> bool {
        self.exchange.spawn(task)
    }

    pub(crate) fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    /// A `state`, nonce, `jti` or PKCE verifier: 256 random bits.
    pub(crate) fn random_secret(&self) -> Result<Secret> {
        random::token(self.random()).map(Secret::new)
    }

    /// As [`random_secret`](Self::random_secret), several at once.
    pub(crate) fn random_secrets<const N: usize>(&self) -> Result<[Secret; N]> {
        random::tokens(self.random()).map(|texts| texts.map(Secret::new))
    }

    /// POSTs `form` to an endpoint at which the client authenticates (RFC 6749 §2.3). It is sent once
    /// and never repeated: a code or a refresh token can be used only once.
    pub(super) async fn call(&self, endpoint: Endpoint, form: Params) -> Result<Response> {
        self.call_with(endpoint, form, |_| {}).await
    }

    /// As [`call`](Self::call), with a proof of the constraint's DPoP key (RFC 9449 §5, §10.1). If the server wants its
    /// nonce in the proof, it did not use the request, which is sent once more with that nonce (§8).
    pub(crate) async fn call_bound(
        &self,
        endpoint: Endpoint,
        form: Params,
        constraint: &SenderConstraint,
    ) -> Result<Response> {
        if !constraint.has_key() {
            return self.call(endpoint, form).await;
        }
        let (response, has_nonce) =
            self.exchange_as_client(endpoint, form.clone(), constraint, |_| {}).await?;
        if !has_nonce || !is_nonce_request(&response) {
            return self.with_response_hooks(endpoint, response).await;
        }
        let (response, _) = self.exchange_as_client(endpoint, form, constraint, |_| {}).await?;
        self.with_response_hooks(endpoint, response).await
    }

    /// As [`call`](Self::call), with a change to the request before its hooks run.
    pub(super) async fn call_with(
        &self,
        endpoint: Endpoint,
        form: Params,
        change: fn(&mut Request),
    ) -> Result<Response> {
        let none = SenderConstraint::default();
        let (response, _) = self.exchange_as_client(endpoint, form, &none, change).await?;
        self.with_response_hooks(endpoint, response).await
    }

    /// One request and its response, and whether that has a DPoP nonce. If the client secret is kept elsewhere and the server
    /// does not accept it, another one is fetched, and the request sent once more: the server did not use it (RFC 6749 §5.2).
    async fn exchange_as_client(
        &self,
        endpoint: Endpoint,
        form: Params,
        constraint: &SenderConstraint,
        change: fn(&mut Request),
    ) -> Result<(Response, bool)> {
        let Some(secrets) = &self.settings.extensions.secrets else {
            let call = Call { endpoint, secret: self.settings.client_secret.as_ref() };
            return self.exchange_once(call, form, constraint, change).await;
        };
        let secret = secrets.current(self.now()).await?;
        let call = Call { endpoint, secret: Some(&secret) };
        let first = self.exchange_once(call, form.clone(), constraint, change).await?;
        if !rejects_client(&first.0) {
            return Ok(first);
        }
        let Some(other) = secrets.other_than(&secret, self.now()).await else { return Ok(first) };
        tracing::info!(
            client = self.settings.name,
            "client secret was replaced; fetched the new one"
        );
        let call = Call { endpoint, secret: Some(&other) };
        self.exchange_once(call, form, constraint, change).await
    }

    /// One request and its response, and whether that has a DPoP nonce.
    async fn exchange_once(
        &self,
        call: Call<'_>,
        form: Params,
        constraint: &SenderConstraint,
        change: fn(&mut Request),
    ) -> Result<(Response, bool)> {
        let endpoint = call.endpoint;
        let metadata = self.documents.metadata().await?;
        let url = self.documents.endpoint(endpoint).await?;
        let origin = url.origin();
        let mut request = match self.settings.custom_auth(authenticated_as(endpoint)) {
            Some(auth) => self.authenticate_by(auth, call, url, form).await?,
            None => self.authenticate(call, &url, form, metadata.as_deref()).await?,
        };
        request.extensions_mut().insert(BodyLimit(MAX_RESPONSE));
        change(&mut request);
        let hooks = &self.settings.extensions.hooks;
        if let Some(hook) = request_hook(endpoint) {
            request = hooks.requests.run(hook, request).await?;
        }
        let sent_to = ensure_origin(&request, &origin, endpoint)?;
        // Last: a proof is of the method and the URL that are sent.
        self.add_proof(&mut request, constraint, None).await?;
        let body = request.body().clone();
        let response = self.exchange.send(endpoint.request_name(), request).await?;
        let has_nonce = constraint.has_key() && self.keep_nonce(&sent_to, response.headers());
        Ok((redacted(response, || secrets_of(&body, call.secret)), has_nonce))
    }

    async fn with_response_hooks(
        &self,
        endpoint: Endpoint,
        response: Response,
    ) -> Result<Response> {
        match response_hook(endpoint) {
            Some(hook) => self.settings.extensions.hooks.responses.run(hook, response).await,
            None => Ok(response),
        }
    }

    /// The request with the client's registered authentication.
    async fn authenticate(
        &self,
        call: Call<'_>,
        url: &Url,
        form: Params,
        metadata: Option<&ServerMetadata>,
    ) -> Result<Request> {
        let method = self.auth_method(call.endpoint, metadata)?;
        let credentials = Credentials {
            method,
            client_id_param: self.settings.client_id_param(),
            client_id: &self.settings.client_id,
            client_secret: call.secret,
            raw_basic: self.settings.raw_basic,
            assertion: self.client_assertion(method, url, metadata, call.secret).await?,
        };
        Ok(token_request(url, form, &credentials))
    }

    /// The request with the application's own [`ClientAuth`].
    async fn authenticate_by(
        &self,
        auth: &dyn ClientAuth,
        call: Call<'_>,
        url: Url,
        form: Params,
    ) -> Result<Request> {
        let client = ClientIdentity {
            endpoint: authenticated_as(call.endpoint),
            client_id: &self.settings.client_id,
            client_secret: call.secret,
            issuer: self.settings.issuer.as_deref(),
        };
        let plain = EndpointRequest { url, headers: HeaderMap::new(), form };
        let authenticated = auth.authenticate(client, plain).await?;
        let mut request = form_post(&authenticated.url, &authenticated.form);
        request.headers_mut().extend(authenticated.headers);
        Ok(request)
    }

    /// Checks that the client can authenticate at the token endpoint by one of the methods that the metadata list.
    pub(crate) fn ensure_auth_method(&self, metadata: Option<&ServerMetadata>) -> Result<()> {
        if self.settings.custom_auth(Endpoint::Token).is_some() {
            return Ok(());
        }
        self.auth_method(Endpoint::Token, metadata).map(drop)
    }

    /// A rejected client's error, with the settings for servers that deviate from how the client authenticated.
    pub(super) async fn explained(&self, error: Error) -> Error {
        let code = error.provider_error().map(|provider| provider.error.as_str());
        let is_client = matches!(code, None | Some("invalid_client" | "unauthorized_client"))
            || error.provider_error().is_some_and(|provider| provider.status >= Some(500));
        let custom = self.settings.custom_auth(Endpoint::Token).is_some();
        if error.kind() != ErrorKind::InvalidResponse || !is_client || custom {
            return error;
        }
        let metadata = self.documents.metadata().await.ok().flatten();
        let Ok(method) = self.auth_method(Endpoint::Token, metadata.as_deref()) else {
            return error;
        };
        let secret = self.settings.client_secret.as_ref().map_or("", Secret::expose);
        let is_encoded = [&self.settings.client_id, secret].iter().any(|text| {
            form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>() != **text
        });
        if method.is_assertion() {
            let hint = "some servers accept only their token endpoint as the audience of a client assertion: \
                        set `client_assertion_audience` to `token_endpoint`";
            error.with_another_hint(hint)
        } else if method == AuthMethod::ClientSecretBasic && !self.settings.raw_basic && is_encoded
        {
            let hint = "`client_id` or `client_secret` has characters that RFC 6749 §2.3.1 encodes, and some \
                        servers do not decode them: set `raw_client_secret_basic` to true, or \
                        `token_endpoint_auth_method` to `client_secret_post`";
            error.with_another_hint(hint)
        } else if method.is_mutual_tls() {
            let hint = "register the certificate of `tls_client_certificate` at the provider; if the endpoint does not ask \
                        for it, set the one that does, such as `token_endpoint`";
            error.with_another_hint(hint)
        } else {
            error
        }
    }

    /// The authentication method at an endpoint: the one that is configured for it; otherwise that of
    /// the token endpoint (RFC 7009 §2.1), unless the metadata lists others for this endpoint.
    fn auth_method(
        &self,
        endpoint: Endpoint,
        metadata: Option<&ServerMetadata>,
    ) -> Result<AuthMethod> {
        let settings = &self.settings;
        if let Some(method) = settings.own_auth_method(endpoint) {
            return Ok(method);
        }
        let listed = |at| metadata.and_then(|metadata| metadata.auth_methods_supported(at));
        let choose =
            |listed| AuthMethod::choose(settings.auth_method, settings.credential_kind(), listed);
        let usual = choose(listed(Endpoint::Token))?;
        match listed(endpoint) {
            Some(own) if !own.iter().any(|name| name == usual.name()) => {
                choose(Some(own)).map_err(|_| {
                    let check = format!(
                        "the provider's `{}` ({}) lists no method that this client's credentials \
                         fit",
                        endpoint.auth_methods_member().unwrap_or_default(),
                        clipped(&own.join(", "))
                    );
                    Error::new(ErrorKind::Unsupported, check)
                        .with_hint("if the metadata is wrong, set `token_endpoint_auth_method`")
                })
            }
            _ => Ok(usual),
        }
    }

    /// An assertion for one request to `endpoint`, if the method needs one (RFC 7523 §2.2).
    async fn client_assertion(
        &self,
        method: AuthMethod,
        endpoint: &Url,
        metadata: Option<&ServerMetadata>,
        secret: Option<&Secret>,
    ) -> Result<Option<Secret>> {
        let settings = &self.settings;
        let by_secret = secret.filter(|_| method == AuthMethod::ClientSecretJwt);
        let by_secret =
            by_secret.map(|secret| LocalKey::new(SigningKey::of_secret(secret.clone()), None));
        let signer: &dyn Signer = match (&by_secret, &settings.signer) {
            (Some(key), _) => key,
            (None, Some(signer)) if method.is_assertion() => signer.as_ref(),
            _ => return Ok(None),
        };
        let supported =
            metadata.and_then(|m| m.token_endpoint_auth_signing_alg_values_supported.as_deref());
        let audience = match (settings.signing.audience, &settings.issuer) {
            // The issuer of many tenants is a template, not a name.
            (Audience::Issuer, Some(issuer)) if !settings.issuers.is_template() => issuer,
            _ => endpoint.as_str(),
        };
        let assertion = Assertion {
            issuer: &settings.client_id,
            subject: Some(&settings.client_id),
            audience,
            jti: &self.random_secret()?,
            now: self.now(),
        };
        let key = signer.key().await?;
        let mut fitting = key.algorithms();
        fitting.retain(|alg| settings.allows(*alg));
        let alg = settings.signing.algorithm(&fitting, supported)?;
        let (header, claims) = settings.signing.unsigned(&assertion, alg, key.kid());
        let signed = sign_jws(&header, claims.as_bytes(), key.as_ref()).await?;
        Ok(Some(Secret::new(signed)))
    }
}

/// The client authenticates a refresh request as any token request.
fn authenticated_as(endpoint: Endpoint) -> Endpoint {
    if endpoint == Endpoint::Refresh { Endpoint::Token } else { endpoint }
}

/// The URL of a request, after the check that credentials are sent to the endpoint's origin only, whatever a hook did.
pub(super) fn ensure_origin(request: &Request, origin: &Origin, endpoint: Endpoint) -> Result<Url> {
    if let Some(url) = url_of(request).ok().filter(|url| url.origin() == *origin) {
        return Ok(url);
    }
    let name = endpoint.request_name();
    let check = format!("{name} would leave the origin of its endpoint, and is not sent");
    Err(Error::new(ErrorKind::Config, check).with_hint(format!(
        "a hook or a `ClientAuth` may change the path and the query only; to use another origin, set `{}`",
        endpoint.setting()
    )))
}

fn request_hook(endpoint: Endpoint) -> Option<RequestHook> {
    match endpoint {
        Endpoint::Introspection => Some(RequestHook::IntrospectTokenRequest),
        Endpoint::Refresh => Some(RequestHook::RefreshTokenRequest),
        Endpoint::Revocation => Some(RequestHook::RevokeTokenRequest),
        Endpoint::Token => Some(RequestHook::AccessTokenRequest),
        _ => None,
    }
}

fn response_hook(endpoint: Endpoint) -> Option<ResponseHook> {
    match endpoint {
        Endpoint::Refresh => Some(ResponseHook::RefreshTokenResponse),
        Endpoint::Token => Some(ResponseHook::AccessTokenResponse),
        _ => None,
    }
}

impl fmt::Debug for EndpointClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointClient")
            .field("client", &self.settings.name)
            .field("client_id", &self.settings.client_id)
            .finish_non_exhaustive()
    }
}
