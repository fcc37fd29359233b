//! The names of settings: Authlib's and the RFCs', in one table.

use std::time::Duration;

use serde_json::Value;

use super::ClientConfig;
use crate::params::Params;
use crate::secret::Secret;

/// The names of all settings that a file and the environment may have, in alphabetical order.
pub fn key_names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(name, _)| *name)
}

/// How one setting is written into a [`ClientConfig`]; a refusal says what was expected.
pub(super) type Setter = fn(&mut ClientConfig, Value) -> Result<(), &'static str>;

/// Every key, with Authlib's name where it has one of its own, then the RFCs' name.
pub(super) const KEYS: &[(&str, Setter)] = &[
    ("access_token_params", |c, v| into_params(&mut c.access_token_params, v)),
    ("access_token_url", |c, v| into_text(&mut c.token_endpoint, v)),
    ("accepted_issuers", |c, v| {
        c.accepted_issuers = list(v).ok_or("a list of texts")?;
        Ok(())
    }),
    ("api_base_url", |c, v| into_text(&mut c.api_base_url, v)),
    ("api_origins", |c, v| {
        c.api_origins = list(v).ok_or("a list of texts")?;
        Ok(())
    }),
    ("authorization_endpoint", |c, v| into_text(&mut c.authorization_endpoint, v)),
    ("authorize_params", |c, v| into_params(&mut c.authorize_params, v)),
    ("authorize_url", |c, v| into_text(&mut c.authorization_endpoint, v)),
    ("client_assertion_audience", |c, v| into_text(&mut c.client_assertion_audience, v)),
    ("client_assertion_claims", |c, v| {
        let Value::Object(claims) = v else { return Err("a table") };
        c.client_assertion_claims = claims;
        Ok(())
    }),
    ("client_assertion_lifetime", |c, v| into_seconds(&mut c.client_assertion_lifetime, &v)),
    ("client_id", |c, v| into_text(&mut c.client_id, v)),
    ("client_secret", |c, v| {
        c.client_secret = Some(Secret::new(text(v).ok_or("a text")?));
        Ok(())
    }),
    ("code_challenge_method", |c, v| into_text(&mut c.code_challenge_method, v)),
    ("dangerous_skip_nonce", |c, v| {
        c.dangerous_skip_nonce = truth(&v).ok_or("true or false")?;
        Ok(())
    }),
    ("dangerous_skip_pkce", |c, v| {
        c.dangerous_skip_pkce = truth(&v).ok_or("true or false")?;
        Ok(())
    }),
    ("dangerous_unconfirmed_callback", |c, v| {
        c.dangerous_unconfirmed_callback = truth(&v).ok_or("true or false")?;
        Ok(())
    }),
    ("device_authorization_endpoint", |c, v| into_text(&mut c.device_authorization_endpoint, v)),
    ("end_session_endpoint", |c, v| into_text(&mut c.end_session_endpoint, v)),
    ("fetch_userinfo", |c, v| {
        c.fetch_userinfo = Some(truth(&v).ok_or("true or false")?);
        Ok(())
    }),
    ("id_token_signed_response_alg", |c, v| into_text(&mut c.id_token_signed_response_alg, v)),
    ("introspection_endpoint", |c, v| into_text(&mut c.introspection_endpoint, v)),
    ("introspection_endpoint_auth_method", |c, v| {
        into_text(&mut c.introspection_endpoint_auth_method, v)
    }),
    ("introspection_signed_response_alg", |c, v| {
        into_text(&mut c.introspection_signed_response_alg, v)
    }),
    ("issuer", |c, v| into_text(&mut c.issuer, v)),
    ("jwks", |c, v| {
        let object = v.is_object().then(|| v.to_string());
        c.jwks = Some(Secret::new(object.ok_or("a JWK set")?));
        Ok(())
    }),
    ("jwks_uri", |c, v| into_text(&mut c.jwks_uri, v)),
    ("label", |c, v| into_text(&mut c.label, v)),
    ("leeway", |c, v| into_seconds(&mut c.leeway, &v)),
    ("max_age", |c, v| into_seconds(&mut c.max_age, &v)),
    ("post_logout_redirect_uri", |c, v| into_text(&mut c.post_logout_redirect_uri, v)),
    ("private_key", |c, v| {
        let key = if v.is_object() { Some(v.to_string()) } else { text(v) };
        c.private_key = Some(Secret::new(key.ok_or("PEM or a private JWK")?));
        Ok(())
    }),
    ("private_key_certificate", |c, v| into_text(&mut c.private_key_certificate, v)),
    ("private_key_id", |c, v| into_text(&mut c.private_key_id, v)),
    ("prompt", |c, v| {
        c.authorize_params.set("prompt", text(v).ok_or("a text")?);
        Ok(())
    }),
    ("raw_client_secret_basic", |c, v| {
        c.raw_client_secret_basic = truth(&v).ok_or("true or false")?;
        Ok(())
    }),
    ("realm", |c, v| into_text(&mut c.realm, v)),
    ("redirect_uri", |c, v| into_text(&mut c.redirect_uri, v)),
    ("refresh_token_params", |c, v| into_params(&mut c.refresh_token_params, v)),
    ("refresh_token_url", |c, v| into_text(&mut c.refresh_token_url, v)),
    ("renewal", |c, v| into_text(&mut c.renewal, v)),
    ("request_token_params", |c, v| into_params(&mut c.request_token_params, v)),
    ("request_token_url", |c, v| into_text(&mut c.request_token_url, v)),
    ("response_mode", |c, v| into_text(&mut c.response_mode, v)),
    ("revocation_endpoint", |c, v| into_text(&mut c.revocation_endpoint, v)),
    ("revocation_endpoint_auth_method", |c, v| {
        into_text(&mut c.revocation_endpoint_auth_method, v)
    }),
    ("rsa_key", |c, v| {
        c.private_key = Some(Secret::new(text(v).ok_or("PEM")?));
        Ok(())
    }),
    ("scope", |c, v| {
        let scope = match v {
            Value::Array(_) => list(v).ok_or("a text or a list of texts")?.join(" "),
            other => text(other).ok_or("a text or a list of texts")?,
        };
        c.scope = Some(scope);
        Ok(())
    }),
    ("server_metadata_url", |c, v| into_text(&mut c.server_metadata_url, v)),
    ("signature_method", |c, v| into_text(&mut c.signature_method, v)),
    ("signature_type", |c, v| into_text(&mut c.signature_type, v)),
    ("subject_claim", |c, v| into_text(&mut c.subject_claim, v)),
    ("timeout", |c, v| into_seconds(&mut c.timeout, &v)),
    ("token_endpoint", |c, v| into_text(&mut c.token_endpoint, v)),
    ("token_endpoint_auth_method", |c, v| into_text(&mut c.token_endpoint_auth_method, v)),
    ("token_endpoint_auth_signing_alg", |c, v| {
        into_text(&mut c.token_endpoint_auth_signing_alg, v)
    }),
    ("token_placement", |c, v| into_text(&mut c.token_placement, v)),
    ("user_agent", |c, v| into_text(&mut c.user_agent, v)),
    ("userinfo_endpoint", |c, v| into_text(&mut c.userinfo_endpoint, v)),
];

/// The table whose keys are settings of their own: Authlib keeps these apart, here they are the same.
pub(super) const CLIENT_KWARGS: &str = "client_kwargs";

/// What may stand in `client_kwargs`.
pub(super) const IN_CLIENT_KWARGS: &[&str] = &[
    "code_challenge_method",
    "leeway",
    "prompt",
    "realm",
    "response_mode",
    "revocation_endpoint_auth_method",
    "rsa_key",
    "scope",
    "signature_method",
    "signature_type",
    "timeout",
    "token_endpoint_auth_method",
    "token_placement",
];

/// Members of a provider's metadata (RFC 8414 §2) for which there is no use yet. Taking them without a
/// word would promise one.
pub(super) const NOT_USED_YET: &[&str] =
    &["pushed_authorization_request_endpoint", "registration_endpoint"];

/// Two names of one setting.
pub(super) const ALIASES: &[(&str, &str)] = &[
    ("access_token_url", "token_endpoint"),
    ("authorize_url", "authorization_endpoint"),
    ("private_key", "rsa_key"),
];

/// Parameters of the authorization request on which the login's security rests: they are set by the
/// login, and by nobody else (RFC 9700 §4).
const RESERVED_AUTHORIZE: &[&str] = &[
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
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

/// Whether a parameter of the authorization request is the login's own.
pub(crate) fn is_reserved_authorize_param(name: &str) -> bool {
    RESERVED_AUTHORIZE.contains(&name)
}

/// Whether a parameter of the token request is the exchange's own.
pub(super) fn is_reserved_token_param(name: &str) -> bool {
    RESERVED_TOKEN.contains(&name)
}

/// The setter of a key.
pub(super) fn setter(key: &str) -> Option<Setter> {
    KEYS.iter().find(|(known, _)| *known == key).map(|(_, setter)| *setter)
}

/// The known key that `key` was probably meant to be.
pub(super) fn similar(key: &str) -> Option<&'static str> {
    KEYS.iter()
        .map(|(known, _)| *known)
        .chain([CLIENT_KWARGS])
        .map(|known| (distance(key, known), known))
        .filter(|(distance, _)| (1..=2).contains(distance))
        .min()
        .map(|(_, known)| known)
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn list(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Array(list) => list.into_iter().map(text).collect(),
        // In the environment a list is written with blanks.
        Value::String(text) => Some(text.split_ascii_whitespace().map(ToOwned::to_owned).collect()),
        _ => None,
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn into_text(slot: &mut Option<String>, value: Value) -> Result<(), &'static str> {
    *slot = Some(text(value).ok_or("a text")?);
    Ok(())
}

fn into_seconds(slot: &mut Option<Duration>, value: &Value) -> Result<(), &'static str> {
    let seconds = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    *slot = Some(Duration::from_secs(seconds.ok_or("a whole number of seconds")?));
    Ok(())
}

/// Adds the entries of a table; those of the same name replace earlier ones.
fn into_params(params: &mut Params, value: Value) -> Result<(), &'static str> {
    const EXPECTED: &str = "a table of texts, numbers, truth values and lists of them";
    let plain = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    };
    let Value::Object(table) = value else {
        return Err(EXPECTED);
    };
    for (name, value) in table {
        match value {
            Value::Array(list) => {
                let list: Option<Vec<_>> = list.into_iter().map(plain).collect();
                let mut list = list.ok_or(EXPECTED)?.into_iter();
                if let Some(first) = list.next() {
                    params.set(&name, first);
                }
                list.for_each(|value| params.push(&name, value));
            }
            other => params.set(&name, plain(other).ok_or(EXPECTED)?),
        }
    }
    Ok(())
}

/// The number of letters to add, drop or change between two names (Levenshtein), as far as 3.
pub(super) fn distance(left: &str, right: &str) -> usize {
    if left.len().abs_diff(right.len()) > 2 {
        return 3;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (b, slot) in right.bytes().zip(row.iter_mut().skip(1)) {
            let cost = (diagonal + usize::from(a != b)).min(before + 1).min(*slot + 1);
            diagonal = *slot;
            *slot = cost;
            before = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(3).min(3)
}
