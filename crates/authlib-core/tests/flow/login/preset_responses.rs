//! Logins with the responses that providers are documented or reported to send: odd scopes, content types and
//! members, and users that are nested.

use authlib_core::jose::Algorithm;
use authlib_core::{ClientConfig, ErrorKind, Params, Result, Token, providers};
use http::Response;
use serde_json::{Value, json};

use super::presets::{SECRET, clock, metadata, sign_id_token, start, well_known};
use crate::test_bed::recorded::{RecordedResponses, json as json_response};

pub(super) const JSON: &str = "application/json; charset=utf-8";

fn text(content_type: &str, body: &str) -> Response<Vec<u8>> {
    let response = Response::builder().header("content-type", content_type);
    response.body(body.as_bytes().to_vec()).unwrap()
}

/// What a provider sends, and what a login makes of it.
pub(super) struct Recorded {
    client: ClientConfig,
    /// The issuer of a provider with metadata. Their ID token replaces `ID` in the token response.
    issuer: &'static str,
    token_url: &'static str,
    token: (&'static str, Value),
    userinfo: Option<(&'static str, &'static str, Value)>,
    sub: &'static str,
    scope: &'static str,
    has_refresh_token: bool,
}

impl Recorded {
    pub(super) fn of(client: ClientConfig, token: Value) -> Self {
        Self {
            client,
            issuer: "",
            token_url: "",
            token: (JSON, token),
            userinfo: None,
            sub: "1",
            scope: "",
            has_refresh_token: false,
        }
    }

    pub(super) fn openid(client: ClientConfig, issuer: &'static str, token: Value) -> Self {
        let client = client.id_token_signed_response_alg(Algorithm::Hs256);
        Self { issuer, token_url: "https://op.example/token", ..Self::of(client, token) }
    }

    pub(super) fn at(mut self, token_url: &'static str) -> Self {
        self.token_url = token_url;
        self
    }

    fn content_type(mut self, content_type: &'static str) -> Self {
        self.token.0 = content_type;
        self
    }

    pub(super) fn user(
        mut self,
        url: &'static str,
        content_type: &'static str,
        user: Value,
    ) -> Self {
        self.userinfo = Some((url, content_type, user));
        self
    }

    pub(super) fn sub(mut self, sub: &'static str) -> Self {
        self.sub = sub;
        self
    }

    fn scope(mut self, scope: &'static str) -> Self {
        self.scope = scope;
        self
    }

    fn refresh_token(mut self) -> Self {
        self.has_refresh_token = true;
        self
    }

    pub(super) async fn log_in(&self) -> Result<Token> {
        let mut document = metadata(self.issuer);
        if self.userinfo.is_some() {
            document["userinfo_endpoint"] = "https://op.example/userinfo".into();
        }
        let url = well_known(&self.issuer.replace("{tenantid}", "common"));
        let http = RecordedResponses::default().json(&url, &document);
        let mut started = start(self.client.clone(), &http).await;
        let mut body = self.token.1.clone();
        if body.get("id_token").is_some() {
            let claims = json!({
                "iss": self.issuer.replace("{tenantid}", "t"), "sub": self.sub, "tid": "t",
                "nonce": started.query.get("nonce"),
            });
            body["id_token"] = sign_id_token(&claims).into();
        }
        let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        let mut http = http.with(self.token_url, text(self.token.0, &body));
        if let Some((url, content_type, user)) = &self.userinfo {
            http = http.with(url, text(content_type, &user.to_string()));
        }
        // The same client again: now the nonce is known, and the response can be made.
        let oauth = authlib_core::OAuth::builder()
            .register(self.client.clone().client_id("id").client_secret(SECRET))
            .http_client(http)
            .clock(clock());
        started.app = oauth.build()?.clients().next().unwrap();
        started.finish(None).await
    }
}

async fn check(rows: Vec<Recorded>) {
    for row in rows {
        let name = format!("{:?}", row.client);
        let token = row.log_in().await.unwrap_or_else(|error| panic!("{name}: {}", error.report()));
        assert_eq!(token.userinfo().unwrap().sub(), row.sub, "{name}");
        assert_eq!(token.scope.as_deref(), Some(row.scope), "{name}");
        assert_eq!(token.refresh_token.is_some(), row.has_refresh_token, "{name}");
        assert_eq!(token.token_type, "Bearer", "{name}");
    }
}

#[tokio::test]
async fn recorded_responses_of_openid_presets_are_read() {
    const USER: &str = "https://op.example/userinfo";
    check(vec![
        Recorded::openid(
            providers::google(),
            "https://accounts.google.com",
            json!({"access_token": "ya29.a", "expires_in": 3599, "token_type": "Bearer", "id_token": "ID",
                "scope": "openid https://www.googleapis.com/auth/userinfo.email",
                "refresh_token": "1//04", "refresh_token_expires_in": 604_799}),
        )
        .user(USER, JSON, json!({"sub": "110169484474386276334", "hd": "example.com",
            "picture": "https://lh3.example/p", "email": "a@example.com", "email_verified": true}))
        .sub("110169484474386276334")
        .scope("openid https://www.googleapis.com/auth/userinfo.email")
        .refresh_token(),
        Recorded::openid(
            providers::gitlab(),
            "https://gitlab.com",
            json!({"access_token": "de6", "token_type": "Bearer", "expires_in": 7200, "id_token": "ID",
                "refresh_token": "8257", "created_at": 1_607_635_748, "scope": "openid profile email"}),
        )
        .user(USER, JSON, json!({"sub": "1", "sub_legacy": "0a", "nickname": "root", "groups": ["g"],
            "groups_direct": [], "https://gitlab.org/claims/groups/owner": ["g"]}))
        .scope("openid profile email")
        .refresh_token(),
        Recorded::openid(
            providers::auth0("x.eu.auth0.com"),
            "https://x.eu.auth0.com/",
            json!({"access_token": "ey", "id_token": "ID", "expires_in": 86_400, "token_type": "Bearer",
                "scope": "openid profile email"}),
        )
        .user(USER, JSON, json!({"sub": "google-oauth2|1", "updated_at": "2026-01-01T00:00:00.000Z",
            "https://app.example/roles": ["admin"]}))
        .sub("google-oauth2|1")
        .scope("openid profile email"),
        Recorded::openid(
            providers::okta("x.okta.com/oauth2/default"),
            "https://x.okta.com/oauth2/default",
            json!({"token_type": "Bearer", "expires_in": 3600, "access_token": "ey", "id_token": "ID",
                "scope": "openid email profile"}),
        )
        .user(USER, JSON, json!({"sub": "00uid4BxXw6I6TV4m0g3", "locale": "en-US",
            "updated_at": 1_311_280_970, "address": {"locality": "Los Angeles"}}))
        .sub("00uid4BxXw6I6TV4m0g3")
        .scope("openid email profile"),
        Recorded::openid(
            providers::keycloak("https://id.example", "main"),
            "https://id.example/realms/main",
            json!({"access_token": "ey", "expires_in": 300, "refresh_expires_in": 1800,
                "refresh_token": "ey", "token_type": "Bearer", "id_token": "ID", "not-before-policy": 0,
                "session_state": "3ba9", "scope": "openid email profile"}),
        )
        .user(USER, "application/json", json!({"sub": "f:1:a", "email_verified": false,
            "realm_access": {"roles": ["user"]}}))
        .sub("f:1:a")
        .scope("openid email profile")
        .refresh_token(),
        Recorded::openid(
            providers::microsoft().any_tenant(),
            "https://login.microsoftonline.com/{tenantid}/v2.0",
            json!({"token_type": "Bearer", "scope": "openid profile email", "expires_in": 3600,
                "ext_expires_in": 3600, "access_token": "ey", "id_token": "ID"}),
        )
        .sub("AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ")
        .scope("openid profile email"),
        // Without `token_type`, and `locale` is an object.
        Recorded::openid(
            providers::linkedin(),
            "https://www.linkedin.com/oauth",
            json!({"access_token": "AQ", "expires_in": 5_183_999, "id_token": "ID",
                "scope": "email,openid,profile"}),
        )
        .at("https://www.linkedin.com/oauth/v2/accessToken")
        .user("https://api.linkedin.com/v2/userinfo", JSON, json!({"sub": "782bbtaQ",
            "locale": {"country": "US", "language": "en"}, "email_verified": true}))
        .sub("782bbtaQ")
        .scope("email,openid,profile"),
    ])
    .await;
}

#[tokio::test]
async fn recorded_responses_of_oauth2_presets_are_read() {
    const GITHUB: &str = "https://github.com/login/oauth/access_token";
    const GITHUB_USER: &str = "https://api.github.com/user";
    let octocat = || {
        json!({"login": "octocat", "id": 583_231, "node_id": "MDQ6", "type": "User", "email": null,
        "plan": {"name": "pro", "space": 976_562_499}})
    };
    check(vec![
        Recorded::of(
            providers::github(),
            json!({"access_token": "gho_1", "scope": "read:user,user:email", "token_type": "bearer"}),
        )
        .at(GITHUB)
        .user(GITHUB_USER, JSON, octocat())
        .sub("583231")
        .scope("read:user,user:email"),
        // A GitHub App: an empty scope is none, so it is the requested one (RFC 6749 §5.1).
        Recorded::of(
            providers::github(),
            json!({"access_token": "ghu_1", "expires_in": 28_800, "refresh_token": "ghr_1", "scope": "",
                "refresh_token_expires_in": 15_897_600, "token_type": "bearer"}),
        )
        .at(GITHUB)
        .user(GITHUB_USER, "application/vnd.github+json", octocat())
        .sub("583231")
        .scope("read:user user:email")
        .refresh_token(),
        Recorded::of(
            providers::discord(),
            json!({"token_type": "Bearer", "access_token": "6qr", "expires_in": 604_800,
                "refresh_token": "D43", "scope": "identify email"}),
        )
        .at("https://discord.com/api/oauth2/token")
        .user("https://discord.com/api/users/@me", "application/json", json!({"id": "80351110224678912",
            "username": "nelly", "avatar_decoration_data": {"sku_id": "1"}, "verified": true}))
        .sub("80351110224678912")
        .scope("identify email")
        .refresh_token(),
        Recorded::of(
            providers::spotify(),
            json!({"access_token": "NgC", "token_type": "Bearer", "scope": "user-read-email",
                "expires_in": 3600, "refresh_token": "NgA"}),
        )
        .at("https://accounts.spotify.com/api/token")
        .user("https://api.spotify.com/v1/me", JSON, json!({"id": "wizzler", "followers": {"href": null},
            "images": [{"url": "https://i.example/1", "height": null}]}))
        .sub("wizzler")
        .scope("user-read-email")
        .refresh_token(),
    ])
    .await;
}

/// Providers without a preset, whose responses are odd.
#[tokio::test]
async fn recorded_responses_of_configured_providers_are_read() {
    let client = |subject: &str| {
        ClientConfig::new("p")
            .authorization_endpoint("https://p.example/authorize")
            .token_endpoint("https://p.example/token")
            .userinfo_endpoint("https://p.example/me")
            .subject_claim(subject)
            .scope("a b")
    };
    let row = |subject: &str, token: Value, content_type: &'static str, user: Value| {
        Recorded::of(client(subject), token).at("https://p.example/token").user(
            "https://p.example/me",
            content_type,
            user,
        )
    };
    let bearer = || json!({"access_token": "at", "token_type": "bearer"});
    check(vec![
        // Twitch: the scope is a list, and the user the first of a list.
        row(
            "/data/0/id",
            json!({"access_token": "rfx", "expires_in": 14_124, "refresh_token": "5b9",
                "scope": ["user:read:email", "chat:read"], "token_type": "bearer"}),
            JSON,
            json!({"data": [{"id": "141981764", "login": "twitchdev"}]}),
        )
        .sub("141981764")
        .scope("user:read:email chat:read")
        .refresh_token(),
        // X: the user is in `data`.
        row("/data/id", bearer(), JSON, json!({"data": {"id": "2244994945", "name": "X Dev"}}))
            .sub("2244994945")
            .scope("a b"),
        // Naver: in `response`, and `expires_in` is text.
        row(
            "/response/id",
            json!({"access_token": "at", "token_type": "bearer", "expires_in": "3600"}),
            "application/json;charset=utf-8",
            json!({"resultcode": "00", "message": "success", "response": {"id": "32742776"}}),
        )
        .sub("32742776")
        .scope("a b"),
        // Kakao: a number.
        row(
            "id",
            bearer(),
            JSON,
            json!({"id": 1_376_016_924_429_759_228_u64, "kakao_account": {}}),
        )
        .sub("1376016924429759228")
        .scope("a b"),
        // Facebook, older versions: JSON as JavaScript.
        row(
            "id",
            bearer(),
            "text/javascript; charset=UTF-8",
            json!({"id": "10", "name": "A",
            "picture": {"data": {"url": "https://p.example/1"}}}),
        )
        .content_type("text/plain; charset=UTF-8")
        .sub("10")
        .scope("a b"),
        // Mailchimp: null and zero.
        row(
            "user_id",
            json!({"access_token": "at", "token_type": "bearer", "expires_in": 0, "scope": null}),
            JSON,
            json!({"user_id": 7, "dc": "us6"}),
        )
        .sub("7")
        .scope("a b"),
    ])
    .await;
}

/// Errors with status 200 are errors, whatever they look like.
#[tokio::test]
async fn recorded_errors_with_status_200_log_nobody_in() {
    let github = |token: Value| {
        Recorded::of(providers::github(), token)
            .at("https://github.com/login/oauth/access_token")
            .user("https://api.github.com/user", JSON, json!({"message": "Bad credentials"}))
    };
    for token in [
        json!({"error": "bad_verification_code", "error_description": "expired"}),
        // Slack, WeChat and Fitbit.
        json!({"ok": false, "error": "invalid_code"}),
        json!({"errcode": 40029, "errmsg": "invalid code"}),
        json!({"errors": [{"errorType": "invalid_grant"}], "success": false}),
        // The token is right, and the user info is an error.
        json!({"access_token": "at", "token_type": "bearer", "scope": ""}),
    ] {
        let error = github(token.clone()).log_in().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{token}: {error}");
    }
}

/// OAuth 1.0a: forms with any content type; the user is in the token response or in the user info.
#[tokio::test]
async fn recorded_responses_of_oauth1_presets_are_read() {
    for (preset, request_token, access_token, content_type, response, userinfo, sub) in [
        (
            providers::twitter(),
            "https://api.x.com/oauth/request_token",
            "https://api.x.com/oauth/access_token",
            "text/html;charset=utf-8",
            "oauth_token=6253282-e&oauth_token_secret=2EE&user_id=6253282&screen_name=twitterapi",
            None,
            Some("6253282"),
        ),
        (
            providers::flickr(),
            "https://www.flickr.com/services/oauth/request_token",
            "https://www.flickr.com/services/oauth/access_token",
            "text/plain; charset=utf-8",
            "fullname=Jamal%20Fanaian&oauth_token=72157626318069415-0&oauth_token_secret=a2&\
             user_nsid=21207597%40N07&username=jamalfanaian",
            None,
            Some("21207597@N07"),
        ),
        (
            providers::discogs().user_agent("Test/1.0"),
            "https://api.discogs.com/oauth/request_token",
            "https://api.discogs.com/oauth/access_token",
            "application/x-www-form-urlencoded",
            "oauth_token=abc&oauth_token_secret=def",
            Some((
                "https://api.discogs.com/oauth/identity",
                json!({"id": 1, "username": "example", "consumer_name": "Test"}),
            )),
            Some("example"),
        ),
        (
            providers::tumblr(),
            "https://www.tumblr.com/oauth/request_token",
            "https://www.tumblr.com/oauth/access_token",
            "text/plain",
            "oauth_token=abc&oauth_token_secret=def",
            None,
            None,
        ),
        (
            providers::trello(),
            "https://trello.com/1/OAuthGetRequestToken",
            "https://trello.com/1/OAuthGetAccessToken",
            "text/html",
            "oauth_token=abc&oauth_token_secret=def",
            None,
            None,
        ),
    ] {
        let temporary = "oauth_token=tt&oauth_token_secret=ts&oauth_callback_confirmed=true";
        let mut http = RecordedResponses::default()
            .with(request_token, text(content_type, temporary))
            .with(access_token, text(content_type, response));
        if let Some((url, user)) = &userinfo {
            http = http.with(url, json_response(200, user));
        }
        let started = start(preset, &http).await;
        let callback = Params::new().with("oauth_token", "tt").with("oauth_verifier", "v");
        let token = started.app.fetch_access_token(started.pending, &callback).await.unwrap();
        let user = token.userinfo().ok().map(|user| user.sub().to_owned());
        let user = user.filter(|sub| !sub.is_empty());
        assert_eq!(user.as_deref(), sub, "{access_token}");
        assert_eq!(token.token_type, "OAuth1");
    }
}
