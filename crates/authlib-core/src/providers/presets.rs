//! Presets of providers that have the same endpoints for everybody: one row each.

use super::preset::with_claims;
use crate::config::ClientConfig;
use crate::hooks::{ResponseHook, default_token_type_bearer};
use crate::oauth2::{AssertionAudience, AuthMethod};

/// Defines a function for each row, [`NAMES`] and [`named`].
macro_rules! presets {
    ($($(#[$doc:meta])* $name:ident: $display_name:literal, |$client:ident| $settings:expr;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name() -> ClientConfig {
            let $client = ClientConfig::new(stringify!($name)).display_name($display_name);
            $settings
        })*

        /// The names of these presets.
        pub(super) const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// The preset of this name.
        pub(super) fn named(name: &str) -> Option<ClientConfig> {
            let presets: &[fn() -> ClientConfig] = &[$($name),*];
            NAMES.iter().zip(presets).find(|(known, _)| **known == name).map(|(_, preset)| preset())
        }
    };
}

presets! {
    /// Discogs, by OAuth 1.0a. It requires a `User-Agent` that names your application: set
    /// [`user_agent`](ClientConfig::user_agent). The user is not in the token response: the user info
    /// endpoint is `oauth/identity`, and its `username` is `sub`.
    discogs: "Discogs", |client| client
        .request_token_url("https://api.discogs.com/oauth/request_token")
        .authorization_endpoint("https://discogs.com/oauth/authorize")
        .token_endpoint("https://api.discogs.com/oauth/access_token")
        .userinfo_endpoint("https://api.discogs.com/oauth/identity")
        .api_base_url("https://api.discogs.com/")
        .subject_claim("username");

    /// Discord, by OAuth 2.0. `sub` is the account's `id`; the e-mail address is verified if `verified`
    /// is true.
    discord: "Discord", |client| with_claims(client, &[("name", "/global_name"), ("preferred_username", "/username"), ("email_verified", "/verified")], true)
        .authorization_endpoint("https://discord.com/oauth2/authorize")
        .token_endpoint("https://discord.com/api/oauth2/token")
        .userinfo_endpoint("https://discord.com/api/users/@me")
        .api_base_url("https://discord.com/api/")
        .scope("identify email")
        .subject_claim("id");

    /// Flickr, by OAuth 1.0a. `sub` is the account's `user_nsid`, which is in the token response with
    /// `username` and `fullname`. Add `format=json` and `nojsoncallback=1` to API requests, or the
    /// response is a script.
    flickr: "Flickr", |client| client
        .request_token_url("https://www.flickr.com/services/oauth/request_token")
        .authorization_endpoint("https://www.flickr.com/services/oauth/authorize")
        .token_endpoint("https://www.flickr.com/services/oauth/access_token")
        .api_base_url("https://api.flickr.com/services/")
        .authorize_param("perms", "read")
        .subject_claim("user_nsid");

    /// GitHub, by OAuth 2.0: it has no OpenID Connect for web applications. The user is fetched from its
    /// API, and `sub` is the account's number, never the login name, which can be reassigned. The verified e-mail
    /// address is fetched from `user/emails` at login. Devices can log in too, if the application's settings at GitHub
    /// allow it.
    github: "GitHub", |client| with_claims(client, &[("preferred_username", "/login"), ("picture", "/avatar_url")], false)
        .needs_secret()
        .authorization_endpoint("https://github.com/login/oauth/authorize")
        .token_endpoint("https://github.com/login/oauth/access_token")
        .device_authorization_endpoint("https://github.com/login/device/code")
        .userinfo_endpoint("https://api.github.com/user")
        .emails_endpoint("https://api.github.com/user/emails")
        .api_base_url("https://api.github.com/")
        .scope("read:user user:email")
        .subject_claim("id")
        // GitHub sends it as `iss` in callbacks.
        .issuer_alias("https://github.com/login/oauth");

    /// `GitLab.com`, by OpenID Connect. For your own server, set `issuer` and `api_base_url`.
    gitlab: "GitLab", |client| client
        .issuer("https://gitlab.com")
        .api_base_url("https://gitlab.com/api/v4/")
        .scope("openid profile email");

    /// Google, by OpenID Connect. For a refresh token, add `access_type=offline` to `authorize_params`,
    /// and `prompt=consent` to get another one. To admit the accounts of one domain only, check the `hd`
    /// claim: the parameter of that name only preselects accounts.
    google: "Google", |client| client
        .needs_secret()
        .issuer("https://accounts.google.com")
        .api_base_url("https://www.googleapis.com/")
        .scope("openid email profile")
        .token_endpoint_auth_method(AuthMethod::ClientSecretPost)
        // Google's ID tokens may have the issuer without the scheme.
        .issuer_alias("accounts.google.com");

    /// LinkedIn, by OpenID Connect. Its ID tokens do not repeat the nonce, and its web applications can't
    /// use PKCE: only `state` and the client secret protect the code.
    linkedin: "LinkedIn", |client| client
        .needs_secret()
        .issuer("https://www.linkedin.com/oauth")
        .authorization_endpoint("https://www.linkedin.com/oauth/v2/authorization")
        .token_endpoint("https://www.linkedin.com/oauth/v2/accessToken")
        .jwks_uri("https://www.linkedin.com/oauth/openid/jwks")
        .userinfo_endpoint("https://api.linkedin.com/v2/userinfo")
        .api_base_url("https://api.linkedin.com/v2/")
        .scope("openid profile email")
        .token_endpoint_auth_method(AuthMethod::ClientSecretPost)
        .dangerous_skip_nonce()
        .dangerous_skip_pkce()
        .access_denied_error("user_cancelled_authorize")
        .access_denied_error("user_cancelled_login")
        // Its token responses have no `token_type`.
        .on_response(ResponseHook::AccessTokenResponse, default_token_type_bearer)
        .on_response(ResponseHook::RefreshTokenResponse, default_token_type_bearer)
        // The issuer of its ID tokens before it had a path.
        .issuer_alias("https://www.linkedin.com");

    /// Microsoft Entra ID, by OpenID Connect: the users of several organisations, and personal accounts. Set
    /// `allowed_tenants` or `any_tenant`; for one organisation, set `issuer` with its tenant id instead of
    /// `common`. `sub` is the account's id at this application. E-mail addresses are never verified.
    microsoft: "Microsoft", |client| client
        .issuer("https://login.microsoftonline.com/common/v2.0")
        .api_base_url("https://graph.microsoft.com/v1.0/")
        .scope("openid profile email")
        // All claims are in the ID token, and the user info endpoint accepts tokens for Graph only.
        .without_userinfo_at_login()
        .client_assertion_audience(AssertionAudience::TokenEndpoint)
        // Of the device flow.
        .access_denied_error("authorization_declined");

    /// Spotify, by OAuth 2.0. `sub` is the account's `id`; its e-mail addresses are never verified.
    spotify: "Spotify", |client| with_claims(client, &[("name", "/display_name"), ("picture", "/images/0/url")], false)
        .authorization_endpoint("https://accounts.spotify.com/authorize")
        .token_endpoint("https://accounts.spotify.com/api/token")
        .userinfo_endpoint("https://api.spotify.com/v1/me")
        .api_base_url("https://api.spotify.com/v1/")
        .scope("user-read-email")
        .token_endpoint_auth_method(AuthMethod::ClientSecretBasic)
        .subject_claim("id");

    /// Trello, by OAuth 1.0a. The authorization URL has the `scope`, comma-separated, and the
    /// `expiration`; by default read access that never expires. The user is not in the token response:
    /// call `members/me`, whose `id` identifies the account.
    trello: "Trello", |client| client
        .request_token_url("https://trello.com/1/OAuthGetRequestToken")
        .authorization_endpoint("https://trello.com/1/OAuthAuthorizeToken")
        .token_endpoint("https://trello.com/1/OAuthGetAccessToken")
        .api_base_url("https://api.trello.com/1/")
        .authorize_param("scope", "read,account")
        .authorize_param("expiration", "never");

    /// Tumblr, by OAuth 1.0a. The user is not in the token response, and accounts have no number: call
    /// `user/info`, whose `response.user.name` is the account's name, which can change.
    tumblr: "Tumblr", |client| client
        .request_token_url("https://www.tumblr.com/oauth/request_token")
        .authorization_endpoint("https://www.tumblr.com/oauth/authorize")
        .token_endpoint("https://www.tumblr.com/oauth/access_token")
        .api_base_url("https://api.tumblr.com/v2/");

    /// X (Twitter), by OAuth 1.0a. `sub` is the account's `user_id`, which is in the token response with
    /// the `screen_name`. If the user denies access, the callback has `denied`. For more about the user,
    /// call `account/verify_credentials.json`.
    twitter: "X", |client| client
        .request_token_url("https://api.x.com/oauth/request_token")
        .authorization_endpoint("https://api.x.com/oauth/authenticate")
        .token_endpoint("https://api.x.com/oauth/access_token")
        .api_base_url("https://api.x.com/1.1/")
        .subject_claim("user_id");
}
