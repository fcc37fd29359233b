//! The callback (RFC 6749 §4.1.2): which login it belongs to, and the token that it leads to.

use std::time::Duration;

use serde_json::{Map, Value};

use super::front_channel::FrontChannel;
use super::pending::{PendingLogin, Purpose};
use crate::config::{Profile, ResponseMode, is_openid};
use crate::error::{Error, ErrorKind, Result, clipped};
use crate::jose::claims::Claims;
use crate::numeric_date::from_unix_seconds;
use crate::oauth2::authorization::{AuthorizationResponse, ExpectedCallback};
use crate::oauth2::dpop::DpopKey;
use crate::oauth2::grant::Grant;
use crate::oauth2::{Token, UserInfo, implicit, jwt_authorization_response};
use crate::oidc::id_token::{FrontChannelHashes, IdTokenError};
use crate::params::{Params, RepeatedParam};
use crate::provider_documents::{Encrypted, ExpectedIdToken};
use crate::secret::Secret;

/// The longest `state` in a JWT, in bytes.
const MAX_STATE: usize = 512;

impl FrontChannel {
    /// What identifies the pending login in a callback: the `state`, or in OAuth 1.0a the token.
    ///
    /// In a JWT it is not verified yet: it only says which login the whole response is compared with.
    pub(crate) fn callback_state(&self, callback: &Params) -> Result<Option<String>> {
        let malformed = |cause: RepeatedParam| {
            let check = format!("the callback is malformed: {cause}");
            Error::new(ErrorKind::InvalidCallback, check)
        };
        let settings = self.settings();
        if settings.is_oauth1() {
            return Self::oauth1_callback_state(callback);
        }
        let state = callback.only("state").map_err(malformed)?.filter(|state| !state.is_empty());
        if state.is_none() && settings.response_mode.is_some_and(ResponseMode::is_jwt) {
            let jwt = callback.only(jwt_authorization_response::PARAMETER).map_err(malformed)?;
            let documents = self.endpoints.documents();
            let opened = jwt.map(|jwt| documents.decrypted(jwt, Encrypted::AuthorizationResponse));
            let opened = opened.transpose().unwrap_or_default();
            let state = opened.and_then(|jwt| jwt_authorization_response::peek_state(&jwt));
            return Ok(state.filter(|state| (1..=MAX_STATE).contains(&state.len())));
        }
        Ok(state.map(ToOwned::to_owned))
    }

    /// Whether the authorization response is in the fragment of the callback's URL.
    pub(crate) fn has_fragment_response(&self) -> bool {
        let settings = self.settings();
        !settings.is_oauth1()
            && ResponseMode::is_fragment(settings.response_mode, settings.response_type)
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
        let response = self.authorization_response(&pending, callback).await?;
        let (requested, params) = &response;
        let front = self.front_channel_claims(requested, params, &pending).await?;
        let Some(code) = &requested.code else {
            return self.token_without_code(&response, &pending, front).await;
        };
        let verifier = pending.code_verifier.as_ref();
        let grant = Grant::authorization_code(code, &pending.redirect_uri, verifier);
        let own_key = pending.dpop_key.clone().map(DpopKey::of_text);
        let constraint = self.endpoints.constraint(own_key.as_ref()).await?;
        let mut token = self.endpoints.request_token(&grant, &pending.scope, &constraint).await?;
        let id_token = self.verify_id_token(&token, &pending).await?;
        if let Some(claims) = &id_token {
            self.check_id_token_issuer(requested, claims)?;
            check_same_user(front.as_ref(), claims)?;
            check_acr(pending.acr.as_deref(), claims)?;
        }
        if id_token.is_none() {
            // An ID token that was not requested is not verified: it must not be used later.
            token.id_token = None;
        }
        token.claims = self.fetch_identity(&token, id_token).await?.map(UserInfo::new);
        Ok(token)
    }

    /// The checked response, and its parameters: those of the callback, or of the JWT in it.
    async fn authorization_response(
        &self,
        pending: &PendingLogin,
        callback: &Params,
    ) -> Result<(AuthorizationResponse, Params)> {
        let settings = self.settings();
        let metadata = self.endpoints.documents().metadata().await?;
        let is_jwt = pending.response_mode.is_some_and(ResponseMode::is_jwt);
        let params = if is_jwt {
            let jwt = jwt_authorization_response::jwt_of(callback)?;
            self.endpoints.documents().verify_authorization_response(jwt).await?
        } else {
            callback.clone()
        };
        let expected = ExpectedCallback {
            state: &pending.state,
            issuers: &settings.issuers,
            // The JWT always has it, and a verified ID token stands in for it (RFC 9700 §4.4.2.1).
            iss_required: is_jwt
                // FAPI 2.0 Security Profile §5.3.3.2.
                || settings.profile.is_some_and(Profile::is_fapi2)
                || metadata.is_some_and(|metadata| {
                    metadata.authorization_response_iss_parameter_supported
                        && !pending.response_type.has_id_token()
                }),
            response_type: pending.response_type,
        };
        let mut response = AuthorizationResponse::check(&params, &expected).map_err(|error| {
            let code = error.provider_error().map(|provider| provider.error.as_str());
            if code == Some("consent_required") && !pending.is_silent {
                // The provider did ask, and the user refused: some servers have no better word.
                return error.with_kind(ErrorKind::AccessDenied);
            }
            settings.with_denial(error)
        })?;
        if let Some(id_token) = response.id_token.take() {
            let opened =
                self.endpoints.documents().decrypted(id_token.expose(), Encrypted::IdToken)?;
            response.id_token = Some(Secret::new(opened));
        }
        Ok((response, params))
    }

    /// The claims of the response's own ID token, if one was requested (OpenID Connect Core §3.2.2.11, §3.3.2.12).
    /// It is verified before anything else is sent.
    async fn front_channel_claims(
        &self,
        response: &AuthorizationResponse,
        params: &Params,
        pending: &PendingLogin,
    ) -> Result<Option<Claims>> {
        let Some(id_token) = &response.id_token else { return Ok(None) };
        let access_token = params.only("access_token").ok().flatten().map(Secret::new);
        let expected = ExpectedIdToken {
            nonce: pending.nonce.as_ref().map(Secret::expose),
            access_token: access_token.as_ref(),
            max_age: pending.max_age.map(Duration::from_secs),
            requested_at: from_unix_seconds(pending.started_at),
            front_channel: Some(FrontChannelHashes {
                code: response.code.as_ref().map(Secret::expose),
                state: pending.state.expose(),
                requires_at_hash: pending.response_type.has_token(),
                requires_s_hash: self.settings().requires_s_hash,
            }),
        };
        let documents = self.endpoints.documents();
        let claims = documents.verify_id_token(id_token.expose(), expected).await?;
        self.check_id_token_issuer(response, &claims)?;
        Ok(Some(claims))
    }

    fn check_id_token_issuer(
        &self,
        response: &AuthorizationResponse,
        claims: &Claims,
    ) -> Result<()> {
        let iss = claims.required_text("iss").map_err(IdTokenError::from)?;
        response.check_issuer(iss, &self.settings().issuers)
    }

    /// The token of a response without a code (OpenID Connect Core §3.2.2.5). With an ID token alone, there is no
    /// access token.
    async fn token_without_code(
        &self,
        (response, params): &(AuthorizationResponse, Params),
        pending: &PendingLogin,
        claims: Option<Claims>,
    ) -> Result<Token> {
        let mut token = if pending.response_type.has_token() {
            let scope = Some(pending.scope.as_str()).filter(|scope| !scope.is_empty());
            implicit::front_channel_token(params, self.endpoints.now(), scope)?
        } else {
            Token::bearer(Secret::default())
        };
        if let Some(claims) = &claims {
            check_acr(pending.acr.as_deref(), claims)?;
        }
        token.id_token.clone_from(&response.id_token);
        token.claims = match pending.response_type.has_token() {
            true => self.fetch_identity(&token, claims).await?.map(UserInfo::new),
            false => claims.map(Claims::into_map).map(UserInfo::new),
        };
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
            front_channel: None,
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
            let mut claims = id_token.map(Claims::into_map);
            if let Some(claims) = &mut claims {
                self.endpoints.add_distributed_claims(claims).await;
            }
            return Ok(claims);
        };
        let response = self.endpoints.request_userinfo(&url, token).await?;
        let sub = id_token.as_ref().map(|claims| claims.text("sub")).transpose();
        let sub = sub.map_err(IdTokenError::from)?.flatten();
        let mut claims = self.endpoints.parse_userinfo(&response, token, sub).await?;
        if let Some(id_token) = id_token {
            // Signed claims take precedence over unsigned ones.
            claims.extend(id_token.into_map());
        }
        self.endpoints.add_distributed_claims(&mut claims).await;
        Ok(Some(claims))
    }
}

/// Checks the `acr` that was requested as essential (OpenID Connect Core §5.5.1.1).
fn check_acr(requested: Option<&[String]>, claims: &Claims) -> Result<()> {
    let Some(requested) = requested else { return Ok(()) };
    let acr = claims.text("acr").map_err(IdTokenError::from)?;
    if acr.is_some_and(|acr| requested.is_empty() || requested.iter().any(|one| one == acr)) {
        return Ok(());
    }
    let check = match acr {
        Some(acr) => format!(
            "the ID token's `acr` is {:?}, none of those that were requested as essential (OpenID Connect Core §5.5.1.1)",
            clipped(acr)
        ),
        None => "the ID token has no `acr`, although it was requested as essential (OpenID Connect Core §5.5.1.1)"
            .to_owned(),
    };
    Err(Error::new(ErrorKind::InvalidIdToken, check)
        .with_hint("the user must log in at the provider in a stronger way"))
}

/// Checks that both ID tokens of a login are about one user (OpenID Connect Core §3.3.3.6).
fn check_same_user(front: Option<&Claims>, claims: &Claims) -> Result<()> {
    let Some(front) = front else { return Ok(()) };
    for name in ["iss", "sub"] {
        let texts = (front.required_text(name), claims.required_text(name));
        if let (Ok(front), Ok(back)) = texts
            && front == back
        {
            continue;
        }
        let check = format!(
            "`{name}` of the ID token in the callback differs from that in the token response (OpenID Connect \
             Core §3.3.3.6)"
        );
        return Err(Error::new(ErrorKind::InvalidIdToken, check));
    }
    Ok(())
}
