//! One token for each resource from one refresh token (RFC 8707 §2.2).

use authlib_core::config::Refresh;
use authlib_core::{ErrorKind, OAuth2Client};
use authlib_provider::{Endpoint, Fault, RecordedRequest, Reply};
use futures_util::future::join_all;
use serde_json::json;

use crate::test_bed::service::{Way, service_bed};
use crate::test_bed::stores::{Shared, replica};
use crate::test_bed::{Browser, HOUR, ISSUER, ProviderHttp, TestBed, client, listen, sent};

const MAIL: &str = "https://op.example/api/mail";
const FILES: &str = "https://op.example/api/files/";

async fn user(bed: &TestBed) -> OAuth2Client {
    let owner = bed.log_in(&Browser::default()).await.unwrap().owner();
    bed.provider.clear_requests();
    OAuth2Client::for_owner(&bed.app(), owner)
}

fn resources(request: &RecordedRequest) -> Vec<&str> {
    let fields = request.fields.iter().filter(|(name, _)| name == "resource");
    fields.map(|(_, value)| value.as_str()).collect()
}

#[tokio::test]
async fn each_resource_has_its_token_and_the_refresh_token_is_kept() {
    let bed = TestBed::new();
    let user = user(&bed).await;
    let main = user.active_token().await.unwrap();
    let (mail, files) = (user.for_resource(MAIL), user.for_resource(FILES));
    for (client, path) in [(&mail, "/api/mail/inbox"), (&files, "/api/files/inbox")] {
        for _ in 0..3 {
            let seen: serde_json::Value = client.get("inbox").send().await.unwrap().json().unwrap();
            assert_eq!(seen["resource"], json!([client.resource()]));
            assert_eq!(seen["path"], path);
        }
    }
    let requests = sent(&bed, Endpoint::Token);
    let requested: Vec<_> = requests.iter().map(resources).collect();
    assert_eq!(requested, [[MAIL], [FILES]], "one request for each");
    // The provider rotates: the second request used the refresh token of the first response.
    let stored = user.token().await.unwrap().unwrap();
    assert_ne!(stored.refresh_token, main.refresh_token);
    assert_eq!(stored.access_token, main.access_token);
    // All three are refreshed on their own, and none ends the login.
    bed.clock.advance(HOUR);
    user.get("echo").send().await.unwrap().error_for_status().unwrap();
    let again = mail.active_token().await.unwrap();
    files.get("x").send().await.unwrap().error_for_status().unwrap();
    assert_eq!(sent(&bed, Endpoint::Token).len(), 5);
    assert_eq!(mail.active_token().await.unwrap().access_token, again.access_token);
}

#[tokio::test]
async fn hundred_concurrent_calls_send_one_request_for_each_resource() {
    let bed = TestBed::new();
    let user = user(&bed).await;
    let heard = listen(&bed.oauth);
    let clients = [user.for_resource(MAIL), user.for_resource(FILES)];
    bed.clock.advance(HOUR);
    let calls = (0..100).map(|n| {
        let client = clients[n % 2].clone();
        let user = user.clone();
        async move {
            user.active_token().await.unwrap();
            client.active_token().await.unwrap()
        }
    });
    join_all(calls).await;
    assert_eq!(sent(&bed, Endpoint::Token).len(), 3);
    let newest = user.token().await.unwrap().unwrap().refresh_token;
    let heard = heard.lock().unwrap();
    assert_eq!(heard.last().unwrap().token.refresh_token, newest, "subscribers know the newest");
}

#[tokio::test]
async fn token_is_sent_to_the_origin_of_its_resource_only() {
    let bed = TestBed::new();
    let user = user(&bed).await;
    let mail = user.for_resource(MAIL);
    for url in ["https://other.example/x", "//other.example/x", "http://op.example/api/mail"] {
        let error = mail.get(url).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{url}");
        assert!(error.to_string().contains("is not sent to"), "{error}");
    }
    let other = user.for_resource("https://other.example/");
    let error = other.get(&format!("{ISSUER}/api/echo")).send().await.unwrap_err();
    assert!(error.to_string().contains("is not sent to https://op.example"), "{error}");
    for resource in ["urn:mail", "mail", "https://op.example/#x"] {
        let error = user.for_resource(resource).get("x").send().await.unwrap_err();
        assert!(error.to_string().contains("not the URL of an API"), "{error}");
    }
    assert_eq!(bed.provider.received_requests().len(), 0, "nothing was sent");
}

#[tokio::test]
async fn rejected_token_is_requested_again_once() {
    let bed = TestBed::new();
    let user = user(&bed).await;
    let mail = user.for_resource(MAIL);
    let first = mail.active_token().await.unwrap();
    bed.provider.inject(Fault::ApiNeedsResource("https://elsewhere.example/".into()));
    assert_eq!(mail.get("x").send().await.unwrap().status(), 401);
    assert_eq!(sent(&bed, Endpoint::Token).len(), 2);
    assert_ne!(mail.active_token().await.unwrap().access_token, first.access_token);
    bed.provider.clear_faults();
    bed.provider.inject(Fault::ApiNeedsResource(MAIL.into()));
    assert_eq!(mail.get("x").send().await.unwrap().status(), 200);
    assert_eq!(user.get("x").send().await.unwrap().status(), 401, "the main token is another one");
}

#[tokio::test]
async fn refused_resource_leaves_the_login() {
    let bed = TestBed::new();
    let user = user(&bed).await;
    let refusal = Reply::json(400, r#"{"error":"invalid_target"}"#);
    bed.provider.inject(Fault::Response(Endpoint::Token, refusal));
    let error = user.for_resource(MAIL).active_token().await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "invalid_target");
    assert!(user.token().await.unwrap().unwrap().refresh_token.is_some());
    bed.provider.clear_faults();
    bed.provider.inject(Fault::RefreshRefused);
    let error = user.for_resource(FILES).active_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(user.token().await.unwrap().unwrap().refresh_token, None);
}

/// Two processes share the store: each uses the tokens of the other.
#[tokio::test]
async fn processes_share_the_tokens_of_resources() {
    let store = Shared::default();
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
    let user = user(&bed).await;
    let token = user.for_resource(MAIL).active_token().await.unwrap();
    let other = replica(&bed, store, ProviderHttp(bed.provider.clone()));
    let other = OAuth2Client::for_owner(&other.client("op").unwrap(), user.owner().clone());
    let again = other.for_resource(MAIL).active_token().await.unwrap();
    assert_eq!(again.access_token, token.access_token);
    assert_eq!(sent(&bed, Endpoint::Token).len(), 1);
}

#[tokio::test]
async fn new_login_has_no_tokens_of_the_earlier_one() {
    let bed = TestBed::new();
    let user = user(&bed).await;
    user.for_resource(MAIL).active_token().await.unwrap();
    let later = bed.log_in(&Browser::default()).await.unwrap();
    let later = OAuth2Client::for_owner(&bed.app(), later.owner());
    bed.provider.clear_requests();
    later.for_resource(MAIL).active_token().await.unwrap();
    assert_eq!(sent(&bed, Endpoint::Token).len(), 1);
}

/// RFC 8707 §2, RFC 6749 §4.4.3: a client without a user gets the token of a resource by the grant of its own tokens.
#[tokio::test]
async fn program_gets_token_of_each_resource_by_its_own_grant() {
    for way in [Way::ClientCredentials, Way::Assertion] {
        let bed = service_bed();
        let service = client(&bed, way.config(&bed));
        let (mail, files) = (service.for_resource(MAIL), service.for_resource(FILES));
        for _ in 0..2 {
            for client in [&mail, &files] {
                let response = client.get("inbox").send().await.unwrap();
                let seen: serde_json::Value = response.error_for_status().unwrap().json().unwrap();
                assert_eq!(seen["resource"], json!([client.resource()]), "{way:?}");
            }
        }
        let requests = sent(&bed, Endpoint::Token);
        let requested: Vec<_> = requests.iter().map(resources).collect();
        assert_eq!(requested, [&[][..], &[MAIL], &[FILES]], "{way:?}: its own, and one for each");
        let grants: Vec<_> = requests.iter().map(|sent| sent.field("grant_type")).collect();
        assert!(grants.iter().all(|grant| *grant == grants[0]), "{way:?}: {grants:?}");
        // Requested again when it has expired, and when the API rejects it.
        let first = mail.active_token().await.unwrap();
        bed.clock.advance(HOUR);
        let second = mail.active_token().await.unwrap();
        assert_ne!(first.access_token, second.access_token, "{way:?}");
        bed.provider.clear_requests();
        bed.provider.expire_access_tokens();
        assert_eq!(mail.get("x").send().await.unwrap().status(), 200, "{way:?}");
        let requests = sent(&bed, Endpoint::Token);
        assert_eq!(requests.iter().map(resources).collect::<Vec<_>>(), [[MAIL]], "{way:?}");
    }
}

#[tokio::test]
async fn error_without_a_refresh_token_says_what_to_request() {
    let bed = TestBed::new();
    bed.provider.inject(Fault::TokenMissing("refresh_token".into()));
    let user = user(&bed).await;
    let error = user.for_resource(MAIL).get("x").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let said = error.report().to_string();
    assert!(said.contains("refresh token (RFC 8707 §2.2), and there is none"), "{said}");
    assert!(said.contains("`offline_access`") && said.contains("the setting `resource`"), "{said}");
    assert_eq!(bed.provider.received_requests().len(), 0, "nothing was sent");
    assert!(user.token().await.unwrap().is_some(), "the login stays");
}

/// Nothing tells what a function of the application requests.
#[tokio::test]
async fn other_policies_can_not_request_a_resource() {
    let bed = TestBed::with(
        |provider| provider,
        |client| client.refresh_with(Refresh::Off),
        |oauth| oauth,
    );
    let user = user(&bed).await;
    let service_bed = service_bed();
    let service = client(&service_bed, Way::Callback.config(&service_bed));
    for client in [user, service] {
        let error = client.for_resource(MAIL).active_token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.report().to_string().contains("the setting `resource`"), "{error}");
    }
}
