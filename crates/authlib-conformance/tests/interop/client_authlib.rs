//! [`OAuth2Client`] at Authlib's server: grants, errors and the protected resource.

use authlib_conformance::{Browser, InteropKind, InteropServer, TestKey};
use authlib_core::config::Refresh;
use authlib_core::jose::Algorithm;
use authlib_core::oauth2::{AssertionAudience, AuthMethod, ClientMetadata, TokenLocation};
use authlib_core::{
    ErrorKind, Grant, LoginPoll, OAuth2Client, Registration, Secret, TokenTypeHint,
};
use serde_json::{Value, json};

use crate::clients::{
    CALLBACK, authenticates_everywhere, authlib, authlib_settings, error_code, log_in,
    login_client, revoke, with_secret,
};
use crate::{DEVICE_CODE, client};

/// A client and its server, if it is installed.
async fn client_for(grant_types: &[&str]) -> Option<(InteropServer, OAuth2Client)> {
    let server = authlib(&[login_client(grant_types)]).await?;
    let client = OAuth2Client::new(with_secret(authlib_settings(&server, "app"))).unwrap();
    Some((server, client))
}

fn password(password: &str) -> Grant {
    Grant::dangerous_password("alice", &Secret::new(password))
}

async fn me(client: &OAuth2Client) -> Value {
    client.get("me").send().await.unwrap().error_for_status().unwrap().json().unwrap()
}

#[tokio::test]
async fn password_grant_works_and_wrong_password_keeps_error() {
    let Some((_server, client)) = client_for(&["password"]).await else { return };
    let refused = client.fetch_token(password("looking-glass")).await.unwrap_err();
    // RFC 6749 §5.2 defines `invalid_grant` for this; Authlib sends another code.
    assert_eq!(
        (refused.kind(), error_code(&refused)),
        (ErrorKind::InvalidResponse, "invalid_request")
    );
    let words = refused.provider_error().unwrap();
    assert_eq!(words.status, Some(400));
    assert!(words.error_description.as_deref().unwrap().contains("password"), "{words}");
    assert!(client.token().await.unwrap().is_none());
    let token = client.fetch_token(password("wonderland").scope("read email")).await.unwrap();
    assert_eq!(token.scope.as_deref(), Some("read email"));
    let user = me(&client).await;
    assert_eq!((&user["sub"], &user["scope"]), (&json!("alice"), &json!("read email")));
}

#[tokio::test]
async fn unauthorized_grant_is_rejected() {
    let Some((_server, client)) = client_for(&["client_credentials"]).await else { return };
    let refused = client.fetch_token(password("wonderland")).await.unwrap_err();
    assert_eq!(
        (refused.kind(), error_code(&refused)),
        (ErrorKind::InvalidResponse, "unauthorized_client")
    );
}

#[tokio::test]
async fn insufficient_scope_is_403_without_refresh() {
    let Some((_server, client)) = client_for(&["password", "refresh_token"]).await else { return };
    for (scope, status) in [("read", 403), ("email", 200)] {
        let token = client.fetch_token(password("wonderland").scope(scope)).await.unwrap();
        let response = client.get("email").send().await.unwrap();
        assert_eq!(response.status(), status, "{:?}", response.text());
        if status == 403 {
            let problem: Value = response.json().unwrap();
            assert_eq!(problem["error"], "insufficient_scope");
            assert!(response.error_for_status().is_err());
        }
        assert_eq!(client.token().await.unwrap().unwrap().access_token, token.access_token);
    }
}

/// Authlib's resource protector reads the header only; a missing token does not cause a refresh.
#[tokio::test]
async fn token_in_unsupported_place_is_401_without_refresh() {
    let Some((_server, client)) = client_for(&["password", "refresh_token"]).await else { return };
    let token = client.fetch_token(password("wonderland")).await.unwrap();
    let request = client.get("me").token_location(TokenLocation::Query);
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(client.get("me").without_token().send().await.unwrap().status(), 401);
    assert_eq!(client.token().await.unwrap().unwrap().access_token, token.access_token);
}

#[tokio::test]
async fn client_credentials_token_is_refetched_after_401() {
    let Some(server) = authlib(&[client(&["client_credentials"])]).await else { return };
    let config = with_secret(authlib_settings(&server, "app"))
        .refresh_with(Refresh::ClientCredentials)
        .scope("read");
    let client = OAuth2Client::new(config).unwrap();
    let first_answer = me(&client).await;
    let expected = (&json!("app"), &json!("read"), None);
    let shown = |response: &'_ Value| response.get("sub").cloned();
    assert_eq!(
        (&first_answer["client_id"], &first_answer["scope"], shown(&first_answer)),
        expected
    );
    let first = client.token().await.unwrap().unwrap();
    assert!(first.refresh_token.is_none());
    revoke(&server.url("/revoke"), &first.access_token).await;
    assert_eq!(me(&client).await["client_id"], "app");
    let second = client.token().await.unwrap().unwrap();
    assert_ne!(second.access_token, first.access_token);
}

#[tokio::test]
async fn code_flow_with_pkce_refreshes_and_revokes() {
    let grants = ["authorization_code", "refresh_token"];
    let Some(server) = authlib(&[login_client(&grants)]).await else { return };
    let config = with_secret(authlib_settings(&server, "app")).scope("read email");
    let client = OAuth2Client::new(config).unwrap();
    let first = log_in(&server, &client, "allow").await.unwrap();
    assert_eq!(first.scope.as_deref(), Some("read email"));
    assert_eq!(me(&client).await["sub"], "alice");
    let second = client.refresh_token().await.unwrap();
    assert_eq!(second.scope.as_deref(), Some("read email"));
    assert_ne!(second.refresh_token, first.refresh_token);
    assert_eq!(me(&client).await["sub"], "alice");
    let used = Grant::refresh_token(&first.refresh_token.unwrap());
    let refused = client.fetch_token(used).await.unwrap_err();
    assert_eq!(error_code(&refused), "invalid_grant");
    let hint = Some(TokenTypeHint::AccessToken);
    let state = client.introspect_token(&second.access_token, hint).await.unwrap();
    assert_eq!((state.sub(), state.iss()), (Some("alice"), Some(server.issuer())));
    client.revoke_token().await.unwrap();
    let state = client.introspect_token(&second.access_token, hint).await.unwrap();
    assert!(!state.active());
    assert_eq!(client.get("me").send().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn public_client_logs_in_refreshes_and_revokes() {
    let mut app = login_client(&["authorization_code", "refresh_token"]);
    app["token_endpoint_auth_method"] = "none".into();
    app.as_object_mut().unwrap().remove("client_secret");
    let Some(server) = authlib(&[app]).await else { return };
    let client = OAuth2Client::new(authlib_settings(&server, "app").scope("read")).unwrap();
    log_in(&server, &client, "allow").await.unwrap();
    let token = client.refresh_token().await.unwrap();
    assert_eq!(me(&client).await["sub"], "alice");
    client.revoke_token().await.unwrap();
    assert!(!client.introspect_token(&token.access_token, None).await.unwrap().active());
}

#[tokio::test]
async fn denied_consent_is_an_error_without_token() {
    let Some((server, client)) = client_for(&["authorization_code"]).await else { return };
    let refused = log_in(&server, &client, "deny").await.unwrap_err();
    assert_eq!((refused.kind(), error_code(&refused)), (ErrorKind::AccessDenied, "access_denied"));
    assert!(client.token().await.unwrap().is_none());
}

/// RFC 9207 §2.4: a response with another `iss` comes from another server.
#[tokio::test]
async fn response_of_another_issuer_is_rejected() {
    let Some((server, client)) = client_for(&["authorization_code"]).await else { return };
    let (url, pending) = client.create_authorization_url(CALLBACK.into()).await.unwrap();
    let end = server.decide(&Browser::new(), url.as_str(), "alice", "allow").await.location();
    let own = format!(
        "iss={}",
        url::form_urlencoded::byte_serialize(server.issuer().as_bytes()).collect::<String>()
    );
    assert!(end.as_str().contains(&own), "{end}");
    let mixed_up = end.as_str().replace(&own, "iss=https%3A%2F%2Fevil.example.com");
    let refused = client.fetch_access_token(pending, &mixed_up).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidCallback, "{refused}");
}

#[tokio::test]
async fn device_flow_is_approved_denied_or_expires() {
    for (decision, ttl, kind) in [
        ("allow", 600, None),
        ("deny", 600, Some(ErrorKind::AccessDenied)),
        ("allow", 0, Some(ErrorKind::Unauthenticated)),
    ] {
        let settings = json!({
            "clients": [client(&[DEVICE_CODE])], "device_interval": 0, "device_ttl": ttl,
        });
        let server = InteropServer::start(InteropKind::AuthlibOAuth2, &settings).await;
        let Some(server) = server else { return };
        let client = OAuth2Client::new(with_secret(authlib_settings(&server, "app"))).unwrap();
        let mut device = client.start_device_login(Some("read")).await.unwrap();
        if ttl > 0 {
            assert!(matches!(device.poll().await, Ok(LoginPoll::Pending { .. })));
        }
        let page = device.verification_uri_complete().unwrap().to_owned();
        server.decide(&Browser::new(), &page, "bob", decision).await;
        match (device.poll().await, kind) {
            (Ok(LoginPoll::Token(token)), None) => {
                client.set_token(&token).await.unwrap();
                assert_eq!(me(&client).await["sub"], "bob");
            }
            (Err(error), Some(kind)) => {
                let words = if ttl > 0 { "access_denied" } else { "expired_token" };
                assert_eq!((error.kind(), error_code(&error)), (kind, words));
            }
            (other, _) => panic!("{decision}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn early_device_poll_gets_slow_down() {
    let settings = json!({ "clients": [client(&[DEVICE_CODE])], "device_interval": 30 });
    let server = InteropServer::start(InteropKind::AuthlibOAuth2, &settings).await;
    let Some(server) = server else { return };
    let client = OAuth2Client::new(with_secret(authlib_settings(&server, "app"))).unwrap();
    let mut device = client.start_device_login(None).await.unwrap();
    for seconds in [30, 35, 40] {
        let LoginPoll::Pending { wait } = device.poll().await.unwrap() else { panic!("approved") };
        assert_eq!(wait.as_secs(), seconds);
    }
}

/// H31: Authlib decodes Basic credentials and accepts any character.
#[tokio::test]
async fn client_secret_with_special_characters_authenticates() {
    let secret = "a:b%2Bc+d&e=f/gä日-of-forty-characters-or-more";
    let methods = ["client_secret_basic", "client_secret_post", "client_secret_jwt"];
    let id = |method| format!("{method}:%+ä");
    let clients = methods.map(|method| {
        let mut app = client(&["client_credentials"]);
        app["client_secret"] = secret.into();
        app["client_id"] = id(method).into();
        app["token_endpoint_auth_method"] = method.into();
        app
    });
    let Some(server) = authlib(&clients).await else { return };
    for method in methods {
        let config = authlib_settings(&server, &id(method))
            .token_endpoint_auth_method(AuthMethod::from_name(method).unwrap());
        let client = OAuth2Client::new(config.clone().client_secret(secret)).unwrap();
        authenticates_everywhere(&client, &id(method)).await;
        let wrong = OAuth2Client::new(config.client_secret(crate::SECRET)).unwrap();
        let refused = wrong.fetch_token(Grant::client_credentials()).await.unwrap_err();
        assert_eq!(error_code(&refused), "invalid_client", "{method}");
    }
}

/// The server accepts each assertion once, so every request has a new one.
#[tokio::test]
async fn private_key_jwt_authenticates_at_every_endpoint() {
    let algorithms = ["RS256", "PS256", "ES256", "EdDSA"];
    let clients = algorithms.map(|alg| {
        json!({
            "client_id": alg,
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"],
            "jwks": { "keys": [TestKey::for_algorithm(alg).public_jwk] },
        })
    });
    let Some(server) = authlib(&clients).await else { return };
    for alg in algorithms {
        let key = TestKey::for_algorithm(alg);
        for audience in [AssertionAudience::Issuer, AssertionAudience::TokenEndpoint] {
            let config = authlib_settings(&server, alg)
                .private_key(key.private_pem)
                .private_key_id(key.public_jwk["kid"].as_str().unwrap())
                .token_endpoint_auth_signing_alg(Algorithm::from_name(alg).unwrap())
                .client_assertion_audience(audience);
            authenticates_everywhere(&OAuth2Client::new(config).unwrap(), alg).await;
        }
    }
}

#[tokio::test]
async fn client_registers_updates_works_and_deletes_itself() {
    let Some(server) = authlib(&[]).await else { return };
    let uninvited = Registration::at_endpoint(&server.url("/register")).unwrap();
    let metadata = ClientMetadata::new()
        .client_name("An app")
        .redirect_uris([CALLBACK])
        .grant_types(["authorization_code", "client_credentials"])
        .response_types(["code"])
        .scope("read email")
        .token_endpoint_auth_method("client_secret_basic");
    let refused = uninvited.register(&metadata).await.unwrap_err();
    assert_eq!(error_code(&refused), "access_denied");
    let registration = uninvited.initial_access_token("initial");
    let mut made = registration.register(&metadata).await.unwrap();
    made.metadata.client_name = Some("Another name".to_owned());
    let changed = registration.update(&made).await.unwrap();
    let read = registration.read(&changed).await.unwrap();
    assert_eq!(read.metadata.client_name.as_deref(), Some("Another name"));
    let config = registration
        .config("peer", &read)
        .issuer(server.issuer())
        .server_metadata_url(server.url("/.well-known/oauth-authorization-server"))
        .api_base_url(server.url("/api/"));
    let client = OAuth2Client::new(config).unwrap();
    log_in(&server, &client, "allow").await.unwrap();
    assert_eq!(me(&client).await["scope"], "read email");
    client.fetch_token(Grant::client_credentials()).await.unwrap();
    registration.delete(&read).await.unwrap();
    assert!(registration.read(&read).await.is_err());
    let gone = client.fetch_token(Grant::client_credentials()).await.unwrap_err();
    assert_eq!(error_code(&gone), "invalid_client");
}
