//! The presets with a function of their own.

use crate::config::ClientConfig;

/// Defines a function for each preset of that name.
macro_rules! presets {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name() -> ClientConfig {
            ClientConfig::from(stringify!($name))
        })*

        #[cfg(test)]
        pub(super) const FUNCTIONS: &[&str] = &[$(stringify!($name)),*];
    };
}

presets! {
    /// Discogs, by OAuth 1.0a. It requires a `User-Agent` that names your application: set
    /// [`user_agent`](ClientConfig::user_agent). The user is not in the token response: the user info
    /// endpoint is `oauth/identity`, and its `username` is `sub`.
    discogs;

    /// Discord, by OAuth 2.0. `sub` is the account's `id`; the e-mail address is verified if `verified`
    /// is true.
    discord;

    /// Flickr, by OAuth 1.0a. `sub` is the account's `user_nsid`, which is in the token response with
    /// `username` and `fullname`. Add `format=json` and `nojsoncallback=1` to API requests, or the
    /// response is a script.
    flickr;

    /// GitHub, by OAuth 2.0: it has no OpenID Connect for web applications. The user is fetched from its
    /// API, and `sub` is the account's number, never the login name, which can be reassigned. The verified e-mail
    /// address is fetched from `user/emails` at login. Devices can log in too, if the application's settings at GitHub
    /// allow it.
    github;

    /// `GitLab.com`, by OpenID Connect. For your own server, set `issuer` and `api_base_url`.
    gitlab;

    /// Google, by OpenID Connect. For a refresh token, add `access_type=offline` to `authorize_params`,
    /// and `prompt=consent` to get another one. To admit the accounts of one domain only, check the `hd`
    /// claim: the parameter of that name only preselects accounts.
    google;

    /// LinkedIn, by OpenID Connect. Its ID tokens do not repeat the nonce, and its web applications can't
    /// use PKCE: only `state` and the client secret protect the code.
    linkedin;

    /// Microsoft Entra ID, by OpenID Connect: the users of several organisations, and personal accounts. Set
    /// `allowed_tenants` or `any_tenant`; for one organisation, set `issuer` with its tenant id instead of
    /// `common`. `sub` is the account's id at this application. E-mail addresses are never verified.
    microsoft;

    /// Spotify, by OAuth 2.0. `sub` is the account's `id`; its e-mail addresses are never verified.
    spotify;

    /// Trello, by OAuth 1.0a. The authorization URL has the `scope`, comma-separated, and the
    /// `expiration`; by default read access that never expires. The user is not in the token response:
    /// call `members/me`, whose `id` identifies the account.
    trello;

    /// Tumblr, by OAuth 1.0a. The user is not in the token response, and accounts have no number: call
    /// `user/info`, whose `response.user.name` is the account's name, which can change.
    tumblr;

    /// X (Twitter), by OAuth 1.0a. `sub` is the account's `user_id`, which is in the token response with
    /// the `screen_name`. If the user denies access, the callback has `denied`. For more about the user,
    /// call `account/verify_credentials.json`.
    twitter;
}
