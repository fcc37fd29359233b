//! [`Context`]: the settings of a provider, and its state behind one lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::grants::GrantStore;
use super::grants::PushedRequest;
use super::key::Key;
use super::oauth1::OAuth1Store;
use super::registration::{Registered, Registration};
use super::{RecordedRequest, TestClient, TestUser};
use crate::endpoint::Endpoint;
use crate::fault::Fault;
use crate::reply::Reply;

/// The most requests that are recorded; the oldest are dropped.
const MAX_REQUESTS: usize = 10_000;

/// The most keys of the JWK set; the oldest are dropped.
const MAX_KEYS: usize = 8;

/// The most users that are stored. Beyond, a new user name gets a user that is not stored.
const MAX_USERS: usize = 10_000;

/// Source of the current time.
pub(crate) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What every handler gets: the settings, and the state behind one lock.
pub(crate) struct Context {
    pub(crate) issuer: String,
    pub(crate) clients: Vec<TestClient>,
    /// The JWK sets of the issuers whose JWTs are trusted.
    pub(crate) assertion_issuers: HashMap<String, Value>,
    pub(crate) registration: Registration,
    /// Whether pushed authorization requests are required; `None` if they are not offered.
    pub(crate) pushed_authorization: Option<bool>,
    /// The URL below which the endpoints ask for a client certificate (RFC 8705 §5).
    pub(crate) mtls_base: Option<String>,
    pub(crate) access_token_lifetime: Duration,
    pub(crate) clock: Clock,
    pub(crate) state: Mutex<State>,
}

/// The state that requests change.
pub(crate) struct State {
    pub(crate) users: Vec<TestUser>,
    pub(crate) keys: Vec<Key>,
    pub(crate) algorithm: Algorithm,
    /// The number of the newest key.
    pub(crate) serial: usize,
    pub(crate) grants: GrantStore,
    /// Unexpired assertions by signer and `jti`, with their expiry.
    pub(crate) assertions: HashMap<(String, String), u64>,
    /// Pushed authorization requests by `request_uri`.
    pub(crate) pushed_requests: HashMap<String, PushedRequest>,
    /// Browser sessions at the provider: cookie to user and time of login.
    pub(crate) sessions: HashMap<String, (String, u64)>,
    pub(crate) oauth1: OAuth1Store,
    /// The user who approves every authorization request without a page.
    pub(crate) auto_approve: Option<String>,
    pub(crate) faults: Vec<Fault>,
    /// The path prefix of the endpoints under [`Fault::MovedPaths`].
    pub(crate) path_prefix: Option<String>,
    /// The dynamically registered clients.
    pub(crate) registered: HashMap<String, Registered>,
    pub(crate) requests: Vec<RecordedRequest>,
}

impl Context {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn client(&self, id: &str) -> Option<TestClient> {
        let known = self.clients.iter().find(|client| client.id == id).cloned();
        let mut known = known.or_else(|| Some(self.state().registered.get(id)?.client.clone()))?;
        for fault in self.faults() {
            if let (Fault::ClientSecret(secret), Some(own)) = (fault, &mut known.secret) {
                *own = secret;
            }
        }
        Some(known)
    }

    /// The secrets of all clients.
    pub(crate) fn client_secrets(&self) -> Vec<String> {
        let state = self.state();
        let registered = state.registered.values().map(|registered| &registered.client);
        let all = self.clients.iter().chain(registered);
        all.filter_map(|client| client.secret.clone()).collect()
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// Seconds since the Unix epoch.
    pub(crate) fn now_seconds(&self) -> u64 {
        self.now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    pub(crate) fn has(&self, fault: &Fault) -> bool {
        self.state().faults.contains(fault)
    }

    pub(crate) fn faults(&self) -> Vec<Fault> {
        self.state().faults.clone()
    }

    /// The reply that replaces the response of an endpoint.
    pub(crate) fn faulty_reply(&self, endpoint: Endpoint) -> Option<Reply> {
        self.state().faults.iter().find_map(|fault| match fault {
            Fault::Response(at, reply) if *at == endpoint => Some(reply.clone()),
            _ => None,
        })
    }

    /// Whether the response of an endpoint is to be lost; removes that fault.
    pub(crate) fn takes_lost_response(&self, endpoint: Endpoint) -> bool {
        let faults = &mut self.state().faults;
        let index = faults.iter().position(|fault| *fault == Fault::ResponseLost(endpoint));
        index.map(|index| faults.remove(index)).is_some()
    }

    /// The URL of an endpoint, moved or not.
    pub(crate) fn url(&self, path: &str) -> String {
        let prefix = self.state().path_prefix.clone().unwrap_or_default();
        format!("{}{prefix}/{path}", self.issuer.trim_end_matches('/'))
    }

    pub(crate) fn record(&self, request: RecordedRequest) {
        let requests = &mut self.state().requests;
        if requests.len() >= MAX_REQUESTS {
            requests.remove(0);
        }
        requests.push(request);
    }

    /// Adds a signing key; the old keys stay in the JWK set.
    pub(crate) fn rotate_keys(&self) {
        let mut state = self.state();
        let algorithm = state.algorithm;
        state.add_key(algorithm, self.hmac_secret());
    }

    /// The secret of a new HMAC key: the first client's.
    pub(crate) fn hmac_secret(&self) -> &str {
        self.clients.first().and_then(|client| client.secret.as_deref()).unwrap_or_default()
    }
}

impl State {
    /// Adds a signing key. If it cannot be generated, the old key stays in use.
    pub(crate) fn add_key(&mut self, algorithm: Algorithm, secret: &str) {
        self.serial += 1;
        if let Ok(key) = Key::new(algorithm, self.serial, secret) {
            self.keys.push(key);
        }
        let surplus = self.keys.len().saturating_sub(MAX_KEYS);
        self.keys.drain(..surplus);
    }

    /// Sets the display name that was entered on a page.
    pub(crate) fn set_display_name(&mut self, sub: &str, name: &str) {
        // The page is filled in for one user: if only the user name was changed, the display name is that user's.
        let is_others =
            self.users.iter().any(|user| user.sub != sub && user.display_name() == name);
        if name.is_empty() || is_others {
            return;
        }
        self.user(sub);
        if let Some(user) = self.users.iter_mut().find(|user| user.sub == sub) {
            *user = user.clone().name(name);
        }
    }

    /// The user with this `sub`, created if there is none.
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
