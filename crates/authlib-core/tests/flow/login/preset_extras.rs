//! What presets add to a login: the verified e-mail address of a list, and Apple's client secret.

use std::collections::HashMap;

use authlib_core::hooks::RequestHook;
use authlib_core::message::Request;
use authlib_core::{ClientConfig, ErrorKind, OAuth, Params, providers};
use serde_json::{Value, json};

use super::presets::{SECRET, clock, metadata, start, well_known};
use crate::test_bed::keys::P256;
use crate::test_bed::recorded::RecordedResponses;

#[tokio::test]
async fn userinfo_claims_have_standard_names() {
    let user = json!({"id": 1, "name": {"display": "Ada"}, "mail": "a@example.com", "ok": 1});
    let http = RecordedResponses::default()
        .json("https://p.example/token", &json!({"access_token": "at", "token_type": "bearer"}))
        .json("https://p.example/me", &user);
    let client = ClientConfig::new("p")
        .authorization_endpoint("https://p.example/authorize")
        .token_endpoint("https://p.example/token")
        .userinfo_endpoint("https://p.example/me")
        .userinfo_method(authlib_core::config::UserInfoMethod::Post)
        .subject_claim("id")
        .userinfo_claim("name", "/name/display")
        .userinfo_claim("email", "mail")
        .userinfo_claim("email_verified", "ok")
        .userinfo_claim("picture", "/no/such/member");
    let token = start(client, &http).await.finish(None).await.unwrap();
    let claims = token.userinfo().unwrap();
    assert_eq!((claims.name(), claims.email()), (Some("Ada"), Some("a@example.com")));
    assert!(claims.email_verified() && claims.picture().is_none());
    assert_eq!(claims.as_map()["raw"], json!({"name": {"display": "Ada"}}));
    assert_eq!(claims.as_map()["mail"], "a@example.com");
    let request = http.only("https://p.example/me");
    assert_eq!((request.method().as_str(), request.body().len()), ("POST", 0));
    assert!(!request.headers().contains_key("content-type"));
}

/// GitHub's user info has an address only if the user made it public, and never says whether it is verified.
#[tokio::test]
async fn verified_email_is_taken_from_list_of_emails() {
    let list = |verified: bool| {
        json!([{"email": "b@example.com", "primary": false, "verified": true},
            {"email": "a@example.com", "primary": true, "verified": verified}])
    };
    let values = json!({"values": [{"email": "a@example.com", "is_primary": true,
        "is_confirmed": true}], "pagelen": 10});
    const EMAILS: &str = "https://api.github.com/user/emails";
    const USER: &str = "https://api.github.com/user";
    for (emails, userinfo, verified) in [
        (list(true), USER, true),
        (values, USER, true),
        (list(false), USER, false),
        (json!({"message": "Not Found"}), USER, false),
        // At another origin, the list is not fetched.
        (list(true), "https://github.test/user", false),
    ] {
        let http = RecordedResponses::default()
            .json(
                "https://github.com/login/oauth/access_token",
                &json!({"access_token": "at", "token_type": "bearer"}),
            )
            .json(userinfo, &json!({"id": 1, "email": "public@example.com"}))
            .json(EMAILS, &emails);
        let preset = providers::github().userinfo_endpoint(userinfo);
        let token = start(preset, &http).await.finish(None).await.unwrap();
        let user = token.userinfo().unwrap();
        let expected = if verified { "a@example.com" } else { "public@example.com" };
        assert_eq!((user.email(), user.email_verified()), (Some(expected), verified));
        assert_eq!(http.count(EMAILS), usize::from(userinfo == USER));
    }
}

/// Apple's documentation, "Creating a client secret": a JWT of the team, with the client as `sub`.
#[tokio::test]
async fn apple_client_secret_is_a_jwt_of_the_team() {
    let issuer = "https://appleid.apple.com";
    let http = RecordedResponses::default().json(&well_known(issuer), &metadata(issuer));
    let preset = providers::apple("TEAM123456", "KEY1234567", P256).client_id("id");
    let oauth = OAuth::builder().register(preset).http_client(http.clone()).clock(clock());
    let oauth = oauth.build().unwrap();
    let app = oauth.client("apple").unwrap();
    let uri = "https://app.example/authorize".into();
    let (url, pending) = app.create_authorization_url(uri).await.unwrap();
    assert!(url.as_str().contains("response_mode=form_post"));
    let (_, state) = url.query_pairs().find(|(name, _)| name == "state").unwrap();
    let callback = Params::new().with("code", "c").with("state", state);
    app.fetch_access_token(pending, &callback).await.unwrap_err();
    let request = http.only("https://op.example/token");
    let form: HashMap<_, _> = form_urlencoded::parse(request.body()).into_owned().collect();
    assert_eq!(form["client_id"], "id");
    assert!(!form.keys().any(|name| name.starts_with("client_assertion")));
    let secret = &form["client_secret"];
    let header = jsonwebtoken::decode_header(secret).unwrap();
    assert_eq!(
        (header.kid.as_deref(), header.alg),
        (Some("KEY1234567"), jsonwebtoken::Algorithm::ES256)
    );
    let claims: Value = jsonwebtoken::dangerous::insecure_decode::<Value>(secret).unwrap().claims;
    assert_eq!(claims["iss"], "TEAM123456");
    assert_eq!((claims["sub"].as_str(), claims["aud"].as_str()), (Some("id"), Some(issuer)));
}

/// A login with a preset: the authorization URL's query, and the requests to the token and the user info endpoint.
async fn requests_of(
    name: &str,
    token_url: &str,
    user: (&str, Value),
) -> (HashMap<String, String>, Request, Request) {
    let http = RecordedResponses::default()
        .json(token_url, &json!({"access_token": "at", "token_type": "bearer"}))
        .json(user.0, &user.1);
    let started = start(providers::named(name).unwrap(), &http).await;
    let query = started.query.clone();
    started.finish(None).await.unwrap();
    (query, http.only(token_url), http.only(user.0))
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// `TikTok`'s documentation, "Login Kit for Web": `client_key` in both requests, and no PKCE.
#[tokio::test]
async fn tiktok_requests_name_the_client_key() {
    let user = "https://open.tiktokapis.com/v2/user/info/?fields=open_id,avatar_url,display_name";
    let body = json!({"data": {"user": {"open_id": "o"}}, "error": {"code": "ok"}});
    let token = "https://open.tiktokapis.com/v2/oauth/token/";
    let (query, request, _) = requests_of("tiktok", token, (user, body)).await;
    assert_eq!(query["client_key"], "id");
    assert!(!query.contains_key("client_id") && !query.contains_key("code_challenge"));
    let form: HashMap<_, _> = form_urlencoded::parse(request.body()).into_owned().collect();
    assert_eq!((form["client_key"].as_str(), form["client_secret"].as_str()), ("id", SECRET));
    assert!(!form.contains_key("client_id") && !form.contains_key("code_verifier"));
}

/// Notion's documentation, "Authorization": a JSON token request, and the version of the API.
#[tokio::test]
async fn notion_requests_are_json_and_name_the_version() {
    let user = "https://api.notion.com/v1/users/me";
    let body = json!({"id": "b", "type": "bot", "bot": {"owner": {"user": {"id": "u"}}}});
    let token = "https://api.notion.com/v1/oauth/token";
    let (query, request, about) = requests_of("notion", token, (user, body)).await;
    assert_eq!(query["owner"], "user");
    assert_eq!(header(&request, "content-type"), "application/json");
    assert!(header(&request, "authorization").starts_with("Basic "));
    let expected = json!({"grant_type": "authorization_code", "code": "the-code",
        "redirect_uri": "https://app.example/authorize"});
    assert_eq!(serde_json::from_slice::<Value>(request.body()).unwrap(), expected);
    assert_eq!(header(&about, "notion-version"), "2022-06-28");
    assert_eq!(header(&about, "authorization"), "Bearer at");
}

/// Mailchimp's documentation, "Access Data on Behalf of Other Users with OAuth 2".
#[tokio::test]
async fn mailchimp_user_request_has_its_own_scheme() {
    let user = "https://login.mailchimp.com/oauth2/metadata";
    let body = json!({"user_id": 1, "login": {"login_id": 2}});
    let token = "https://login.mailchimp.com/oauth2/token";
    let (_, _, about) = requests_of("mailchimp", token, (user, body)).await;
    assert_eq!(header(&about, "authorization"), "OAuth at");
    assert!(about.headers()["authorization"].is_sensitive());
}

/// Weibo's documentation, `oauth2/get_token_info`: the token is in a form.
#[tokio::test]
async fn weibo_user_request_is_a_form_with_the_token() {
    let user = "https://api.weibo.com/oauth2/get_token_info";
    let token = "https://api.weibo.com/oauth2/access_token";
    let (_, _, about) = requests_of("weibo", token, (user, json!({"uid": 1}))).await;
    assert_eq!((about.method().as_str(), &about.body()[..]), ("POST", &b"access_token=at"[..]));
    assert_eq!(header(&about, "authorization"), "");
}

/// A hook can't send the token elsewhere.
#[tokio::test]
async fn userinfo_hook_cannot_leave_the_origin() {
    for (uri, is_sent) in
        [("https://p.example/other?a=b", true), ("https://evil.example/me", false)]
    {
        let http = RecordedResponses::default()
            .json("https://p.example/token", &json!({"access_token": "at", "token_type": "bearer"}))
            .json(uri, &json!({"sub": "1"}));
        let client = ClientConfig::new("p")
            .authorization_endpoint("https://p.example/authorize")
            .token_endpoint("https://p.example/token")
            .userinfo_endpoint("https://p.example/me")
            .on_request(RequestHook::UserInfoRequest, move |request| {
                *request.uri_mut() = uri.parse().unwrap();
                Ok(())
            });
        let token = start(client, &http).await.finish(None).await;
        assert_eq!((token.is_ok(), http.count(uri)), (is_sent, usize::from(is_sent)), "{uri}");
        if let Err(error) = token {
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        }
    }
}
