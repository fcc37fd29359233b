//! From what a deployer says to what a client is: [`ClientSettings`], parsed once, with every problem
//! reported and not only the first.

use std::time::Duration;

use http::HeaderValue;
use url::Url;

use super::keys::{is_reserved_authorize_param, is_reserved_token_param};
use super::requests::Renewal;
use super::{ClientConfig, Code, ConfigProblem, OAuth1Settings};
use crate::endpoint_url::{EndpointUrlError, endpoint_url};
use crate::jose::{Algorithm, JwkSet};
use crate::oauth2::client_assertion::Signing;
use crate::oauth2::client_auth::Held;
use crate::oauth2::{AuthMethod, TokenPlacement};
use crate::params::Params;
use crate::secret::Secret;

/// How long before its expiry a token is refreshed, unless configured otherwise.
const LEEWAY: Duration = Duration::from_secs(60);

const OPENID_SUFFIX: &str = "/.well-known/openid-configuration";
const OAUTH_SEGMENT: &str = "/.well-known/oauth-authorization-server";

/// How the provider sends its answer back (OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0 Form
/// Post Response Mode).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseMode {
    /// In a form that the browser posts.
    FormPost,
    /// In the query.
    Query,
}

impl ResponseMode {
    /// The registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FormPost => "form_post",
            Self::Query => "query",
        }
    }
}

/// A client's settings, parsed and checked.
#[derive(Debug)]
pub(crate) struct ClientSettings {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret>,
    /// How it signs assertions; nothing for a public client.
    pub(crate) signing: Option<Signing>,
    pub(crate) issuer: Option<String>,
    pub(crate) accepted_issuers: Vec<String>,
    pub(crate) metadata_url: Option<Url>,
    pub(crate) endpoints: Endpoints,
    pub(crate) jwks: Option<JwkSet>,
    pub(crate) api_base_url: Option<Url>,
    pub(crate) api_origins: Vec<Url>,
    pub(crate) token_placement: TokenPlacement,
    pub(crate) renewal: Renewal,
    pub(crate) timeout: Option<Duration>,
    /// Whether people log in with it by a browser.
    pub(crate) is_for_people: bool,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) post_logout_redirect_uri: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) authorize_params: Params,
    pub(crate) access_token_params: Params,
    pub(crate) refresh_token_params: Params,
    pub(crate) auth_method: Option<AuthMethod>,
    pub(crate) introspection_auth_method: Option<AuthMethod>,
    pub(crate) revocation_auth_method: Option<AuthMethod>,
    pub(crate) raw_basic: bool,
    pub(crate) introspection_alg: Option<Algorithm>,
    pub(crate) response_mode: Option<ResponseMode>,
    pub(crate) id_token_alg: Option<Algorithm>,
    pub(crate) leeway: Duration,
    pub(crate) max_age: Option<Duration>,
    pub(crate) user_agent: Option<String>,
    pub(crate) fetch_userinfo: bool,
    pub(crate) subject_claim: Option<String>,
    pub(crate) skip_nonce: bool,
    pub(crate) skip_pkce: bool,
    pub(crate) code: Code,
    /// What makes it an OAuth 1.0a client, if it is one.
    pub(crate) oauth1: Option<OAuth1Settings>,
}

/// The registered endpoints; they win over those of the metadata.
#[derive(Debug, Default)]
pub(crate) struct Endpoints {
    pub(crate) authorization: Option<Url>,
    pub(crate) device_authorization: Option<Url>,
    pub(crate) token: Option<Url>,
    pub(crate) refresh: Option<Url>,
    pub(crate) userinfo: Option<Url>,
    pub(crate) jwks_uri: Option<Url>,
    pub(crate) end_session: Option<Url>,
    pub(crate) introspection: Option<Url>,
    pub(crate) revocation: Option<Url>,
}

impl ClientSettings {
    /// The member of the user info that names the user, where there is no ID token.
    pub(crate) fn subject_claim(&self) -> &str {
        self.subject_claim.as_deref().unwrap_or("sub")
    }

    /// What the client can prove itself with.
    pub(crate) fn held(&self) -> Held {
        match (&self.signing, &self.client_secret) {
            (None, _) => Held::Nothing,
            (Some(_), Some(_)) => Held::Secret,
            (Some(_), None) => Held::PrivateKey,
        }
    }
}

/// Collects the problems of one client.
pub(super) struct Check<'a> {
    name: &'a str,
    problems: Vec<ConfigProblem>,
}

impl Check<'_> {
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
        let mut check = Check { name: &name, problems: Vec::new() };
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
        let people = !self.code.standalone
            && self.renewal.is_none()
            && self.code.renew_by.is_none()
            && self.code.jwt_bearer.is_none();
        if self.scope.is_none() && discovered && !oauth_only && !by_hand && people {
            self.scope = Some("openid".to_owned());
        }
    }

    fn checked(self, check: &mut Check<'_>) -> ClientSettings {
        if self.name.is_empty() || !self.name.chars().all(is_name_char) {
            check.problem("", "a client's name has letters, digits, `-`, `_` and `.` only");
        }
        let oauth1 = self.oauth1(check);
        let client_id = self.client_id.clone().unwrap_or_default();
        let renewal = self.renewal_policy(check);
        // Who signs statements or fetches tokens by itself may have no registration (RFC 7521 §4.1).
        let nameless = self.code.jwt_bearer.is_some() || self.code.renew_by.is_some();
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
        let jwks = self.jwks.as_ref().and_then(|jwks| registered_keys(check, jwks));
        let scope = self.scope.clone().unwrap_or_default();
        let scopes: Vec<_> = scope.split_ascii_whitespace().map(ToOwned::to_owned).collect();
        let is_for_people = self.is_for_people(&renewal);
        self.completeness(is_for_people, &renewal, check);
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
            is_for_people,
            api_base_url: check.url("api_base_url", self.api_base_url.as_ref()).map(with_slash),
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
            scopes,
            authorize_params: self.authorize_params,
            access_token_params: self.access_token_params,
            refresh_token_params: self.refresh_token_params,
            id_token_alg,
            max_age: self.max_age,
            user_agent: self.user_agent,
            subject_claim: self.subject_claim,
            skip_nonce: self.dangerous_skip_nonce,
            skip_pkce: self.dangerous_skip_pkce,
            code: self.code,
            oauth1,
        }
    }

    fn endpoints(&self, check: &mut Check<'_>) -> Endpoints {
        Endpoints {
            authorization: check.url("authorize_url", self.authorization_endpoint.as_ref()),
            device_authorization: check
                .url("device_authorization_endpoint", self.device_authorization_endpoint.as_ref()),
            token: check.url("access_token_url", self.token_endpoint.as_ref()),
            refresh: check.url("refresh_token_url", self.refresh_token_url.as_ref()),
            userinfo: check.url("userinfo_endpoint", self.userinfo_endpoint.as_ref()),
            jwks_uri: check.url("jwks_uri", self.jwks_uri.as_ref()),
            end_session: check.url("end_session_endpoint", self.end_session_endpoint.as_ref()),
            introspection: check
                .url("introspection_endpoint", self.introspection_endpoint.as_ref()),
            revocation: check.url("revocation_endpoint", self.revocation_endpoint.as_ref()),
        }
    }

    /// The issuer and where its metadata are, each from the other where only one is given
    /// (OpenID Connect Discovery §4, RFC 8414 §3).
    fn provider(&self, check: &mut Check<'_>) -> (Option<String>, Option<Url>) {
        let url = check.url("issuer", self.issuer.as_ref());
        if url.is_some_and(|url| url.query().is_some()) {
            check.problem("issuer", "has a query (RFC 8414 §2)");
        }
        let given = check.url("server_metadata_url", self.server_metadata_url.as_ref());
        match (self.issuer.clone(), given) {
            (Some(issuer), Some(url)) => (Some(issuer), Some(url)),
            (Some(issuer), None) if self.has_all_endpoints() => (Some(issuer), None),
            (Some(issuer), None) => {
                let text = format!("{}{OPENID_SUFFIX}", issuer.trim_end_matches('/'));
                let url = Url::parse(&text).ok();
                (Some(issuer), url)
            }
            (None, Some(url)) => {
                let issuer = issuer_of(self.server_metadata_url.as_deref().unwrap_or_default());
                if issuer.is_none() {
                    let problem = "does not end like a well-known URL: set `issuer` as well, for the \
                                   document is held against it";
                    check.problem("server_metadata_url", problem);
                }
                (issuer, Some(url))
            }
            (None, None) => (None, None),
        }
    }

    /// Whether a login needs no document: the endpoints are registered, and the keys too where ID
    /// tokens are to be verified.
    fn has_all_endpoints(&self) -> bool {
        let keys = self.jwks.is_some() || self.jwks_uri.is_some() || self.has_hmac();
        self.authorization_endpoint.is_some()
            && self.token_endpoint.is_some()
            && (keys || !self.is_openid())
    }

    fn is_openid(&self) -> bool {
        self.scope.as_deref().unwrap_or_default().split_ascii_whitespace().any(|s| s == "openid")
    }

    fn has_hmac(&self) -> bool {
        self.id_token_signed_response_alg.as_deref().is_some_and(|alg| alg.starts_with("HS"))
    }

    fn is_for_people(&self, renewal: &Renewal) -> bool {
        self.device_authorization_endpoint.is_none()
            && !renewal.fetches_the_first()
            && !self.code.standalone
    }

    fn completeness(&self, is_for_people: bool, renewal: &Renewal, check: &mut Check<'_>) {
        // What is given but refused has its own problem, and is not missing as well.
        let metadata = self.issuer.is_some() || self.server_metadata_url.is_some();
        let tokens = !matches!(renewal, Renewal::Callback(_)) && !self.code.standalone;
        for (key, given, needed) in [
            ("authorize_url", self.authorization_endpoint.is_some(), is_for_people),
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

    fn params(&self, check: &mut Check<'_>) {
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

    fn id_token_alg(&self, check: &mut Check<'_>) -> Option<Algorithm> {
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

    fn introspection_alg(&self, check: &mut Check<'_>) -> Option<Algorithm> {
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

fn registered_keys(check: &mut Check<'_>, jwks: &Secret) -> Option<JwkSet> {
    let value = serde_json::from_str(jwks.expose()).unwrap_or_default();
    match JwkSet::from_value_with_symmetric(&value) {
        Ok(keys) if keys.is_empty() => {
            check.problem("jwks", "has no key that can verify a signature");
            None
        }
        Ok(keys) => Some(keys),
        Err(cause) => {
            check.problem("jwks", format!("is no JWK set: {cause}"));
            None
        }
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

/// The issuer of a well-known URL.
fn issuer_of(metadata_url: &str) -> Option<String> {
    if let Some(issuer) = metadata_url.strip_suffix(OPENID_SUFFIX) {
        return Some(issuer.to_owned());
    }
    // RFC 8414 §3 inserts the segment between host and path.
    let (origin, path) = metadata_url.split_once(OAUTH_SEGMENT)?;
    (path.is_empty() || path.starts_with('/')).then(|| format!("{origin}{path}"))
}

/// The base with a slash at its end, so that relative URLs go below it and not beside.
fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url.set_query(None);
    url
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
