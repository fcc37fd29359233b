//! Built-in hooks, which several providers need.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use serde_json::{Map, Value};
use url::Url;

use super::{Hooks, RequestHook, ResponseHook};
use crate::error::{Error, ErrorKind, Result};
use crate::jose::strict_json;
use crate::message::{self, Request, Response};
use crate::params::Params;

/// For [`ResponseHook`](super::ResponseHook): sets `token_type` to `Bearer` if the token response has none,
/// as that of Slack. RFC 6749 §5.1 requires the member.
///
/// ```
/// use authlib_core::ClientConfig;
/// use authlib_core::hooks::{ResponseHook, default_token_type_bearer};
///
/// let slack = ClientConfig::new("slack")
///     .on_response(ResponseHook::AccessTokenResponse, default_token_type_bearer)
///     .on_response(ResponseHook::RefreshTokenResponse, default_token_type_bearer);
/// # let _ = slack;
/// ```
///
/// # Errors
///
/// None: a response that is not a JSON object is left unchanged.
pub fn default_token_type_bearer(response: &mut Response) -> Result<()> {
    let Ok(mut body) = strict_json::object(response.body()) else {
        return Ok(());
    };
    if body.contains_key("access_token") && body.get("token_type").is_none_or(Value::is_null) {
        body.insert("token_type".to_owned(), "Bearer".into());
        set_json(response, body);
    }
    Ok(())
}

/// For [`ResponseHook`](super::ResponseHook): converts a form-encoded token response, as that of Stack
/// Exchange, to the JSON that RFC 6749 §5.1 requires. `expires` becomes `expires_in`.
///
/// # Errors
///
/// [`ErrorKind::InvalidResponse`] if a name is repeated.
pub fn parse_form_response(response: &mut Response) -> Result<()> {
    let media_type = message::media_type(response.headers()).unwrap_or_default();
    if !matches!(media_type.as_str(), "application/x-www-form-urlencoded" | "text/plain") {
        return Ok(());
    }
    let Ok(text) = std::str::from_utf8(response.body()) else {
        return Ok(());
    };
    let mut body = Map::new();
    for (name, value) in Params::parse(text.trim()).iter() {
        let name = if name == "expires" { "expires_in" } else { name };
        if body.insert(name.to_owned(), value.into()).is_some() {
            let check = format!("form-encoded token response repeats `{}`", name.escape_debug());
            return Err(Error::new(ErrorKind::InvalidResponse, check));
        }
    }
    if body.contains_key("access_token") || body.contains_key("error") {
        set_json(response, body);
    }
    Ok(())
}

/// For [`RequestHook::ProtectedRequest`](super::RequestHook::ProtectedRequest): moves the access
/// token from the header to the query parameter `name`. Queries are logged (RFC 6750 §5.3): use it only
/// for a provider that accepts the token nowhere else.
///
/// ```
/// use authlib_core::ClientConfig;
/// use authlib_core::hooks::{RequestHook, token_in_query};
///
/// let linkedin = ClientConfig::new("linkedin")
///     .on_request(RequestHook::ProtectedRequest, token_in_query("oauth2_access_token"));
/// # let _ = linkedin;
/// ```
pub fn token_in_query(name: &str) -> impl Fn(&mut Request) -> Result<()> + Send + Sync + 'static {
    let name = name.to_owned();
    move |request| {
        let headers = request.headers_mut();
        let Some(header) = headers.remove(http::header::AUTHORIZATION) else {
            return Ok(());
        };
        let wrong = || {
            Error::new(ErrorKind::Config, "could not add the access token to the query of this URL")
        };
        let token = header.to_str().ok().and_then(|text| text.split_once(' '));
        let (_, token) = token.ok_or_else(wrong)?;
        let mut url = Url::parse(&request.uri().to_string()).map_err(|_| wrong())?;
        Params::new().with(&name, token).append_to(&mut url);
        *request.uri_mut() = url.as_str().parse().map_err(|_| wrong())?;
        Ok(())
    }
}

/// For [`RequestHook`]: sends a client assertion (RFC 7523 §2.2) as `client_secret`, with the client id. Apple calls such
/// a JWT a client secret.
///
/// # Errors
///
/// None: a request without a client assertion is left unchanged.
pub fn client_assertion_as_secret(request: &mut Request) -> Result<()> {
    let Ok(text) = std::str::from_utf8(request.body()) else {
        return Ok(());
    };
    let mut form = Params::new();
    let mut client_id = None;
    for (name, value) in Params::parse(text) {
        match name.as_str() {
            "client_assertion" => {
                client_id = subject_of(&value);
                form.push("client_secret", value);
            }
            "client_assertion_type" | "client_id" => {}
            _ => form.push(name, value),
        }
    }
    if let Some(client_id) = client_id {
        form.push("client_id", client_id);
        *request.body_mut() = form.to_form().into_bytes().into();
    }
    Ok(())
}

/// The `sub` of an assertion that this client has just signed.
fn subject_of(jwt: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    Some(strict_json::object(&payload).ok()?.get("sub")?.as_str()?.to_owned())
}

/// What the setting `hooks` accepts.
pub(crate) const NAMES: &str = "`client_assertion_as_secret`, `default_token_type_bearer`, `parse_form_response` or \
                                `token_in_query:NAME`";

/// Adds the built-in hook of this name where it is used. Returns whether there is one.
pub(crate) fn add(hooks: &mut Hooks, name: &str) -> bool {
    let token_responses = [ResponseHook::AccessTokenResponse, ResponseHook::RefreshTokenResponse];
    let response_hook = match (name, name.strip_prefix("token_in_query:")) {
        ("default_token_type_bearer", _) => default_token_type_bearer,
        ("parse_form_response", _) => parse_form_response,
        ("client_assertion_as_secret", _) => {
            for at in [
                RequestHook::AccessTokenRequest,
                RequestHook::RefreshTokenRequest,
                RequestHook::RevokeTokenRequest,
            ] {
                hooks.requests.push_sync(at, client_assertion_as_secret);
            }
            return true;
        }
        (_, Some(param)) if !param.is_empty() => {
            hooks.requests.push_sync(RequestHook::ProtectedRequest, token_in_query(param));
            return true;
        }
        _ => return false,
    };
    for at in token_responses {
        hooks.responses.push_sync(at, response_hook);
    }
    true
}

fn set_json(response: &mut Response, body: Map<String, Value>) {
    *response.body_mut() = Value::Object(body).to_string().into_bytes();
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
}
