//! [`RegisteredClient`]: a client's public methods, each of which delegates to the module for it and names
//! the client in errors.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::Method;
use serde_json::{Value, json};
use url::Url;

use super::ports::Ports;
use super::replaced_clients::ReplacedClients;
use crate::api::{self, ApiRequest, verbs};
use crate::authorization::{
    AuthorizeOptions, FrontChannel, LinkPolicy, LogoutOptions, PendingLogin, PendingLogout,
    Purpose, SessionTurns, UnknownSessions,
};
use crate::base_url::{BasePath, BaseUrl, OtherHosts};
use crate::config::{ClientSettings, LoginPolicy};
use crate::endpoints::{BackchannelLogin, DeviceLogin, EndpointClient};
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::{Result, clipped};
use crate::oauth2::UserInfo;
use crate::oauth2::{ExchangedToken, Grant, Introspection, Token, TokenExchange, TokenTypeHint};
use crate::oidc::backchannel_authentication::BackchannelRequest;
use crate::oidc::logout_token::LogoutToken;
use crate::params::Params;
use crate::provider_documents::{Encrypted, ExpectedIdToken};
use crate::secret::Secret;
use crate::store::{PendingLoginStore, TokenOwner, TokenStore};
use crate::tokens::TokenManager;
use crate::transport::HttpClient;

/// A registered client: the application's registration at one provider, with the provider's cached
/// metadata and keys.
///
/// Cheap to clone; all clones share the caches. It comes from [`OAuth::client`](crate::OAuth::client) or
/// [`OAuth::find_client`](crate::OAuth::find_client).
#[derive(Clone)]
#[doc(alias = "RemoteApp")]
pub struct RegisteredClient(Arc<Inner>);

struct Inner {
    endpoints: Arc<EndpointClient>,
    tokens: Arc<TokenManager>,
    front_channel: FrontChannel,
    other_hosts: OtherHosts,
    ports: Arc<Ports>,
}

impl RegisteredClient {
    pub(super) fn new(
        settings: ClientSettings,
        http: Arc<dyn HttpClient>,
        ports: Arc<Ports>,
    ) -> Self {
        let (clock, random) = (ports.clock.clone(), ports.random.clone());
        let endpoints = Arc::new(EndpointClient::new(settings, http, clock, random));
        let (store, subscribers) = (ports.token_store.clone(), ports.subscribers.clone());
        let tokens = Arc::new(TokenManager::new(endpoints.clone(), store, subscribers));
        let front_channel = FrontChannel::new(
            endpoints.clone(),
            ports.base_url.clone(),
            ports.pending_login_store.clone(),
        );
        let other_hosts = OtherHosts::default();
        Self(Arc::new(Inner { endpoints, tokens, front_channel, other_hosts, ports }))
    }

    /// The name that the client is registered under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings().name
    }

    /// The display name, for example on a login button: `display_name`, otherwise the name.
    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.settings().display_name
    }

    /// The client's public keys as a JWK set (RFC 7517 §5), for the provider's `jwks_uri` of the client: that of the
    /// [`private_key`](crate::ClientConfig::private_key), with which the client signs assertions, or those of its
    /// [`signer`](crate::ClientConfig::signer). Without one the set is empty.
    ///
    /// ```
    /// use authlib_core::{ClientConfig, OAuth};
    ///
    /// let app = ClientConfig::new("op").client_id("app").client_secret("s").issuer("https://op.example");
    /// let oauth = OAuth::builder().base_url("https://app.example").register(app).build()?;
    /// assert_eq!(oauth.client("op")?.public_jwks(), serde_json::json!({ "keys": [] }));
    /// # Ok::<(), authlib_core::Error>(())
    /// ```
    #[must_use]
    pub fn public_jwks(&self) -> Value {
        let settings = self.settings();
        let mut keys =
            settings.signer.as_ref().map(|signer| signer.public_jwks()).unwrap_or_default();
        keys.extend(settings.decryption_keys.public_jwks());
        json!({ "keys": keys })
    }

    /// Whether users can log in with this client, for example to show a login button for it: not with one for API
    /// calls only (`accept_logins`), or one that gets tokens on its own behalf.
    #[must_use]
    pub fn accepts_logins(&self) -> bool {
        self.settings().accepts_logins
    }

    /// The `client_id`.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.settings().client_id
    }

    /// The URL to send the browser to, and the pending login that its callback must match
    /// (RFC 6749 §4.1.1).
    ///
    /// PKCE with S256 is used (RFC 9700 §2.1.1), and a nonce with the `openid` scope. Web applications call
    /// [`login::authorize_redirect`](crate::login::authorize_redirect) instead.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] without a redirect URI, [`ErrorKind::InvalidRequest`] with a reserved parameter,
    /// [`ErrorKind::Transport`] and [`ErrorKind::InvalidResponse`] if the metadata cannot be fetched.
    pub async fn create_authorization_url(
        &self,
        options: AuthorizeOptions,
    ) -> Result<(Url, PendingLogin)> {
        self.named(self.0.front_channel.create_authorization_url(options)).await
    }

    /// Completes a login: checks the callback, redeems the code, verifies the ID token and fetches the
    /// user info (RFC 6749 §4.1.2 and §4.1.3, OpenID Connect Core §3.1.3). The pending login is used up,
    /// whatever the result.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidCallback`], [`ErrorKind::AccessDenied`] and [`ErrorKind::AuthorizationError`] for
    /// the callback, [`ErrorKind::Transport`] and [`ErrorKind::InvalidResponse`] for the requests after it,
    /// [`ErrorKind::InvalidIdToken`] if the ID token is not valid.
    pub async fn fetch_access_token(
        &self,
        pending: PendingLogin,
        callback: &Params,
    ) -> Result<Token> {
        let client = self.started_with(&pending)?;
        let fetched = client.0.front_channel.fetch_access_token(pending, callback);
        self.named(fetched).await
    }

    /// The URL that ends the user's session at the provider (OpenID Connect RP-Initiated Logout 1.0), and
    /// the pending logout if the provider sends the browser back. `None` if the provider has no
    /// `end_session_endpoint`: then there is the local logout only.
    ///
    /// # Errors
    ///
    /// Those of [`create_authorization_url`](Self::create_authorization_url).
    pub async fn create_logout_url(
        &self,
        id_token_hint: Option<&Secret>,
        options: &LogoutOptions,
    ) -> Result<Option<(Url, Option<PendingLogout>)>> {
        self.named(self.0.front_channel.create_logout_url(id_token_hint, options)).await
    }

    /// Verifies an ID token that does not come from a login here, for example one that a mobile
    /// application sends (OpenID Connect Core §3.1.3.7), and returns its claims.
    ///
    /// The token must be issued to this client: one whose `azp` is another client is rejected. `nonce` is the
    /// one that was sent for it; without one, the token must have none. `at_hash` is not checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidIdToken`] if it is not valid, [`ErrorKind::Transport`] and
    /// [`ErrorKind::InvalidResponse`] if metadata or keys cannot be fetched.
    pub async fn parse_id_token(&self, id_token: &str, nonce: Option<&str>) -> Result<UserInfo> {
        let max_age = self.settings().max_age;
        let expected = ExpectedIdToken { nonce, max_age, ..ExpectedIdToken::default() };
        let documents = self.0.endpoints.documents();
        let verified = async {
            let id_token = documents.decrypted(id_token, Encrypted::IdToken)?;
            documents.verify_id_token(&id_token, expected).await
        };
        self.named(verified).await.map(|claims| UserInfo::new(claims.into_map()))
    }

    /// Verifies a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6), for applications with sessions of
    /// their own. The framework crates have an extractor for it, which also ends the logins of this library.
    ///
    /// # Errors
    ///
    /// Those of [`parse_id_token`](Self::parse_id_token).
    pub async fn verify_logout_token(&self, logout_token: &str) -> Result<LogoutToken> {
        self.named(self.0.endpoints.documents().verify_logout_token(logout_token)).await
    }

    /// The owner's token, refreshed if it expires within the client's leeway (60 seconds by default, at
    /// most half of its lifetime).
    ///
    /// Concurrent callers share one refresh (RFC 9700 §4.14.2). The new token is stored before any caller gets
    /// it. After a failure the next try waits for a second, and longer after each further one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if there is no token, or it has expired and cannot be refreshed,
    /// [`ErrorKind::InvalidIdToken`] if the refreshed ID token is not the same user's, [`ErrorKind::Store`]
    /// if the new token cannot be stored, which is then in the error
    /// ([`UnsavedToken::of`](crate::store::UnsavedToken::of)), and what the token endpoint reports.
    pub async fn active_token(&self, owner: &TokenOwner) -> Result<Token> {
        self.named(self.0.tokens.active_token(owner)).await
    }

    /// Refreshes the owner's token, although it may not have expired, and returns the new one.
    ///
    /// # Errors
    ///
    /// Those of [`active_token`](Self::active_token).
    pub async fn refresh_token(&self, owner: &TokenOwner) -> Result<Token> {
        self.named(self.0.tokens.refresh_token(owner)).await
    }

    verbs!(ApiRequest, owner: &TokenOwner);

    /// A request to `url` with the owner's token, which is refreshed first if it has expired.
    ///
    /// A relative URL is resolved against `api_base_url`. The token is sent there and to the client's
    /// `api_origins` only: an absolute URL, `..` or `//host` that leads elsewhere is rejected when the
    /// request is sent, and a redirect is returned instead of followed.
    ///
    /// If the API rejects the token (a 401 with `invalid_token`, RFC 6750 §3.1), it is refreshed and the
    /// request sent once more, unless its body was streamed. If the API rejects the new token as well, it
    /// is not refreshed again for a second, and for longer after each further rejection.
    pub fn request(&self, method: Method, url: &str, owner: &TokenOwner) -> ApiRequest {
        ApiRequest::new(self.0.tokens.clone(), owner.clone(), method, url)
    }

    /// The provider's user info for the owner's token (OpenID Connect Core §5.3); for a provider without
    /// OpenID Connect, its response with `sub` taken from the member that `subject_claim` names.
    ///
    /// # Errors
    ///
    /// Those of [`active_token`](Self::active_token); [`ErrorKind::Unsupported`] if no `userinfo_endpoint` is
    /// known; [`ErrorKind::InvalidResponse`] if the response is malformed or about another user.
    pub async fn userinfo(&self, owner: &TokenOwner) -> Result<UserInfo> {
        self.named(api::userinfo(&self.0.tokens, owner)).await
    }

    /// The user info for a token at hand, which is neither refreshed nor stored. See [`userinfo`](Self::userinfo), and
    /// [`ApiRequest::token`] for other requests.
    ///
    /// # Errors
    ///
    /// Those of [`userinfo`](Self::userinfo), except those of the stored token.
    pub async fn userinfo_with(&self, token: &Token) -> Result<UserInfo> {
        self.named(api::userinfo_with(&self.0.tokens, token)).await
    }

    /// A request to `url` with a token at hand instead of a stored one: see [`request`](Self::request) and
    /// [`ApiRequest::token`].
    pub fn request_with(&self, method: Method, url: &str, token: &Token) -> ApiRequest {
        // No row is read: the owner only names the client.
        self.request(method, url, &TokenOwner::new(self.name(), "")).token(token)
    }

    /// Revokes the owner's token at the provider, then deletes it here: the refresh token, which ends its
    /// access tokens too (RFC 7009 §2.1), or the access token if there is no other.
    ///
    /// The token is deleted **whatever the provider answers**: after an error it may still be valid there. A
    /// refresh in progress is awaited, so that its new token is revoked too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if there is no token, [`ErrorKind::Unsupported`] if the provider cannot
    /// revoke tokens, or not this type, [`ErrorKind::Transport`] and [`ErrorKind::InvalidResponse`] if it did
    /// not revoke it, and what the store reports.
    pub async fn revoke_token(&self, owner: &TokenOwner) -> Result<()> {
        self.named(self.0.tokens.revoke_token(owner)).await
    }

    /// The current status and metadata of `token` (RFC 7662), by a request each time.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] if the provider has no `introspection_endpoint`, [`ErrorKind::Transport`]
    /// and [`ErrorKind::InvalidResponse`] if it does not return a valid response.
    pub async fn introspect_token(
        &self,
        token: &Secret,
        hint: Option<TokenTypeHint>,
    ) -> Result<Introspection> {
        self.named(self.0.endpoints.introspect(token, hint)).await
    }

    /// Requests a token by any grant. It is returned and not stored.
    ///
    /// The client's scope is requested if the grant sets none. An ID token in the response is verified if
    /// the client has an issuer (OpenID Connect Core §3.1.3.7), and dropped otherwise and after a refresh,
    /// for which [`refresh_token`](Self::refresh_token) is better.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] if the token endpoint reports an error
    /// ([`provider_error`](crate::Error::provider_error)) or returns no token, [`ErrorKind::Transport`] if
    /// there is no response, [`ErrorKind::InvalidIdToken`] if an ID token is not valid.
    pub async fn fetch_token(&self, grant: Grant) -> Result<Token> {
        self.named(self.0.endpoints.fetch_token(&grant)).await
    }

    /// Exchanges a token for another (RFC 8693 §2.1): to call a service on behalf of a user, or with
    /// fewer permissions. The new token is returned and not stored.
    ///
    /// # Errors
    ///
    /// Those of [`fetch_token`](Self::fetch_token).
    pub async fn exchange_token(&self, exchange: &TokenExchange) -> Result<ExchangedToken> {
        self.named(self.0.endpoints.exchange_token(exchange)).await
    }

    /// Requests a code that the user types into a page on another device (RFC 8628 §3.1). `scope` is
    /// space-separated; the default is the client's.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] if no `device_authorization_endpoint` is known,
    /// [`ErrorKind::InvalidResponse`] if it reports an error or the response is malformed,
    /// [`ErrorKind::Transport`] if there is no response.
    pub async fn start_device_login(&self, scope: Option<&str>) -> Result<DeviceLogin> {
        self.named(DeviceLogin::start(self.0.endpoints.clone(), scope)).await
    }

    /// Asks a user to log in on a device of their own, without this application's browser (OpenID Connect CIBA Core §7.1).
    /// The token is requested in poll or ping mode; push mode is not supported.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] if the scope has no `openid`, if the request has two hints, or if the provider
    /// rejects the user or a code that the user entered; [`ErrorKind::Config`] without an `issuer`, which verifies the ID
    /// token; [`ErrorKind::Unsupported`] if no `backchannel_authentication_endpoint` is known, or the provider does not
    /// offer the mode; [`ErrorKind::AccessDenied`] if the provider refuses; [`ErrorKind::InvalidResponse`] if it reports
    /// another error or the response is malformed; [`ErrorKind::Transport`] if there is no response.
    pub async fn start_backchannel_login(
        &self,
        request: &BackchannelRequest,
    ) -> Result<BackchannelLogin> {
        self.named(BackchannelLogin::start(self.0.endpoints.clone(), request)).await
    }

    /// Checks a request to the application's notification endpoint (OpenID Connect CIBA Core §10.2): its bearer token, in
    /// constant time, and its `auth_req_id` must be those of a login of this process that waits in ping mode. That login
    /// then requests its token at once. `authorization` is the header `Authorization`, and `body` the JSON.
    ///
    /// Respond with status 204 to `Ok`, and with [`ErrorKind::status`] to an error. If another
    /// process has the login, it gets its token at its next poll.
    ///
    /// ```
    /// # fn ping(app: &authlib_core::RegisteredClient, header: Option<&str>, body: &[u8]) -> u16 {
    /// match app.receive_ping(header, body) {
    ///     Ok(()) => 204,
    ///     Err(error) => error.kind().status(),
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if no login waits for this ping, [`ErrorKind::InvalidRequest`] if the body is
    /// malformed, [`ErrorKind::PayloadTooLarge`] if it is longer than 16 KiB.
    pub fn receive_ping(&self, authorization: Option<&str>, body: &[u8]) -> Result<()> {
        let endpoints = &self.0.endpoints;
        endpoints.named(endpoints.pings().receive(authorization, body))
    }

    /// Names this client in the error of `call`.
    async fn named<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        self.0.endpoints.named(call.await)
    }
}

/// For the modules above.
impl RegisteredClient {
    pub(crate) fn settings(&self) -> &ClientSettings {
        self.0.endpoints.settings()
    }

    pub(crate) fn endpoints(&self) -> &EndpointClient {
        &self.0.endpoints
    }

    pub(crate) fn tokens(&self) -> &Arc<TokenManager> {
        &self.0.tokens
    }

    pub(crate) fn front_channel(&self) -> &FrontChannel {
        &self.0.front_channel
    }

    pub(crate) fn login_lifetime(&self) -> Duration {
        self.0.ports.login_policy.lifetime
    }

    pub(crate) fn login_policy(&self) -> &LoginPolicy {
        &self.0.ports.login_policy
    }

    pub(crate) fn link_policy(&self) -> &LinkPolicy {
        &self.0.ports.link_policy
    }

    pub(super) fn replaced(&self) -> &ReplacedClients {
        &self.0.ports.replaced
    }

    pub(crate) fn token_store(&self) -> &dyn TokenStore {
        self.0.ports.token_store.as_ref()
    }

    pub(crate) fn pending_login_store(&self) -> Option<&dyn PendingLoginStore> {
        self.0.ports.pending_login_store.as_deref()
    }

    /// Checks that the client may be used for a login, or to connect an account.
    pub(crate) fn ensure_purpose(&self, purpose: &Purpose) -> Result<()> {
        self.0.endpoints.named(match purpose {
            Purpose::LogIn => self.settings().ensure_logins(),
            _ => {
                let settings = self.settings();
                settings.ensure_user_tokens().and_then(|()| settings.ensure_tokens_kept())
            }
        })
    }

    /// Marks the `state` of a login as used. False if it was used before.
    pub(crate) fn mark_state_used(&self, state: &Secret) -> bool {
        self.0.ports.used_states.mark_used(state.expose(), self.now())
    }

    /// Marks a logout token as used.
    pub(crate) fn mark_logout_token_used(&self, token: &LogoutToken) {
        self.0.ports.used_states.mark_used(&logout_token_id(token), self.now());
    }

    /// Whether a logout token was used before.
    pub(crate) fn is_logout_token_used(&self, token: &LogoutToken) -> bool {
        self.0.ports.used_states.is_used(&logout_token_id(token), self.now())
    }

    pub(crate) fn unknown_sessions(&self) -> &UnknownSessions {
        &self.0.ports.unknown_sessions
    }

    /// Whether the `state` of a login was used.
    pub(crate) fn is_state_used(&self, state: &str) -> bool {
        self.0.ports.used_states.is_used(state, self.now())
    }

    pub(crate) fn session_turns(&self) -> &Arc<SessionTurns> {
        &self.0.ports.session_turns
    }

    /// Logs that a login starts at another host than that of the base URL: the callback then comes without the
    /// session cookie. Each host is logged once.
    pub(crate) fn compare_host(&self, host: &str) {
        if let Some(base_url) = self.base_url()
            && self.0.other_hosts.is_news(host, base_url)
        {
            tracing::warn!(
                client = self.name(),
                host = clipped(host),
                %base_url,
                "login started at another host than that of the base URL, to which the browser returns without this \
                 host's cookies: open the application at its base URL, or set `base_url` to the URL that browsers \
                 open; a proxy should forward the `Host` of the browser"
            );
        }
    }

    pub(crate) fn base_url(&self) -> Option<&Url> {
        self.0.ports.base_url.as_ref().map(BaseUrl::as_url)
    }

    /// The path by which browsers know a page of this application: see [`OAuth::site_path`](crate::OAuth::site_path).
    #[must_use]
    pub fn site_path(&self, path: &str) -> String {
        self.base_path().external(path)
    }

    pub(crate) fn base_path(&self) -> BasePath<'_> {
        BasePath::of(self.base_url())
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.0.endpoints.now()
    }
}

impl fmt::Debug for RegisteredClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredClient")
            .field("name", &self.name())
            .field("client_id", &self.client_id())
            .finish_non_exhaustive()
    }
}

/// What is remembered of a logout token. A `state` of ours has no blank.
fn logout_token_id(token: &LogoutToken) -> String {
    format!("{} {}", token.issuer, token.jti)
}
