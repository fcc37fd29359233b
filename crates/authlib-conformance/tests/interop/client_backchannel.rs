//! Clients at oidc-provider with a user on another device: backchannel authentication (CIBA) in poll and ping mode.

use authlib_conformance::InteropServer;
use authlib_core::{
    BackchannelLogin, BackchannelRequest, ErrorKind, LoginPoll, OAuth2Client, Token,
};
use serde_json::{Value, json};

use crate::CIBA;
use crate::clients::{machine_client, oidc, oidc_settings, with_secret};

async fn start(mode: &str) -> Option<(InteropServer, OAuth2Client)> {
    let mut app = machine_client(&[CIBA, "refresh_token"]);
    app["backchannel_token_delivery_mode"] = json!(mode);
    if mode == "ping" {
        app["backchannel_client_notification_endpoint"] = json!("https://app.example.com/ping");
    }
    let server = oidc(&[app], &["ciba"]).await?;
    let config = with_secret(oidc_settings(&server, "app")).scope("openid profile");
    Some((server, OAuth2Client::new(config).unwrap()))
}

fn for_bob() -> BackchannelRequest {
    BackchannelRequest::login_hint("bob").binding_message("W4SCT")
}

/// Bob's decision. Returns the pings.
async fn decide(server: &InteropServer, decision: &str) -> Value {
    let fields = [("login", "bob"), ("decision", decision)];
    crate::post(&server.url("/backchannel-decision"), &fields).await.json()
}

async fn token_of(login: &mut BackchannelLogin) -> Token {
    match login.poll().await.unwrap() {
        LoginPoll::Token(token) => *token,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn backchannel_login_is_approved_or_denied_in_poll_mode() {
    let Some((server, client)) = start("poll").await else { return };
    let mut login = client.start_backchannel_login(&for_bob()).await.unwrap();
    assert!(matches!(login.poll().await.unwrap(), LoginPoll::Pending { .. }));
    assert_eq!(decide(&server, "allow").await, json!([]));
    let token = token_of(&mut login).await;
    assert_eq!(token.userinfo().unwrap().sub(), "bob");
    client.set_token(&token).await.unwrap();
    assert_eq!(client.userinfo().await.unwrap().name(), Some("Bob Example"));
    assert_ne!(client.refresh_token().await.unwrap().access_token, token.access_token);

    let hint = BackchannelRequest::id_token_hint(token.id_token.as_ref().unwrap());
    let mut again = client.start_backchannel_login(&hint).await.unwrap();
    decide(&server, "allow").await;
    assert_eq!(token_of(&mut again).await.userinfo().unwrap().sub(), "bob");

    let mut denied = client.start_backchannel_login(&for_bob()).await.unwrap();
    decide(&server, "deny").await;
    assert_eq!(denied.poll().await.unwrap_err().kind(), ErrorKind::AccessDenied);

    let unknown = BackchannelRequest::login_hint("nobody");
    let error = client.start_backchannel_login(&unknown).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
}

#[tokio::test]
async fn ping_of_the_provider_is_accepted() {
    let Some((server, client)) = start("ping").await else { return };
    let mut login = client.start_backchannel_login(&for_bob().ping()).await.unwrap();
    let pings = decide(&server, "allow").await;
    let body = pings[0]["body"].as_str().unwrap().as_bytes();
    assert!(client.receive_ping(Some("Bearer other"), body).is_err());
    client.receive_ping(pings[0]["authorization"].as_str(), body).unwrap();
    // Without the ping it would wait for five seconds first.
    let mut pauses = 0;
    let waited = login.wait_while(|_| {
        pauses += 1;
        true
    });
    assert_eq!(waited.await.unwrap().unwrap().userinfo().unwrap().sub(), "bob");
    assert_eq!(pauses, 1);
}
