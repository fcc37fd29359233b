//! The callback (RFC 6749 §4.1.2): which login it belongs to, and the token that it leads to.

use std::time::Duration;

use serde_json::{Map, Value};

use super::front_channel::FrontChannel;
use super::pending::{PendingLogin, Purpose};
use crate::config::is_openid;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::claims::Claims;
use crate::numeric_date::from_unix_seconds;
use crate::oauth1::authorization::{callback_token, reported_problem};
use crate::oauth2::authorization::{AuthorizationResponse, ExpectedCallback};
use crate::oauth2::grant::Grant;
use crate::oauth2::{Token, UserInfo};
use crate::oidc::id_token::IdTokenError;
use crate::params::Params;
use crate::provider_documents::ExpectedIdToken;
use crate::secret::Secret;

impl FrontChannel {
    /// What identifies the pending login in a callback: the `state`, or in OAuth 1.0a the token.
    pub(crate) fn callback_state(&self, callback: &Params) -> Result<Option<String>> {
        let state = if self.settings().is_oauth1() {
            callback_token(callback)?
        } else {
            callback.only("state").map_err(|cause| {
                let check = format!("the callback is malformed: {cause}");
                Error::new(ErrorKind::InvalidCallback, check)
            })?
        };
        Ok(state.filter(|state| !state.is_empty()).map(ToOwned::to_owned))
    }

    /// The OAuth 1.0a problem that a callback reports without naming the login: the problem reporting extension
    /// does not require the token.
    pub(crate) fn problem_without_state(&self, callback: &Params) -> Option<Error> {
        let problem = self.settings().is_oauth1().then(|| reported_problem(callback)).flatten()?;
        Some(self.settings().with_denial(problem))
    }

    /// Completes a login: checks the callback, redeems the code, verifies the ID token and fetches the
    /// user info (RFC 6749 §4.1.2 and §4.1.3, OpenID Connect Core §3.1.3).
    pub(crate) async fn fetch_access_token(
        &self,
        pending: PendingLogin,
        callback: &Params,
    ) -> Result<Token> {
        self.check_pending(&pending)?;
        let settings = self.settings();
        if settings.is_oauth1() {
            let fetched = self.fetch_oauth1_token(pending, callback).await;
            return fetched.map_err(|error| settings.with_denial(error));
        }
        let metadata = self.endpoints.documents().metadata().await?;
        let expected = ExpectedCallback {
            state: &pending.state,
            issuers: &settings.issuers,
            iss_required: metadata
                .is_some_and(|metadata| metadata.authorization_response_iss_parameter_supported),
        };
        let response = AuthorizationResponse::check(callback, &expected).map_err(|error| {
            let code = error.provider_error().map(|provider| provider.error.as_str());
            if code == Some("consent_required") && !pending.is_silent {
                // The provider did ask, and the user refused: some servers have no better word.
                return error.with_kind(ErrorKind::AccessDenied);
            }
            settings.with_denial(error)
        })?;
        let verifier = pending.code_verifier.as_ref();
        let grant = Grant::authorization_code(&response.code, &pending.redirect_uri, verifier);
        let mut token = self.endpoints.request_token(&grant, &pending.scope).await?;
        let id_token = self.verify_id_token(&token, &pending).await?;
        if let Some(claims) = &id_token {
            let iss = claims.required_text("iss").map_err(IdTokenError::from)?;
            response.check_issuer(iss, &settings.issuers)?;
        }
        if id_token.is_none() {
            // An ID token that was not requested is not verified: it must not be used later.
            token.id_token = None;
        }
        token.claims = self.fetch_identity(&token, id_token).await?.map(UserInfo::new);
        Ok(token)
    }

    fn check_pending(&self, pending: &PendingLogin) -> Result<()> {
        let refused = |check: &str| Error::new(ErrorKind::InvalidCallback, check);
        let settings = self.settings();
        if pending.client != settings.name || pending.issuer != settings.issuer {
            let check = "the callback belongs to a login that was started with another client";
            return Err(
                refused(check).with_hint("each client needs its own redirect URI (RFC 9700 §4.4)")
            );
        }
        if pending.purpose == Purpose::LogOut {
            return Err(refused("the callback belongs to a logout"));
        }
        if pending.implicit {
            let check = "the login was started with the implicit grant, whose response has no code";
            return Err(refused(check).with_hint("read the token with `token_from_fragment`"));
        }
        if pending.is_expired(self.endpoints.now()) {
            return Err(refused("the login was started more than 10 minutes ago")
                .with_hint("start the login again"));
        }
        Ok(())
    }

    /// The claims of the ID token, if the login requested one with the scope `openid`.
    async fn verify_id_token(
        &self,
        token: &Token,
        pending: &PendingLogin,
    ) -> Result<Option<Claims>> {
        if !is_openid(&pending.scope) {
            return Ok(None);
        }
        let Some(id_token) = &token.id_token else {
            let check = "the token response has no `id_token`, although the scope `openid` was \
                         requested (OpenID Connect Core §3.1.3.3)";
            return Err(Error::new(ErrorKind::InvalidResponse, check).with_hint(
                "if the provider does not support OpenID Connect, remove `openid` from `scope`",
            ));
        };
        let expected = ExpectedIdToken {
            nonce: pending.nonce.as_ref().map(Secret::expose),
            access_token: Some(&token.access_token),
            max_age: pending.max_age.map(Duration::from_secs),
            requested_at: from_unix_seconds(pending.started_at),
        };
        self.endpoints.documents().verify_id_token(id_token.expose(), expected).await.map(Some)
    }

    /// The user's claims: those of the ID token, and those of the user info that it does not have.
    async fn fetch_identity(
        &self,
        token: &Token,
        id_token: Option<Claims>,
    ) -> Result<Option<Map<String, Value>>> {
        let Some(url) = self.endpoints.login_userinfo_url().await? else {
            return Ok(id_token.map(Claims::into_map));
        };
        let response = self.endpoints.request_userinfo(&url, token).await?;
        let sub = id_token.as_ref().map(|claims| claims.text("sub")).transpose();
        let sub = sub.map_err(IdTokenError::from)?.flatten();
        let mut claims = self.endpoints.parse_userinfo(&response, sub).await?;
        if let Some(id_token) = id_token {
            // Signed claims take precedence over unsigned ones.
            claims.extend(id_token.into_map());
        }
        Ok(Some(claims))
    }
}
