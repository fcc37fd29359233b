//! The authorization request (RFC 6749 §4.1.1).

use serde_json::Value;
use url::Url;

use super::front_channel::FrontChannel;
use super::options::AuthorizeOptions;
use super::pending::{PendingLogin, Purpose};
use crate::config::{ResponseMode, is_openid, is_reserved_authorize_param};
use crate::endpoint::Endpoint;
use crate::endpoints::SenderConstraint;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::StepUp;
use crate::oauth2::authorization::{
    AuthorizationRequest, AuthorizationUrlStart, authorization_url,
};
use crate::oauth2::pkce::CodeChallenge;
use crate::params::Params;

/// The `acr` that the parameter `claims` requests as essential: its values, or none if any will do (OpenID Connect
/// Core §5.5.1.1).
fn essential_acr(params: &Params) -> Option<Vec<String>> {
    let claims: Value = serde_json::from_str(params.all("claims").next()?).ok()?;
    let acr = claims.get("id_token")?.get("acr")?;
    if acr.get("essential") != Some(&Value::Bool(true)) {
        return None;
    }
    let values = acr.get("values").and_then(Value::as_array).into_iter().flatten();
    let values = values.chain(acr.get("value"));
    Some(values.filter_map(Value::as_str).map(ToOwned::to_owned).collect())
}

/// Requests the authentication context classes that an API requires (RFC 9470 §4), and no other ones.
fn request_acr(required: &StepUp, extra: &mut Params) -> Result<()> {
    let values: Vec<_> = required.acr_values().collect();
    if values.is_empty() {
        return Ok(());
    }
    extra.set("acr_values", values.join(" "));
    let claims = extra.all("claims").next().map(serde_json::from_str::<Value>);
    let Some(mut claims) = claims.transpose().map_err(|cause| {
        let check = format!("the parameter `claims` is not JSON: {cause}");
        Error::new(ErrorKind::InvalidRequest, check)
    })?
    else {
        return Ok(());
    };
    let id_token = claims.get_mut("id_token").and_then(Value::as_object_mut);
    if id_token.is_some_and(|claims| claims.remove("acr").is_some()) {
        extra.set("claims", claims.to_string());
    }
    Ok(())
}

/// The scope and what it lacks of `more`.
pub(crate) fn with_scope<'a>(scope: &'a str, more: impl Iterator<Item = &'a str>) -> String {
    let mut values: Vec<&str> = Vec::new();
    for value in scope.split_ascii_whitespace().chain(more) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values.join(" ")
}

impl FrontChannel {
    /// The URL to send the browser to, and the pending login that its callback must match.
    pub(crate) async fn create_authorization_url(
        &self,
        mut options: AuthorizeOptions,
    ) -> Result<(Url, PendingLogin)> {
        self.check_options(&options)?;
        if self.settings().is_oauth1() {
            return self.create_oauth1_url(options).await;
        }
        let implicit = options.dangerous_implicit;
        let redirect_uri = self.redirect_uri(options.redirect_uri.take())?;
        let documents = self.endpoints.documents();
        let metadata = documents.metadata().await?;
        if !implicit {
            // Known before the user logs in at the provider in vain.
            self.endpoints.ensure_auth_method(metadata.as_deref())?;
        }
        let metadata = metadata.as_deref();
        let endpoint = documents.endpoint_of(metadata, Endpoint::Authorization)?;
        let mut extra = self.authorize_params(&options.params);
        if let Some(required) = &options.step_up {
            request_acr(required, &mut extra)?;
        }
        let mut pending = self.new_pending(options, redirect_uri, &extra)?;
        let constraint = match implicit || !pending.response_type.has_code() {
            true => SenderConstraint::default(),
            false => self.endpoints.new_constraint().await?,
        };
        pending.dpop_key = constraint.own_key().map(|key| key.text().clone());
        if let Some(jkt) = constraint.dpop_jkt() {
            // The code is bound to the key as well (RFC 9449 §10).
            extra.set("dpop_jkt", jkt);
        }
        if let Some(max_age) = pending.max_age {
            extra.set("max_age", max_age.to_string());
        }
        let code_verifier = pending.code_verifier.as_ref();
        let code_challenge = code_verifier.map(|verifier| CodeChallenge::of(verifier.expose()));
        let request = AuthorizationRequest {
            response_type: if implicit { "token" } else { pending.response_type.name() },
            client_id_param: self.settings().client_id_param(),
            client_id: &self.settings().client_id,
            redirect_uri: &pending.redirect_uri,
            scope: &pending.scope,
            state: &pending.state,
            nonce: pending.nonce.as_ref(),
            code_challenge: code_challenge.as_ref(),
            response_mode: pending.response_mode.map(ResponseMode::name),
            extra: &extra,
        };
        let is_pushed = self.endpoints.pushes_requests(metadata)?;
        if !self.sends_request_object(metadata)? && !is_pushed {
            return Ok((self.authorization_url(endpoint, &request), pending));
        }
        let params = self.in_request_object(request.params(), is_pushed).await?;
        let params = match is_pushed {
            true => self.endpoints.push_authorization_request(params, &constraint).await?,
            false => params,
        };
        Ok((authorization_url(endpoint, &params), pending))
    }

    /// The URL of a request whose parameters are in its query.
    fn authorization_url(&self, endpoint: &Url, request: &AuthorizationRequest<'_>) -> Url {
        let known = self.url_start.get(|start| start.fits(endpoint, request));
        let start = known
            .unwrap_or_else(|| self.url_start.set(AuthorizationUrlStart::new(endpoint, request)));
        start.finish(request)
    }

    fn check_options(&self, options: &AuthorizeOptions) -> Result<()> {
        let refused = |check: &str| Err(Error::new(ErrorKind::InvalidRequest, check));
        if options.purpose == Purpose::LogOut {
            let check = "an authorization request is for a login or for connecting an account";
            return Err(Error::new(ErrorKind::InvalidRequest, check)
                .with_hint("log out with `create_logout_url`"));
        }
        if matches!(&options.purpose, Purpose::Connect { user } if user.is_empty()) {
            return refused("the id of the user who connects an account is empty");
        }
        if self.settings().is_oauth1() {
            return match options.dangerous_implicit {
                true => refused("OAuth 1.0a has no implicit grant"),
                false => Ok(()),
            };
        }
        let reserved = options.params.iter().find(|(name, _)| is_reserved_authorize_param(name));
        if let Some((name, _)) = reserved {
            let check = format!("the login itself sets parameter `{name}`");
            return Err(Error::new(ErrorKind::InvalidRequest, check)
                .with_hint("remove it, or use the method of `AuthorizeOptions` for it"));
        }
        Ok(())
    }

    /// What the callback must match.
    fn new_pending(
        &self,
        mut options: AuthorizeOptions,
        redirect_uri: String,
        extra: &Params,
    ) -> Result<PendingLogin> {
        let settings = self.settings();
        let implicit = options.dangerous_implicit;
        let mut scope = options.scope.take().unwrap_or_else(|| settings.scope.clone());
        if let Some(required) = &options.step_up {
            scope = with_scope(&scope, required.scope());
        }
        let [state, nonce, code_verifier] = self.endpoints.random_secrets()?;
        let response_type = settings.response_type;
        // The implicit grant's response has neither an ID token nor a code.
        let needs_nonce = !implicit
            && (response_type.has_id_token() || (is_openid(&scope) && !settings.skip_nonce));
        let needs_pkce = !settings.skip_pkce && !implicit && response_type.has_code();
        let required = options.step_up.as_ref();
        let max_age = options.max_age.or(settings.max_age);
        let max_age = max_age.into_iter().chain(required.and_then(StepUp::max_age)).min();
        // Without an ID token there is no `acr`: then the API alone decides.
        let required_acr = required.filter(|_| is_openid(&scope)).map(StepUp::acr_values);
        let required_acr: Vec<_> =
            required_acr.into_iter().flatten().map(ToOwned::to_owned).collect();
        let acr = if required_acr.is_empty() { essential_acr(extra) } else { Some(required_acr) };
        Ok(PendingLogin {
            issuer: settings.issuer.clone(),
            nonce: needs_nonce.then_some(nonce),
            code_verifier: needs_pkce.then_some(code_verifier),
            scope,
            max_age: max_age.map(|age| age.as_secs()),
            implicit,
            response_type,
            response_mode: settings.response_mode.filter(|_| !implicit),
            acr,
            is_silent: extra.only("prompt").ok().flatten() == Some("none"),
            ..self.pending_login(options, redirect_uri, state)
        })
    }
}
