//! Presets as rows of data, in alphabetical order. The facts are those of the providers' documentation; none was tried
//! against a live service.

use super::preset::Preset;
use super::preset::Quirk::{
    Auth, AuthorizeParam, DeniedError, Emails, FormPost, HmacIdToken, NoTokenType, NoUserInfo,
    NoVerifiedEmail, RefreshUrl,
};
use crate::oauth2::AuthMethod::{ClientSecretBasic, ClientSecretPost};

pub(super) const ROWS: &[Preset] = &[
    Preset {
        name: "amazon",
        display_name: "Amazon",
        authorize: "https://www.amazon.com/ap/oa",
        token: "https://api.amazon.com/auth/o2/token",
        userinfo: "https://api.amazon.com/user/profile",
        scope: "profile",
        subject: "user_id",
        quirks: &[Auth(ClientSecretPost), NoVerifiedEmail],
        ..Preset::EMPTY
    },
    // The client secret is a JWT that the developer signs with the key of the Apple account, for six months at most;
    // `providers::apple` signs one for each request. The
    // user's name comes only in the form of the first callback, as `user`.
    Preset {
        name: "apple",
        display_name: "Apple",
        issuer: "https://appleid.apple.com",
        scope: "openid name email",
        quirks: &[
            Auth(ClientSecretPost),
            FormPost,
            NoUserInfo,
            DeniedError("user_cancelled_authorize"),
        ],
        ..Preset::OPENID
    },
    Preset {
        name: "atlassian",
        display_name: "Atlassian",
        authorize: "https://auth.atlassian.com/authorize",
        token: "https://auth.atlassian.com/oauth/token",
        userinfo: "https://api.atlassian.com/me",
        scope: "read:me",
        subject: "account_id",
        quirks: &[
            Auth(ClientSecretPost),
            AuthorizeParam("audience", "api.atlassian.com"),
            AuthorizeParam("prompt", "consent"),
            NoVerifiedEmail,
        ],
        ..Preset::EMPTY
    },
    Preset {
        name: "battlenet",
        display_name: "Battle.net",
        issuer: "https://oauth.battle.net",
        scope: "openid",
        claims: &[("preferred_username", "/battletag")],
        ..Preset::OPENID
    },
    Preset {
        name: "bitbucket",
        display_name: "Bitbucket",
        authorize: "https://bitbucket.org/site/oauth2/authorize",
        token: "https://bitbucket.org/site/oauth2/access_token",
        userinfo: "https://api.bitbucket.org/2.0/user",
        scope: "account email",
        subject: "uuid",
        claims: &[
            ("name", "/display_name"),
            ("preferred_username", "/username"),
            ("picture", "/links/avatar/href"),
        ],
        quirks: &[Auth(ClientSecretBasic), Emails("https://api.bitbucket.org/2.0/user/emails")],
        ..Preset::EMPTY
    },
    // The user info endpoint accepts `POST` only.
    Preset {
        name: "dropbox",
        display_name: "Dropbox",
        issuer: "https://www.dropbox.com",
        quirks: &[NoUserInfo],
        ..Preset::OPENID
    },
    Preset {
        name: "facebook",
        display_name: "Facebook",
        authorize: "https://www.facebook.com/v24.0/dialog/oauth",
        token: "https://graph.facebook.com/v24.0/oauth/access_token",
        userinfo: "https://graph.facebook.com/me?fields=id,name,email,picture",
        scope: "email public_profile",
        subject: "id",
        claims: &[("picture", "/picture/data/url")],
        quirks: &[Auth(ClientSecretPost), NoVerifiedEmail],
        ..Preset::EMPTY
    },
    Preset {
        name: "figma",
        display_name: "Figma",
        authorize: "https://www.figma.com/oauth",
        token: "https://api.figma.com/v1/oauth/token",
        userinfo: "https://api.figma.com/v1/me",
        scope: "current_user:read",
        subject: "id",
        claims: &[("name", "/handle"), ("picture", "/img_url")],
        quirks: &[
            Auth(ClientSecretBasic),
            RefreshUrl("https://api.figma.com/v1/oauth/refresh"),
            NoVerifiedEmail,
        ],
        ..Preset::EMPTY
    },
    Preset {
        name: "fitbit",
        display_name: "Fitbit",
        authorize: "https://www.fitbit.com/oauth2/authorize",
        token: "https://api.fitbit.com/oauth2/token",
        userinfo: "https://api.fitbit.com/1/user/-/profile.json",
        scope: "profile",
        subject: "/user/encodedId",
        claims: &[("name", "/user/displayName"), ("picture", "/user/avatar")],
        quirks: &[Auth(ClientSecretBasic)],
        ..Preset::EMPTY
    },
    Preset {
        name: "intuit",
        display_name: "Intuit",
        issuer: "https://oauth.platform.intuit.com/op/v1",
        authorize: "https://appcenter.intuit.com/connect/oauth2",
        token: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
        quirks: &[Auth(ClientSecretBasic), NoUserInfo],
        ..Preset::OPENID
    },
    Preset {
        name: "kakao",
        display_name: "Kakao",
        authorize: "https://kauth.kakao.com/oauth/authorize",
        token: "https://kauth.kakao.com/oauth/token",
        userinfo: "https://kapi.kakao.com/v2/user/me",
        subject: "id",
        claims: &[
            ("name", "/kakao_account/profile/nickname"),
            ("email", "/kakao_account/email"),
            ("email_verified", "/kakao_account/is_email_verified"),
            ("picture", "/kakao_account/profile/profile_image_url"),
        ],
        quirks: &[Auth(ClientSecretPost)],
        ..Preset::EMPTY
    },
    Preset {
        name: "line",
        display_name: "LINE",
        issuer: "https://access.line.me",
        scope: "openid profile",
        quirks: &[Auth(ClientSecretPost), HmacIdToken, NoVerifiedEmail],
        ..Preset::OPENID
    },
    Preset {
        name: "naver",
        display_name: "Naver",
        authorize: "https://nid.naver.com/oauth2.0/authorize",
        token: "https://nid.naver.com/oauth2.0/token",
        userinfo: "https://openapi.naver.com/v1/nid/me",
        subject: "/response/id",
        claims: &[
            ("name", "/response/name"),
            ("email", "/response/email"),
            ("picture", "/response/profile_image"),
        ],
        quirks: &[Auth(ClientSecretPost), NoVerifiedEmail],
        ..Preset::EMPTY
    },
    Preset {
        name: "orcid",
        display_name: "ORCID",
        issuer: "https://orcid.org",
        scope: "openid",
        ..Preset::OPENID
    },
    Preset {
        name: "patreon",
        display_name: "Patreon",
        authorize: "https://www.patreon.com/oauth2/authorize",
        token: "https://www.patreon.com/api/oauth2/token",
        userinfo: "https://www.patreon.com/api/oauth2/api/current_user",
        scope: "identity identity[email]",
        subject: "/data/id",
        claims: &[
            ("name", "/data/attributes/full_name"),
            ("email", "/data/attributes/email"),
            ("email_verified", "/data/attributes/is_email_verified"),
            ("picture", "/data/attributes/image_url"),
        ],
        quirks: &[Auth(ClientSecretPost)],
        ..Preset::EMPTY
    },
    // The scopes are those of the application's settings at PayPal.
    Preset {
        name: "paypal",
        display_name: "PayPal",
        authorize: "https://www.paypal.com/signin/authorize",
        token: "https://api-m.paypal.com/v1/oauth2/token",
        userinfo: "https://api-m.paypal.com/v1/identity/oauth2/userinfo?schema=paypalv1.1",
        scope: "email profile",
        subject: "user_id",
        claims: &[("email", "/emails/0/value"), ("email_verified", "/emails/0/confirmed")],
        quirks: &[Auth(ClientSecretBasic)],
        ..Preset::EMPTY
    },
    // Set `user_agent`: Reddit rejects requests without a descriptive one. It has no e-mail addresses.
    Preset {
        name: "reddit",
        display_name: "Reddit",
        authorize: "https://www.reddit.com/api/v1/authorize",
        token: "https://www.reddit.com/api/v1/access_token",
        userinfo: "https://oauth.reddit.com/api/v1/me",
        scope: "identity",
        subject: "id",
        claims: &[("preferred_username", "/name"), ("picture", "/icon_img")],
        quirks: &[Auth(ClientSecretBasic), AuthorizeParam("duration", "permanent")],
        ..Preset::EMPTY
    },
    Preset {
        name: "roblox",
        display_name: "Roblox",
        issuer: "https://apis.roblox.com/oauth/",
        scope: "openid profile",
        quirks: &[Auth(ClientSecretPost)],
        ..Preset::OPENID
    },
    Preset {
        name: "salesforce",
        display_name: "Salesforce",
        issuer: "https://login.salesforce.com",
        ..Preset::OPENID
    },
    Preset {
        name: "slack",
        display_name: "Slack",
        issuer: "https://slack.com",
        quirks: &[NoTokenType],
        ..Preset::OPENID
    },
    Preset {
        name: "strava",
        display_name: "Strava",
        authorize: "https://www.strava.com/oauth/authorize",
        token: "https://www.strava.com/api/v3/oauth/token",
        userinfo: "https://www.strava.com/api/v3/athlete",
        scope: "read",
        subject: "id",
        claims: &[
            ("given_name", "/firstname"),
            ("family_name", "/lastname"),
            ("preferred_username", "/username"),
            ("picture", "/profile"),
        ],
        quirks: &[Auth(ClientSecretPost), AuthorizeParam("approval_prompt", "auto")],
        ..Preset::EMPTY
    },
    Preset {
        name: "twitch",
        display_name: "Twitch",
        issuer: "https://id.twitch.tv/oauth2",
        scope: "openid user:read:email",
        quirks: &[
            Auth(ClientSecretPost),
            AuthorizeParam(
                "claims",
                r#"{"id_token":{"email":null,"email_verified":null,"picture":null,"preferred_username":null}}"#,
            ),
        ],
        ..Preset::OPENID
    },
    // Set `user_agent`, which Wikimedia requires.
    Preset {
        name: "wikimedia",
        display_name: "Wikimedia",
        authorize: "https://meta.wikimedia.org/w/rest.php/oauth2/authorize",
        token: "https://meta.wikimedia.org/w/rest.php/oauth2/access_token",
        userinfo: "https://meta.wikimedia.org/w/rest.php/oauth2/resource/profile",
        subject: "sub",
        claims: &[
            ("preferred_username", "/username"),
            ("name", "/realname"),
            ("email_verified", "/confirmed_email"),
        ],
        ..Preset::EMPTY
    },
    // X by OAuth 2.0; `twitter` is X by OAuth 1.0a.
    Preset {
        name: "twitter2",
        display_name: "X",
        authorize: "https://x.com/i/oauth2/authorize",
        token: "https://api.x.com/2/oauth2/token",
        userinfo: "https://api.x.com/2/users/me?user.fields=profile_image_url",
        scope: "users.read tweet.read offline.access",
        subject: "/data/id",
        claims: &[
            ("name", "/data/name"),
            ("preferred_username", "/data/username"),
            ("picture", "/data/profile_image_url"),
        ],
        quirks: &[Auth(ClientSecretBasic)],
        ..Preset::EMPTY
    },
    Preset {
        name: "yahoo",
        display_name: "Yahoo",
        issuer: "https://api.login.yahoo.com",
        quirks: &[Auth(ClientSecretBasic)],
        ..Preset::OPENID
    },
    Preset {
        name: "yandex",
        display_name: "Yandex",
        authorize: "https://oauth.yandex.com/authorize",
        token: "https://oauth.yandex.com/token",
        userinfo: "https://login.yandex.ru/info?format=json",
        scope: "login:info login:email login:avatar",
        subject: "id",
        claims: &[
            ("name", "/real_name"),
            ("preferred_username", "/login"),
            ("email", "/default_email"),
        ],
        quirks: &[Auth(ClientSecretBasic), NoVerifiedEmail],
        ..Preset::EMPTY
    },
    Preset {
        name: "zoom",
        display_name: "Zoom",
        authorize: "https://zoom.us/oauth/authorize",
        token: "https://zoom.us/oauth/token",
        userinfo: "https://api.zoom.us/v2/users/me",
        scope: "user:read:email",
        subject: "id",
        claims: &[("name", "/display_name"), ("picture", "/pic_url")],
        quirks: &[Auth(ClientSecretBasic), NoVerifiedEmail],
        ..Preset::EMPTY
    },
];
