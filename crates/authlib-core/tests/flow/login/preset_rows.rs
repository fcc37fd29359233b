//! A login with each preset that is a row of data, with the token and user info responses that the provider documents.
//! The user info has OpenID's names.

use authlib_core::{ClientConfig, providers};
use serde_json::{Value, json};

use super::preset_responses::{JSON, Recorded};

fn preset(name: &str) -> ClientConfig {
    providers::named(name).unwrap().user_agent("Test/1.0")
}

fn bearer() -> Value {
    json!({"access_token": "at", "token_type": "bearer", "expires_in": 3600})
}

/// Name, token endpoint, user info endpoint, token response, user info response; then subject, name, e-mail address,
/// whether it is verified, and picture.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    Value,
    Value,
    (&'static str, Option<&'static str>, Option<&'static str>, bool, Option<&'static str>),
);

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    vec![
        (
            "amazon",
            "https://api.amazon.com/auth/o2/token",
            "https://api.amazon.com/user/profile",
            bearer(),
            json!({"user_id": "amzn1.account.K", "name": "A", "email": "a@example.com"}),
            ("amzn1.account.K", Some("A"), Some("a@example.com"), false, None),
        ),
        (
            "atlassian",
            "https://auth.atlassian.com/oauth/token",
            "https://api.atlassian.com/me",
            bearer(),
            json!({"account_id": "5b1", "name": "A", "email": "a@example.com", "picture": "p"}),
            ("5b1", Some("A"), Some("a@example.com"), false, Some("p")),
        ),
        (
            "bitbucket",
            "https://bitbucket.org/site/oauth2/access_token",
            "https://api.bitbucket.org/2.0/user",
            // It names its scopes `scopes`.
            json!({"access_token": "at", "token_type": "bearer", "scopes": "account email"}),
            json!({"uuid": "{1-2}", "display_name": "A", "links": {"avatar": {"href": "p"}}}),
            ("{1-2}", Some("A"), None, false, Some("p")),
        ),
        (
            "box",
            "https://api.box.com/oauth2/token",
            "https://api.box.com/2.0/users/me",
            bearer(),
            json!({"type": "user", "id": "11446498", "name": "A", "login": "a@example.com", "avatar_url": "p"}),
            ("11446498", Some("A"), Some("a@example.com"), false, Some("p")),
        ),
        (
            "facebook",
            "https://graph.facebook.com/v24.0/oauth/access_token",
            "https://graph.facebook.com/me?fields=id,name,email,picture",
            bearer(),
            json!({"id": "10", "name": "A", "email": "a@example.com",
                "picture": {"data": {"url": "p", "is_silhouette": false}}}),
            ("10", Some("A"), Some("a@example.com"), false, Some("p")),
        ),
        (
            "figma",
            "https://api.figma.com/v1/oauth/token",
            "https://api.figma.com/v1/me",
            bearer(),
            json!({"id": "7", "handle": "A", "email": "a@example.com", "img_url": "p"}),
            ("7", Some("A"), Some("a@example.com"), false, Some("p")),
        ),
        (
            "fitbit",
            "https://api.fitbit.com/oauth2/token",
            "https://api.fitbit.com/1/user/-/profile.json",
            json!({"access_token": "at", "token_type": "Bearer", "user_id": "2B", "expires_in": 28800}),
            json!({"user": {"encodedId": "2B", "displayName": "A", "avatar": "p"}}),
            ("2B", Some("A"), None, false, Some("p")),
        ),
        (
            "kakao",
            "https://kauth.kakao.com/oauth/token",
            "https://kapi.kakao.com/v2/user/me",
            bearer(),
            json!({"id": 1_376_016_924_429_759_228_u64, "kakao_account": {"email": "a@example.com",
                "is_email_verified": true, "profile": {"nickname": "A", "profile_image_url": "p"}}}),
            ("1376016924429759228", Some("A"), Some("a@example.com"), true, Some("p")),
        ),
        (
            "mailchimp",
            "https://login.mailchimp.com/oauth2/token",
            "https://login.mailchimp.com/oauth2/metadata",
            json!({"access_token": "at", "expires_in": 0, "scope": null}),
            json!({"dc": "us6", "role": "owner", "accountname": "N", "user_id": 15, "login": {
                "email": "a@example.com", "avatar": "p", "login_id": 16, "login_name": "A",
                "login_email": "a@example.com"}, "api_endpoint": "https://us6.api.mailchimp.com"}),
            ("16", Some("A"), Some("a@example.com"), false, Some("p")),
        ),
        (
            "naver",
            "https://nid.naver.com/oauth2.0/token",
            "https://openapi.naver.com/v1/nid/me",
            // The lifetime is text.
            json!({"access_token": "at", "token_type": "bearer", "expires_in": "3600"}),
            json!({"resultcode": "00", "response": {"id": "32", "name": "A", "email": "a@example.com"}}),
            ("32", Some("A"), Some("a@example.com"), false, None),
        ),
        (
            "notion",
            "https://api.notion.com/v1/oauth/token",
            "https://api.notion.com/v1/users/me",
            json!({"access_token": "at", "token_type": "bearer", "bot_id": "b", "workspace_id": "w",
                "workspace_icon": null, "owner": {"type": "user"}, "duplicated_template_id": null}),
            json!({"object": "user", "id": "b", "type": "bot", "bot": {"owner": {"type": "user", "user": {
                "object": "user", "id": "u-1", "name": "A", "avatar_url": "p", "type": "person",
                "person": {"email": "a@example.com"}}}, "workspace_name": "W"}}),
            ("u-1", Some("A"), Some("a@example.com"), false, Some("p")),
        ),
        (
            "patreon",
            "https://www.patreon.com/api/oauth2/token",
            "https://www.patreon.com/api/oauth2/api/current_user",
            bearer(),
            json!({"data": {"id": "12", "type": "user", "attributes": {"full_name": "A",
                "email": "a@example.com", "is_email_verified": true, "image_url": "p"}}}),
            ("12", Some("A"), Some("a@example.com"), true, Some("p")),
        ),
        (
            "paypal",
            "https://api-m.paypal.com/v1/oauth2/token",
            "https://api-m.paypal.com/v1/identity/oauth2/userinfo?schema=paypalv1.1",
            json!({"access_token": "at", "token_type": "Bearer", "expires_in": "28800"}),
            json!({"user_id": "https://www.paypal.com/webapps/auth/identity/user/m", "name": "A",
                "emails": [{"value": "a@example.com", "primary": true, "confirmed": true}]}),
            (
                "https://www.paypal.com/webapps/auth/identity/user/m",
                Some("A"),
                Some("a@example.com"),
                true,
                None,
            ),
        ),
        (
            "reddit",
            "https://www.reddit.com/api/v1/access_token",
            "https://oauth.reddit.com/api/v1/me",
            bearer(),
            json!({"id": "1ia", "name": "a", "icon_img": "p", "has_verified_email": true}),
            ("1ia", Some("a"), None, false, Some("p")),
        ),
        (
            "strava",
            "https://www.strava.com/api/v3/oauth/token",
            "https://www.strava.com/api/v3/athlete",
            json!({"access_token": "at", "token_type": "Bearer", "expires_at": 1_700_000_000,
                "expires_in": 21600, "athlete": {"id": 134_815}}),
            json!({"id": 134_815, "firstname": "A", "lastname": "B", "profile": "p"}),
            ("134815", None, None, false, Some("p")),
        ),
        (
            "tiktok",
            "https://open.tiktokapis.com/v2/oauth/token/",
            "https://open.tiktokapis.com/v2/user/info/?fields=open_id,avatar_url,display_name",
            json!({"access_token": "at", "expires_in": 86400, "open_id": "o-1", "refresh_token": "rt",
                "refresh_expires_in": 31_536_000, "scope": "user.info.basic", "token_type": "Bearer"}),
            json!({"data": {"user": {"open_id": "o-1", "avatar_url": "p", "display_name": "A"}},
                "error": {"code": "ok", "message": "", "log_id": "l"}}),
            ("o-1", Some("A"), None, false, Some("p")),
        ),
        (
            "twitter2",
            "https://api.x.com/2/oauth2/token",
            "https://api.x.com/2/users/me?user.fields=profile_image_url",
            bearer(),
            json!({"data": {"id": "22", "name": "A", "username": "a", "profile_image_url": "p"}}),
            ("22", Some("A"), None, false, Some("p")),
        ),
        (
            "vk",
            "https://oauth.vk.com/access_token",
            "https://api.vk.com/method/users.get?v=5.131&fields=photo_200",
            json!({"access_token": "at", "expires_in": 86_400, "user_id": 210_700_286, "email": "a@example.com"}),
            json!({"response": [{"id": 210_700_286, "first_name": "A", "last_name": "B", "photo_200": "p"}]}),
            ("210700286", None, None, false, Some("p")),
        ),
        (
            "weibo",
            "https://api.weibo.com/oauth2/access_token",
            "https://api.weibo.com/oauth2/get_token_info",
            json!({"access_token": "at", "expires_in": 157_679_999, "remind_in": "157679999", "uid": "1073880650"}),
            json!({"uid": 1_073_880_650, "appkey": 1_352_222_456, "scope": null, "create_at": 1_352_267_591, "expire_in": 157_679_471}),
            ("1073880650", None, None, false, None),
        ),
        (
            "wikimedia",
            "https://meta.wikimedia.org/w/rest.php/oauth2/access_token",
            "https://meta.wikimedia.org/w/rest.php/oauth2/resource/profile",
            bearer(),
            json!({"sub": "9", "username": "A", "email": "a@example.com", "confirmed_email": true}),
            ("9", None, Some("a@example.com"), true, None),
        ),
        (
            "yandex",
            "https://oauth.yandex.com/token",
            "https://login.yandex.ru/info?format=json",
            bearer(),
            json!({"id": "1000034426", "login": "a", "real_name": "A", "default_email": "a@example.com"}),
            ("1000034426", Some("A"), Some("a@example.com"), false, None),
        ),
        (
            "zoom",
            "https://zoom.us/oauth/token",
            "https://api.zoom.us/v2/users/me",
            bearer(),
            json!({"id": "zJ", "display_name": "A", "email": "a@example.com", "verified": 1, "pic_url": "p"}),
            ("zJ", Some("A"), Some("a@example.com"), false, Some("p")),
        ),
    ]
}

#[tokio::test]
async fn oauth2_rows_log_in_with_normalised_user() {
    for (name, token_url, user_url, token, user, (sub, shown, email, verified, picture)) in rows() {
        let recorded = Recorded::of(preset(name), token).at(token_url);
        let recorded = recorded.user(user_url, JSON, user.clone()).sub(sub);
        let token = recorded.log_in().await;
        let token = token.unwrap_or_else(|error| panic!("{name}: {}", error.report()));
        let claims = token.userinfo().unwrap();
        assert_eq!(claims.sub(), sub, "{name}");
        assert_eq!((claims.name(), claims.email()), (shown, email), "{name}");
        assert_eq!((claims.email_verified(), claims.picture()), (verified, picture), "{name}");
        // The provider's own members are there, too.
        for (member, value) in user.as_object().unwrap() {
            let raw = &claims.as_map().get("raw").cloned().unwrap_or_default()[member];
            let own = claims.as_map().get(member);
            assert!(raw == value || own == Some(value), "{name}: {member}");
        }
    }
}

/// The issuer is that of the provider's metadata; the ID token is signed with the client secret here.
#[tokio::test]
async fn openid_rows_log_in_with_their_issuer() {
    for (name, issuer) in [
        ("apple", "https://appleid.apple.com"),
        ("battlenet", "https://oauth.battle.net"),
        ("dropbox", "https://www.dropbox.com"),
        ("intuit", "https://oauth.platform.intuit.com/op/v1"),
        ("line", "https://access.line.me"),
        ("orcid", "https://orcid.org"),
        ("roblox", "https://apis.roblox.com/oauth/"),
        ("salesforce", "https://login.salesforce.com"),
        ("slack", "https://slack.com"),
        ("twitch", "https://id.twitch.tv/oauth2"),
        ("yahoo", "https://api.login.yahoo.com"),
    ] {
        openid(preset(name), issuer, name).await;
    }
}

#[tokio::test]
async fn tenant_presets_log_in_with_their_issuer() {
    use providers as p;
    for (config, issuer) in [
        (p::adfs("fs.example"), "https://fs.example/adfs"),
        (p::auth0("x.auth0.com"), "https://x.auth0.com/"),
        (p::authentik("https://id.example", "app"), "https://id.example/application/o/app/"),
        (p::cognito("eu-west-1", "p"), "https://cognito-idp.eu-west-1.amazonaws.com/p"),
        (p::descope("P2"), "https://api.descope.com/P2"),
        (p::frontegg("app.frontegg.com"), "https://app.frontegg.com"),
        (p::fusionauth("https://id.example"), "https://id.example"),
        (p::hydra("x.projects.oryapis.com"), "https://x.projects.oryapis.com"),
        (p::keycloak("https://id.example", "r"), "https://id.example/realms/r"),
        (p::kinde("x.kinde.com"), "https://x.kinde.com"),
        (p::logto("x.logto.app"), "https://x.logto.app/oidc"),
        (p::okta("x.okta.com"), "https://x.okta.com"),
        (p::onelogin("x"), "https://x.onelogin.com/oidc/2"),
        (p::pingone("eu", "e"), "https://auth.pingone.eu/e/as"),
        (p::zitadel("x.zitadel.cloud"), "https://x.zitadel.cloud"),
        (p::entra("1-2"), "https://login.microsoftonline.com/1-2/v2.0"),
    ] {
        openid(config, issuer, issuer).await;
    }
}

async fn openid(config: ClientConfig, issuer: &'static str, name: &str) {
    let token = json!({"access_token": "at", "token_type": "Bearer", "id_token": "ID",
        "scope": ["openid"], "ok": true});
    let mut recorded = Recorded::openid(config, issuer, token).sub("u1");
    if name == "intuit" {
        recorded = recorded.at("https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer");
    }
    let token = recorded.log_in().await;
    let token = token.unwrap_or_else(|error| panic!("{name}: {}", error.report()));
    let claims = token.userinfo().unwrap();
    assert_eq!((claims.sub(), claims.iss()), ("u1", Some(issuer)), "{name}");
}

#[tokio::test]
async fn servers_of_github_and_mastodon_log_in() {
    for (config, base, token_path, user_path) in [
        (
            providers::github_enterprise("git.example"),
            "https://git.example",
            "/login/oauth/access_token",
            "/api/v3/user",
        ),
        (
            providers::mastodon("m.example"),
            "https://m.example",
            "/oauth/token",
            "/api/v1/accounts/verify_credentials",
        ),
    ] {
        let token_url: &'static str = format!("{base}{token_path}").leak();
        let user_url: &'static str = format!("{base}{user_path}").leak();
        let recorded = Recorded::of(config, bearer()).at(token_url);
        let recorded = recorded.user(user_url, JSON, json!({"id": 5, "username": "a"})).sub("5");
        assert_eq!(recorded.log_in().await.unwrap().userinfo().unwrap().sub(), "5", "{base}");
    }
}
