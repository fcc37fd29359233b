//! [`Provider`]: the provider as a function from requests to responses.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use authlib_core::message::{Request, Response};
use url::Url;

use crate::endpoint::Endpoint;
use crate::endpoints::{backchannel, device};
use crate::fault::Fault;
use crate::protocol::logout_token;
use crate::state::grants::Decision;
use crate::state::{Context, RecordedRequest, key};
use crate::{oauth1, random, response, router};

/// An OAuth 2.0, OpenID Connect and OAuth 1.0a provider. Cheap to clone: all clones share their state.
#[derive(Clone)]
pub struct Provider(pub(crate) Arc<Context>);

impl Provider {
    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Responds to a request.
    #[must_use]
    pub fn handle(&self, request: &Request) -> Response {
        router::handle(&self.0, request)
    }

    /// Plays the browser of `user`, who approves the authorization request. Returns the URL that the browser is
    /// redirected to; `None` if the provider shows a page instead.
    #[must_use]
    pub fn approve(&self, authorization_url: &str, user: &str) -> Option<Url> {
        response::location(&router::decide(&self.0, authorization_url, Some(user)))
    }

    /// As [`approve`](Self::approve), for a user who denies the request.
    #[must_use]
    pub fn deny(&self, authorization_url: &str) -> Option<Url> {
        response::location(&router::decide(&self.0, authorization_url, None))
    }

    /// As [`approve`](Self::approve), for an OAuth 1.0a client with the callback `oob`: returns the verifier that
    /// the page shows for the user to enter at the client, or an empty text if it shows none.
    #[must_use]
    pub fn approve_out_of_band(&self, authorization_url: &str, user: &str) -> String {
        oauth1::approve_out_of_band(&self.0, authorization_url, user).unwrap_or_default()
    }

    /// Plays `user`, who enters the code of a device on the verification page and approves. Returns whether a
    /// device is waiting with that code.
    pub fn approve_device(&self, user_code: &str, user: &str) -> bool {
        device::decide(&self.0, user_code, Some(user))
    }

    /// As [`approve_device`](Self::approve_device), for a user who denies the request.
    pub fn deny_device(&self, user_code: &str) -> bool {
        device::decide(&self.0, user_code, None)
    }

    /// Plays `user`, who approves all backchannel logins (OpenID Connect CIBA Core) that wait for this user. Returns the
    /// pings that the provider sends to clients in ping mode, for the test to deliver; `None` if no login waits.
    ///
    /// ```
    /// use authlib_provider::Provider;
    ///
    /// let provider = Provider::builder("http://localhost:3000").build();
    /// assert!(provider.approve_backchannel("alice").is_none());
    /// ```
    pub fn approve_backchannel(&self, user: &str) -> Option<Vec<Request>> {
        backchannel::decide(&self.0, user, Decision::Approved)
    }

    /// As [`approve_backchannel`](Self::approve_backchannel), for a user who denies the requests.
    pub fn deny_backchannel(&self, user: &str) -> Option<Vec<Request>> {
        backchannel::decide(&self.0, user, Decision::Denied)
    }

    /// Approves every authorization request as `user`, without showing a page.
    pub fn auto_approve(&self, user: &str) {
        self.0.state().auto_approve = Some(user.to_owned());
    }

    /// Shows the login page again.
    pub fn stop_auto_approve(&self) {
        self.0.state().auto_approve = None;
    }

    /// Expires all access tokens before their `expires_in`. Refresh tokens stay valid.
    pub fn expire_access_tokens(&self) {
        for token in self.0.state().grants.access_tokens.values_mut() {
            token.expires_at = SystemTime::UNIX_EPOCH;
        }
    }

    /// Injects a fault, in addition to those already injected.
    pub fn inject(&self, fault: Fault) {
        let mut state = self.0.state();
        if matches!(fault, Fault::MovedPaths) {
            state.path_prefix = Some(format!("/{}", random::token()));
        }
        state.faults.push(fault);
    }

    #[cfg(feature = "server")]
    pub(crate) fn is_held(&self, endpoint: Endpoint) -> bool {
        self.0.state().faults.contains(&Fault::Held(endpoint))
    }

    /// Removes all injected faults.
    pub fn clear_faults(&self) {
        let mut state = self.0.state();
        state.faults.clear();
        state.path_prefix = None;
    }

    /// The requests received so far, oldest first; at most the last ten thousand.
    #[must_use]
    pub fn received_requests(&self) -> Vec<RecordedRequest> {
        self.0.state().requests.clone()
    }

    /// The number of recorded requests to an endpoint.
    #[must_use]
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.0.state().requests.iter().filter(|request| request.endpoint == endpoint).count()
    }

    /// Clears the recorded requests.
    pub fn clear_requests(&self) {
        self.0.state().requests.clear();
    }

    /// A logout token for a client (OpenID Connect Back-Channel Logout 1.0 §2.4) with these claims, such as `sub`
    /// and `sid`, beside those that every logout token has. Injected faults change it like an ID token.
    ///
    /// ```
    /// use authlib_provider::Provider;
    /// use serde_json::json;
    ///
    /// let provider = Provider::builder("http://localhost:3000").build();
    /// let token = provider.logout_token("client", &json!({"sub": "alice"}));
    /// assert_eq!(token.split('.').count(), 3);
    /// ```
    #[must_use]
    pub fn logout_token(&self, client: &str, claims: &serde_json::Value) -> String {
        let claims = claims.as_object().cloned().unwrap_or_default();
        logout_token::issue(&self.0, client, claims).unwrap_or_default()
    }

    /// Signs with a new key and a new `kid` from now on; the old keys stay in the JWK set.
    pub fn rotate_keys(&self) {
        self.0.rotate_keys();
    }

    /// Replaces the signing key with a new one that has the same `kid`.
    pub fn rotate_keys_keeping_kid(&self) {
        let mut state = self.0.state();
        let algorithm = state.algorithm;
        let Some(old) = state.keys.pop() else { return };
        state.add_key(algorithm, self.0.hmac_secret());
        if let Some(new) = state.keys.last_mut() {
            new.set_kid(old.kid);
        }
    }

    /// Signs ID tokens with this algorithm from now on (`RS256`, `PS256`, `ES256`, `EdDSA`, `HS256`, …). An unknown
    /// name changes nothing.
    pub fn sign_with(&self, algorithm: &str) {
        if let Some(algorithm) = key::algorithm(algorithm) {
            let mut state = self.0.state();
            state.algorithm = algorithm;
            state.add_key(algorithm, self.0.hmac_secret());
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}
