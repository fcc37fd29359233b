//! [`CATALOGUE`]: what applications and people want to know of the presets.

/// What an application shows of a provider, and what a developer needs to know. An empty text means that there is none.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ProviderInfo {
    /// The name of the preset, or of the function of [`providers`](super) for providers with a server per customer.
    pub name: &'static str,
    /// The name for a button.
    pub display_name: &'static str,
    /// The protocol.
    pub protocol: &'static str,
    /// The claim or member that identifies the user, or a JSON pointer to it.
    pub user_id: &'static str,
    /// When an e-mail address is verified.
    pub verified_email: &'static str,
    /// Where applications are registered.
    pub console_url: &'static str,
    /// The colour of a button, as in CSS.
    pub color: &'static str,
}

const fn row(
    [name, display_name, protocol, user_id, verified_email, console_url, color]: [&'static str; 7],
) -> ProviderInfo {
    ProviderInfo { name, display_name, protocol, user_id, verified_email, console_url, color }
}

/// All presets, in alphabetical order.
///
/// ```
/// use authlib_core::providers::CATALOGUE;
///
/// let github = CATALOGUE.iter().find(|provider| provider.name == "github").unwrap();
/// assert_eq!((github.display_name, github.color), ("GitHub", "#24292f"));
/// ```
#[rustfmt::skip]
pub const CATALOGUE: &[ProviderInfo] = &[
    row(["adfs", "AD FS", "OpenID Connect", "sub", "never", "", "#0067b8"]),
    row(["amazon", "Amazon", "OAuth 2.0", "user_id", "never", "https://developer.amazon.com/loginwithamazon/console/site/lwa/overview.html", "#ff9900"]),
    row(["apple", "Apple", "OpenID Connect", "sub", "if `email_verified`", "https://developer.apple.com/account/resources/identifiers/list", "#000000"]),
    row(["atlassian", "Atlassian", "OAuth 2.0", "account_id", "never", "https://developer.atlassian.com/console/myapps/", "#0052cc"]),
    row(["auth0", "Auth0", "OpenID Connect", "sub", "if `email_verified`", "https://manage.auth0.com/", "#eb5424"]),
    row(["authentik", "authentik", "OpenID Connect", "sub", "if `email_verified`", "", "#fd4b2d"]),
    row(["battlenet", "Battle.net", "OpenID Connect", "sub", "no address", "https://community.developer.battle.net/access/clients", "#148eff"]),
    row(["bitbucket", "Bitbucket", "OAuth 2.0", "uuid", "fetched at login", "https://bitbucket.org/account/settings/", "#0052cc"]),
    row(["cognito", "Amazon Cognito", "OpenID Connect", "sub", "if `email_verified`", "https://console.aws.amazon.com/cognito/", "#dd344c"]),
    row(["descope", "Descope", "OpenID Connect", "sub", "if `email_verified`", "https://app.descope.com/", "#006af5"]),
    row(["discogs", "Discogs", "OAuth 1.0a", "username", "no address", "https://www.discogs.com/settings/developers", "#333333"]),
    row(["discord", "Discord", "OAuth 2.0", "id", "if `email_verified`", "https://discord.com/developers/applications", "#5865f2"]),
    row(["dropbox", "Dropbox", "OpenID Connect", "sub", "if `email_verified`", "https://www.dropbox.com/developers/apps", "#0061ff"]),
    row(["entra", "Microsoft", "OpenID Connect", "sub", "never", "https://entra.microsoft.com/", "#2f2f2f"]),
    row(["facebook", "Facebook", "OAuth 2.0", "id", "never", "https://developers.facebook.com/apps/", "#1877f2"]),
    row(["figma", "Figma", "OAuth 2.0", "id", "never", "https://www.figma.com/developers/apps", "#f24e1e"]),
    row(["fitbit", "Fitbit", "OAuth 2.0", "/user/encodedId", "no address", "https://dev.fitbit.com/apps", "#00b0b9"]),
    row(["flickr", "Flickr", "OAuth 1.0a", "user_nsid", "no address", "https://www.flickr.com/services/apps/", "#0063dc"]),
    row(["frontegg", "Frontegg", "OpenID Connect", "sub", "if `email_verified`", "https://portal.frontegg.com/", "#43bb7a"]),
    row(["github", "GitHub", "OAuth 2.0", "id", "fetched at login", "https://github.com/settings/developers", "#24292f"]),
    row(["github_enterprise", "GitHub", "OAuth 2.0", "id", "fetched at login", "", "#24292f"]),
    row(["gitlab", "GitLab", "OpenID Connect", "sub", "if `email_verified`", "https://gitlab.com/-/user_settings/applications", "#fc6d26"]),
    row(["google", "Google", "OpenID Connect", "sub", "if `email_verified`", "https://console.cloud.google.com/apis/credentials", "#4285f4"]),
    row(["intuit", "Intuit", "OpenID Connect", "sub", "at the user info endpoint", "https://developer.intuit.com/app/developer/dashboard", "#2ca01c"]),
    row(["kakao", "Kakao", "OAuth 2.0", "id", "if `email_verified`", "https://developers.kakao.com/console/app", "#fee500"]),
    row(["keycloak", "Keycloak", "OpenID Connect", "sub", "if `email_verified`", "", "#4d4d4d"]),
    row(["kinde", "Kinde", "OpenID Connect", "sub", "if `email_verified`", "https://app.kinde.com/", "#0f0f0f"]),
    row(["line", "LINE", "OpenID Connect", "sub", "never", "https://developers.line.biz/console/", "#06c755"]),
    row(["linkedin", "LinkedIn", "OpenID Connect", "sub", "if `email_verified`", "https://www.linkedin.com/developers/apps", "#0a66c2"]),
    row(["logto", "Logto", "OpenID Connect", "sub", "if `email_verified`", "https://cloud.logto.io/", "#5d34f2"]),
    row(["mastodon", "Mastodon", "OAuth 2.0", "id", "no address", "", "#6364ff"]),
    row(["microsoft", "Microsoft", "OpenID Connect", "sub", "never", "https://entra.microsoft.com/", "#2f2f2f"]),
    row(["naver", "Naver", "OAuth 2.0", "/response/id", "never", "https://developers.naver.com/apps/", "#03c75a"]),
    row(["okta", "Okta", "OpenID Connect", "sub", "if `email_verified`", "https://login.okta.com/", "#007dc1"]),
    row(["onelogin", "OneLogin", "OpenID Connect", "sub", "if `email_verified`", "https://www.onelogin.com/", "#1c1f2a"]),
    row(["orcid", "ORCID", "OpenID Connect", "sub", "no address", "https://orcid.org/developer-tools", "#a6ce39"]),
    row(["patreon", "Patreon", "OAuth 2.0", "/data/id", "if `email_verified`", "https://www.patreon.com/portal/registration/register-clients", "#ff424d"]),
    row(["paypal", "PayPal", "OAuth 2.0", "user_id", "if `email_verified`", "https://developer.paypal.com/dashboard/applications", "#003087"]),
    row(["pingone", "PingOne", "OpenID Connect", "sub", "if `email_verified`", "https://console.pingone.com/", "#b3282d"]),
    row(["reddit", "Reddit", "OAuth 2.0", "id", "no address", "https://www.reddit.com/prefs/apps", "#ff4500"]),
    row(["roblox", "Roblox", "OpenID Connect", "sub", "no address", "https://create.roblox.com/dashboard/credentials", "#232527"]),
    row(["salesforce", "Salesforce", "OpenID Connect", "sub", "if `email_verified`", "https://login.salesforce.com/", "#00a1e0"]),
    row(["slack", "Slack", "OpenID Connect", "sub", "if `email_verified`", "https://api.slack.com/apps", "#4a154b"]),
    row(["spotify", "Spotify", "OAuth 2.0", "id", "never", "https://developer.spotify.com/dashboard", "#1db954"]),
    row(["strava", "Strava", "OAuth 2.0", "id", "no address", "https://www.strava.com/settings/api", "#fc4c02"]),
    row(["trello", "Trello", "OAuth 1.0a", "", "no address", "https://trello.com/power-ups/admin", "#0079bf"]),
    row(["tumblr", "Tumblr", "OAuth 1.0a", "", "no address", "https://www.tumblr.com/oauth/apps", "#36465d"]),
    row(["twitch", "Twitch", "OpenID Connect", "sub", "if `email_verified`", "https://dev.twitch.tv/console/apps", "#9146ff"]),
    row(["twitter", "X", "OAuth 1.0a", "user_id", "no address", "https://developer.x.com/en/portal/dashboard", "#000000"]),
    row(["twitter2", "X", "OAuth 2.0", "/data/id", "no address", "https://developer.x.com/en/portal/dashboard", "#000000"]),
    row(["wikimedia", "Wikimedia", "OAuth 2.0", "sub", "if `email_verified`", "https://meta.wikimedia.org/wiki/Special:OAuthConsumerRegistration", "#006699"]),
    row(["yahoo", "Yahoo", "OpenID Connect", "sub", "if `email_verified`", "https://developer.yahoo.com/apps/", "#6001d2"]),
    row(["yandex", "Yandex", "OAuth 2.0", "id", "never", "https://oauth.yandex.com/", "#fc3f1d"]),
    row(["zitadel", "ZITADEL", "OpenID Connect", "sub", "if `email_verified`", "https://zitadel.com/", "#1f2937"]),
    row(["zoom", "Zoom", "OAuth 2.0", "id", "never", "https://marketplace.zoom.us/user/build", "#0b5cff"]),
];
