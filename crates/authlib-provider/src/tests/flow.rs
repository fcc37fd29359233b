//! One login as a client performs it, and all responses.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use authlib_core::message::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Map, Value};
use url::Url;

use crate::request;
use crate::{Provider, ProviderBuilder, TestClient, TestUser};

pub(super) const ISSUER: &str = "https://op.example";
pub(super) const CALLBACK: &str = "https://app.example/cb";
/// The pair of RFC 7636 appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(super) const ALL_SCOPES: &str = "openid profile email address phone";

pub(super) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// With a fixed clock, and with EC keys because they are generated quickly.
pub(super) fn builder() -> ProviderBuilder {
    let client = TestClient::confidential("id", "secret").name("App & Co");
    Provider::builder(ISSUER)
        .client(client.redirect_uri(CALLBACK).post_logout_redirect_uri("https://app.example/bye"))
        .client(TestClient::public("public").redirect_uri(CALLBACK))
        .user(TestUser::demo())
        .clock(now)
        .signing_alg("ES256")
}

pub(super) fn provider() -> Provider {
    builder().build()
}

pub(super) fn get(provider: &Provider, url: &str) -> Response {
    let mut request = Request::default();
    *request.uri_mut() = url.parse().unwrap();
    provider.handle(&request)
}

pub(super) fn get_as(provider: &Provider, url: &str, token: &str) -> Response {
    let mut request = Request::default();
    *request.uri_mut() = url.parse().unwrap();
    request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    provider.handle(&request)
}

pub(super) fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub(super) fn post(provider: &Provider, url: &str, pairs: &[(&str, &str)]) -> Response {
    post_with(provider, url, pairs, HeaderMap::new())
}

pub(super) fn post_with(
    provider: &Provider,
    url: &str,
    pairs: &[(&str, &str)],
    headers: HeaderMap,
) -> Response {
    let mut request = Request::new(encoded(pairs).into());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url.parse().unwrap();
    *request.headers_mut() = headers;
    let form = "application/x-www-form-urlencoded".parse().unwrap();
    request.headers_mut().insert(CONTENT_TYPE, form);
    provider.handle(&request)
}

pub(super) fn basic(id: &str, secret: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let value = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    headers.insert(AUTHORIZATION, value.parse().unwrap());
    headers
}

pub(super) fn json(response: &Response) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_default()
}

pub(super) fn text(response: &Response) -> String {
    String::from_utf8_lossy(response.body()).into_owned()
}

pub(super) fn location(response: &Response) -> Url {
    Url::parse(response.headers()[LOCATION].to_str().unwrap()).unwrap()
}

pub(super) fn param(url: &Url, name: &str) -> Option<String> {
    let fields = request::parse(url.query().unwrap_or_default());
    request::field(&fields, name).map(ToOwned::to_owned)
}

/// The URL that the browser is redirected to after the approval.
pub(super) fn approved(provider: &Provider, query: &str) -> Url {
    provider.approve(&format!("{ISSUER}/authorize?{query}"), "alice").unwrap()
}

/// The query of an authorization request, with parameters replaced, or removed by an empty value.
pub(super) fn query(changes: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("client_id", "id"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", ALL_SCOPES),
        ("state", "s1"),
        ("nonce", "n1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    pairs.retain(|(_, value)| !value.is_empty());
    encoded(&pairs)
}

pub(super) fn code(provider: &Provider) -> String {
    param(&approved(provider, &query(&[])), "code").unwrap()
}

pub(super) fn redeem(provider: &Provider, url: &str, code: &str) -> Response {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    post_with(provider, url, &pairs, basic("id", "secret"))
}

pub(super) fn refresh(provider: &Provider, token: &str) -> Response {
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token)];
    post_with(provider, &format!("{ISSUER}/token"), &pairs, basic("id", "secret"))
}

/// The responses of one login, one refresh and one logout.
#[derive(Debug, Default)]
pub(super) struct Login {
    pub(super) metadata: Value,
    pub(super) keys_before: Vec<Value>,
    pub(super) keys: Vec<Value>,
    pub(super) back: Option<Url>,
    pub(super) token: Value,
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    pub(super) payload: String,
    pub(super) signed: bool,
    pub(super) signature: String,
    pub(super) userinfo: Value,
    pub(super) refreshed: Value,
    pub(super) refreshed_claims: Map<String, Value>,
    pub(super) logout: Option<Url>,
}

impl Login {
    pub(super) fn at(provider: &Provider) -> Self {
        let well_known = format!("{ISSUER}/.well-known/openid-configuration");
        let metadata = json(&get(provider, &well_known));
        let endpoint = |name: &str, path: &str| match metadata[name].as_str() {
            Some(url) => url.to_owned(),
            None => format!("{ISSUER}{path}"),
        };
        let keys = || match json(&get(provider, &endpoint("jwks_uri", "/jwks")))["keys"].take() {
            Value::Array(keys) => keys,
            _ => Vec::new(),
        };
        let keys_before = keys();
        let back = approved(provider, &query(&[]));
        let mut login = Self { metadata: metadata.clone(), keys_before, ..Self::default() };
        if let Some((_, code)) = back.query_pairs().find(|(name, _)| name == "code") {
            login.token = json(&redeem(provider, &endpoint("token_endpoint", "/token"), &code));
        }
        login.back = Some(back);
        login.keys = keys();
        let id_token = login.token["id_token"].as_str().unwrap_or_default().to_owned();
        login.read(&id_token);
        if let Some(token) = login.token["access_token"].as_str() {
            let url = endpoint("userinfo_endpoint", "/userinfo");
            login.userinfo = json(&get_as(provider, &url, token));
        }
        if let Some(token) = login.token["refresh_token"].as_str() {
            login.refreshed = json(&refresh(provider, token));
            let id_token = login.refreshed["id_token"].as_str().unwrap_or_default();
            login.refreshed_claims = part(id_token, 1).map(|(_, map)| map).unwrap_or_default();
        }
        let bye = [
            ("client_id", "id"),
            ("post_logout_redirect_uri", "https://app.example/bye"),
            ("state", "s2"),
        ];
        let url = format!("{}?{}", endpoint("end_session_endpoint", "/end_session"), encoded(&bye));
        let response = get(provider, &url);
        login.logout = response.headers().get(LOCATION).map(|_| location(&response));
        login
    }

    fn read(&mut self, id_token: &str) {
        let Some((_, header)) = part(id_token, 0) else { return };
        let (payload, claims) = part(id_token, 1).unwrap();
        self.signature = id_token.rsplit('.').next().unwrap().to_owned();
        self.signed = self.verifies(id_token, &header);
        (self.header, self.payload, self.claims) = (header, payload, claims);
    }

    /// With any key of the set, by the JWT crate.
    fn verifies(&self, id_token: &str, header: &Map<String, Value>) -> bool {
        let alg = header["alg"].as_str().unwrap_or_default();
        let Ok(alg) = alg.parse() else { return false };
        let mut validation = Validation::new(alg);
        validation.required_spec_claims.clear();
        validation.validate_aud = false;
        validation.validate_exp = false;
        self.keys.iter().any(|key| {
            let set = serde_json::json!({ "keys": [key] });
            let Ok(set) = serde_json::from_value::<JwkSet>(set) else { return false };
            set.keys.iter().any(|jwk| {
                let Ok(key) = DecodingKey::from_jwk(jwk) else { return false };
                jsonwebtoken::decode::<Value>(id_token, &key, &validation).is_ok()
            })
        })
    }
}

fn part(token: &str, index: usize) -> Option<(String, Map<String, Value>)> {
    let text = URL_SAFE_NO_PAD.decode(token.split('.').nth(index)?).ok()?;
    let text = String::from_utf8(text).ok()?;
    let map = serde_json::from_str(&text).ok()?;
    Some((text, map))
}
