//! [`ClientSettings`]: a client's settings, parsed and validated.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::dpop::DpopSettings;
use super::kept_claims::{KeptClaims, no_token_kept};
use super::oauth1::OAuth1Settings;
use super::provider::is_openid;
use super::refresh::RefreshPolicy;
use super::request::RequestObjectSettings;
use super::tls::TlsSettings;
use crate::config::extensions::Extensions;
use crate::config::{EncryptionSettings, Profile, ResponseMode, UserInfoMethod};
use crate::endpoint::{Endpoint, Endpoints};
use crate::endpoint_url::HttpHosts;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::ClientAuth;
use crate::jose::{Algorithm, DecryptionKeys, JwkSet};
use crate::oauth2::client_assertion::Signing;
use crate::oauth2::client_auth::CredentialKind;
use crate::oauth2::issuers::Issuers;
use crate::oauth2::{AuthMethod, ResponseType, TokenLocation};
use crate::params::Params;
use crate::secret::Secret;
use crate::signer::Signer;

#[derive(Debug)]
pub(crate) struct ClientSettings {
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret>,
    /// The client's key, or the secret as a key.
    pub(crate) signer: Option<Arc<dyn Signer>>,
    /// How the client signs assertions.
    pub(crate) signing: Signing,
    /// How the tokens are bound to a key, if they are.
    pub(crate) dpop: Option<DpopSettings>,
    pub(crate) issuer: Option<String>,
    /// The issuer with its aliases, further issuers and tenants.
    pub(crate) issuers: Issuers,
    pub(crate) metadata_url: Option<Url>,
    /// The configured endpoints; they win over those of the metadata.
    pub(crate) endpoints: Endpoints,
    pub(crate) jwks: Option<JwkSet>,
    /// The hosts that may be reached over plain http.
    pub(crate) http_hosts: HttpHosts,
    pub(crate) api_base_url: Option<Url>,
    pub(crate) api_origins: Vec<Url>,
    pub(crate) token_location: TokenLocation,
    pub(crate) refresh: RefreshPolicy,
    pub(crate) timeout: Option<Duration>,
    pub(crate) tls: TlsSettings,
    /// Whether users log in with this client, in a browser.
    pub(crate) is_interactive: bool,
    /// Whether the tokens are those of users, who log in or connect an account.
    pub(crate) has_user_tokens: bool,
    /// Whether users log in with the client in a browser.
    pub(crate) accepts_logins: bool,
    /// Whether the client is for API calls only (`accept_logins`).
    pub(crate) refuses_logins: bool,
    /// What a login keeps instead of its token (`keep_token`); `None` if it keeps the token.
    pub(crate) kept_claims: Option<KeptClaims>,
    pub(crate) redirect_uri: Option<String>,
    /// The path of the route that starts logins, below the base URL.
    pub(crate) login_path: String,
    pub(crate) post_logout_redirect_uri: Option<String>,
    pub(crate) post_logout_redirect_param: Option<String>,
    pub(crate) logout_params: Params,
    /// The configured scope, space-separated.
    pub(crate) scope: String,
    pub(crate) authorize_params: Params,
    /// What access tokens are for (RFC 8707 §2).
    pub(crate) resources: Vec<String>,
    /// The provider's own error codes for a denial.
    pub(crate) access_denied_errors: Vec<String>,
    pub(crate) access_token_params: Params,
    pub(crate) refresh_token_params: Params,
    pub(crate) auth_method: Option<AuthMethod>,
    pub(super) introspection_auth_method: Option<AuthMethod>,
    pub(super) revocation_auth_method: Option<AuthMethod>,
    pub(crate) raw_basic: bool,
    pub(crate) introspection_alg: Option<Algorithm>,
    pub(crate) response_mode: Option<ResponseMode>,
    pub(crate) response_type: ResponseType,
    pub(crate) authorization_alg: Option<Algorithm>,
    pub(crate) request_object: Option<RequestObjectSettings>,
    pub(crate) requires_s_hash: bool,
    pub(crate) encryption: EncryptionSettings,
    pub(crate) decryption_keys: DecryptionKeys,
    pub(crate) requires_pushed_requests: bool,
    pub(crate) uses_pushed_requests: bool,
    pub(crate) id_token_alg: Option<Algorithm>,
    pub(crate) userinfo_alg: Option<Algorithm>,
    pub(crate) refresh_before_expiry: Duration,
    pub(crate) refresh_on_bare_401: bool,
    pub(crate) max_age: Option<Duration>,
    /// The accepted difference between the provider's clock and this system's.
    pub(crate) clock_skew: Duration,
    pub(crate) user_agent: Option<String>,
    pub(crate) fetch_userinfo: bool,
    pub(crate) fetch_distributed_claims: bool,
    pub(crate) subject_claim: Option<String>,
    /// Standard claims, and where the user info has them.
    pub(crate) userinfo_claims: Params,
    pub(crate) userinfo_method: UserInfoMethod,
    pub(crate) profile: Option<Profile>,
    pub(crate) skip_nonce: bool,
    pub(crate) skip_pkce: bool,
    pub(crate) extensions: Extensions,
    /// How an OAuth 1.0a client signs; `None` for OAuth 2.0.
    pub(super) oauth1: Option<OAuth1Settings>,
}

impl ClientSettings {
    /// The name of the parameter with the client's id: `client_id`, except at providers that have another.
    pub(crate) fn client_id_param(&self) -> &'static str {
        self.extensions.client_id_param.unwrap_or("client_id")
    }

    pub(crate) fn asks_for_openid(&self) -> bool {
        is_openid(&self.scope)
    }

    /// The keys for ID tokens that are configured and need no request: `jwks`, or the client secret for
    /// HMAC.
    pub(crate) fn own_keys(&self) -> Option<JwkSet> {
        let hmac = self.id_token_alg.is_some_and(Algorithm::is_symmetric);
        let secret = self.client_secret.as_ref().filter(|_| hmac);
        self.jwks.clone().or_else(|| secret.map(JwkSet::of_secret))
    }

    /// Whether the provider's keys are needed: to verify ID tokens, if no keys are configured.
    pub(crate) fn needs_provider_keys(&self) -> bool {
        self.asks_for_openid() && self.own_keys().is_none()
    }

    /// Checks that users may log in with this client.
    pub(crate) fn ensure_logins(&self) -> Result<()> {
        if !self.refuses_logins {
            return self.ensure_user_tokens();
        }
        let check =
            "users cannot log in with this client: it is for API calls only (`accept_logins`)";
        Err(Error::new(ErrorKind::Config, check)
            .with_hint("remove `without_logins()` or `accept_logins = false`"))
    }

    /// Checks that the client may have tokens of users. One that gets tokens on its own behalf would replace a
    /// user's expired token with its own, and all its permissions.
    pub(crate) fn ensure_user_tokens(&self) -> Result<()> {
        if !matches!(self.refresh, RefreshPolicy::Assertion(_) | RefreshPolicy::ClientCredentials) {
            return Ok(());
        }
        let check = "users cannot log in with this client: it gets tokens on its own behalf";
        Err(Error::new(ErrorKind::Config, check)
            .with_hint("register another client without `refresh_with` for logins"))
    }

    /// Checks that the client keeps the tokens of its users.
    pub(crate) fn ensure_tokens_kept(&self) -> Result<()> {
        if self.kept_claims.is_some() { Err(no_token_kept()) } else { Ok(()) }
    }

    /// Whether user info must be a JWT.
    pub(crate) fn requires_signed_userinfo(&self) -> bool {
        self.userinfo_alg.is_some() || self.encryption.userinfo.alg.is_some()
    }

    /// Whether the profile allows this signature algorithm.
    pub(crate) fn allows(&self, alg: Algorithm) -> bool {
        self.profile.is_none_or(|profile| profile.allows(alg))
    }

    pub(crate) fn is_oauth1(&self) -> bool {
        self.oauth1.is_some()
    }

    /// The error as a denial, if the provider reported one of the client's `access_denied_errors`.
    pub(crate) fn with_denial(&self, error: Error) -> Error {
        let reported = error.provider_error().filter(|provider| !provider.is_outage());
        if reported.is_some_and(|provider| self.access_denied_errors.contains(&provider.error)) {
            return error.with_kind(ErrorKind::AccessDenied);
        }
        error
    }

    /// The member of the user info that identifies the user if there is no ID token.
    pub(crate) fn subject_claim(&self) -> &str {
        self.subject_claim.as_deref().unwrap_or("sub")
    }

    /// The credentials that the client can authenticate with.
    pub(crate) fn credential_kind(&self) -> CredentialKind {
        match (&self.signer, &self.client_secret) {
            (None, _) if self.tls.has_certificate() => CredentialKind::Certificate,
            (None, _) if self.extensions.secrets.is_some() => CredentialKind::Secret,
            (None, _) => CredentialKind::None,
            (Some(_), Some(_)) => CredentialKind::Secret,
            (Some(_), None) => CredentialKind::PrivateKey,
        }
    }

    /// The method that is configured for this endpoint alone.
    pub(crate) fn own_auth_method(&self, endpoint: Endpoint) -> Option<AuthMethod> {
        match endpoint {
            Endpoint::Introspection => self.introspection_auth_method,
            Endpoint::Revocation => self.revocation_auth_method,
            _ => None,
        }
    }

    /// The custom authentication at an endpoint: that of the endpoint itself, or else the general one,
    /// unless a method is configured for this endpoint alone.
    pub(crate) fn custom_auth(&self, endpoint: Endpoint) -> Option<&dyn ClientAuth> {
        let own = self.extensions.auth_at.iter().rev().find(|(at, _)| *at == endpoint);
        let has_method = self.own_auth_method(endpoint).is_some();
        let general = self.extensions.auth.as_ref().filter(|_| !has_method);
        own.map(|(_, auth)| auth).or(general).map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ClientConfig;
    use crate::hooks::{ClientIdentity, EndpointRequest};
    use crate::transport::BoxFuture;

    /// An authentication that is known by its error.
    struct Named(&'static str);

    impl ClientAuth for Named {
        fn authenticate<'a>(
            &'a self,
            _: ClientIdentity<'a>,
            _: EndpointRequest,
        ) -> BoxFuture<'a, Result<EndpointRequest>> {
            Box::pin(async { Err(Error::new(ErrorKind::Config, self.0)) })
        }
    }

    fn chosen(config: ClientConfig, endpoint: Endpoint) -> Option<String> {
        let settings = config.resolve().unwrap();
        let client =
            ClientIdentity { endpoint, client_id: "id", client_secret: None, issuer: None };
        let request = EndpointRequest {
            url: "https://op.example/".parse().unwrap(),
            headers: http::HeaderMap::new(),
            form: Params::new(),
        };
        let custom = settings.custom_auth(endpoint)?;
        let error = futures_util::FutureExt::now_or_never(custom.authenticate(client, request));
        Some(error.unwrap().unwrap_err().to_string())
    }

    #[test]
    fn custom_auth_is_chosen_by_endpoint_then_method_then_client() {
        let plain = || {
            ClientConfig::new("c").client_id("id").issuer("https://op.example").client_secret("s")
        };
        let general = || plain().client_auth(Named("general"));
        let method = || general().revocation_endpoint_auth_method(AuthMethod::ClientSecretPost);
        let own = || method().client_auth_for(Endpoint::Revocation, Named("own"));
        for (config, endpoint, expected) in [
            (plain(), Endpoint::Token, None),
            (general(), Endpoint::Token, Some("general")),
            (general(), Endpoint::Revocation, Some("general")),
            (method(), Endpoint::Revocation, None),
            (method(), Endpoint::Introspection, Some("general")),
            (own(), Endpoint::Revocation, Some("own")),
            (own(), Endpoint::Token, Some("general")),
            (
                own().client_auth_for(Endpoint::Revocation, Named("new")),
                Endpoint::Revocation,
                Some("new"),
            ),
        ] {
            assert_eq!(chosen(config, endpoint).as_deref(), expected, "{endpoint:?}");
        }
        let useless = plain().client_auth_for(Endpoint::UserInfo, Named("useless"));
        let problems = useless.resolve().unwrap_err();
        assert!(problems[0].to_string().contains("do not authenticate at `userinfo_endpoint`"));
    }
}
