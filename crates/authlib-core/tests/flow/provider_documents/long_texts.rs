//! Errors and log lines stay short and hide secrets, whatever a peer sends.

use authlib_core::oauth2::ClientMetadata;
use authlib_core::{Error, Registration, Secret};
use authlib_provider::{Endpoint, Fault, Provider, Reply, TestUser};
use serde_json::{Map, Value, json};

use crate::test_bed::log::capture_log;
use crate::test_bed::{Browser, ISSUER, ProviderHttp, TestBed};

/// The longest accepted error and log line, in bytes.
const SHORT: usize = 2000;

const READERS: [Endpoint; 8] = [
    Endpoint::DeviceAuthorization,
    Endpoint::Discovery,
    Endpoint::Introspect,
    Endpoint::Jwks,
    Endpoint::Register,
    Endpoint::Revoke,
    Endpoint::Token,
    Endpoint::UserInfo,
];

/// All members that a reader knows, and some that none knows.
const MEMBERS: &str = "access_token active at_hash aud authorization_endpoint \
    authorization_response_iss_parameter_supported client_id client_id_issued_at client_secret \
    client_secret_expires_at device_code error error_description error_uri exp expires_in grant_types iat \
    id_token id_token_signing_alg_values_supported interval introspection_endpoint iss issuer jwks \
    jwks_uri keys nbf redirect_uris registration_access_token registration_client_uri registration_endpoint \
    require_auth_time revocation_endpoint scope sub suberror token_endpoint \
    token_endpoint_auth_methods_supported token_type unknown user_code userinfo_endpoint \
    verification_uri verification_uri_complete";

fn provider() -> Provider {
    Provider::builder(ISSUER).user(TestUser::new("alice")).registration(None).build()
}

/// The error of a call that reads this endpoint's response, if it fails.
async fn call(endpoint: Endpoint, fault: Fault) -> Option<Error> {
    if endpoint == Endpoint::Register {
        let provider = provider();
        provider.inject(fault);
        let registration = Registration::at_issuer(ISSUER).unwrap();
        let registration = registration.http_client(ProviderHttp(provider));
        return registration.register(&ClientMetadata::new()).await.err();
    }
    let bed = TestBed::new();
    bed.provider.inject(fault);
    let app = bed.app();
    let token = Secret::new("t");
    match endpoint {
        Endpoint::DeviceAuthorization => app.start_device_login(None).await.err(),
        Endpoint::Introspect => app.introspect_token(&token, None).await.err(),
        Endpoint::Revoke => {
            let browser = Browser::default();
            let owner = bed.log_in(&browser).await.unwrap().owner();
            app.revoke_token(&owner).await.err()
        }
        _ => bed.log_in(&Browser::default()).await.err(),
    }
}

/// Responses with this text everywhere.
fn replies(text: &str) -> Vec<Reply> {
    let body = |status, content_type: String, body: &str| Reply::Body {
        status,
        content_type,
        body: body.to_owned(),
    };
    let mut replies = vec![
        body(200, format!("text/{text}"), "x"),
        body(200, format!("text/{text}"), text),
        body(400, format!("text/{text}"), "x"),
        body(400, "text/plain".into(), text),
        body(200, format!("application/{text}+json"), "x"),
        Reply::Redirect(302, format!("https://{text}.example/{text}")),
        Reply::Challenge(401, format!("Bearer error=\"{text}\", error_description=\"{text}\"")),
        Reply::json(200, format!(r#"{{"issuer":"{ISSUER}","{text}":1,"{text}":1}}"#)),
        Reply::json(200, format!(r#"{{"keys":[{{"kid":"{text}","kty":"{text}"}}]}}"#)),
        Reply::json(200, text),
    ];
    for value in
        [json!(text), json!([text]), json!({ text: text }), json!(format!("https://{text}/{text}"))]
    {
        let all: Map<String, Value> =
            MEMBERS.split_whitespace().map(|name| (name.to_owned(), value.clone())).collect();
        let good = json!({
            "issuer": ISSUER, "client_id": "c", "access_token": "at", "token_type": "Bearer", "sub": "alice",
            "active": true, "device_code": "d", "user_code": "u", "expires_in": 60,
            "verification_uri": "https://op.example/", "keys": [], "error": null,
            "token_endpoint": format!("{ISSUER}/token"), "jwks_uri": format!("{ISSUER}/jwks"),
        });
        for name in MEMBERS.split_whitespace() {
            let mut document = good.clone();
            document[name] = value.clone();
            document.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            replies.push(Reply::json(200, document.to_string()));
            if name.starts_with("error") {
                let error = json!({"error": "invalid_client", name: value});
                replies.push(Reply::json(400, error.to_string()));
            }
        }
        replies.push(Reply::json(400, Value::Object(all.clone()).to_string()));
        replies.push(Reply::json(200, Value::Object(all).to_string()));
    }
    replies
}

#[tokio::test]
async fn long_texts_of_peers_are_cut_in_errors_and_logs() {
    let text = "long-text-".repeat(500);
    let replies = replies(&text);
    for endpoint in READERS {
        let mut failures = 0;
        for reply in &replies {
            let (log, _guard) = capture_log();
            let error = call(endpoint, Fault::Response(endpoint, reply.clone())).await;
            let report = error.map(|error| error.report().to_string());
            failures += u32::from(report.is_some());
            for text in report.iter().map(String::as_str).chain(log.text().lines()) {
                let begin: String = text.chars().take(SHORT).collect();
                assert!(text.len() < SHORT, "{endpoint:?}: {} bytes: {begin}", text.len());
            }
        }
        assert!(failures > 10, "{endpoint:?}: {failures} failures");
    }
}

/// The response to a registration has secrets of its own.
#[tokio::test]
async fn secrets_of_a_registration_response_are_in_no_error() {
    for reply in replies("s3cr3t-of-the-response") {
        // The provider's words about an error, and what it says of itself, are repeated.
        let Reply::Body { status: 200, body, .. } = &reply else { continue };
        if !body.starts_with('{') || body.contains("\"error") || body.contains("https://s3cr3t") {
            continue;
        }
        let (log, _guard) = capture_log();
        let error =
            call(Endpoint::Register, Fault::Response(Endpoint::Register, reply.clone())).await;
        if let Some(error) = error {
            log.show(&format!("{error} {error:?} {}", error.report()));
        }
        log.check(&["s3cr3t".to_owned()], body);
    }
}
