//! ID tokens, verified with the provider's keys: those of a login, and by
//! [`RegisteredClient::parse_id_token`] those that come another way.

use std::sync::Arc;
use std::time::Duration;

use crate::app::{PendingLogin, RegisteredClient};
use crate::config::is_openid;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::claims::Claims;
use crate::numeric_date::from_unix_seconds;
use crate::oauth2::Token;
use crate::oauth2::metadata::ServerMetadata;
use crate::oidc::UserInfo;
use crate::oidc::id_token::{self, IdTokenError, Rules};
use crate::secret::Secret;

impl RegisteredClient {
    /// Verifies an ID token that did not come by a login here, such as one that a mobile application
    /// got (OpenID Connect Core §3.1.3.7), and says who it is about. A login verifies its own.
    ///
    /// The token must be for this client: one whose `azp` is another client, such as the mobile one of
    /// the same project, is refused. Register that one and ask it.
    ///
    /// `nonce` is the one that was sent for it; without one, the token must have none. It is not held
    /// against an access token (`at_hash`): none is at hand.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidIdToken`] when it does not verify, [`ErrorKind::Transport`] and
    /// [`ErrorKind::InvalidResponse`] when metadata or keys can't be had.
    pub async fn parse_id_token(&self, id_token: &str, nonce: Option<&str>) -> Result<UserInfo> {
        self.verified_id_token(id_token, nonce, None).await
    }

    /// As [`parse_id_token`](Self::parse_id_token), of a token that came with an access token.
    pub(crate) async fn verified_id_token(
        &self,
        id_token: &str,
        nonce: Option<&str>,
        access_token: Option<&Secret>,
    ) -> Result<UserInfo> {
        let verified = async {
            let metadata = self.metadata().await?;
            let metadata = metadata.as_deref();
            let algorithms = self.id_token_algorithms(metadata)?;
            let rules = Rules {
                issuers: &self.inner.settings.issuers(),
                client_id: self.client_id(),
                algorithms: &algorithms,
                nonce,
                max_age: self.inner.settings.max_age,
                access_token: access_token.map(Secret::expose),
                asked_at: from_unix_seconds(0),
                now: self.now(),
            };
            let verify = |keys: &_| id_token::verify(id_token, keys, &rules);
            let curable = IdTokenError::may_be_cured_by_new_keys;
            self.verify_with_keys(id_token, metadata, curable, verify).await
        };
        let claims = verified.await.map_err(|error: Error| error.with_client(self.name()))?;
        Ok(UserInfo::new(claims.as_map().clone()))
    }

    /// The ID token's claims, where OpenID Connect was asked for.
    pub(crate) async fn verified_claims(
        &self,
        token: &Token,
        pending: &PendingLogin,
        metadata: Option<&Arc<ServerMetadata>>,
    ) -> Result<Option<Claims>> {
        if !is_openid(&pending.scope) {
            return Ok(None);
        }
        let Some(id_token) = &token.id_token else {
            return Err(Error::new(
                ErrorKind::InvalidResponse,
                "the token answer has no `id_token`, although `openid` was asked for \
                 (OpenID Connect Core §3.1.3.3)",
            )
            .with_hint(
                "the provider may not speak OpenID Connect: leave `openid` out of `scope` then",
            ));
        };
        let metadata = metadata.map(AsRef::as_ref);
        let algorithms = self.id_token_algorithms(metadata)?;
        let rules = Rules {
            issuers: &self.inner.settings.issuers(),
            client_id: self.client_id(),
            algorithms: &algorithms,
            nonce: pending.nonce.as_ref().map(Secret::expose),
            max_age: pending.max_age.map(Duration::from_secs),
            access_token: Some(token.access_token.expose()),
            asked_at: from_unix_seconds(pending.started_at),
            now: self.now(),
        };
        let text = id_token.expose();
        let verify = |keys: &_| id_token::verify(text, keys, &rules);
        let curable = IdTokenError::may_be_cured_by_new_keys;
        self.verify_with_keys(text, metadata, curable, verify).await.map(Some)
    }
}
