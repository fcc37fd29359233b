//! Presets of OpenID providers, in alphabetical order. The facts are those of the providers' documentation; none was
//! tried against a live service.

use super::preset::Quirk::{
    AssertionAudience, Auth, AuthorizeParam, DeniedError, FormPost, HmacIdToken, IssuerAlias,
    JwksUri, NeedsSecret, NoNonce, NoPkce, NoTokenType, NoUserInfo,
};
use super::preset::{Email, Preset};
use crate::oauth2::AssertionAudience::TokenEndpoint;
use crate::oauth2::AuthMethod::{ClientSecretBasic, ClientSecretPost};

pub(super) const OPENID: &[Preset] = &[
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
        email: Email::IfVerified,
        console: "https://developer.apple.com/account/resources/identifiers/list",
        color: "#000000",
        ..Preset::OPENID
    },
    Preset {
        name: "battlenet",
        display_name: "Battle.net",
        issuer: "https://oauth.battle.net",
        scope: "openid",
        claims: &[("preferred_username", "/battletag")],
        email: Email::None,
        console: "https://community.developer.battle.net/access/clients",
        color: "#148eff",
        ..Preset::OPENID
    },
    // The user info endpoint accepts `POST` only.
    Preset {
        name: "dropbox",
        display_name: "Dropbox",
        issuer: "https://www.dropbox.com",
        quirks: &[NoUserInfo],
        email: Email::IfVerified,
        console: "https://www.dropbox.com/developers/apps",
        color: "#0061ff",
        ..Preset::OPENID
    },
    Preset {
        name: "gitlab",
        display_name: "GitLab",
        issuer: "https://gitlab.com",
        api: "https://gitlab.com/api/v4/",
        email: Email::IfVerified,
        console: "https://gitlab.com/-/user_settings/applications",
        color: "#fc6d26",
        ..Preset::OPENID
    },
    Preset {
        name: "google",
        display_name: "Google",
        issuer: "https://accounts.google.com",
        api: "https://www.googleapis.com/",
        quirks: &[
            NeedsSecret,
            Auth(ClientSecretPost),
            // ID tokens may have the issuer without the scheme.
            IssuerAlias("accounts.google.com"),
        ],
        email: Email::IfVerified,
        console: "https://console.cloud.google.com/apis/credentials",
        color: "#4285f4",
        ..Preset::OPENID
    },
    Preset {
        name: "intuit",
        display_name: "Intuit",
        issuer: "https://oauth.platform.intuit.com/op/v1",
        authorize: "https://appcenter.intuit.com/connect/oauth2",
        token: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
        quirks: &[Auth(ClientSecretBasic), NoUserInfo],
        email: Email::AtUserInfo,
        console: "https://developer.intuit.com/app/developer/dashboard",
        color: "#2ca01c",
        ..Preset::OPENID
    },
    Preset {
        name: "line",
        display_name: "LINE",
        issuer: "https://access.line.me",
        scope: "openid profile",
        quirks: &[Auth(ClientSecretPost), HmacIdToken],
        email: Email::Never,
        console: "https://developers.line.biz/console/",
        color: "#06c755",
        ..Preset::OPENID
    },
    // The token responses have no `token_type`.
    Preset {
        name: "linkedin",
        display_name: "LinkedIn",
        issuer: "https://www.linkedin.com/oauth",
        authorize: "https://www.linkedin.com/oauth/v2/authorization",
        token: "https://www.linkedin.com/oauth/v2/accessToken",
        userinfo: "https://api.linkedin.com/v2/userinfo",
        api: "https://api.linkedin.com/v2/",
        quirks: &[
            NeedsSecret,
            Auth(ClientSecretPost),
            JwksUri("https://www.linkedin.com/oauth/openid/jwks"),
            NoNonce,
            NoPkce,
            NoTokenType,
            DeniedError("user_cancelled_authorize"),
            DeniedError("user_cancelled_login"),
            // The issuer of its ID tokens before it had a path.
            IssuerAlias("https://www.linkedin.com"),
        ],
        email: Email::IfVerified,
        console: "https://www.linkedin.com/developers/apps",
        color: "#0a66c2",
        ..Preset::OPENID
    },
    // All claims are in the ID token, and the user info endpoint accepts tokens for Graph only.
    Preset {
        name: "microsoft",
        display_name: "Microsoft",
        issuer: "https://login.microsoftonline.com/common/v2.0",
        api: "https://graph.microsoft.com/v1.0/",
        quirks: &[
            NoUserInfo,
            AssertionAudience(TokenEndpoint),
            // Of the device flow.
            DeniedError("authorization_declined"),
        ],
        email: Email::Never,
        console: "https://entra.microsoft.com/",
        color: "#2f2f2f",
        ..Preset::OPENID
    },
    Preset {
        name: "orcid",
        display_name: "ORCID",
        issuer: "https://orcid.org",
        scope: "openid",
        email: Email::None,
        console: "https://orcid.org/developer-tools",
        color: "#a6ce39",
        ..Preset::OPENID
    },
    Preset {
        name: "roblox",
        display_name: "Roblox",
        issuer: "https://apis.roblox.com/oauth/",
        scope: "openid profile",
        quirks: &[Auth(ClientSecretPost)],
        email: Email::None,
        console: "https://create.roblox.com/dashboard/credentials",
        color: "#232527",
        ..Preset::OPENID
    },
    Preset {
        name: "salesforce",
        display_name: "Salesforce",
        issuer: "https://login.salesforce.com",
        email: Email::IfVerified,
        console: "https://login.salesforce.com/",
        color: "#00a1e0",
        ..Preset::OPENID
    },
    Preset {
        name: "slack",
        display_name: "Slack",
        issuer: "https://slack.com",
        quirks: &[NoTokenType],
        email: Email::IfVerified,
        console: "https://api.slack.com/apps",
        color: "#4a154b",
        ..Preset::OPENID
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
        email: Email::IfVerified,
        console: "https://dev.twitch.tv/console/apps",
        color: "#9146ff",
        ..Preset::OPENID
    },
    Preset {
        name: "yahoo",
        display_name: "Yahoo",
        issuer: "https://api.login.yahoo.com",
        quirks: &[Auth(ClientSecretBasic)],
        email: Email::IfVerified,
        console: "https://developer.yahoo.com/apps/",
        color: "#6001d2",
        ..Preset::OPENID
    },
];
