//! Settings for providers that deviate from the RFCs: built-in hooks by name, an empty client secret, clocks
//! that differ.

use authlib_core::message::Request;
use authlib_core::store::TokenOwner;
use authlib_core::{ErrorKind, Grant, OAuth, RegisteredClient, Result, Token};
use authlib_provider::Fault;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::test_bed::recorded::{RecordedResponses, form};
use crate::test_bed::{Browser, TestBed};

const TOKEN: &str = "https://old.example/token";

/// A client that is configured in a file, and in the environment.
fn client(http: &RecordedResponses, settings: &str, vars: &[(&str, &str)]) -> RegisteredClient {
    let toml = format!(
        "[oauth.old]\nclient_id = 'id'\nauthorization_endpoint = 'https://old.example/authorize'\n\
         token_endpoint = '{TOKEN}'\napi_base_url = 'https://old.example/api/'\n{settings}"
    );
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let oauth = OAuth::builder()
        .discover_clients()
        .load_toml(&toml)
        .load_env_from(vars)
        .http_client(http.clone());
    oauth.build().unwrap().client("old").unwrap()
}

async fn token(client: &RegisteredClient) -> Result<Token> {
    client.fetch_token(Grant::client_credentials()).await
}

/// Stack Exchange sends a form without `token_type`.
#[tokio::test]
async fn built_in_hooks_are_enabled_by_name() {
    const BOTH: &str = "hooks = ['parse_form_response', 'default_token_type_bearer']";
    const VARIABLE: (&str, &str) = ("OLD_HOOKS", "parse_form_response default_token_type_bearer");
    let http = RecordedResponses::default().with(TOKEN, form("access_token=at&expires=3600"));
    for (settings, vars, works) in [
        (BOTH, vec![], true),
        ("", vec![VARIABLE], true),
        ("", vec![], false),
        ("hooks = ['parse_form_response']", vec![], false),
        ("hooks = ['default_token_type_bearer', 'parse_form_response']", vec![], false),
    ] {
        let client = client(&http, settings, &vars);
        let fetched = token(&client).await;
        assert_eq!(fetched.is_ok(), works, "{settings} {vars:?} {fetched:?}");
        let refresh = Grant::refresh_token(&"rt".into());
        assert_eq!(client.fetch_token(refresh).await.is_ok(), works, "{settings} {vars:?}");
    }
}

#[tokio::test]
async fn token_in_query_is_enabled_by_name() {
    let url = "https://old.example/api/me?oauth2_access_token=t";
    let http = RecordedResponses::default().json(url, &json!({}));
    let client = client(&http, "hooks = ['token_in_query:oauth2_access_token']", &[]);
    let owner = TokenOwner::new("old", "u");
    let user = authlib_core::OAuth2Client::for_owner(&client, owner);
    user.set_token(&Token::bearer("t")).await.unwrap();
    assert_eq!(user.get("me").send().await.unwrap().status(), 200);
    assert!(!http.only(url).headers().contains_key("authorization"));
}

fn basic(request: &Request) -> Option<String> {
    let header = request.headers().get("authorization")?.to_str().ok()?.strip_prefix("Basic ")?;
    String::from_utf8(STANDARD.decode(header).ok()?).ok()
}

/// RFC 6749 §2.3.1, Reddit's installed apps.
#[tokio::test]
async fn empty_secret_is_sent_as_basic_password() {
    let response = json!({"access_token": "at", "token_type": "bearer"});
    for (settings, expected) in [
        ("client_secret = ''\ntoken_endpoint_auth_method = 'client_secret_basic'", Some("id:")),
        ("client_secret = ''", None),
    ] {
        let http = RecordedResponses::default().json(TOKEN, &response);
        token(&client(&http, settings, &[])).await.unwrap();
        assert_eq!(basic(&http.only(TOKEN)).as_deref(), expected, "{settings}");
    }
}

/// RFC 7519 §4.1.4 and §4.1.6: a small tolerance, "usually no more than a few minutes".
#[tokio::test]
async fn clock_skew_is_accepted_up_to_its_setting() {
    for (claim, seconds, skew, accepted) in [
        ("iat", 60, "", true),
        ("iat", 90, "", false),
        ("iat", 90, "clock_skew = 300", true),
        ("iat", 301, "clock_skew = 300", false),
        ("iat", 1, "clock_skew = 0", false),
        ("nbf", 300, "clock_skew = 300", true),
        ("nbf", 90, "", false),
        ("exp", -59, "", true),
        ("exp", -60, "", false),
        ("exp", -299, "clock_skew = 300", true),
        ("exp", -300, "clock_skew = 300", false),
    ] {
        let toml = format!("[oauth.op]\n{skew}");
        let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.load_toml(&toml));
        bed.provider.inject(Fault::ClaimTime(claim.to_owned(), seconds));
        let kind = bed.log_in(&Browser::default()).await.err().map(|error| error.kind());
        let expected = (!accepted).then_some(ErrorKind::InvalidIdToken);
        assert_eq!(kind, expected, "{claim} {seconds} {skew}");
    }
}
