//! Dynamic client registration (RFC 7591) and its management (RFC 7592).

use authlib_core::oauth2::{ClientInformation, ClientMetadata};
use authlib_core::{AuthorizeOptions, ErrorKind, OAuth, Params, Registration};
use authlib_provider::{Endpoint, Fault, Provider, RecordedRequest, Reply, TestUser};
use serde_json::json;

use crate::test_bed::{CALLBACK, ISSUER, ProviderHttp};

const INITIAL: &str = "initial-access-token";

fn open() -> Provider {
    Provider::builder(ISSUER).user(TestUser::new("alice")).registration(None).build()
}

fn closed() -> Provider {
    Provider::builder(ISSUER).registration(Some(INITIAL)).build()
}

fn at(provider: &Provider) -> Registration {
    Registration::at_issuer(ISSUER).unwrap().http_client(ProviderHttp(provider.clone()))
}

fn metadata() -> ClientMetadata {
    ClientMetadata::new().client_name("Reports").redirect_uris([CALLBACK]).scope("openid profile")
}

fn at_register(provider: &Provider) -> Vec<RecordedRequest> {
    let mut seen = provider.received_requests();
    seen.retain(|seen| seen.endpoint == Endpoint::Register);
    seen
}

fn shows_no_secret(client: &ClientInformation, shown: &str) {
    let uri = client.registration_client_uri.as_ref().unwrap();
    for secret in [
        client.client_secret.as_ref().unwrap().expose(),
        client.registration_access_token.as_ref().unwrap().expose(),
        uri.as_str(),
        INITIAL,
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn client_registers_reads_updates_and_deletes_itself() {
    let provider = open();
    let registration = at(&provider);
    let client = registration.register(&metadata()).await.unwrap();
    assert!(client.client_secret.is_some() && client.client_secret_expires_at.is_none());
    assert_eq!(client.metadata.client_name.as_deref(), Some("Reports"));
    let method = client.metadata.token_endpoint_auth_method.as_deref();
    assert_eq!(method, Some("client_secret_basic"), "what the provider made of it");
    assert!(!client.metadata.extra.contains_key("registration_access_token"));

    let read = registration.read(&client).await.unwrap();
    assert_eq!(read.metadata, client.metadata);
    assert_eq!(read.client_secret, client.client_secret);

    let mut changed = read.clone();
    changed.metadata = changed.metadata.client_name("Other reports");
    let changed = registration.update(&changed).await.unwrap();
    assert_eq!(changed.metadata.client_name.as_deref(), Some("Other reports"));
    let read = registration.read(&changed).await.unwrap();
    assert_eq!(read.metadata, changed.metadata);

    registration.delete(&read).await.unwrap();
    // RFC 7592 §2.1: a deleted client gets the same response as a wrong token.
    for error in [
        registration.read(&read).await.unwrap_err(),
        registration.update(&read).await.unwrap_err(),
        registration.delete(&read).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error}");
        shows_no_secret(&client, &format!("{error} {error:?} {error:#?}"));
    }
    shows_no_secret(&client, &format!("{registration:?} {client:?} {client:#?} {changed:?}"));
    let methods: Vec<_> = at_register(&provider).iter().map(|seen| seen.method.clone()).collect();
    assert_eq!(methods, ["POST", "GET", "PUT", "GET", "DELETE", "GET", "PUT", "DELETE"]);
    let token = client.registration_access_token.as_ref().unwrap().expose();
    for (index, seen) in at_register(&provider).iter().enumerate() {
        let expected = (index > 0).then(|| format!("Bearer {token}"));
        assert_eq!(seen.header("authorization"), expected.as_deref());
        assert_eq!(seen.header("accept"), Some("application/json"));
    }
}

/// A registered client's settings are sufficient for a login.
#[tokio::test]
async fn dynamically_registered_client_logs_users_in() {
    for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt", "none"] {
        let provider = open();
        let registration = at(&provider);
        let asked = metadata().token_endpoint_auth_method(method);
        let client = registration.register(&asked).await.unwrap();
        assert_eq!(client.client_secret.is_some(), method != "none");
        let config = registration.config("reports", &client);
        assert!(
            client.client_secret.is_none_or(|s| !format!("{config:?}").contains(s.expose())),
            "{config:?}"
        );
        let oauth = OAuth::builder()
            .register(config)
            .http_client(ProviderHttp(provider.clone()))
            .build()
            .unwrap();
        let app = oauth.client("reports").unwrap();
        let options = AuthorizeOptions::new();
        let (url, pending) = app.create_authorization_url(options).await.unwrap();
        let back = provider.approve(url.as_str(), "alice").unwrap();
        let params = Params::parse(back.query().unwrap());
        let token = app.fetch_access_token(pending, &params).await;
        let token = token.unwrap_or_else(|error| panic!("{method}: {error}"));
        assert_eq!(token.userinfo().unwrap().sub(), "alice");
        assert_eq!(token.scope.as_deref(), Some("openid profile"));
    }
}

#[tokio::test]
async fn initial_access_token_goes_to_registration_endpoint_only() {
    let provider = closed();
    let error = at(&provider).register(&metadata()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(error.to_string().contains("initial access token"), "{error}");
    let wrong = at(&provider).initial_access_token("wrong");
    let error = wrong.register(&metadata()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    provider.clear_requests();
    let registration = at(&provider).initial_access_token(INITIAL);
    let client = registration.register(&metadata()).await.unwrap();
    registration.read(&client).await.unwrap();
    shows_no_secret(&client, &format!("{registration:?} {registration:#?} {error:?}"));
    for seen in provider.received_requests() {
        let initial = format!("Bearer {INITIAL}");
        let is_registration = seen.endpoint == Endpoint::Register && seen.method == "POST";
        assert_eq!(seen.header("authorization") == Some(&initial), is_registration, "{seen:?}");
    }
}

/// RFC 7591 §3.2.2: the provider names the metadata that it rejects.
#[tokio::test]
async fn rejected_metadata_keeps_provider_error_and_hint() {
    for (asked, code, hint) in [
        (
            ClientMetadata::new().redirect_uris(["http://app.example/"]),
            "invalid_redirect_uri",
            "`redirect_uris`",
        ),
        (
            metadata().token_endpoint_auth_method("private_key_jwt"),
            "invalid_client_metadata",
            "does not accept",
        ),
        (metadata().extra("jwks_uri", "https://x.example"), "invalid_client_metadata", "metadata"),
    ] {
        let provider = open();
        let error = at(&provider).register(&asked).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        assert_eq!(error.provider_error().unwrap().error, code);
        assert!(error.to_string().contains(hint), "{error}");
    }
}

#[tokio::test]
async fn invalid_registration_responses_are_errors() {
    for (reply, kind) in [
        (Reply::Reset, ErrorKind::Transport),
        (Reply::html(201), ErrorKind::InvalidResponse),
        (Reply::json(201, "{}"), ErrorKind::InvalidResponse),
        (Reply::json(201, "[]"), ErrorKind::InvalidResponse),
        (Reply::json(204, "{}"), ErrorKind::InvalidResponse),
        (Reply::json(201, r#"{"client_id":"a","client_id":"b"}"#), ErrorKind::InvalidResponse),
        (Reply::json(201, r#"{"client_id":7}"#), ErrorKind::InvalidResponse),
        (Reply::json(500, "{}"), ErrorKind::InvalidResponse),
        (Reply::Redirect(307, "https://evil.example/".into()), ErrorKind::InvalidResponse),
    ] {
        let provider = closed();
        provider.inject(Fault::Response(Endpoint::Register, reply.clone()));
        let registration = at(&provider).initial_access_token(INITIAL);
        let error = registration.register(&metadata()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{reply:?}: {error}");
        assert!(!format!("{error:?}").contains(INITIAL));
        assert_eq!(provider.count(Endpoint::Unmatched), 0);
        assert_eq!(provider.count(Endpoint::Register), 1);
    }
    // A provider without registration is another error.
    let provider = Provider::builder(ISSUER).build();
    let error = at(&provider).register(&metadata()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    // And so is the metadata of another issuer.
    let provider = open();
    provider.inject(Fault::metadata("issuer", "https://evil.example"));
    let error = at(&provider).register(&metadata()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    provider.clear_faults();
    provider.inject(Fault::metadata("registration_endpoint", "http://op.example/register"));
    assert!(at(&provider).register(&metadata()).await.is_err());
    assert!(at_register(&provider).is_empty());
}

/// The registration access token is sent to the `registration_client_uri` only.
#[tokio::test]
async fn registration_access_token_goes_to_its_uri_only() {
    for uri in [
        json!("http://op.example/register/1"),
        json!("http://127.0.0.1/register/1"),
        json!("javascript:alert(1)"),
        json!("https://user:pass@op.example/register/1"),
        json!("https://op.example/register/1#x"),
    ] {
        let provider = open();
        let response = json!({"client_id": "c", "registration_access_token": "hush",
            "registration_client_uri": uri});
        let reply = Reply::json(201, response.to_string());
        provider.inject(Fault::Response(Endpoint::Register, reply));
        let error = at(&provider).register(&metadata()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{uri}: {error}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{uri}");
    }
    // Nor to the target of a redirect.
    let provider = open();
    let registration = at(&provider);
    let client = registration.register(&metadata()).await.unwrap();
    let away = Reply::Redirect(307, "https://evil.example/".into());
    provider.inject(Fault::Response(Endpoint::Register, away));
    for error in [
        registration.read(&client).await.unwrap_err(),
        registration.update(&client).await.unwrap_err(),
        registration.delete(&client).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error}");
        shows_no_secret(&client, &format!("{error} {error:?}"));
    }
    provider.clear_faults();
    assert_eq!(provider.count(Endpoint::Unmatched), 0);
    // Without a URI and token the registration can't be managed.
    let error = registration.read(&ClientInformation::new("by hand")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    // A response about another client is rejected.
    let other = json!({"client_id": "another"});
    provider.inject(Fault::Response(Endpoint::Register, Reply::json(200, other.to_string())));
    let error = registration.read(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
}

#[tokio::test]
async fn invalid_registration_endpoint_is_rejected_unsent() {
    for url in ["http://op.example/", "op.example", "https://op.example/#x", ""] {
        assert_eq!(Registration::at_endpoint(url).unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(Registration::at_issuer(url).unwrap_err().kind(), ErrorKind::Config);
    }
    // A well-known path after a query would become part of the query.
    let tenant = Registration::at_issuer("https://op.example/?tenant=1");
    assert!(tenant.unwrap_err().to_string().contains("has a query"));
    let provider = open();
    let url = format!("{ISSUER}/register");
    let registration =
        Registration::at_endpoint(&url).unwrap().http_client(ProviderHttp(provider.clone()));
    registration.register(&metadata()).await.unwrap();
    assert_eq!(provider.count(Endpoint::Discovery), 0);
}
