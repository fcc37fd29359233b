//! Presets of providers that have an issuer for each customer.

use crate::config::ClientConfig;
use crate::oauth2::AuthMethod;
use crate::secret::Secret;

/// Apple, by OpenID Connect ("Sign in with Apple"). Its client secret is a JWT, which the key with the id `key_id` of
/// the team `team_id` signs for each request. The client id is the Services ID.
///
/// The callback is a `form_post`, and the redirect URI must be https with a domain name. The user's name is in the
/// first callback only, and not among the claims. In a file, set `private_key`, `private_key_id`,
/// `token_endpoint_auth_method = "private_key_jwt"`, `hooks = ["client_assertion_as_secret"]`, and `iss` of
/// `client_assertion_claims` to the team id.
#[must_use]
pub fn apple(team_id: &str, key_id: &str, private_key: impl Into<Secret>) -> ClientConfig {
    ClientConfig::from("apple")
        .token_endpoint_auth_method(AuthMethod::PrivateKeyJwt)
        .builtin_hook("client_assertion_as_secret")
        .client_assertion_claim("iss", team_id)
        .private_key_id(key_id)
        .private_key(private_key)
}

/// The Auth0 tenant at `domain`, such as `example.eu.auth0.com`. Its issuer ends in a slash.
#[must_use]
pub fn auth0(domain: &str) -> ClientConfig {
    tenant("auth0", "Auth0", format!("https://{}/", without_scheme(domain)))
}

/// The realm `realm` of the Keycloak server at `base`, such as `https://id.example.com`.
#[must_use]
pub fn keycloak(base: &str, realm: &str) -> ClientConfig {
    tenant("keycloak", "Keycloak", format!("{}/realms/{realm}", base.trim_end_matches('/')))
}

/// The Okta organisation or authorization server at `issuer`, such as
/// `example.okta.com/oauth2/default`. Identify users by `sub`, never by `preferred_username`.
#[must_use]
pub fn okta(issuer: &str) -> ClientConfig {
    tenant("okta", "Okta", format!("https://{}", without_scheme(issuer)))
}

/// The AD FS server at `host`.
#[must_use]
pub fn adfs(host: &str) -> ClientConfig {
    tenant("adfs", "AD FS", format!("https://{}/adfs", without_scheme(host)))
}

/// The application `slug` of the authentik server at `base`. Its issuer ends in a slash.
#[must_use]
pub fn authentik(base: &str, slug: &str) -> ClientConfig {
    let base = base.trim_end_matches('/');
    tenant("authentik", "authentik", format!("{base}/application/o/{slug}/"))
}

/// The user pool `pool` of Amazon Cognito, such as `eu-central-1_example`, in `region`. Its logout is not standard: see
/// [`post_logout_redirect_param`](ClientConfig::post_logout_redirect_param).
#[must_use]
pub fn cognito(region: &str, pool: &str) -> ClientConfig {
    let issuer = format!("https://cognito-idp.{region}.amazonaws.com/{pool}");
    tenant("cognito", "Amazon Cognito", issuer)
}

/// The Descope project with this id.
#[must_use]
pub fn descope(project: &str) -> ClientConfig {
    tenant("descope", "Descope", format!("https://api.descope.com/{project}"))
}

/// The Microsoft Entra ID tenant with this id, a GUID: the users of one organisation. For several, see
/// [`microsoft`](super::microsoft).
#[must_use]
pub fn entra(tenant_id: &str) -> ClientConfig {
    let issuer = format!("https://login.microsoftonline.com/{tenant_id}/v2.0");
    super::microsoft().issuer(issuer).display_name("Microsoft")
}

/// The Frontegg environment at `domain`, such as `app-1.frontegg.com`.
#[must_use]
pub fn frontegg(domain: &str) -> ClientConfig {
    tenant("frontegg", "Frontegg", format!("https://{}", without_scheme(domain)))
}

/// The `FusionAuth` server at `base`. Set the issuer of the tenant to the same URL there; by default it is a host name, which is
/// no issuer of OpenID Connect.
#[must_use]
pub fn fusionauth(base: &str) -> ClientConfig {
    tenant("fusionauth", "FusionAuth", base.trim_end_matches('/').to_owned())
}

/// The GitHub Enterprise server at `host`. As [`github`](super::github), with its own endpoints.
#[must_use]
pub fn github_enterprise(host: &str) -> ClientConfig {
    let base = format!("https://{}", without_scheme(host));
    super::github()
        .authorization_endpoint(format!("{base}/login/oauth/authorize"))
        .token_endpoint(format!("{base}/login/oauth/access_token"))
        .device_authorization_endpoint(format!("{base}/login/device/code"))
        .userinfo_endpoint(format!("{base}/api/v3/user"))
        .emails_endpoint(format!("{base}/api/v3/user/emails"))
        .api_base_url(format!("{base}/api/v3/"))
        .issuer_alias(format!("{base}/login/oauth"))
}

/// The Ory Hydra server with this issuer, such as `https://example.projects.oryapis.com`.
#[must_use]
pub fn hydra(issuer: &str) -> ClientConfig {
    tenant("hydra", "Ory", format!("https://{}", without_scheme(issuer)))
}

/// The Kinde business at `domain`, such as `example.kinde.com`.
#[must_use]
pub fn kinde(domain: &str) -> ClientConfig {
    tenant("kinde", "Kinde", format!("https://{}", without_scheme(domain)))
}

/// The Logto tenant at `domain`, such as `example.logto.app`.
#[must_use]
pub fn logto(domain: &str) -> ClientConfig {
    tenant("logto", "Logto", format!("https://{}/oidc", without_scheme(domain)))
}

/// The Mastodon instance at `domain`, by OAuth 2.0, where the client is registered. `sub` is the account's `id` at the
/// instance: register one client per instance. It has no e-mail addresses.
#[must_use]
pub fn mastodon(domain: &str) -> ClientConfig {
    let base = format!("https://{}", without_scheme(domain));
    ClientConfig::new("mastodon")
        .display_name("Mastodon")
        .authorization_endpoint(format!("{base}/oauth/authorize"))
        .token_endpoint(format!("{base}/oauth/token"))
        .userinfo_endpoint(format!("{base}/api/v1/accounts/verify_credentials"))
        .api_base_url(format!("{base}/api/v1/"))
        .scope("read")
        .subject_claim("id")
        .token_endpoint_auth_method(AuthMethod::ClientSecretPost)
}

/// The `OneLogin` account `subdomain` (of `subdomain.onelogin.com`).
#[must_use]
pub fn onelogin(subdomain: &str) -> ClientConfig {
    tenant("onelogin", "OneLogin", format!("https://{subdomain}.onelogin.com/oidc/2"))
}

/// The `PingOne` environment with this id; `region` is the top-level domain of the region: `com`, `eu`, `ca` or `asia`.
#[must_use]
pub fn pingone(region: &str, environment: &str) -> ClientConfig {
    let issuer = format!("https://auth.pingone.{region}/{environment}/as");
    tenant("pingone", "PingOne", issuer)
}

/// The ZITADEL instance at `domain`.
#[must_use]
pub fn zitadel(domain: &str) -> ClientConfig {
    tenant("zitadel", "ZITADEL", format!("https://{}", without_scheme(domain)))
}

fn tenant(name: &str, display_name: &str, issuer: String) -> ClientConfig {
    ClientConfig::new(name).display_name(display_name).issuer(issuer).scope("openid profile email")
}

/// The host, and perhaps a path, of a URL that may be copied from a browser's address bar.
fn without_scheme(domain: &str) -> &str {
    domain.trim().trim_start_matches("https://").trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_issuer_matches_provider_spelling() {
        for (config, issuer) in [
            (auth0("x.eu.auth0.com"), "https://x.eu.auth0.com/"),
            (auth0("https://x.eu.auth0.com/"), "https://x.eu.auth0.com/"),
            (okta("x.okta.com"), "https://x.okta.com"),
            (okta("https://x.okta.com/oauth2/default/"), "https://x.okta.com/oauth2/default"),
            (keycloak("https://id.example/", "main"), "https://id.example/realms/main"),
            (adfs("fs.example"), "https://fs.example/adfs"),
            (authentik("https://id.example/", "app"), "https://id.example/application/o/app/"),
            (cognito("eu-west-1", "p"), "https://cognito-idp.eu-west-1.amazonaws.com/p"),
            (descope("P2"), "https://api.descope.com/P2"),
            (entra("1-2"), "https://login.microsoftonline.com/1-2/v2.0"),
            (fusionauth("https://id.example/"), "https://id.example"),
            (hydra("https://x.projects.oryapis.com/"), "https://x.projects.oryapis.com"),
            (frontegg("app.frontegg.com"), "https://app.frontegg.com"),
            (kinde("https://x.kinde.com"), "https://x.kinde.com"),
            (logto("x.logto.app"), "https://x.logto.app/oidc"),
            (onelogin("x"), "https://x.onelogin.com/oidc/2"),
            (pingone("eu", "e"), "https://auth.pingone.eu/e/as"),
            (zitadel("x.zitadel.cloud"), "https://x.zitadel.cloud"),
        ] {
            let settings = config.client_id("id").client_secret("s").resolve().unwrap();
            assert_eq!(settings.issuer.as_deref(), Some(issuer));
        }
    }
}
