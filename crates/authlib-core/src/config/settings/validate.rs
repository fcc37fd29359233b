//! Validation: from a [`ClientConfig`] to [`ClientSettings`], with all errors at once.

use std::time::Duration;

use http::HeaderValue;
use url::Url;

use super::provider::{OAUTH_SEGMENT, configured_jwks};
use super::refresh::Renewal;
use super::{ClientSettings, Protocol, ResponseMode, is_openid};
use crate::config::setting_keys::{is_reserved_authorize_param, is_reserved_token_param};
use crate::config::{ClientConfig, ConfigProblem};
use crate::endpoint_url::{EndpointUrlError, endpoint_url};
use crate::jose::Algorithm;
use crate::params::Params;

/// How long before its expiry a token is refreshed, unless configured otherwise.
const LEEWAY: Duration = Duration::from_secs(60);

/// Collects the problems of one client.
pub(super) struct Validator<'a> {
    name: &'a str,
    problems: Vec<ConfigProblem>,
}

impl Validator<'_> {
    pub(super) fn problem(&mut self, key: &str, problem: impl Into<String>) {
        self.problems.push(ConfigProblem::new(self.name, key, problem));
    }

    pub(super) fn url(&mut self, key: &str, text: Option<&String>) -> Option<Url> {
        let url = endpoint_url(text?);
        url.map_err(|cause: EndpointUrlError| self.problem(key, format!("is refused: {cause}")))
            .ok()
    }

    /// The value that `parse` makes of a text, or a problem that names what is accepted.
    pub(super) fn one_of<T>(
        &mut self,
        key: &str,
        text: Option<&String>,
        accepted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = text?;
        let parsed = parse(text);
        if parsed.is_none() {
            self.problem(key, format!("{text:?} is not supported, only {accepted}"));
        }
        parsed
    }
}

impl ClientConfig {
    /// Parses and checks everything.
    pub(crate) fn resolve(mut self) -> Result<ClientSettings, Vec<ConfigProblem>> {
        self.settle();
        let name = self.name.clone();
        let mut check = Validator { name: &name, problems: Vec::new() };
        let settings = self.checked(&mut check);
        if check.problems.is_empty() { Ok(settings) } else { Err(check.problems) }
    }

    /// Puts what is written in Authlib's way into its place, and the scope that nobody wrote.
    fn settle(&mut self) {
        let mut rest = Params::new();
        for (name, value) in std::mem::take(&mut self.authorize_params) {
            match name.as_str() {
                "max_age" if self.max_age.is_none() && value.parse::<u64>().is_ok() => {
                    self.max_age = value.parse().ok().map(Duration::from_secs);
                }
                "response_mode" if self.response_mode.is_none() => self.response_mode = Some(value),
                "response_type" if value == "code" => {}
                "scope" if self.scope.is_none() => self.scope = Some(value),
                _ => rest.push(name, value),
            }
        }
        self.authorize_params = rest;
        // Who names an OpenID provider and nothing more means OpenID Connect: without the scope it would
        // be an OAuth login, in which nobody signs who the user is.
        let oauth_only =
            self.server_metadata_url.as_deref().is_some_and(|url| url.contains(OAUTH_SEGMENT));
        let discovered = self.issuer.is_some() || self.server_metadata_url.is_some();
        let by_hand = self.authorization_endpoint.is_some() && self.token_endpoint.is_some();
        let people = !self.extensions.standalone
            && self.renewal.is_none()
            && self.extensions.renew_by.is_none()
            && self.extensions.jwt_bearer.is_none();
        if self.scope.is_none() && discovered && !oauth_only && !by_hand && people {
            self.scope = Some("openid".to_owned());
        }
    }

    fn checked(self, check: &mut Validator<'_>) -> ClientSettings {
        if self.name.is_empty() || !self.name.chars().all(is_name_char) {
            check.problem("", "a client's name has letters, digits, `-`, `_` and `.` only");
        }
        let oauth1 = self.oauth1(check);
        let client_id = self.client_id.clone().unwrap_or_default();
        let renewal = self.renewal_policy(check);
        // Who signs statements or fetches tokens by itself may have no registration (RFC 7521 §4.1).
        let nameless = self.extensions.jwt_bearer.is_some() || self.extensions.renew_by.is_some();
        if client_id.is_empty() && !nameless {
            check.problem("client_id", "is missing");
        }
        let endpoints = self.endpoints(check);
        let (issuer, metadata_url) = self.provider(check);
        let auth_method = if oauth1.is_some() { None } else { self.auth_method(check) };
        let [introspection_auth_method, revocation_auth_method] = self.endpoint_methods(check);
        let signing = if oauth1.is_some() { None } else { self.signing(auth_method, check) };
        let id_token_alg = self.id_token_alg(check);
        let introspection_alg = self.introspection_alg(check);
        let jwks = self.jwks.as_ref().and_then(|jwks| configured_jwks(check, jwks));
        let scope = self.scope.clone().unwrap_or_default();
        let scope = scope.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let is_interactive = self.is_interactive(&renewal);
        self.completeness(is_interactive, &renewal, check);
        self.params(check);
        ClientSettings {
            auth_method,
            introspection_auth_method,
            revocation_auth_method,
            raw_basic: self.raw_client_secret_basic,
            introspection_alg,
            signing,
            response_mode: check.one_of(
                "response_mode",
                self.response_mode.as_ref(),
                "`query` and `form_post`",
                |text| match text {
                    "query" => Some(ResponseMode::Query),
                    "form_post" => Some(ResponseMode::FormPost),
                    _ => None,
                },
            ),
            api_origins: self.origins(check),
            token_placement: self.placement(check),
            renewal,
            timeout: self.longest(check),
            is_interactive,
            api_base_url: check
                .url("api_base_url", self.api_base_url.as_ref())
                .map(super::api::with_slash),
            label: self.label.unwrap_or_else(|| self.name.clone()),
            leeway: self.leeway.unwrap_or(LEEWAY),
            fetch_userinfo: self.fetch_userinfo.unwrap_or(true),
            name: self.name,
            client_id,
            client_secret: self.client_secret.filter(|secret| !secret.is_empty()),
            issuer,
            accepted_issuers: self.accepted_issuers,
            metadata_url,
            endpoints,
            jwks,
            redirect_uri: self.redirect_uri,
            post_logout_redirect_uri: self.post_logout_redirect_uri,
            scope,
            authorize_params: self.authorize_params,
            access_token_params: self.access_token_params,
            refresh_token_params: self.refresh_token_params,
            id_token_alg,
            max_age: self.max_age,
            user_agent: self.user_agent,
            subject_claim: self.subject_claim,
            skip_nonce: self.dangerous_skip_nonce,
            skip_pkce: self.dangerous_skip_pkce,
            extensions: self.extensions,
            protocol: oauth1.map_or(Protocol::OAuth2, |oauth1| Protocol::OAuth1(Box::new(oauth1))),
        }
    }

    pub(super) fn is_openid(&self) -> bool {
        is_openid(self.scope.as_deref().unwrap_or_default())
    }

    pub(super) fn has_hmac(&self) -> bool {
        self.id_token_signed_response_alg.as_deref().is_some_and(|alg| alg.starts_with("HS"))
    }

    fn is_interactive(&self, renewal: &Renewal) -> bool {
        self.device_authorization_endpoint.is_none()
            && !renewal.fetches_the_first()
            && !self.extensions.standalone
    }

    fn completeness(&self, is_interactive: bool, renewal: &Renewal, check: &mut Validator<'_>) {
        // What is given but refused has its own problem, and is not missing as well.
        let metadata = self.issuer.is_some() || self.server_metadata_url.is_some();
        let tokens = !matches!(renewal, Renewal::Callback(_)) && !self.extensions.standalone;
        for (key, given, needed) in [
            ("authorize_url", self.authorization_endpoint.is_some(), is_interactive),
            ("access_token_url", self.token_endpoint.is_some(), tokens),
        ] {
            if !given && needed && !metadata {
                check.problem(key, "is missing; set it, or `issuer` or `server_metadata_url`");
            }
        }
        if self.is_openid() {
            let keys = self.jwks.is_some() || self.jwks_uri.is_some() || self.has_hmac();
            if !keys && !metadata {
                let problem = "is missing: `openid` is in `scope`, and ID tokens can't be verified \
                               without keys; set it, `jwks`, or `server_metadata_url`";
                check.problem("jwks_uri", problem);
            }
            if !metadata {
                let problem =
                    "is missing: `openid` is in `scope`, and ID tokens are held against it";
                check.problem("issuer", problem);
            }
        }
        if self.user_agent.as_deref().is_some_and(|text| HeaderValue::from_str(text).is_err()) {
            check.problem("user_agent", "can't be sent as a header");
        }
        match self.code_challenge_method.as_deref() {
            None | Some("S256") => {}
            Some(other) => {
                let problem = format!("{other:?} is not offered, only `S256` (RFC 9700 §2.1.1)");
                check.problem("code_challenge_method", problem);
            }
        }
    }

    fn params(&self, check: &mut Validator<'_>) {
        for (key, params, reserved) in [
            (
                "authorize_params",
                &self.authorize_params,
                is_reserved_authorize_param as fn(&str) -> bool,
            ),
            ("access_token_params", &self.access_token_params, is_reserved_token_param),
            ("refresh_token_params", &self.refresh_token_params, is_reserved_token_param),
        ] {
            for (name, _) in params.iter().filter(|(name, _)| reserved(name)) {
                check.problem(key, format!("must not hold `{name}`: the login sets it"));
            }
        }
        for (key, uri) in [
            ("redirect_uri", &self.redirect_uri),
            ("post_logout_redirect_uri", &self.post_logout_redirect_uri),
        ] {
            let Some(uri) = uri.as_deref().filter(|uri| !uri.starts_with('/')) else {
                continue;
            };
            match Url::parse(uri) {
                Ok(url) if url.fragment().is_some() => {
                    check.problem(key, "has a fragment (RFC 6749 §3.1.2)");
                }
                Ok(url) if !is_web_or_app(&url) => {
                    check.problem(key, "is neither http, https nor an app's own scheme with a dot");
                }
                Ok(_) => {}
                Err(_) => check.problem(key, "is neither an absolute URL nor a path"),
            }
        }
    }

    fn id_token_alg(&self, check: &mut Validator<'_>) -> Option<Algorithm> {
        let alg = check.one_of(
            "id_token_signed_response_alg",
            self.id_token_signed_response_alg.as_ref(),
            "RS, PS and ES 256 to 512, EdDSA and HS 256 to 512, never `none` (RFC 8725 §3.2)",
            Algorithm::from_name,
        )?;
        if alg.is_symmetric() && !self.has_secret() && self.jwks.is_none() {
            check.problem("client_secret", format!("is missing: ID tokens by {alg} need it"));
        }
        Some(alg)
    }

    fn introspection_alg(&self, check: &mut Validator<'_>) -> Option<Algorithm> {
        let alg = check.one_of(
            "introspection_signed_response_alg",
            self.introspection_signed_response_alg.as_ref(),
            "RS, PS and ES 256 to 512 and EdDSA, never `none` (RFC 8725 §3.2)",
            |name| Algorithm::from_name(name).filter(|alg| !alg.is_symmetric()),
        );
        if alg.is_some() && self.issuer.is_none() && self.server_metadata_url.is_none() {
            let problem = "is missing: signed introspection answers are held against it";
            check.problem("issuer", problem);
        }
        alg
    }

    pub(super) fn has_secret(&self) -> bool {
        self.client_secret.as_ref().is_some_and(|secret| !secret.is_empty())
    }
}

/// Whether a browser can be sent there: a web page, or an app by a scheme of its own, which has a dot
/// (RFC 8252 §7.1) and so is never the `localhost` of a URL that lacks its scheme.
fn is_web_or_app(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") || url.scheme().contains('.')
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
