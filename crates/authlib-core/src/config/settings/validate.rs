//! Validation: from a [`ClientConfig`] to [`ClientSettings`], with all errors at once.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use url::Url;

use super::client_settings::ClientSettings;
use super::oauth1::OAuth1Settings;
use super::refresh::RefreshPolicy;
use super::validator::Validator;
use crate::config::setting_keys::{
    is_reserved_authorize_param, is_reserved_logout_param, is_reserved_token_param,
};
use crate::config::{ClientConfig, ConfigProblem, Refresh, ResponseMode};
use crate::endpoint::Endpoint;
use crate::endpoint_url::{HttpHosts, is_public_http};
use crate::hooks::builtin;
use crate::jose::Algorithm;
use crate::oauth2::client_assertion::Signing;
use crate::oauth2::{AuthMethod, ResponseType};
use crate::oidc::user_info::is_reserved_claim;
use crate::params::Params;
use crate::secret::Secret;
use crate::signer::Signer;

/// How long before its expiry a token is refreshed by default.
const REFRESH_BEFORE_EXPIRY: Duration = Duration::from_secs(60);

/// The accepted difference between the provider's clock and this system's by default, and at most: "a few
/// minutes" (RFC 7519 §4.1.4). A longer one would let expired tokens in.
const CLOCK_SKEW: Duration = Duration::from_secs(60);
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(300);

impl ClientConfig {
    pub(crate) fn resolve(mut self) -> Result<ClientSettings, Vec<ConfigProblem>> {
        let rejected = std::mem::take(&mut self.rejected);
        let mut check = Validator {
            client: self.name.clone(),
            problems: Vec::new(),
            http_hosts: HttpHosts::default(),
        };
        self.add_http_hosts(&mut check);
        rejected.into_iter().for_each(|(key, problem)| check.problem(&key, problem));
        self.find_secret(&mut check);
        self.apply_profile();
        self.normalise(&mut check);
        self.add_hooks(&mut check);
        let settings = self.checked(&mut check);
        if check.problems.is_empty() { Ok(settings) } else { Err(check.problems) }
    }

    /// Moves settings out of `authorize_params`, where Authlib has them, and adds the default scope.
    fn normalise(&mut self, check: &mut Validator) {
        let mut rest = Params::new();
        for (name, value) in std::mem::take(&mut self.authorize_params) {
            match name.as_str() {
                "max_age" if self.max_age.is_none() && value.parse::<u64>().is_ok() => {
                    self.max_age = value.parse().ok().map(Duration::from_secs);
                }
                "response_mode" if self.response_mode.is_none() => {
                    self.response_mode = ResponseMode::from_name(&value);
                    if self.response_mode.is_none() {
                        let problem =
                            format!("has the `response_mode` {value:?}, which is not supported");
                        check.problem("authorize_params", problem);
                    }
                }
                "response_type"
                    if self.response_type.is_none()
                        && ResponseType::from_name(&value).is_some() =>
                {
                    self.response_type = ResponseType::from_name(&value);
                }
                "scope" if self.scope.is_none() => self.scope = Some(value),
                _ => rest.push(name, value),
            }
        }
        self.authorize_params = rest;
        // Configuring only an OpenID provider means OpenID Connect: without this scope it would be a
        // plain OAuth login, in which the user's identity is not signed.
        let by_hand =
            self.has_endpoint(Endpoint::Authorization) && self.has_endpoint(Endpoint::Token);
        let logs_in = !self.extensions.standalone && self.refresh_with.is_none();
        if self.scope.is_none()
            && self.has_metadata()
            && !self.has_oauth_metadata()
            && !by_hand
            && logs_in
        {
            self.scope = Some("openid".to_owned());
        }
    }

    fn add_http_hosts(&self, check: &mut Validator) {
        for text in &self.dangerous_http_hosts {
            if !check.http_hosts.add(text) {
                let problem =
                    format!("has {text:?}: use a host with its port, such as `keycloak:8080`");
                check.problem("dangerous_http_hosts", problem);
            }
        }
    }

    /// Adds the built-in hooks that the settings name, behind those of the code.
    fn add_hooks(&mut self, check: &mut Validator) {
        for name in std::mem::take(&mut self.hooks) {
            if !builtin::add(&mut self.extensions.hooks, &name) {
                let problem =
                    format!("has {name:?}, which is not a built-in hook: use {}", builtin::NAMES);
                check.problem("hooks", problem);
            }
        }
    }

    fn checked(self, check: &mut Validator) -> ClientSettings {
        let is_oauth2 = !self.is_oauth1();
        let (oauth1, (signer, signing)) = (self.signatures(check), self.assertions(check));
        self.check_endpoint_auth_methods(check);
        let refresh = self.refresh_policy(check);
        let is_interactive = self.is_interactive(&refresh);
        let has_user_tokens = self.has_user_tokens(&refresh);
        let endpoints = self.checked_endpoints(check);
        let (issuers, metadata_url) = self.provider(check);
        self.check_completeness(is_interactive, &refresh, check);
        self.check_values(has_user_tokens, check);
        let request_object = self.request_object(check);
        let authorize_params = self.request_params(check);
        ClientSettings {
            auth_method: self.token_endpoint_auth_method.filter(|_| is_oauth2),
            introspection_auth_method: self.introspection_endpoint_auth_method,
            revocation_auth_method: self.revocation_endpoint_auth_method,
            raw_basic: self.raw_client_secret_basic,
            introspection_alg: self.introspection_signed_response_alg,
            userinfo_alg: self.userinfo_signed_response_alg,
            signer,
            signing,
            client_secret: self.used_client_secret(),
            dpop: self.dpop_settings(check),
            response_mode: self.response_mode,
            response_type: self.response_type.unwrap_or_default(),
            authorization_alg: self.authorization_signed_response_alg,
            request_object,
            requires_s_hash: self.require_s_hash,
            encryption: self.encryption,
            decryption_keys: self.checked_decryption_keys(check),
            requires_pushed_requests: self.require_pushed_authorization_requests,
            uses_pushed_requests: self.use_pushed_authorization_requests.unwrap_or(true),
            http_hosts: check.http_hosts.clone(),
            api_base_url: self.checked_api_base_url(check),
            api_origins: self.checked_api_origins(check),
            token_location: self.token_location.unwrap_or_default(),
            refresh,
            timeout: self.timeout,
            tls: self.tls_settings(check),
            jwks: self.checked_jwks(check),
            is_interactive,
            has_user_tokens,
            accepts_logins: has_user_tokens && self.accept_logins.unwrap_or(true),
            refuses_logins: self.accept_logins == Some(false),
            kept_claims: self.kept_claims(has_user_tokens, check),
            display_name: self.display_name.unwrap_or_else(|| self.name.clone()),
            refresh_before_expiry: self.refresh_before_expiry.unwrap_or(REFRESH_BEFORE_EXPIRY),
            refresh_on_bare_401: self.refresh_on_bare_401,
            fetch_distributed_claims: self.fetch_distributed_claims,
            fetch_userinfo: self.fetch_userinfo.unwrap_or(true),
            login_path: self.login_path.unwrap_or_else(|| format!("/login/{}", self.name)),
            name: self.name,
            client_id: self.client_id.unwrap_or_default(),
            issuer: issuers.issuer.clone(),
            issuers,
            metadata_url,
            endpoints,
            redirect_uri: self.redirect_uri,
            post_logout_redirect_uri: self.post_logout_redirect_uri,
            post_logout_redirect_param: self.post_logout_redirect_param,
            logout_params: self.logout_params,
            scope: words(self.scope.as_deref()),
            authorize_params,
            resources: self.resource,
            access_denied_errors: self.access_denied_errors,
            access_token_params: self.access_token_params,
            refresh_token_params: self.refresh_token_params,
            id_token_alg: self.id_token_signed_response_alg,
            max_age: self.max_age,
            clock_skew: self.clock_skew.unwrap_or(CLOCK_SKEW),
            user_agent: self.user_agent,
            subject_claim: self.subject_claim,
            userinfo_claims: self.userinfo_claims,
            userinfo_method: self.userinfo_method.unwrap_or_default(),
            skip_nonce: self.dangerous_skip_nonce,
            skip_pkce: self.dangerous_skip_pkce,
            profile: self.profile,
            extensions: self.extensions,
            oauth1,
        }
    }

    pub(super) fn is_oauth1(&self) -> bool {
        self.has_endpoint(Endpoint::RequestToken) || self.extensions.oauth1
    }

    /// Reports what only OAuth 1.0a clients can have.
    pub(super) fn reject_oauth1_settings(&self, check: &mut Validator) {
        let settings = [
            (
                "dangerous_allow_missing_callback_confirmed",
                self.dangerous_allow_missing_callback_confirmed,
            ),
            ("realm", self.realm.is_some()),
            ("request_token_params", !self.request_token_params.is_empty()),
            ("signature_method", self.signature_method.is_some()),
            ("signature_location", self.signature_location.is_some()),
            ("oauth1_signature", self.extensions.oauth1_signature.is_some()),
        ];
        check.unused(&settings, "is only for OAuth 1.0a: remove it, or set `request_token_url`");
    }

    /// How an OAuth 1.0a client signs, if it is one.
    fn signatures(&self, check: &mut Validator) -> Option<OAuth1Settings> {
        if self.is_oauth1() {
            return self.oauth1(check);
        }
        self.reject_oauth1_settings(check);
        None
    }

    /// The key of an OAuth 2.0 client for assertions.
    fn assertions(&self, check: &mut Validator) -> (Option<Arc<dyn Signer>>, Signing) {
        if self.is_oauth1() {
            return (None, Signing::default());
        }
        self.check_auth_method(check);
        self.signing(check)
    }

    /// Checks settings one by one.
    fn check_values(&self, has_user_tokens: bool, check: &mut Validator) {
        if self.name.is_empty() || !self.name.chars().all(is_name_char) {
            check.problem("", "must have a name of letters, digits, `-`, `_` and `.`");
        }
        self.check_needed_secret(has_user_tokens, check);
        self.check_blanks(check);
        self.check_algorithms(check);
        self.check_params(check);
        self.check_pushed_requests(check);
        self.check_response(check);
        self.check_redirects(check);
        self.check_http(check);
        self.check_clock_skew(check);
        self.check_profile(check);
    }

    fn is_interactive(&self, refresh: &RefreshPolicy) -> bool {
        !self.has_endpoint(Endpoint::DeviceAuthorization)
            && !self.has_endpoint(Endpoint::BackchannelAuthentication)
            && !self.extensions.standalone
            && match refresh {
                RefreshPolicy::Off | RefreshPolicy::RefreshToken => true,
                RefreshPolicy::Assertion(_) | RefreshPolicy::ClientCredentials => false,
                // The function refreshes the tokens of users, if they can log in.
                RefreshPolicy::Callback(_) => {
                    self.has_endpoint(Endpoint::Authorization) || self.has_metadata()
                }
            }
    }

    fn has_user_tokens(&self, refresh: &RefreshPolicy) -> bool {
        let is_service =
            matches!(refresh, RefreshPolicy::Assertion(_) | RefreshPolicy::ClientCredentials);
        let has_page = self.has_endpoint(Endpoint::Authorization) || self.has_metadata();
        has_page && !is_service && !self.extensions.standalone
    }

    fn check_needed_secret(&self, has_user_tokens: bool, check: &mut Validator) {
        if has_user_tokens && self.extensions.needs_secret && !self.has_client_credentials() {
            check.missing("client_secret", "the provider issues it with the client id");
        }
    }

    fn has_client_credentials(&self) -> bool {
        self.has_secret()
            || self.private_key.is_some()
            || self.has_tls_certificate()
            || self.extensions.auth.is_some()
            || self.token_endpoint_auth_method == Some(AuthMethod::None)
    }

    /// A blank or line end comes from a file or a copied text, and the provider answers with `invalid_client`.
    fn check_blanks(&self, check: &mut Validator) {
        let secret = self.client_secret.as_ref().map(Secret::expose);
        for (key, value) in [("client_id", self.client_id.as_deref()), ("client_secret", secret)] {
            if value.is_some_and(|value| value.trim() != value) {
                check.problem(key, "begins or ends with a blank or a line end: remove it");
            }
        }
    }

    fn check_completeness(
        &self,
        is_interactive: bool,
        refresh: &RefreshPolicy,
        check: &mut Validator,
    ) {
        let is_registered = self.client_id.as_deref().is_some_and(|id| !id.is_empty());
        if !is_registered && !self.refresh_with.as_ref().is_some_and(Refresh::is_custom) {
            let reason = match self.dynamic_registration {
                true => "call `build_registered` to register the client (`dynamic_registration`)",
                false => "the provider issues it when the client is registered",
            };
            check.missing("client_id", reason);
        }
        let is_fetched =
            !matches!(refresh, RefreshPolicy::Callback(_)) && !self.extensions.standalone;
        for (endpoint, is_needed) in
            [(Endpoint::Authorization, is_interactive), (Endpoint::Token, is_fetched)]
        {
            if is_needed && !self.has_endpoint(endpoint) && !self.has_metadata() {
                check.missing(endpoint.setting(), "set it, or `issuer` or `server_metadata_url`");
            }
        }
        if self.asks_for_openid() && !self.has_metadata() {
            if !self.has_keys() {
                let reason = "the scope `openid` needs keys to verify ID tokens; set it, or `jwks` or \
                              `server_metadata_url`";
                check.missing("jwks_uri", reason);
            }
            check.missing("issuer", "the scope `openid` needs it to validate ID tokens");
        }
    }

    fn check_algorithms(&self, check: &mut Validator) {
        self.check_secret_use(check);
        if let Some(alg) = self.id_token_signed_response_alg.filter(|alg| alg.is_symmetric())
            && !self.has_secret()
            && self.jwks.is_none()
        {
            check.missing("client_secret", &format!("ID tokens are verified with it for {alg}"));
        }
        for (name, alg) in [
            ("introspection_signed_response_alg", self.introspection_signed_response_alg),
            ("userinfo_signed_response_alg", self.userinfo_signed_response_alg),
        ] {
            if let Some(alg) = alg.filter(|alg| alg.is_symmetric()) {
                check.problem(name, format!("is {alg}, but must be a public-key algorithm"));
            }
        }
        if self.introspection_signed_response_alg.is_some() && !self.has_metadata() {
            check.missing("issuer", "signed introspection responses are validated against it");
        }
    }

    fn check_secret_use(&self, check: &mut Validator) {
        let is_fetched = self.extensions.secrets.is_some() && self.client_secret.is_none();
        let by_secret = self.id_token_signed_response_alg.is_some_and(Algorithm::is_symmetric);
        if is_fetched && by_secret && self.jwks.is_none() {
            let problem = "needs a fixed `client_secret`, or a `client_secret_file`";
            check.problem("id_token_signed_response_alg", problem);
        }
    }

    fn check_params(&self, check: &mut Validator) {
        type IsReserved = fn(&str) -> bool;
        let login: IsReserved = is_reserved_authorize_param;
        for (key, params, is_reserved) in [
            ("authorize_params", &self.authorize_params, login),
            ("access_token_params", &self.access_token_params, is_reserved_token_param),
            ("refresh_token_params", &self.refresh_token_params, is_reserved_token_param),
            ("logout_params", &self.logout_params, is_reserved_logout_param),
            ("userinfo_claims", &self.userinfo_claims, is_reserved_claim),
        ] {
            for (name, _) in params.iter().filter(|(name, _)| is_reserved(name)) {
                check.problem(key, format!("must not hold `{name}`, which is set automatically"));
            }
        }
    }

    fn check_post_logout_redirect_param(&self, check: &mut Validator) {
        let Some(name) = self.post_logout_redirect_param.as_deref() else { return };
        if name != "post_logout_redirect_uri" && is_reserved_logout_param(name) {
            let problem = format!("is `{name}`, which is set automatically");
            check.problem("post_logout_redirect_param", problem);
        }
    }

    fn check_redirects(&self, check: &mut Validator) {
        self.check_post_logout_redirect_param(check);
        if self.login_path.as_ref().is_some_and(|path| !is_path(path)) {
            check.problem("login_path", "must be the path of a route, such as `/login/bank`");
        }
        for (key, uri) in [
            ("redirect_uri", &self.redirect_uri),
            ("post_logout_redirect_uri", &self.post_logout_redirect_uri),
        ] {
            let Some(uri) = uri.as_deref().filter(|uri| !uri.starts_with('/')) else {
                continue;
            };
            let problem = match Url::parse(uri) {
                Ok(url) if url.fragment().is_some() => {
                    "it must not have a fragment (RFC 6749 §3.1.2)"
                }
                Ok(url) if is_public_http(&url) => {
                    "it must start with https:// (http:// only for localhost and loopback addresses, RFC 8252 §8.3)"
                }
                Ok(url) if !is_web_or_app(&url) => {
                    "it must be http, https or an app's own scheme with a dot (RFC 8252 §7.1)"
                }
                Ok(_) => continue,
                Err(_) => "it must be an absolute URL or a path",
            };
            check.url_problem(key, uri, &problem);
        }
    }

    fn check_clock_skew(&self, check: &mut Validator) {
        if self.clock_skew.is_some_and(|skew| skew > MAX_CLOCK_SKEW) {
            let problem = "is more than 300 seconds: synchronize the clocks instead";
            check.problem("clock_skew", problem);
        }
    }

    fn check_http(&self, check: &mut Validator) {
        if self.timeout == Some(Duration::ZERO) {
            check.problem("timeout", "is zero, but must be at least a second");
        }
        if let Some(text) = &self.user_agent
            && HeaderValue::from_str(text).is_err()
        {
            check.problem("user_agent", format!("is {text:?}, which is not a valid header value"));
        }
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//") && !text.contains(['#', '\\'])
}

/// A scope with single spaces.
fn words(scope: Option<&str>) -> String {
    scope.unwrap_or_default().split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a browser can be redirected there: a web page, or an app by its own scheme, which has a dot
/// (RFC 8252 §7.1) and so is never the `localhost` of a URL without a scheme.
fn is_web_or_app(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") || url.scheme().contains('.')
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

#[cfg(all(test, feature = "toml"))]
#[path = "validate_tests.rs"]
mod tests;
