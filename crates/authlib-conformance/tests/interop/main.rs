//! Interoperability tests. `oidc.rs`, `oauth2.rs` and `oauth1.rs` test the servers themselves,
//! `client_*.rs` our clients against them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod client_assertions;
mod client_authlib;
mod client_backchannel;
mod client_blocking;
mod client_oauth1;
mod client_oidc;
mod client_oidc_login;
mod clients;
mod oauth1;
mod oauth2;
mod oidc;

use authlib_conformance::{Browser, Page};
use reqwest::Method;
use serde_json::{Value, json};

/// A secret without characters that need encoding.
const SECRET: &str = "a-secret-of-forty-characters-1234567890";

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CIBA: &str = "urn:openid:params:grant-type:ciba";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The metadata (RFC 7591) of a client with these `grant_types`.
fn client(grant_types: &[&str]) -> Value {
    json!({
        "client_id": "app",
        "client_secret": SECRET,
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": grant_types,
    })
}

/// Sends a form.
async fn post(url: &str, fields: &[(&str, &str)]) -> Page {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    Browser::new().request(Method::POST, url, &headers, Some(body)).await
}

/// Sends a form as the client of [`client`], and reads JSON.
async fn as_client(url: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let proof = [("client_id", "app"), ("client_secret", SECRET)];
    let page = post(url, &[&proof, fields].concat()).await;
    (page.status, page.json())
}

/// Sends a GET with an `Authorization` header.
async fn authorized(method: Method, url: &str, authorization: &str) -> Page {
    let headers = [("authorization", authorization), ("content-length", "0")];
    let headers = if method == Method::GET { &headers[..1] } else { &headers[..] };
    Browser::new().request(method, url, headers, None).await
}

/// A string member of a response.
fn text(response: &Value, name: &str) -> String {
    response[name].as_str().unwrap_or_else(|| panic!("no {name} in {response}")).to_owned()
}
