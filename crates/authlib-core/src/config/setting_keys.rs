//! The settings of files and of the environment: one table of names, aliases and kinds of values.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::{ClientConfig, Dpop, Profile, Refresh, ResponseMode, UserInfoMethod};
use crate::endpoint::Endpoint;
use crate::jose::{Algorithm, ContentEncryption, EncryptionAlgorithm};
use crate::oauth1::{SignatureLocation, SignatureMethod};
use crate::oauth2::{AssertionAudience, AuthMethod, ResponseType, TokenLocation};
use crate::params::Params;
use crate::secret::Secret;

use Kind::{Choice, Key, Keys, List, Objects, Pairs, Seconds, Switch, Table, Text, Url, Words};

const AUTH_METHODS: &str = "`client_secret_basic`, `client_secret_post`, `client_secret_jwt`, `private_key_jwt`, \
                            `tls_client_auth`, `self_signed_tls_client_auth` or `none`";
const ALGORITHMS: &str = "RS, PS, ES or HS with 256, 384 or 512, `EdDSA` or `Ed25519`, but not `none` \
                          (RFC 8725 §3.2)";
const PUBLIC_KEY_ALGORITHMS: &str =
    "RS, PS or ES with 256, 384 or 512, `EdDSA` or `Ed25519`, but not `none` (RFC 8725 §3.2)";
const ENCRYPTION_ALGORITHMS: &str = "`RSA-OAEP-256`, `RSA-OAEP`, `ECDH-ES`, `ECDH-ES+A128KW`, `ECDH-ES+A256KW`, \
                                     `dir`, `A128KW` or `A256KW`, but not `RSA1_5` (RFC 8725 §3.2)";
const CONTENT_ENCRYPTIONS: &str = "`A128GCM`, `A256GCM`, `A128CBC-HS256` or `A256CBC-HS512`";
const SIGNATURE_METHODS: &str = "`HMAC-SHA1`, `HMAC-SHA256`, `HMAC-SHA512`, `RSA-SHA1`, `RSA-SHA256`, \
                                 `RSA-SHA512` or `PLAINTEXT`";

const RESPONSE_MODES: &str = "`query`, `form_post`, `fragment`, `query.jwt`, `form_post.jwt`, \
                              `fragment.jwt` or `jwt`";
const RESPONSE_TYPES: &str = "`code`, `code id_token`, `code token`, `code id_token token`, `id_token` or \
                              `id_token token`";

/// A row whose field has the row's name and a type with `from_name`.
macro_rules! choice {
    ($name:ident: $type:ident, $accepted:expr) => {
        choice(stringify!($name), $accepted, |c, v| put(&mut c.$name, $type::from_name(v)))
    };
}

/// A row of an algorithm of encryption.
macro_rules! encryption {
    ($name:ident: $field:ident.$member:ident, $type:ident, $accepted:expr) => {
        choice(stringify!($name), $accepted, |c, v| {
            put(&mut c.encryption.$field.$member, $type::from_name(v))
        })
    };
}

/// All settings, by name. The aliases are Authlib's names, and names of earlier versions.
pub(super) const SETTINGS: &[Setting] = &[
    setting("accept_logins", Switch(|c, v| c.accept_logins = Some(v))),
    setting("access_denied_errors", List(|c, v| c.access_denied_errors = v)),
    setting("access_token_params", Pairs(|c| &mut c.access_token_params)),
    setting("accepted_issuers", List(|c, v| c.accepted_issuers = v)),
    setting("acr_values", Words(|c, v| c.acr_values = Some(v))),
    setting("allowed_tenants", List(|c, v| c.allowed_tenants = v)),
    setting("any_tenant", Switch(|c, v| c.any_tenant = v)),
    setting("api_base_url", Text(|c, v| c.api_base_url = Some(v))),
    setting("api_origins", List(|c, v| c.api_origins = v)),
    setting("authorization_endpoint", Url(Endpoint::Authorization)).alias("authorize_url"),
    setting("authorization_details", Objects(|c, v| c.authorization_details = v)),
    encryption!(authorization_encrypted_response_alg: authorization.alg, EncryptionAlgorithm, ENCRYPTION_ALGORITHMS),
    encryption!(authorization_encrypted_response_enc: authorization.enc, ContentEncryption, CONTENT_ENCRYPTIONS),
    choice("authorization_signed_response_alg", PUBLIC_KEY_ALGORITHMS, |c, v| {
        let alg = Algorithm::from_name(v).filter(|alg| !alg.is_symmetric());
        put(&mut c.authorization_signed_response_alg, alg)
    }),
    setting("authorize_params", Pairs(|c| &mut c.authorize_params)),
    setting("backchannel_authentication_endpoint", Url(Endpoint::BackchannelAuthentication)),
    setting("ca_certificate", Text(|c, v| c.ca_certificate = Some(v))),
    setting("claims", Table(|c, v| c.claims = v)),
    choice!(client_assertion_audience: AssertionAudience, "`issuer` or `token_endpoint`"),
    setting("client_assertion_claims", Table(|c, v| c.client_assertion_claims = v)),
    setting("client_assertion_lifetime", Seconds(|c, v| c.client_assertion_lifetime = Some(v))),
    setting("client_id", Text(|c, v| c.client_id = Some(v))),
    setting("client_metadata", Table(|c, v| c.client_metadata = v)),
    setting("client_secret", Text(|c, v| c.client_secret = Some(Secret::new(v)))),
    setting("client_secret_file", Text(|c, v| c.client_secret_file = Some(v))),
    setting("client_secret_ttl", Seconds(|c, v| c.client_secret_ttl = Some(v))),
    setting("clock_skew", Seconds(|c, v| c.clock_skew = Some(v))),
    // The only method is always used: the setting is accepted for files that spell it out.
    choice("code_challenge_method", "`S256` (RFC 9700 §2.1.1)", |_, v| v == "S256").in_kwargs(),
    setting(
        "dangerous_allow_missing_callback_confirmed",
        Switch(|c, v| c.dangerous_allow_missing_callback_confirmed = v),
    )
    .alias("dangerous_unconfirmed_callback"),
    setting("dangerous_http_hosts", List(|c, v| c.dangerous_http_hosts = v)),
    setting("dangerous_skip_nonce", Switch(|c, v| c.dangerous_skip_nonce = v)),
    setting("dangerous_skip_pkce", Switch(|c, v| c.dangerous_skip_pkce = v)),
    setting(
        "dangerous_unsigned_request_object",
        Switch(|c, v| c.dangerous_unsigned_request_object = v),
    ),
    setting("decryption_keys", Keys(|c, v| c.decryption_keys = v)),
    setting("device_authorization_endpoint", Url(Endpoint::DeviceAuthorization)),
    setting("display_name", Text(|c, v| c.display_name = Some(v))).alias("label"),
    choice!(dpop: Dpop, "`login`, `client` or `off`"),
    setting("dpop_bound_access_tokens", Switch(|c, v| c.dpop_bound_access_tokens = Some(v))),
    setting("dpop_key", Key(|c, v| c.dpop_key = Some(Secret::new(v)))),
    choice("dpop_signing_alg", PUBLIC_KEY_ALGORITHMS, |c, v| {
        let alg = Algorithm::from_name(v).filter(|alg| !alg.is_symmetric());
        put(&mut c.dpop_signing_alg, alg)
    }),
    setting("emails_endpoint", Url(Endpoint::Emails)),
    setting("end_session_endpoint", Url(Endpoint::EndSession)),
    setting("fetch_distributed_claims", Switch(|c, v| c.fetch_distributed_claims = v)),
    setting("fetch_userinfo", Switch(|c, v| c.fetch_userinfo = Some(v))),
    setting("hooks", List(|c, v| c.hooks = v)),
    setting("dynamic_registration", Switch(|c, v| c.dynamic_registration = v)),
    encryption!(id_token_encrypted_response_alg: id_token.alg, EncryptionAlgorithm, ENCRYPTION_ALGORITHMS),
    encryption!(id_token_encrypted_response_enc: id_token.enc, ContentEncryption, CONTENT_ENCRYPTIONS),
    choice!(id_token_signed_response_alg: Algorithm, ALGORITHMS),
    encryption!(introspection_encrypted_response_alg: introspection.alg, EncryptionAlgorithm, ENCRYPTION_ALGORITHMS),
    encryption!(introspection_encrypted_response_enc: introspection.enc, ContentEncryption, CONTENT_ENCRYPTIONS),
    setting("initial_access_token", Text(|c, v| c.initial_access_token = Some(Secret::new(v)))),
    setting("introspection_endpoint", Url(Endpoint::Introspection)),
    choice!(introspection_endpoint_auth_method: AuthMethod, AUTH_METHODS),
    choice("introspection_signed_response_alg", PUBLIC_KEY_ALGORITHMS, |c, v| {
        let alg = Algorithm::from_name(v).filter(|alg| !alg.is_symmetric());
        put(&mut c.introspection_signed_response_alg, alg)
    }),
    setting("issuer", Text(|c, v| c.issuer = Some(v))),
    setting("issuer_aliases", List(|c, v| c.issuer_aliases = v)),
    setting("jwks", Table(|c, v| c.jwks = Some(Secret::new(Value::Object(v).to_string())))),
    setting("jwks_uri", Url(Endpoint::Jwks)),
    setting("keep_claims", List(|c, v| c.keep_claims = v)),
    setting("keep_token", Switch(|c, v| c.keep_token = Some(v))),
    setting("login_path", Text(|c, v| c.login_path = Some(v))),
    setting("logout_params", Pairs(|c| &mut c.logout_params)),
    setting("max_age", Seconds(|c, v| c.max_age = Some(v))),
    setting("next_private_key", Key(|c, v| c.next_private_key = Some(Secret::new(v)))),
    setting("next_private_key_id", Text(|c, v| c.next_private_key_id = Some(v))),
    setting(
        "next_private_key_not_before",
        Seconds(|c, v| c.next_private_key_not_before = SystemTime::UNIX_EPOCH.checked_add(v)),
    ),
    setting("post_logout_redirect_param", Text(|c, v| c.post_logout_redirect_param = Some(v))),
    setting("post_logout_redirect_uri", Text(|c, v| c.post_logout_redirect_uri = Some(v))),
    setting("private_key", Key(|c, v| c.private_key = Some(Secret::new(v))))
        .alias("rsa_key")
        .in_kwargs(),
    setting("private_key_certificate", Text(|c, v| c.private_key_certificate = Some(v))),
    setting("private_key_id", Text(|c, v| c.private_key_id = Some(v))),
    choice!(profile: Profile, "`fapi1_advanced`, `fapi2`, `fapi2_message_signing` or `oauth21`"),
    setting("prompt", Text(|c, v| c.authorize_params.set("prompt", v))).in_kwargs(),
    setting("pushed_authorization_request_endpoint", Url(Endpoint::PushedAuthorization)),
    setting("raw_client_secret_basic", Switch(|c, v| c.raw_client_secret_basic = v)),
    setting("realm", Text(|c, v| c.realm = Some(v))).in_kwargs(),
    setting("redirect_uri", Text(|c, v| c.redirect_uri = Some(v))),
    setting("refresh_before_expiry", Seconds(|c, v| c.refresh_before_expiry = Some(v)))
        .alias("leeway")
        .in_kwargs(),
    setting("refresh_on_bare_401", Switch(|c, v| c.refresh_on_bare_401 = v)),
    setting("refresh_token_params", Pairs(|c| &mut c.refresh_token_params)),
    setting("refresh_token_url", Url(Endpoint::Refresh)),
    choice!(refresh_with: Refresh, "`refresh_token`, `client_credentials` or `off`")
        .alias("renewal"),
    setting("registration_endpoint", Url(Endpoint::Registration)),
    setting("registration_file", Text(|c, v| c.registration_file = Some(v))),
    encryption!(request_object_encryption_alg: request_object.alg, EncryptionAlgorithm, ENCRYPTION_ALGORITHMS),
    encryption!(request_object_encryption_enc: request_object.enc, ContentEncryption, CONTENT_ENCRYPTIONS),
    choice!(request_object_signing_alg: Algorithm, ALGORITHMS),
    setting("request_token_params", Pairs(|c| &mut c.request_token_params)),
    setting("request_token_url", Url(Endpoint::RequestToken)),
    setting("request_uri", Text(|c, v| c.request_uri = Some(v))),
    setting(
        "require_pushed_authorization_requests",
        Switch(|c, v| c.require_pushed_authorization_requests = v),
    ),
    setting("require_s_hash", Switch(|c, v| c.require_s_hash = v)),
    choice!(response_mode: ResponseMode, RESPONSE_MODES).in_kwargs(),
    choice!(response_type: ResponseType, RESPONSE_TYPES),
    setting("resource", List(|c, v| c.resource = v)),
    setting("revocation_endpoint", Url(Endpoint::Revocation)),
    choice!(revocation_endpoint_auth_method: AuthMethod, AUTH_METHODS).in_kwargs(),
    setting("scope", Words(|c, v| c.scope = Some(v))).in_kwargs(),
    setting("server_metadata_url", Text(|c, v| c.server_metadata_url = Some(v))),
    choice!(signature_location: SignatureLocation, "`HEADER`, `BODY` or `QUERY`")
        .alias("signature_type")
        .in_kwargs(),
    choice!(signature_method: SignatureMethod, SIGNATURE_METHODS).in_kwargs(),
    setting("subject_claim", Text(|c, v| c.subject_claim = Some(v))),
    setting("timeout", Seconds(|c, v| c.timeout = Some(v))).in_kwargs(),
    setting("tls_client_certificate", Text(|c, v| c.tls_client_certificate = Some(Secret::new(v)))),
    setting(
        "tls_client_certificate_bound_access_tokens",
        Switch(|c, v| c.tls_client_certificate_bound_access_tokens = Some(v)),
    ),
    setting("tls_client_key", Text(|c, v| c.tls_client_key = Some(Secret::new(v)))),
    setting("token_endpoint", Url(Endpoint::Token)).alias("access_token_url"),
    choice!(token_endpoint_auth_method: AuthMethod, AUTH_METHODS).in_kwargs(),
    choice!(token_endpoint_auth_signing_alg: Algorithm, ALGORITHMS),
    choice!(token_location: TokenLocation, "`header`, `body` or `query`")
        .alias("token_placement")
        .in_kwargs(),
    setting(
        "use_pushed_authorization_requests",
        Switch(|c, v| c.use_pushed_authorization_requests = Some(v)),
    ),
    setting("user_agent", Text(|c, v| c.user_agent = Some(v))),
    encryption!(userinfo_encrypted_response_alg: userinfo.alg, EncryptionAlgorithm, ENCRYPTION_ALGORITHMS),
    encryption!(userinfo_encrypted_response_enc: userinfo.enc, ContentEncryption, CONTENT_ENCRYPTIONS),
    setting("userinfo_claims", Pairs(|c| &mut c.userinfo_claims)),
    setting("userinfo_endpoint", Url(Endpoint::UserInfo)),
    choice!(userinfo_method: UserInfoMethod, "`GET` or `POST`"),
    choice("userinfo_signed_response_alg", PUBLIC_KEY_ALGORITHMS, |c, v| {
        let alg = Algorithm::from_name(v).filter(|alg| !alg.is_symmetric());
        put(&mut c.userinfo_signed_response_alg, alg)
    }),
    setting("webfinger_resource", Text(|c, v| c.webfinger_resource = Some(v))),
];

/// The table whose entries are settings of their own, as in Authlib.
pub(super) const CLIENT_KWARGS: &str = "client_kwargs";

/// Parameters of the authorization request that secure the login: only the login sets them (RFC 9700
/// §4).
const RESERVED_AUTHORIZE: &[&str] = &[
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "dpop_jkt",
    "iss",
    "max_age",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// The same of the logout request (OpenID Connect RP-Initiated Logout 1.0 §2).
const RESERVED_LOGOUT: &[&str] = &[
    "client_id",
    "id_token_hint",
    "logout_hint",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
];

/// The same of the token request.
const RESERVED_TOKEN: &[&str] = &[
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "grant_type",
    "redirect_uri",
    "refresh_token",
];

/// The name of each setting and its alias, in alphabetical order.
#[doc(hidden)]
pub fn setting_names() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    SETTINGS.iter().map(|setting| (setting.name, setting.alias))
}

/// Whether only the login sets this parameter of the authorization request.
pub(crate) fn is_reserved_authorize_param(name: &str) -> bool {
    RESERVED_AUTHORIZE.contains(&name)
}

/// Whether only the logout sets this parameter of the logout request.
pub(crate) fn is_reserved_logout_param(name: &str) -> bool {
    RESERVED_LOGOUT.contains(&name)
}

/// Whether only the grant sets this parameter of the token request.
pub(super) fn is_reserved_token_param(name: &str) -> bool {
    RESERVED_TOKEN.contains(&name)
}

/// The setting of a name or an alias.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.keys().any(|known| known == key))
}

impl ClientConfig {
    /// Writes the value of a setting in a file or the environment.
    pub(super) fn set(&mut self, key: &str, value: Value) {
        if let Some(setting) = find(key)
            && let Err(problem) = setting.set(self, value)
        {
            self.rejected.push((key.to_owned(), problem));
        }
    }
}

/// The environment variable of a client's setting: upper case, and `_` for every character that is not
/// a letter or digit.
pub(super) fn variable(client: &str, key: &str) -> String {
    format!("{client}_{key}")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect()
}

/// One row of the table.
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) alias: Option<&'static str>,
    /// Whether `client_kwargs` may hold it.
    pub(super) in_kwargs: bool,
    kind: Kind,
}

/// The kind of a value, and how it is written into the configuration.
enum Kind {
    /// One of several words, which are listed for the error message.
    Choice(&'static str, fn(&mut ClientConfig, &str) -> bool),
    /// A PEM text or a JWK.
    Key(fn(&mut ClientConfig, String)),
    /// One key or a list of keys, each a PEM text or a JWK.
    Keys(fn(&mut ClientConfig, Vec<Secret>)),
    List(fn(&mut ClientConfig, Vec<String>)),
    /// A list of tables; the environment has it as JSON.
    Objects(fn(&mut ClientConfig, Vec<Value>)),
    Pairs(fn(&mut ClientConfig) -> &mut Params),
    Seconds(fn(&mut ClientConfig, Duration)),
    Switch(fn(&mut ClientConfig, bool)),
    Table(fn(&mut ClientConfig, Map<String, Value>)),
    Text(fn(&mut ClientConfig, String)),
    Url(Endpoint),
    /// A text of words, or a list of them.
    Words(fn(&mut ClientConfig, String)),
}

const fn setting(name: &'static str, kind: Kind) -> Setting {
    Setting { name, alias: None, in_kwargs: false, kind }
}

const fn choice(
    name: &'static str,
    accepted: &'static str,
    set: fn(&mut ClientConfig, &str) -> bool,
) -> Setting {
    setting(name, Choice(accepted, set))
}

impl Setting {
    const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    const fn in_kwargs(mut self) -> Self {
        self.in_kwargs = true;
        self
    }

    /// Its name and its alias.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        [self.name].into_iter().chain(self.alias)
    }

    /// Whether its value is a table, which the environment has as JSON.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.kind, Pairs(_) | Table(_))
    }

    /// Writes a value into the configuration, or says what is wrong with it.
    fn set(&self, client: &mut ClientConfig, value: Value) -> Result<(), String> {
        match self.kind {
            Choice(accepted, set) => {
                let word = string(value).ok_or("must be a string")?;
                if !set(client, &word) {
                    return Err(format!("is {word:?}, which is not supported: use {accepted}"));
                }
            }
            Key(set) if value.is_object() => set(client, value.to_string()),
            Key(set) => set(client, string(value).ok_or("must be PEM or a private JWK")?),
            Keys(set) => {
                set(client, keys(value).ok_or("must be PEM, a private JWK, or a list of them")?)
            }
            List(set) => set(client, strings(value).ok_or("must be a list of strings")?),
            Objects(set) => set(client, objects(value).ok_or("must be a list of tables")?),
            Pairs(of) => set_params(of(client), value)?,
            Seconds(set) => set(client, duration(&value)?),
            Switch(set) => set(client, boolean(&value)?),
            Table(set) => match value {
                Value::Object(table) => set(client, table),
                _ => return Err("must be a table".to_owned()),
            },
            Text(set) => set(client, string(value).ok_or("must be a string")?),
            Url(endpoint) => {
                let url = string(value).ok_or("must be a string")?;
                client.endpoints.insert(endpoint, url);
            }
            Words(set) => {
                let words = match value {
                    Value::Array(_) => strings(value).map(|words| words.join(" ")),
                    other => string(other),
                };
                set(client, words.ok_or("must be a string or a list of strings")?);
            }
        }
        Ok(())
    }
}

/// Fills `slot`, unless the value could not be parsed.
fn put<T>(slot: &mut Option<T>, parsed: Option<T>) -> bool {
    let known = parsed.is_some();
    if known {
        *slot = parsed;
    }
    known
}

fn string(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A list; the environment has it as words.
fn strings(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Array(list) => list.into_iter().map(string).collect(),
        Value::String(text) => Some(text.split_ascii_whitespace().map(ToOwned::to_owned).collect()),
        _ => None,
    }
}

/// Keys as they are in a file; the environment has one as PEM, or JSON.
fn keys(value: Value) -> Option<Vec<Secret>> {
    let key = |value: Value| match value {
        Value::String(text) => Some(Secret::new(text)),
        Value::Object(_) => Some(Secret::new(value.to_string())),
        _ => None,
    };
    match value {
        Value::Array(list) => list.into_iter().map(key).collect(),
        Value::String(text) if text.trim_start().starts_with('[') => {
            keys(serde_json::from_str(&text).ok()?)
        }
        other => Some(vec![key(other)?]),
    }
}

fn objects(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(list) => list.iter().all(Value::is_object).then_some(list),
        Value::String(text) => objects(serde_json::from_str::<Value>(&text).ok()?),
        _ => None,
    }
}

pub(super) fn boolean(value: &Value) -> Result<bool, String> {
    let parsed = match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    parsed.ok_or_else(|| format!("is {value}, but must be true or false"))
}

pub(super) fn duration(value: &Value) -> Result<Duration, String> {
    let parsed = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let wrong = || format!("is {value}, but must be a whole number of seconds");
    parsed.map(Duration::from_secs).ok_or_else(wrong)
}

/// Adds the entries of a table; those of the same name replace earlier ones.
fn set_params(params: &mut Params, value: Value) -> Result<(), &'static str> {
    const EXPECTED: &str = "must be a table of strings, numbers, booleans and lists of them";
    let plain = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    };
    let Value::Object(table) = value else {
        return Err(EXPECTED);
    };
    let mut entries = Vec::new();
    for (name, value) in table {
        match value {
            Value::Array(list) => {
                for value in list {
                    entries.push((name.clone(), plain(value).ok_or(EXPECTED)?));
                }
            }
            other => entries.push((name, plain(other).ok_or(EXPECTED)?)),
        }
    }
    params.set_all(&entries);
    Ok(())
}
