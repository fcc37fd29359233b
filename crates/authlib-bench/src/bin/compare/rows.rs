//! The rows of the table: what is compared with what.

use authlib_bench::sender;

use crate::cases::{self, Case};
use crate::{huskarl, limits, peers};

/// One piece of work.
pub(crate) struct Row {
    pub title: String,
    pub calls: Vec<Call>,
}

/// One way to do it.
pub(crate) struct Call {
    pub by: &'static str,
    pub build: Box<dyn Fn() -> Case>,
    /// The call whose cost is subtracted: the same without the measured work.
    pub less: Option<&'static str>,
}

fn call(by: &'static str, build: impl Fn() -> Case + 'static) -> Call {
    Call { by, build: Box::new(build), less: None }
}

/// A case of the library.
fn ours(by: &'static str, name: impl Into<String>, less: Option<&'static str>) -> Call {
    let name = name.into();
    let build = move || cases::find(&name).expect("the name is of a case");
    Call { by, build: Box::new(build), less }
}

fn row(title: impl Into<String>, calls: impl Into<Vec<Call>>) -> Row {
    Row { title: title.into(), calls: calls.into() }
}

pub(crate) fn all() -> Vec<Row> {
    let mut rows: Vec<Row> = cases::ALGORITHMS.iter().map(|name| verify(name)).collect();
    rows.push(row(
        "authorization URL",
        [
            call("limit", limits::authorization_url),
            call("oauth2", peers::oauth2_authorization_url),
            call("openidconnect", peers::openidconnect_authorization_url),
            call("huskarl", huskarl::authorization_url),
            ours("authlib", "authorization URL", None),
        ],
    ));
    rows.push(row(
        "OAuth 1.0a signature",
        [
            call("limit", limits::oauth1_signature),
            call("oauth1-request", peers::oauth1_request_signature),
            ours("unsigned request", "OAuth 1.0a request, unsigned", None),
            ours("authlib", "OAuth 1.0a request", Some("unsigned request")),
        ],
    ));
    rows.extend(["ES256", "EdDSA"].map(assertion));
    rows.push(row(
        "API call with a fresh token",
        [
            ours("without a token", "API call, without a token", None),
            ours("authlib", "API call", Some("without a token")),
        ],
    ));
    rows.push(row(
        "profile",
        [
            ours("the session alone", "profile, the session alone", None),
            ours("authlib", "profile", Some("the session alone")),
        ],
    ));
    rows.push(row(
        "login",
        [call("limit", || limits::verify("ES256")), ours("authlib", "login", None)],
    ));
    rows.push(row(
        "DPoP proof of an API call",
        [
            call("limit", || limits::assertion("ES256")),
            call("huskarl", huskarl::dpop_proof),
            call("bearer token", || Case::new(sender::api_call(false))),
            Call {
                less: Some("bearer token"),
                ..call("authlib", || Case::new(sender::api_call(true)))
            },
        ],
    ));
    rows.push(row(
        "login: PAR, DPoP, private_key_jwt",
        [
            call("limit", limits::high_security_login),
            call("authlib", || Case::new(sender::login())),
        ],
    ));
    rows.push(row("unknown client of 1,000", [ours("authlib", "unknown client of 1,000", None)]));
    rows
}

fn verify(algorithm: &'static str) -> Row {
    let mut calls = vec![
        call("limit", || limits::verify(algorithm)),
        call("jsonwebtoken", || peers::jsonwebtoken_verify(algorithm)),
        call("openidconnect", || peers::openidconnect_verify(algorithm)),
    ];
    // It knows no ID tokens that are signed by the client secret.
    if algorithm != "HS256" {
        calls.push(call("huskarl", || huskarl::verify(algorithm)));
    }
    calls.push(ours("authlib", format!("verify ID token {algorithm}"), None));
    row(format!("verify ID token {algorithm}"), calls)
}

fn assertion(algorithm: &'static str) -> Row {
    row(
        format!("client assertion {algorithm}"),
        [
            call("limit", || limits::assertion(algorithm)),
            call("jsonwebtoken", || peers::jsonwebtoken_assertion(algorithm)),
            ours("request with basic", "token request, basic", None),
            ours(
                "authlib",
                format!("token request, {algorithm} assertion"),
                Some("request with basic"),
            ),
        ],
    )
}
