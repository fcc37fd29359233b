//! B13 for clients without a browser: no grant and no failure logs or shows a secret.

use std::fmt::Debug;
use std::time::Duration;

use authlib_core::ClientConfig;
use authlib_core::jose::Algorithm;
use authlib_core::oauth2::{ClientMetadata, TokenExchange, TokenLocation, token_type};
use authlib_core::store::UnsavedToken;
use authlib_core::transport::Body;
use authlib_core::{
    Error, Grant, JwtBearer, LoginPoll, Multipart, OAuth2Client, Registration, Result, Secret,
    Token,
};
use authlib_provider::{Endpoint, Fault, Provider, Reply, TestUser};
use futures_util::stream;

use crate::test_bed::keys::P256;
use crate::test_bed::log::{Log, capture_log};
use crate::test_bed::service::{WAYS, Way, service, service_bed};
use crate::test_bed::stores::Disk;
use crate::test_bed::{CALLBACK, ISSUER, ProviderHttp, TestBed, builder};

/// Values that must not appear.
#[derive(Default)]
struct Secrets(Vec<String>);

impl Secrets {
    fn new() -> Self {
        let key = P256.lines().filter(|line| line.len() > 40).map(ToOwned::to_owned);
        let mut secrets: Vec<_> = key.collect();
        // The beginning of the header of every JWT.
        secrets.push("eyJhbGciOi".to_owned());
        secrets.push("eyJ0eXAiOi".to_owned());
        secrets.push("secret-of-the-service-32-bytes-l".to_owned());
        Self(secrets)
    }

    fn add(&mut self, secret: &Secret) {
        self.0.push(secret.expose().to_owned());
    }

    fn token(&mut self, token: &Token) {
        self.add(&token.access_token);
        self.0.extend(token.refresh_token.iter().map(|secret| secret.expose().to_owned()));
    }

    /// Adds the secrets that the provider received.
    fn seen(&mut self, provider: &Provider) {
        for seen in provider.received_requests() {
            for name in &seen.names {
                if seen.field(name).is_none() {
                    self.0.extend(seen.secret(name).filter(|text| text.len() > 8).map(Into::into));
                }
            }
            if let Some((_, credentials)) =
                seen.header("authorization").and_then(|header| header.split_once(' '))
            {
                self.0.push(credentials.to_owned());
            }
        }
    }
}

fn show(log: &Log, shown: &impl Debug) {
    log.show(&format!("{shown:?}\n{shown:#?}\n"));
}

fn show_error(log: &Log, error: &Error) {
    log.show(&format!("{error}\n{}\n", error.report()));
    show(log, error);
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        log.show(&format!("{inner} {inner:?}\n"));
        cause = inner.source();
    }
}

fn with_device(config: ClientConfig) -> ClientConfig {
    config
        .device_authorization_endpoint(format!("{ISSUER}/device_authorization"))
        .issuer(ISSUER)
        .introspection_signed_response_alg(Algorithm::Rs256)
}

/// Calls every method of a client once, and shows the results.
async fn everything(log: &Log, bed: &TestBed, client: &OAuth2Client, secrets: &mut Secrets) {
    fn tell<T: Debug>(log: &Log, result: Result<T>) -> Option<T> {
        match result {
            Ok(done) => {
                show(log, &done);
                Some(done)
            }
            Err(error) => {
                show_error(log, &error);
                None
            }
        }
    }
    show(log, client);
    for grant in [
        Grant::client_credentials(),
        Grant::dangerous_password("bob", &"correct horse battery".into()),
        Grant::refresh_token(&"refresh-token-of-nobody".into()),
        Grant::extension("urn:example:voucher").param("voucher", "voucher-number-4711"),
    ] {
        show(log, &grant);
        if let Some(token) = tell(log, client.fetch_token(grant).await) {
            secrets.token(&token);
        }
    }
    let subject = Secret::new("subject-token-of-nobody");
    let exchange = TokenExchange::new(subject, token_type::JWT)
        .actor_token("actor-token-of-nobody", token_type::JWT);
    show(log, &exchange);
    tell(log, client.exchange_token(&exchange).await);
    if let Some(mut login) = tell(log, client.start_device_login(None).await) {
        secrets.0.push(login.user_code().to_owned());
        secrets.add(&login.authorization().device_code);
        tell(log, login.poll().await);
        bed.provider.approve_device(login.user_code(), "alice");
        bed.clock.advance(Duration::from_secs(60));
        if let Some(LoginPoll::Token(token)) = tell(log, login.poll().await) {
            secrets.token(&token);
        }
    }
    bed.provider.expire_access_tokens();
    for placement in [TokenLocation::Body, TokenLocation::Header, TokenLocation::Query] {
        let request = client.post("echo").form([("pin", "form-field-4711")]);
        let request = request.token_location(placement);
        show(log, &request);
        tell(log, request.send().await);
    }
    let form = Multipart::new().text("pin", "multipart-field-4711");
    show(log, &form);
    tell(log, client.post("echo").multipart(&form).send().await.map(drop));
    let body = Body::stream(stream::iter([Ok(b"streamed-body-4711".to_vec())]));
    show(log, &body);
    tell(log, client.post("echo").stream("text/plain", body).send_streaming().await.map(drop));
    tell(log, client.introspect_token(&"token-asked-about".into(), None).await);
    tell(log, client.userinfo().await.map(drop));
    if let Some(token) = tell(log, client.active_token().await) {
        secrets.token(&token);
    }
    tell(log, client.revoke_token().await);
    secrets.seen(&bed.provider);
    for secret in ["voucher-number-4711", "form-field-4711", "multipart-field-4711"] {
        secrets.0.push(secret.to_owned());
    }
}

/// B13.
#[tokio::test]
async fn grants_and_their_failures_show_no_secret() {
    let at = Fault::Response;
    let invalid = || Reply::json(400, r#"{"error":"invalid_grant"}"#);
    let all = |reply: &dyn Fn() -> Reply| {
        use Endpoint::{Api, DeviceAuthorization, Introspect, Revoke, Token, UserInfo};
        [Api, DeviceAuthorization, Introspect, Revoke, Token, UserInfo]
            .map(|endpoint| at(endpoint, reply()))
            .to_vec()
    };
    for faults in [
        vec![],
        all(&|| Reply::Reset),
        all(&|| Reply::html(500)),
        all(&invalid),
        all(&|| Reply::Redirect(302, "https://evil.example/?code=4711".into())),
        vec![Fault::BadSignature],
        vec![Fault::token("token_type", "N_A")],
        vec![Fault::token("expires_in", 0)],
        vec![Fault::TokenForm],
        vec![Fault::IntrospectionPlain],
    ] {
        for way in WAYS {
            let (log, _guard) = capture_log();
            let bed = service_bed();
            let settings = with_device(way.config(&bed));
            show(&log, &settings);
            let client = builder(&bed, settings);
            show(&log, &client);
            let client = client.build().unwrap();
            for fault in faults.clone() {
                bed.provider.inject(fault);
            }
            let mut secrets = Secrets::new();
            everything(&log, &bed, &client, &mut secrets).await;
            assert!(secrets.0.len() > 15, "{:?}", secrets.0);
            assert!(log.text().contains("the token request"), "{}", log.text());
            log.check(&secrets.0, &format!("{way:?} {faults:?}"));
        }
    }
}

/// B13.
#[tokio::test]
async fn unsaved_token_is_never_shown() {
    let (log, _guard) = capture_log();
    let (bed, disk) = (service_bed(), Disk::default());
    disk.fill(true);
    let config = Way::Assertion.config(&bed);
    let client = builder(&bed, config).token_store(disk.store()).build().unwrap();
    let mut secrets = Secrets::new();
    for _ in 0..2 {
        let error = client.active_token().await.unwrap_err();
        show_error(&log, &error);
        let unsaved = UnsavedToken::of(&error).unwrap();
        show(&log, unsaved);
        secrets.token(unsaved.token());
    }
    disk.fill(false);
    show(&log, &client.active_token().await.unwrap());
    secrets.seen(&bed.provider);
    log.check(&secrets.0, "unsaved");
}

/// B13.
#[tokio::test]
async fn client_registration_shows_no_secret() {
    let (log, _guard) = capture_log();
    let provider = Provider::builder(ISSUER)
        .user(TestUser::new("alice"))
        .registration(Some("initial-4711"))
        .build();
    let registration =
        Registration::at_issuer(ISSUER).unwrap().http_client(ProviderHttp(provider.clone()));
    let registration = registration.initial_access_token("initial-4711");
    show(&log, &registration);
    let client = registration.register(&ClientMetadata::new().redirect_uris([CALLBACK])).await;
    let client = client.unwrap();
    show(&log, &client);
    show(&log, &registration.config("reports", &client));
    show(&log, &registration.read(&client).await.unwrap());
    show(&log, &registration.update(&client).await.unwrap());
    for reply in [Reply::Reset, Reply::html(500), Reply::json(401, "{}"), Reply::json(200, "[]")] {
        provider.inject(Fault::Response(Endpoint::Register, reply));
        show_error(&log, &registration.read(&client).await.unwrap_err());
        show_error(&log, &registration.update(&client).await.unwrap_err());
        show_error(&log, &registration.register(&client.metadata).await.unwrap_err());
        provider.clear_faults();
    }
    registration.delete(&client).await.unwrap();
    let mut secrets = Secrets::new();
    secrets.seen(&provider);
    secrets.0.push("initial-4711".to_owned());
    secrets.add(client.client_secret.as_ref().unwrap());
    secrets.add(client.registration_access_token.as_ref().unwrap());
    secrets.0.push(client.registration_client_uri.as_ref().unwrap().path().to_owned());
    log.check(&secrets.0, "registration");
}

/// B13: Keys that can't be read are not quoted.
#[test]
fn invalid_service_account_file_is_not_quoted() {
    let (log, _guard) = capture_log();
    let spoilt = P256.replace("-----END", "END");
    let bearer = JwtBearer::new("robot", spoilt.as_str()).key_id("k1");
    show(&log, &bearer);
    let error = OAuth2Client::new(service().refresh_with(bearer)).unwrap_err();
    show_error(&log, &error);
    for text in [
        serde_json::json!({"type": "service_account", "private_key": spoilt}).to_string(),
        serde_json::json!({"type": "authorized_user", "private_key": P256}).to_string(),
        serde_json::json!({"type": "service_account", "private_key": [P256]}).to_string(),
        format!("{{\"private_key\": \"{spoilt}\""),
    ] {
        match authlib_core::AssertionClient::from_service_account_json(&Secret::new(text)) {
            Ok(builder) => {
                show(&log, &builder);
                show_error(&log, &builder.build().unwrap_err());
            }
            Err(error) => show_error(&log, &error),
        }
    }
    log.check(&Secrets::new().0, "keys");
}

/// B13: A request without a token may use a URL with a password in it.
#[tokio::test]
async fn url_password_is_neither_logged_nor_shown() {
    let (log, _guard) = capture_log();
    let bed = service_bed();
    let client = builder(&bed, service()).build().unwrap();
    bed.provider.inject(Fault::Response(Endpoint::Api, Reply::Reset));
    for url in [format!("{ISSUER}/api/echo"), "https://elsewhere.example:8443/".to_owned()] {
        let url = url.replace("https://", "https://robot:hush-hush@");
        for streamed in [false, true] {
            let request = client.get(&url).without_token();
            let error = if streamed {
                request.send_streaming().await.err()
            } else {
                request.send().await.err()
            };
            if let Some(error) = error {
                show_error(&log, &error);
            }
        }
    }
    let text = log.text();
    assert!(text.contains("op.example") && !text.contains("hush-hush"), "{text}");
}
