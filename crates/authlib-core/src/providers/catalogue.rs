//! [`catalogue`]: what applications and people want to know of the presets.

use super::preset::Email::{self, Fetched, IfVerified, Never};
use super::rows;

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

/// All presets, in alphabetical order.
///
/// ```
/// let all = authlib_core::providers::catalogue();
/// let github = all.iter().find(|provider| provider.name == "github").unwrap();
/// assert_eq!((github.display_name, github.color), ("GitHub", "#24292f"));
/// ```
#[must_use]
pub fn catalogue() -> Vec<ProviderInfo> {
    let mut all: Vec<_> = rows().map(super::preset::Preset::info).collect();
    all.extend(TENANTS.iter().map(|(name, display_name, user_id, email, console_url, color)| {
        let protocol = if *user_id == "sub" { "OpenID Connect" } else { "OAuth 2.0" };
        let verified_email = email.text();
        ProviderInfo { name, display_name, protocol, user_id, verified_email, console_url, color }
    }));
    all.sort_unstable_by_key(|provider| provider.name);
    all
}

type Tenant = (&'static str, &'static str, &'static str, Email, &'static str, &'static str);

/// The providers of [`tenants`](super::tenants).
#[rustfmt::skip]
const TENANTS: &[Tenant] = &[
    ("adfs", "AD FS", "sub", Never, "", "#0067b8"),
    ("auth0", "Auth0", "sub", IfVerified, "https://manage.auth0.com/", "#eb5424"),
    ("authentik", "authentik", "sub", IfVerified, "", "#fd4b2d"),
    ("cognito", "Amazon Cognito", "sub", IfVerified, "https://console.aws.amazon.com/cognito/", "#dd344c"),
    ("descope", "Descope", "sub", IfVerified, "https://app.descope.com/", "#006af5"),
    ("entra", "Microsoft", "sub", Never, "https://entra.microsoft.com/", "#2f2f2f"),
    ("frontegg", "Frontegg", "sub", IfVerified, "https://portal.frontegg.com/", "#43bb7a"),
    ("fusionauth", "FusionAuth", "sub", IfVerified, "", "#f58320"),
    ("hydra", "Ory", "sub", IfVerified, "https://console.ory.sh/", "#0f172a"),
    ("github_enterprise", "GitHub", "id", Fetched(""), "", "#24292f"),
    ("keycloak", "Keycloak", "sub", IfVerified, "", "#4d4d4d"),
    ("kinde", "Kinde", "sub", IfVerified, "https://app.kinde.com/", "#0f0f0f"),
    ("logto", "Logto", "sub", IfVerified, "https://cloud.logto.io/", "#5d34f2"),
    ("mastodon", "Mastodon", "id", Email::None, "", "#6364ff"),
    ("okta", "Okta", "sub", IfVerified, "https://login.okta.com/", "#007dc1"),
    ("onelogin", "OneLogin", "sub", IfVerified, "https://www.onelogin.com/", "#1c1f2a"),
    ("pingone", "PingOne", "sub", IfVerified, "https://console.pingone.com/", "#b3282d"),
    ("zitadel", "ZITADEL", "sub", IfVerified, "https://zitadel.com/", "#1f2937"),
];
