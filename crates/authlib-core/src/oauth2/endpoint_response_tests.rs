use std::time::SystemTime;

use url::Url;

use super::*;
use crate::endpoint_url::HttpHosts;
use crate::message::test_response;
use crate::oauth2::device::parse_device_authorization_response;
use crate::oauth2::introspection::parse_introspection_response;
use crate::oauth2::jwt_introspection_response::signed_introspection_response;
use crate::oauth2::registration::parse_registration_response;
use crate::oauth2::revocation::parse_revocation_response;
use crate::oauth2::test_responses::{HTML, JSON, assert_rejected};
use crate::oauth2::token_endpoint::{BEARER, parse_token_response};
use crate::oauth2::token_exchange::parse_token_exchange_response;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

type Parser = fn(&Response) -> Result<()>;

/// The parsers of responses that must be JSON objects.
const OF_JSON: [(Endpoint, Parser); 5] = [
    (Endpoint::DeviceAuthorization, |response| {
        parse_device_authorization_response(response, HttpHosts::LOOPBACK, NOW).map(drop)
    }),
    (Endpoint::Introspection, |response| parse_introspection_response(response).map(drop)),
    (Endpoint::Registration, |response| {
        let endpoint = Url::parse("https://op.example/register").unwrap();
        parse_registration_response(response, &endpoint).map(drop)
    }),
    (Endpoint::Token, |response| parse_token_response(response, &[BEARER], NOW, None).map(drop)),
    (Endpoint::Token, |response| {
        parse_token_exchange_response(response, &[BEARER], NOW, None).map(drop)
    }),
];

/// The parsers of other responses.
const OF_OTHERS: [(Endpoint, Parser); 2] = [
    (Endpoint::Introspection, |response| signed_introspection_response(response).map(drop)),
    (Endpoint::Revocation, parse_revocation_response),
];

#[test]
fn success_without_json_object_is_rejected() {
    for (_, parse) in OF_JSON {
        assert_rejected(
            parse,
            &[
                (200, HTML, "<p>", "text/html"),
                (200, HTML, r#"{"client_id":"a","client_id":"b"}"#, "text/html"),
                (200, JSON, "<html>", "not a JSON object"),
                (200, JSON, "[]", "not a JSON object"),
                (200, JSON, r#"{"client_id":"a","client_id":"b"}"#, "not a JSON object"),
                (200, JSON, r#"{"access_token":"at","error":"nope"}"#, "nope"),
            ],
        );
    }
}

#[test]
fn error_responses_are_rejected_with_reason() {
    for (endpoint, parse) in OF_JSON.into_iter().chain(OF_OTHERS) {
        let check = format!("check `{}`", endpoint.setting());
        assert_rejected(
            parse,
            &[
                (302, HTML, "", "never followed"),
                (400, JSON, r#"{"error":"invalid_client"}"#, "client_secret"),
                (400, JSON, r#"{"error":["x"]}"#, "not a string"),
                (400, JSON, r#"{"error":"a","error":"b"}"#, "status 400"),
                (
                    400,
                    "text/plain",
                    r#"{"error":"invalid_request"}"#,
                    "reported \"invalid_request\"",
                ),
                (400, "text/plain", "no", "text/plain"),
                (404, HTML, "<h1>", &check),
                (404, JSON, r#"{"message":"Not Found"}"#, "status 404"),
                (405, HTML, "<h1>", &check),
                (429, "text/plain", "slow down", "429"),
                (500, HTML, "<h1>", "status 500"),
                (500, JSON, "{}", "status 500"),
            ],
        );
    }
}

#[test]
fn provider_error_keeps_status_and_retry_after() {
    for (endpoint, parse) in OF_JSON.into_iter().chain(OF_OTHERS) {
        for (status, content_type, body, code) in [
            (400, JSON, r#"{"error":"e","error_uri":"u","error_description":"d"}"#, "e"),
            (429, "text/plain", "slow down", "(no OAuth error)"),
            (500, HTML, "<h1>", "(no OAuth error)"),
            (503, HTML, "<h1>", "(no OAuth error)"),
            (503, JSON, r#"{"error":"temporarily_unavailable"}"#, "temporarily_unavailable"),
        ] {
            let error = parse(&test_response(status, content_type, body)).unwrap_err();
            let error = error.provider_error().unwrap();
            assert_eq!((error.error.as_str(), error.status), (code, Some(status)));
            assert_eq!(error.retry_after, Some(Duration::from_secs(7)), "{endpoint:?} {body}");
            let texts = (error.error_description.as_deref(), error.error_uri.as_deref());
            assert_eq!(texts, if code == "e" { (Some("d"), Some("u")) } else { (None, None) });
        }
        assert!(parse(&test_response(404, HTML, "")).unwrap_err().provider_error().is_none());
    }
}

#[test]
fn unsupported_token_type_is_unsupported_error() {
    for (_, parse) in [OF_JSON[1], OF_OTHERS[0], OF_OTHERS[1]] {
        let body = r#"{"error":"unsupported_token_type"}"#;
        let error = parse(&test_response(400, JSON, body)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.provider_error().unwrap().status, Some(400));
    }
}
