//! Hooks for non-compliant providers: what a hook can and can't change.

use std::sync::{Arc, Mutex};

use authlib_core::config::Refresh;
use authlib_core::hooks::{
    RequestHook, ResponseHook, default_token_type_bearer, parse_form_response, token_in_query,
};
use authlib_core::message::Response;
use authlib_core::{AuthorizeOptions, ClientConfig, Error, ErrorKind, Grant, Params, UserInfo};
use authlib_provider::{Endpoint, Fault, Reply};
use serde_json::Value;

use crate::test_bed::standalone::{carol, registered, standalone_bed};
use crate::test_bed::{Browser, TestBed, client, sent};

/// T096, T151: Slack omits `token_type`, which RFC 6749 §5.1 requires.
#[tokio::test]
async fn hook_adds_missing_token_type_for_slack() {
    let bed = standalone_bed();
    bed.provider.inject(Fault::TokenMissing("token_type".to_owned()));
    let strict = client(&bed, registered());
    let error = strict.fetch_token(carol()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(error.to_string().contains("`token_type`"), "{error}");

    let config = registered()
        .on_response(ResponseHook::AccessTokenResponse, default_token_type_bearer)
        .on_response(ResponseHook::RefreshTokenResponse, default_token_type_bearer);
    let slack = client(&bed, config);
    let old = slack.fetch_token(carol()).await.unwrap();
    assert_eq!(old.token_type, "Bearer");
    let new = slack.refresh_token().await.unwrap();
    assert_ne!(new.access_token, old.access_token);
    assert_eq!(slack.get("echo").send().await.unwrap().status(), 200);
    // It changes nothing else.
    let refusal = Reply::json(200, r#"{"ok":false,"error":"code_already_used"}"#);
    bed.provider.inject(Fault::Response(Endpoint::Token, refusal));
    let error = slack.fetch_token(carol()).await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "code_already_used");
}

/// Feishu puts the user into `data`. The user is that of the ID token after the hook too.
#[tokio::test]
async fn hook_changes_user_info_response() {
    for (sub, accepted) in [("alice", true), ("mallory", false)] {
        let unwrap = |response: &mut Response| {
            let body: Value = serde_json::from_slice(response.body()).unwrap();
            *response.body_mut() = body["data"].to_string().into_bytes();
            Ok(())
        };
        let bed = TestBed::with(
            |provider| provider,
            |client| client.on_response(ResponseHook::UserInfoResponse, unwrap),
            |oauth| oauth,
        );
        let body = format!(r#"{{"code":0,"data":{{"sub":"{sub}","city":"Bonn"}}}}"#);
        bed.provider.inject(Fault::Response(Endpoint::UserInfo, Reply::json(200, &body)));
        let login = bed.log_in(&Browser::default()).await;
        assert_eq!(login.is_ok(), accepted);
        if let Ok(login) = login {
            let city = |user: &UserInfo| user.get::<String>("city").unwrap();
            assert_eq!(city(login.userinfo().unwrap()).as_deref(), Some("Bonn"));
            let user = bed.app().userinfo(&login.owner()).await.unwrap();
            assert_eq!(city(&user).as_deref(), Some("Bonn"));
        }
    }
}

/// T108: LinkedIn accepted the token as `oauth2_access_token` in the query only.
#[tokio::test]
async fn hook_renames_query_token_for_linkedin() {
    let bed = standalone_bed();
    let hook = token_in_query("oauth2_access_token");
    let config = registered().on_request(RequestHook::ProtectedRequest, hook);
    let client = client(&bed, config.refresh_with(Refresh::ClientCredentials));
    let token = client.active_token().await.unwrap();
    client.get("echo").query([("q", "a b")]).send().await.unwrap();
    let asked = sent(&bed, Endpoint::Api).pop().unwrap();
    assert_eq!(asked.names, ["q", "oauth2_access_token"]);
    assert_eq!(asked.field("q"), Some("a b"));
    assert_eq!(asked.secret("oauth2_access_token"), Some(token.access_token.expose()));
    assert!(asked.authorization.is_none());
}

/// T096: Stack Exchange and the old Facebook API responded with a form, and the lifetime as
/// `expires`.
#[tokio::test]
async fn hook_parses_form_encoded_token_response() {
    let bed = standalone_bed();
    bed.provider.inject(Fault::TokenForm);
    let config = registered().refresh_with(Refresh::ClientCredentials);
    let error = client(&bed, config.clone()).active_token().await.unwrap_err();
    assert!(error.to_string().contains("`token_endpoint`"), "{error}");

    let forms =
        client(&bed, config.on_response(ResponseHook::AccessTokenResponse, parse_form_response));
    let token = forms.active_token().await.unwrap();
    assert!(token.expires_at.is_some());
    assert_eq!(forms.get("echo").send().await.unwrap().status(), 200);
    let facebook = Reply::Body {
        status: 200,
        content_type: "text/plain; charset=UTF-8".to_owned(),
        body: "access_token=a%2Bb&expires=60&token_type=bearer".to_owned(),
    };
    bed.provider.inject(Fault::Response(Endpoint::Token, facebook));
    let token = forms.fetch_token(Grant::client_credentials()).await.unwrap();
    assert_eq!(token.access_token.expose(), "a+b");
    assert!(token.expires_at.is_some());
}

/// T108: The hook gets the request as it is sent, with the token.
#[tokio::test]
async fn hook_sees_authorization_header_and_adds_another() {
    let bed = standalone_bed();
    let config = registered().refresh_with(Refresh::ClientCredentials).on_request(
        RequestHook::ProtectedRequest,
        |request| {
            let header = request.headers()["authorization"].to_str().unwrap();
            let length = header.strip_prefix("Bearer ").unwrap().len().to_string();
            request.headers_mut().insert("x-length", length.parse().unwrap());
            *request.body_mut() = "changed".into();
            Ok(())
        },
    );
    let client = client(&bed, config);
    let token = client.active_token().await.unwrap();
    let response = client.post("echo").body("text/plain", "as it was").send().await.unwrap();
    assert_eq!(response.json::<Value>().unwrap()["body"], "changed");
    let asked = sent(&bed, Endpoint::Api).pop().unwrap();
    let length = token.access_token.expose().len().to_string();
    assert_eq!(asked.header("x-length"), Some(length.as_str()));
    // Without the token there is no such header.
    client.get("echo").without_token().send().await.unwrap();
    assert!(sent(&bed, Endpoint::Api).pop().unwrap().header("x-length").is_none());
}

/// Authlib keeps hooks in a set: their order is undefined, and a hook that is added twice runs
/// once.
#[tokio::test]
async fn hooks_run_in_order_and_can_be_async() {
    let bed = standalone_bed();
    let mut config = registered();
    for mark in ["1", "2", "2"] {
        config = config.on_request(RequestHook::AccessTokenRequest, move |request| {
            let before = request.headers().get("x-order").map_or("", |old| old.to_str().unwrap());
            let now = format!("{before}{mark}").parse().unwrap();
            request.headers_mut().insert("x-order", now);
            Ok(())
        });
    }
    let config = config
        .on_request_async(RequestHook::AccessTokenRequest, |mut request| async move {
            tokio::task::yield_now().await;
            let before = request.headers()["x-order"].to_str().unwrap().to_owned();
            request.headers_mut().insert("x-order", format!("{before}3").parse().unwrap());
            Ok(request)
        })
        .on_response_async(ResponseHook::AccessTokenResponse, |response| async move {
            tokio::task::yield_now().await;
            Ok(with_member(response, "a", "first"))
        })
        .on_response(ResponseHook::AccessTokenResponse, |response| {
            let body: Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(body["a"], "first");
            *response = with_member(std::mem::take(response), "a", "last");
            Ok(())
        });
    let client = client(&bed, config);
    let token = client.fetch_token(Grant::client_credentials()).await.unwrap();
    assert_eq!(token.extra::<String>("a").unwrap().as_deref(), Some("last"));
    let asked = sent(&bed, Endpoint::Token).pop().unwrap();
    assert_eq!(asked.header("x-order"), Some("1223"));
}

fn with_member(mut response: Response, name: &str, value: &str) -> Response {
    let mut body: Value = serde_json::from_slice(response.body()).unwrap();
    body[name] = value.into();
    *response.body_mut() = body.to_string().into_bytes();
    response
}

#[tokio::test]
async fn hook_error_stops_request_and_reaches_caller() {
    let bed = standalone_bed();
    let stop = |_: &mut _| Err(Error::new(ErrorKind::Config, "not today"));
    let refuse = |_: &mut Response| Err(Error::new(ErrorKind::InvalidResponse, "not like that"));
    let config = registered().refresh_with(Refresh::ClientCredentials);
    let before = client(&bed, config.clone().on_request(RequestHook::AccessTokenRequest, stop));
    let error = before.get("echo").send().await.unwrap_err();
    assert_eq!((error.kind(), error.client()), (ErrorKind::Config, Some("solo")));
    assert!(error.to_string().contains("not today"), "{error}");
    assert!(bed.provider.received_requests().is_empty());

    let api = client(&bed, config.clone().on_request(RequestHook::ProtectedRequest, stop));
    assert_eq!(api.get("echo").send().await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(api.get("echo").send_streaming().await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(bed.provider.count(Endpoint::Api), 0);

    let after = client(&bed, config.on_response(ResponseHook::AccessTokenResponse, refuse));
    let error = after.active_token().await.unwrap_err();
    assert!(error.to_string().contains("not like that"), "{error}");
    assert!(after.token().await.unwrap().is_none());
}

/// T108, T111: Each hook runs at its exchange only; an unknown name (T108) does not compile.
#[tokio::test]
async fn every_hook_point_runs_at_its_exchange() {
    use RequestHook as Q;
    use ResponseHook as A;
    let bed = standalone_bed();
    let (seen, mut config) = (Arc::new(Mutex::new(Vec::new())), registered());
    for at in [
        Q::AccessTokenRequest,
        Q::IntrospectTokenRequest,
        Q::ProtectedRequest,
        Q::RefreshTokenRequest,
        Q::RevokeTokenRequest,
    ] {
        let seen = seen.clone();
        config = config.on_request(at, move |request| {
            let form = Params::parse(std::str::from_utf8(request.body()).unwrap());
            let names = form.iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ");
            let has_auth = request.headers().contains_key("authorization");
            assert!(has_auth, "{at:?}: the client or the token is on it already");
            seen.lock().unwrap().push(format!("{at:?} {} {names}", request.uri().path()));
            Ok(())
        });
    }
    for at in [A::AccessTokenResponse, A::RefreshTokenResponse] {
        let seen = seen.clone();
        config = config.on_response(at, move |response| {
            seen.lock().unwrap().push(format!("{at:?} {}", response.status().as_u16()));
            Ok(())
        });
    }
    let client = client(&bed, config);
    let heard = || std::mem::take(&mut *seen.lock().unwrap());
    client.fetch_token(carol()).await.unwrap();
    let grant = "AccessTokenRequest /token grant_type";
    let expected = [&format!("{grant} username password scope"), "AccessTokenResponse 200"];
    assert_eq!(heard(), expected);
    let token = client.refresh_token().await.unwrap();
    let expected =
        ["RefreshTokenRequest /token grant_type refresh_token", "RefreshTokenResponse 200"];
    assert_eq!(heard(), expected);
    client.get("echo").send().await.unwrap();
    assert_eq!(heard(), ["ProtectedRequest /api/echo "]);
    client.introspect_token(&token.access_token, None).await.unwrap();
    assert_eq!(heard(), ["IntrospectTokenRequest /introspect token"]);
    client.revoke_token().await.unwrap();
    assert_eq!(heard(), ["RevokeTokenRequest /revoke token token_type_hint"]);
    // The authorization code grant uses the same hook.
    let (url, pending) = client.create_authorization_url(AuthorizeOptions::new()).await.unwrap();
    let back = bed.provider.approve(url.as_str(), "alice").unwrap();
    client.fetch_access_token(pending, back.as_str()).await.unwrap();
    assert_eq!(
        heard(),
        [&format!("{grant} code redirect_uri code_verifier"), "AccessTokenResponse 200"]
    );
}

/// H22 for hooks: a request with the token stays at an allowed origin.
#[tokio::test]
async fn hook_cannot_send_token_to_foreign_origin() {
    let bed = standalone_bed();
    for (to, allowed) in [
        ("https://evil.example/api/echo", false),
        ("https://op.example:444/api/echo", false),
        ("http://op.example/api/echo", false),
        ("https://op.example/token", false),
        ("/api/echo", false),
        ("https://op.example/api/v2/echo?x=y", true),
    ] {
        let config: ClientConfig = registered()
            .refresh_with(Refresh::ClientCredentials)
            .on_request(RequestHook::ProtectedRequest, move |request| {
                *request.uri_mut() = to.parse().unwrap();
                Ok(())
            });
        let client = client(&bed, config);
        for streamed in [false, true] {
            let request = client.get("echo");
            let sent = if streamed {
                request.send_streaming().await.map(|_| ())
            } else {
                request.send().await.map(|_| ())
            };
            assert_eq!(sent.map_err(|error| error.kind()).is_ok(), allowed, "{to}");
        }
    }
    assert_eq!(bed.provider.count(Endpoint::Unmatched), 0);
    assert_eq!(bed.provider.count(Endpoint::Api), 2);
}
