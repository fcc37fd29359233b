//! [`Provider`]: the provider as a function, with its state inside.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use authlib_core::message::{Request, Response};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::Value;
use url::Url;

use crate::access::Granted;
use crate::builder::ProviderBuilder;
use crate::client::TestClient;
use crate::exchange::{self, Fields};
use crate::fault::{Endpoint, Fault, Reply};
use crate::keys::{self, Key};
use crate::register::{self, Registered, Registration};
use crate::request_log::RecordedRequest;
use crate::user::TestUser;
use crate::{
    api, authorize, device, discovery, end_session, introspect, oauth1, revoke, token, userinfo,
};

/// The most requests that are remembered for [`Provider::received_requests`].
const MAX_SEEN: usize = 10_000;

/// The most keys of the JWK set; older ones leave it.
const MAX_KEYS: usize = 8;

/// The most users that are kept; further ones are made up anew each time.
const MAX_USERS: usize = 10_000;

/// Tells the time.
pub(crate) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// An OpenID provider. Cheap to clone; all clones are the same provider.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) issuer: String,
    pub(crate) clients: Vec<TestClient>,
    /// Who else's JWTs are trusted, with the keys.
    pub(crate) issuers: HashMap<String, Value>,
    pub(crate) registration: Registration,
    pub(crate) lifetime: Duration,
    pub(crate) clock: Clock,
    pub(crate) state: Mutex<State>,
}

/// What changes.
pub(crate) struct State {
    pub(crate) users: Vec<TestUser>,
    pub(crate) keys: Vec<Key>,
    pub(crate) algorithm: Algorithm,
    pub(crate) serial: usize,
    pub(crate) granted: Granted,
    /// The assertions that are still good: whose they are and their `jti`, to the expiry.
    pub(crate) assertions: HashMap<(String, String), u64>,
    /// Browser sessions at the provider: cookie to user and time of login.
    pub(crate) sessions: HashMap<String, (String, u64)>,
    pub(crate) oauth1: oauth1::State,
    pub(crate) auto_approve: Option<String>,
    pub(crate) quirks: Vec<Fault>,
    /// The prefix of paths while they are moved.
    pub(crate) moved: Option<String>,
    /// The clients that registered themselves.
    pub(crate) registered: HashMap<String, Registered>,
    pub(crate) seen: Vec<RecordedRequest>,
}

impl Provider {
    /// A provider for demos: its client `demo` with the secret `demo-secret`, and `demo1` with
    /// `demo1-secret` for OAuth 1.0a, may return anywhere on this machine, and its user is Alice.
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        Self::builder(issuer)
            .client(
                TestClient::confidential("demo", "demo-secret")
                    .name("Example")
                    .any_loopback_redirect(),
            )
            .client(
                TestClient::oauth1("demo1", "demo1-secret").name("Example").any_loopback_redirect(),
            )
            .user(TestUser::demo())
            .build()
    }

    /// Begins a provider whose issuer, and the base of whose endpoints, is `issuer`.
    pub fn builder(issuer: impl Into<String>) -> ProviderBuilder {
        ProviderBuilder::new(issuer.into())
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Answers a request.
    #[must_use]
    pub fn handle(&self, request: &Request) -> Response {
        let path = request.uri().path();
        let endpoint = self.endpoint(path).unwrap_or(Endpoint::Unmatched);
        let fields = exchange::fields(request);
        self.remember(RecordedRequest::of(endpoint, request));
        if let Some(reply) = self.spoilt(endpoint) {
            return exchange::reply(&reply);
        }
        let response = self.answer(endpoint, request, &fields);
        // The request was carried out: that is the point.
        if self.loses(endpoint) { exchange::reply(&Reply::Reset) } else { response }
    }

    /// Plays the browser of `user`, who allows what the authorization URL asks for. Returns the URL that the
    /// browser is redirected to; `None` if it stays on a page of the provider.
    #[must_use]
    pub fn approve(&self, authorization_url: &str, user: &str) -> Option<Url> {
        exchange::location(&self.decided(authorization_url, Some(user)))
    }

    /// As [`approve`](Self::approve), for a user who presses “Deny”.
    #[must_use]
    pub fn deny(&self, authorization_url: &str) -> Option<Url> {
        exchange::location(&self.decided(authorization_url, None))
    }

    /// Plays `user`, who types the code that a device shows into the page and allows what it asks for.
    /// Whether a device waits with that code.
    pub fn approve_device(&self, user_code: &str, user: &str) -> bool {
        device::decide(self, user_code, Some(user))
    }

    /// As [`approve_device`](Self::approve_device), by somebody who presses “Refuse”.
    pub fn deny_device(&self, user_code: &str) -> bool {
        device::decide(self, user_code, None)
    }

    /// Lets every authorization request be allowed at once by `user`, without a page.
    pub fn auto_approve(&self, user: &str) {
        self.state().auto_approve = Some(user.to_owned());
    }

    /// Shows the login page again.
    pub fn stop_auto_approve(&self) {
        self.state().auto_approve = None;
    }

    /// Ends all access tokens at once, though their time has not come: what a client does then that
    /// trusts `expires_in`. Refresh tokens stay good.
    pub fn expire_access_tokens(&self) {
        for access in self.state().granted.access.values_mut() {
            access.expires_at = SystemTime::UNIX_EPOCH;
        }
    }

    /// Misbehaves in one more point.
    pub fn inject(&self, quirk: Fault) {
        let moved = matches!(quirk, Fault::MovedPaths).then(|| format!("/{}", unguessable()));
        let mut state = self.state();
        state.quirks.push(quirk);
        state.moved = moved.or_else(|| state.moved.take());
    }

    /// Behaves again.
    pub fn clear_faults(&self) {
        let mut state = self.state();
        state.quirks.clear();
        state.moved = None;
    }

    /// What was asked so far, oldest first: the last ten thousand requests.
    #[must_use]
    pub fn received_requests(&self) -> Vec<RecordedRequest> {
        self.state().seen.clone()
    }

    /// How often an endpoint was asked.
    #[must_use]
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.state().seen.iter().filter(|seen| seen.endpoint == endpoint).count()
    }

    /// Forgets what was asked.
    pub fn clear_requests(&self) {
        self.state().seen.clear();
    }

    /// Signs with a new key under a new `kid` from now on; the old keys stay in the JWK set.
    pub fn rotate_keys(&self) {
        let mut state = self.state();
        let algorithm = state.algorithm;
        state.add_key(algorithm, &self.secret());
    }

    /// Takes a new key under the `kid` of the old one, which is gone.
    pub fn rotate_keys_keeping_kid(&self) {
        let mut state = self.state();
        let algorithm = state.algorithm;
        let Some(old) = state.keys.pop() else { return };
        state.add_key(algorithm, &self.secret());
        if let Some(new) = state.keys.last_mut() {
            if let Some(members) = new.public.as_object_mut() {
                members.insert("kid".to_owned(), old.kid.clone().into());
            }
            new.kid = old.kid;
        }
    }

    /// Signs ID tokens by this algorithm from now on (`RS256`, `PS256`, `ES256`, `EdDSA`, `HS256`, …).
    /// An unknown one changes nothing.
    pub fn sign_with(&self, algorithm: &str) {
        if let Some(algorithm) = keys::algorithm(algorithm) {
            let secret = self.secret();
            let mut state = self.state();
            state.algorithm = algorithm;
            state.add_key(algorithm, &secret);
        }
    }

    pub(crate) fn of(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn client(&self, id: &str) -> Option<TestClient> {
        let known = self.0.clients.iter().find(|client| client.id == id).cloned();
        known.or_else(|| Some(self.state().registered.get(id)?.client.clone()))
    }

    /// The secrets of all clients.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let state = self.state();
        let registered = state.registered.values().map(|registered| &registered.client);
        let all = self.0.clients.iter().chain(registered);
        all.filter_map(|client| client.secret.clone()).collect()
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.0.clock)()
    }

    /// Seconds since the Unix epoch.
    pub(crate) fn now_seconds(&self) -> u64 {
        self.now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    pub(crate) fn has(&self, quirk: &Fault) -> bool {
        self.state().quirks.contains(quirk)
    }

    pub(crate) fn quirks(&self) -> Vec<Fault> {
        self.state().quirks.clone()
    }

    /// The path of an endpoint, wherever it is now.
    pub(crate) fn path(&self, name: &str) -> String {
        let prefix = self.state().moved.clone().unwrap_or_default();
        format!("{prefix}/{name}")
    }

    /// The secret that HMAC tokens are signed with: the first client's.
    fn secret(&self) -> String {
        let first = self.0.clients.first().and_then(|client| client.secret.clone());
        first.unwrap_or_default()
    }

    fn endpoint(&self, path: &str) -> Option<Endpoint> {
        let base = Url::parse(&self.0.issuer).ok()?;
        let base = base.path().trim_end_matches('/');
        // RFC 8414 §3.1 puts the path of the issuer behind the well-known part.
        if path.strip_prefix("/.well-known/oauth-authorization-server") == Some(base) {
            return Some(Endpoint::Discovery);
        }
        let path = path.strip_prefix(base)?;
        if let "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" =
            path
        {
            return Some(Endpoint::Discovery);
        }
        let prefix = self.state().moved.clone().unwrap_or_default();
        Some(match path.strip_prefix(prefix.as_str())? {
            "/authorize" => Endpoint::Authorize,
            "/device" => Endpoint::Device,
            "/device_authorization" => Endpoint::DeviceAuthorization,
            "/end_session" => Endpoint::EndSession,
            "/introspect" => Endpoint::Introspect,
            "/jwks" => Endpoint::Jwks,
            "/revoke" => Endpoint::Revoke,
            "/token" => Endpoint::Token,
            "/userinfo" => Endpoint::UserInfo,
            other if other.starts_with("/api/") => Endpoint::Api,
            other if self.0.registration.is_offered() && register::is_at(other) => {
                Endpoint::Register
            }
            other => return oauth1::endpoint(other),
        })
    }

    /// The answer to an authorization request of either protocol.
    fn decided(&self, url: &str, user: Option<&str>) -> Response {
        let fields = exchange::parse(url.split_once('?').map_or("", |(_, query)| query));
        if oauth1::is_authorization_url(url) {
            oauth1::decide(self, &fields, user)
        } else {
            authorize::decide(self, &fields, user)
        }
    }

    fn answer(&self, endpoint: Endpoint, request: &Request, fields: &Fields) -> Response {
        match endpoint {
            Endpoint::Api => api::handle(self, request),
            Endpoint::Authorize => authorize::handle(self, request, fields),
            Endpoint::Device => device::page(self, request, fields),
            Endpoint::DeviceAuthorization => device::authorize(self, request, fields),
            Endpoint::Discovery => discovery::document(self),
            Endpoint::Unmatched => exchange::respond(404, "text/plain", "no such page\n"),
            Endpoint::EndSession => end_session::handle(self, request, fields),
            Endpoint::Introspect => introspect::handle(self, request, fields),
            Endpoint::Jwks => discovery::jwks(self),
            Endpoint::OAuth1AccessToken
            | Endpoint::OAuth1Api
            | Endpoint::OAuth1Authorize
            | Endpoint::OAuth1RequestToken => oauth1::handle(self, endpoint, request),
            Endpoint::Register => register::handle(self, request),
            Endpoint::Revoke => revoke::handle(self, request, fields),
            Endpoint::Token => token::handle(self, request, fields),
            Endpoint::UserInfo => userinfo::handle(self, request),
        }
    }

    fn spoilt(&self, endpoint: Endpoint) -> Option<Reply> {
        self.state().quirks.iter().find_map(|quirk| match quirk {
            Fault::Response(at, reply) if *at == endpoint => Some(reply.clone()),
            _ => None,
        })
    }

    /// Whether an answer of this endpoint is to be lost; the next one then is not.
    fn loses(&self, endpoint: Endpoint) -> bool {
        let quirks = &mut self.state().quirks;
        let place = quirks.iter().position(|quirk| *quirk == Fault::ResponseLost(endpoint));
        place.map(|place| quirks.remove(place)).is_some()
    }

    pub(crate) fn remember(&self, seen: RecordedRequest) {
        let mut state = self.state();
        if state.seen.len() >= MAX_SEEN {
            state.seen.remove(0);
        }
        state.seen.push(seen);
    }
}

impl State {
    /// Signs with a new key of this algorithm; a machine that can't make one keeps the old.
    pub(crate) fn add_key(&mut self, algorithm: Algorithm, secret: &str) {
        self.serial += 1;
        if let Ok(key) = Key::new(algorithm, self.serial, secret) {
            self.keys.push(key);
        }
        let surplus = self.keys.len().saturating_sub(MAX_KEYS);
        self.keys.drain(..surplus);
    }

    /// Gives a user the name that stood on the login page.
    pub(crate) fn name(&mut self, sub: &str, name: &str) {
        // The page is filled in for one user: who changes only the user name is not renamed to that one.
        let of_another =
            self.users.iter().any(|user| user.sub != sub && user.display_name() == name);
        if name.is_empty() || of_another {
            return;
        }
        self.user(sub);
        if let Some(user) = self.users.iter_mut().find(|user| user.sub == sub) {
            *user = user.clone().name(name);
        }
    }

    /// The user of this `sub`, who is made up if nobody has it.
    pub(crate) fn user(&mut self, sub: &str) -> TestUser {
        if let Some(user) = self.users.iter().find(|user| user.sub == sub) {
            return user.clone();
        }
        let user = TestUser::new(sub).name(sub).claim("preferred_username", sub);
        if self.users.len() < MAX_USERS {
            self.users.push(user.clone());
        }
        user
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}

/// 256 random bits in base64url. Where the machine has no randomness nothing is granted that way: the
/// text is empty, and an empty code or token is never accepted.
pub(crate) fn unguessable() -> String {
    let mut bytes = [0; 32];
    match rand::fill(&mut bytes) {
        Ok(()) => URL_SAFE_NO_PAD.encode(bytes),
        Err(_) => String::new(),
    }
}
