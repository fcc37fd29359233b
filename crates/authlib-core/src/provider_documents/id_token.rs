//! The verification of ID tokens with the provider's keys and the client's settings: of a login, of a
//! refresh, of tokens that the application got in another way, of logout tokens, and of signed user info.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use super::decryption::Encrypted;
use super::documents::ProviderDocuments;
use crate::error::{Error, ErrorKind, Result, clipped};
use crate::jose::claims::Claims;
use crate::jose::{Algorithm, JwkSet};
use crate::oauth2::metadata::ServerMetadata;
use crate::oidc::id_token::{self, FrontChannelHashes, IdTokenError, Rules};
use crate::oidc::logout_token::{self, LogoutToken, LogoutTokenError};
use crate::oidc::refreshed_id_token::{self, RefreshedError, RefreshedWarning};
use crate::oidc::signed_user_info::{self, SignedUserInfoError};
use crate::secret::Secret;

/// What an ID token must match, beside the client's settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpectedIdToken<'a> {
    /// The nonce that was sent; without one, the token must have none.
    pub(crate) nonce: Option<&'a str>,
    /// The access token that came with it, for `at_hash`.
    pub(crate) access_token: Option<&'a Secret>,
    pub(crate) max_age: Option<Duration>,
    /// When it was requested.
    pub(crate) requested_at: SystemTime,
    /// What it must be bound to, if it is one of an authorization response.
    pub(crate) front_channel: Option<FrontChannelHashes<'a>>,
}

impl Default for ExpectedIdToken<'_> {
    fn default() -> Self {
        let requested_at = SystemTime::UNIX_EPOCH;
        Self { nonce: None, access_token: None, max_age: None, requested_at, front_channel: None }
    }
}

impl ProviderDocuments {
    /// Verifies an ID token that is [decrypted](Self::decrypted) (OpenID Connect Core §3.1.3.7).
    pub(crate) async fn verify_id_token(
        &self,
        id_token: &str,
        expected: ExpectedIdToken<'_>,
    ) -> Result<Claims> {
        let curable = IdTokenError::may_be_cured_by_new_keys;
        self.verify_with_rules(id_token, expected, curable, |keys, rules| {
            id_token::verify(id_token, keys, rules)
        })
        .await
    }

    /// Verifies the ID token of a refresh response, which must agree with the claims of the login
    /// (OpenID Connect Core §12.2). A warning is a fault that does not say that the tokens are another user's.
    pub(crate) async fn verify_refreshed_id_token(
        &self,
        id_token: &str,
        access_token: &Secret,
        login: &Claims,
    ) -> Result<Option<RefreshedWarning>> {
        let expected =
            ExpectedIdToken { access_token: Some(access_token), ..ExpectedIdToken::default() };
        let curable = |error: &RefreshedError| match error {
            RefreshedError::IdToken(cause) => cause.may_be_cured_by_new_keys(),
            _ => false,
        };
        self.verify_with_rules(id_token, expected, curable, |keys, rules| {
            refreshed_id_token::verify(id_token, keys, rules, login)
        })
        .await
    }

    /// Verifies a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6), with the keys and algorithms of
    /// ID tokens.
    pub(crate) async fn verify_logout_token(&self, logout_token: &str) -> Result<LogoutToken> {
        let logout_token = &*self.decrypted(logout_token, Encrypted::LogoutToken)?;
        let expected = ExpectedIdToken::default();
        let curable = LogoutTokenError::may_be_cured_by_new_keys;
        self.verify_with_rules(logout_token, expected, curable, |keys, rules| {
            logout_token::verify(logout_token, keys, rules)
        })
        .await
    }

    /// Verifies signed user info (OpenID Connect Core §5.3.2): with its own algorithm, if one is configured, and
    /// otherwise as ID tokens.
    pub(crate) async fn verify_userinfo(&self, jwt: &str) -> Result<Claims> {
        let jwt = &*self.decrypted(jwt, Encrypted::UserInfo)?;
        let curable = SignedUserInfoError::may_be_cured_by_new_keys;
        let expected = ExpectedIdToken::default();
        let Some(algorithm) = self.settings.userinfo_alg else {
            let verify =
                |keys: &JwkSet, rules: &Rules<'_>| signed_user_info::verify(jwt, keys, rules);
            return self.verify_with_rules(jwt, expected, curable, verify).await;
        };
        let algorithms = [algorithm];
        let rules = self.rules(&algorithms, expected);
        let verify = |keys: &JwkSet| signed_user_info::verify(jwt, keys, &rules);
        self.verify_with_provider_keys(jwt, curable, verify).await
    }

    async fn verify_with_rules<T, E>(
        &self,
        id_token: &str,
        expected: ExpectedIdToken<'_>,
        is_curable: impl Fn(&E) -> bool,
        verify: impl Fn(&JwkSet, &Rules<'_>) -> Result<T, E>,
    ) -> Result<T>
    where
        Error: From<E>,
    {
        let metadata = self.metadata().await?;
        let algorithms = self.id_token_algorithms(metadata.as_deref())?;
        let rules = self.rules(&algorithms, expected);
        self.verify_with_keys(id_token, is_curable, |keys| verify(keys, &rules)).await
    }

    fn rules<'a>(
        &'a self,
        algorithms: &'a [Algorithm],
        expected: ExpectedIdToken<'a>,
    ) -> Rules<'a> {
        Rules {
            issuers: &self.settings.issuers,
            client_id: &self.settings.client_id,
            algorithms,
            nonce: expected.nonce,
            max_age: expected.max_age,
            access_token: expected.access_token.map(Secret::expose),
            asked_at: expected.requested_at,
            now: self.clock.now(),
            clock_skew: self.settings.clock_skew,
            front_channel: expected.front_channel,
        }
    }

    /// The algorithms that an ID token may be signed with: the configured one; otherwise the
    /// asymmetric ones of the metadata; otherwise RS256 (OpenID Connect Core §3.1.3.7 steps 7 and 8).
    fn id_token_algorithms(
        &self,
        metadata: Option<&ServerMetadata>,
    ) -> Result<Cow<'_, [Algorithm]>> {
        if self.settings.id_token_alg.is_some() {
            return Ok(self.settings.id_token_alg.as_slice().into());
        }
        let listed = metadata.and_then(|m| m.id_token_signing_alg_values_supported.as_ref());
        let default = listed.is_none().then_some(Algorithm::Rs256);
        let listed = listed.map_or(&[][..], Vec::as_slice);
        let usable: Vec<_> = default
            .into_iter()
            .chain(listed.iter().filter_map(|name| Algorithm::from_name(name)))
            .filter(|algorithm| !algorithm.is_symmetric() && self.settings.allows(*algorithm))
            .collect();
        if usable.is_empty() {
            let check = format!(
                "the provider's `id_token_signing_alg_values_supported` ({}) has no supported \
                 public-key algorithm",
                clipped(&listed.join(", "))
            );
            let hint = match self.settings.profile {
                Some(_) => "the client's `profile` allows PS256, ES256 and EdDSA only",
                None => "for HS256 with the client secret, set `id_token_signed_response_alg`",
            };
            return Err(Error::new(ErrorKind::InvalidResponse, check).with_hint(hint));
        }
        Ok(usable.into())
    }
}
