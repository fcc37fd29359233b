//! The backchannel authentication request and response, OpenID Connect CIBA Core 1.0 §7.1 and §7.3, and what the ID
//! token of such a login must say.

use std::time::{Duration, SystemTime};

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::jws::peek_claims;
use crate::message::Response;
use crate::oauth2::UserInfo;
use crate::oauth2::endpoint_response::EndpointResponse;
use crate::oauth2::polling::{interval, lifetime};
use crate::params::Params;
use crate::secret::{Secret, constant_time_eq};

/// The parameters that name the user; a request has exactly one (§7.1).
const HINTS: [&str; 3] = ["id_token_hint", "login_hint", "login_hint_token"];

/// The parameters that the library sets itself.
const RESERVED: [&str; 8] = [
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_notification_token",
    "client_secret",
    "request",
    "request_uri",
    "scope",
];

/// The claim that binds an ID token to its request (§10.3.1).
const AUTH_REQ_ID: &str = "urn:openid:params:jwt:claim:auth_req_id";

/// A request to a user who is not at this application's browser (OpenID Connect CIBA Core §7.1). It names the user by
/// exactly one hint.
///
/// ```
/// use std::time::Duration;
///
/// use authlib_core::BackchannelRequest;
///
/// let request = BackchannelRequest::login_hint("alice@example.com")
///     .scope("openid payments")
///     .binding_message("W4SCT")
///     .requested_expiry(Duration::from_secs(120));
/// # let _ = request;
/// ```
#[derive(Clone, Debug)]
#[must_use = "it is sent by `start_backchannel_login`"]
pub struct BackchannelRequest {
    params: Params,
    scope: Option<String>,
    is_pinged: bool,
}

impl BackchannelRequest {
    fn new(hint: &str, value: impl AsRef<str>) -> Self {
        Self { params: Params::new().with(hint, value), scope: None, is_pinged: false }
    }

    /// Names the user by a text that the provider knows, such as an e-mail address or a telephone number (`login_hint`).
    pub fn login_hint(hint: impl AsRef<str>) -> Self {
        Self::new("login_hint", hint)
    }

    /// Names the user by an ID token of an earlier login (`id_token_hint`). The new ID token must have the same `sub`.
    pub fn id_token_hint(id_token: &Secret) -> Self {
        Self::new("id_token_hint", id_token.expose())
    }

    /// Names the user by a token of the provider's ecosystem, whose format the provider defines (`login_hint_token`).
    pub fn login_hint_token(token: &Secret) -> Self {
        Self::new("login_hint_token", token.expose())
    }

    /// Sets the scope, space-separated, with `openid`. Default: the client's.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Sets a short text that the user sees on both devices, so that both belong together. Providers accept few characters
    /// only: use letters and digits.
    pub fn binding_message(self, message: impl AsRef<str>) -> Self {
        self.param("binding_message", message)
    }

    /// Sets the secret code of the user, such as a PIN, for providers that require it. It prevents requests that the user
    /// does not expect.
    pub fn user_code(self, code: &Secret) -> Self {
        self.param("user_code", code.expose())
    }

    /// Sets how long the request should be valid, in whole seconds and at least one.
    pub fn requested_expiry(self, lifetime: Duration) -> Self {
        self.param("requested_expiry", lifetime.as_secs().max(1).to_string())
    }

    /// Sets the authentication context classes, space-separated, best first. Default: the client's `acr_values`.
    pub fn acr_values(self, values: impl AsRef<str>) -> Self {
        self.param("acr_values", values)
    }

    /// Uses ping mode: the provider calls the application's notification endpoint when the user has decided, and the
    /// application passes that request to [`receive_ping`](crate::RegisteredClient::receive_ping). For clients that are
    /// registered with the delivery mode `ping`.
    pub fn ping(mut self) -> Self {
        self.is_pinged = true;
        self
    }

    /// Sets another parameter, such as `resource`. The login fails to start if the library sets this parameter itself, or
    /// if it is a second hint.
    pub fn param(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.params.push(name, value);
        self
    }

    pub(crate) fn is_pinged(&self) -> bool {
        self.is_pinged
    }

    /// The requested scope; `registered` is the client's.
    pub(crate) fn scope_or(&self, registered: &str) -> String {
        self.scope.clone().unwrap_or_else(|| registered.to_owned())
    }

    /// The form of the request, without client authentication; `defaults` are parameters that the client's settings have
    /// for each request.
    pub(crate) fn form(
        &self,
        scope: &str,
        defaults: &Params,
        notification_token: Option<&Secret>,
    ) -> Result<Params> {
        if let Some((name, _)) = self.params.iter().find(|(name, _)| RESERVED.contains(name)) {
            let check = format!("a backchannel authentication request must not set `{name}`");
            return Err(Error::new(ErrorKind::InvalidRequest, check)
                .with_hint("remove it: the library adds it where it is needed"));
        }
        let hints = self.params.iter().filter(|(name, _)| HINTS.contains(name));
        let values: Vec<_> = hints.map(|(_, value)| value).collect();
        if values.len() != 1 || values.contains(&"") {
            let check = "a backchannel authentication request names the user by exactly one hint (OpenID Connect CIBA \
                         Core §7.1)";
            return Err(Error::new(ErrorKind::InvalidRequest, check));
        }
        if !scope.split_ascii_whitespace().any(|word| word == "openid") {
            let check = "the scope of a backchannel authentication request must have `openid` (OpenID Connect CIBA \
                         Core §7.1)";
            return Err(Error::new(ErrorKind::InvalidRequest, check).with_hint("check `scope`"));
        }
        let mut form = Params::new().with("scope", scope);
        form.extend(self.params.iter());
        for (name, value) in defaults.iter().filter(|(name, _)| !self.params.contains(name)) {
            form.push(name, value);
        }
        if let Some(token) = notification_token {
            form.push("client_notification_token", token.expose());
        }
        Ok(form)
    }

    /// The `sub` of the ID token that names the user. An encrypted one can't be read.
    pub(crate) fn hinted_subject(&self) -> Option<String> {
        let hint = self.params.all("id_token_hint").next()?;
        let claims = peek_claims(hint)?;
        claims.get("sub").and_then(|sub| sub.as_str()).map(ToOwned::to_owned)
    }
}

/// A backchannel authentication response (OpenID Connect CIBA Core §7.3).
#[derive(Clone)]
#[non_exhaustive]
pub struct BackchannelAuthentication {
    /// The identifier of the request, which is sent to the token endpoint only.
    pub auth_req_id: Secret,
    /// When the request expires.
    pub expires_at: SystemTime,
    /// The shortest time between two token requests; 5 seconds if the provider sends none.
    pub interval: Duration,
}

debug_fields!(BackchannelAuthentication { expires_at, interval });

/// Parses the response.
pub(crate) fn parse_backchannel_authentication_response(
    response: &Response,
    now: SystemTime,
) -> Result<BackchannelAuthentication> {
    let mut members = EndpointResponse::parse(Endpoint::BackchannelAuthentication, response)?;
    Ok(BackchannelAuthentication {
        auth_req_id: Secret::new(members.take_required_text("auth_req_id")?),
        expires_at: now + lifetime(members.take_required_seconds("expires_in")?),
        interval: interval(members.take_optional_seconds("interval")),
    })
}

/// Why the token response does not belong to the request.
#[derive(Debug, thiserror::Error)]
enum ForeignTokenError {
    #[error("the token response has no ID token (OpenID Connect CIBA Core §10.1.1)")]
    NoIdToken,
    #[error(
        "the ID token is of another backchannel authentication request: its `{AUTH_REQ_ID}` differs (OpenID Connect \
         CIBA Core §10.3.1)"
    )]
    Request,
    #[error(
        "the ID token is another user's: its `sub` is not that of `id_token_hint` (OpenID Connect Core §3.1.2.1)"
    )]
    Subject,
}

/// Checks that the verified `claims` are those of this request and of the user that it names. In poll and ping mode the
/// claim of the request is optional; if it is present, it must be right.
pub(crate) fn check_claims(
    claims: Option<&UserInfo>,
    auth_req_id: &Secret,
    hinted_subject: Option<&str>,
) -> Result<()> {
    let rejected = |check| Err(Error::new(ErrorKind::InvalidIdToken, check));
    let Some(claims) = claims else { return rejected(ForeignTokenError::NoIdToken) };
    if let Some(found) = claims.as_map().get(AUTH_REQ_ID)
        && !found.as_str().is_some_and(|found| constant_time_eq(found, auth_req_id.expose()))
    {
        return rejected(ForeignTokenError::Request);
    }
    if hinted_subject.is_some_and(|hinted| claims.sub() != hinted) {
        return rejected(ForeignTokenError::Subject);
    }
    Ok(())
}

#[cfg(test)]
#[path = "backchannel_authentication_tests.rs"]
mod tests;
