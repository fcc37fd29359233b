//! A registered client that speaks OAuth 1.0a (RFC 5849): its logins, and its signed requests.

use serde_json::{Map, Value};
use url::Url;

use crate::app::{AuthorizeOptions, PendingLogin, RegisteredClient};
use crate::config::{OAuth1Method, OAuth1Settings};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::message::{Request, json_get};
use crate::numeric_date::unix_seconds;
use crate::oauth1::authenticated_request::{OUT_OF_BAND, Signing};
use crate::oauth1::authorization::{Authorization, authorization_url, callback_token};
use crate::oauth1::credentials::TokenCredentials;
use crate::oauth1::temporary_credentials::{
    TemporaryCredentials, parse_temporary_credentials_response, temporary_request,
};
use crate::oauth1::token_credentials::{parse_token_response, token_request};
use crate::oauth1::{self, SignatureMethod};
use crate::oauth2::Token;
use crate::oidc::user_info::parse_userinfo_response;
use crate::params::Params;
use crate::secret::Secret;

/// The `token_type` of an OAuth 1.0a token in a store, so that it is never sent as a bearer token.
pub(crate) const TOKEN_TYPE: &str = "OAuth1";

/// What a signature is made for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Signed<'a> {
    pub(crate) token: Option<TokenCredentials<'a>>,
    pub(crate) callback: Option<&'a str>,
    pub(crate) verifier: Option<&'a Secret>,
}

impl RegisteredClient {
    /// The settings of OAuth 1.0a, if the client speaks it.
    pub(crate) fn oauth1(&self) -> Option<&OAuth1Settings> {
        self.inner.settings.oauth1()
    }

    pub(crate) fn demand_oauth1(&self) -> Result<&OAuth1Settings> {
        self.oauth1().ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, "the client does not speak OAuth 1.0a")
                .with_hint("set `request_token_url`")
        })
    }

    /// The request with a signature, which is good once: each has a nonce of its own.
    pub(crate) fn sign(&self, request: Request, what: Signed<'_>) -> Result<Request> {
        let settings = self.demand_oauth1()?;
        let nonce = self.unguessable()?;
        let method = match settings.method {
            OAuth1Method::Known(method) => method,
            OAuth1Method::Custom(_) => SignatureMethod::default(),
        };
        let signing = Signing {
            client: &settings.credentials,
            token: what.token,
            method,
            placement: settings.placement,
            realm: settings.realm.as_deref(),
            nonce: &nonce,
            now: self.now(),
            callback: what.callback,
            verifier: what.verifier,
        };
        let OAuth1Method::Custom(custom) = &settings.method else {
            return signing.sign(request);
        };
        let unsigned = signing.unsigned(request, custom.name(), method.hash())?;
        let token_secret = what.token.map(|token| token.secret);
        let base_string = unsigned.base_string().expose();
        let signature = custom.sign(base_string, settings.secret(), token_secret)?;
        unsigned.with_signature(&signature)
    }

    /// Temporary credentials for one login (RFC 5849 §2.1).
    pub(crate) async fn temporary(&self, callback: &str) -> Result<TemporaryCredentials> {
        let settings = self.demand_oauth1()?;
        let registered = self.inner.settings.endpoints.get(Endpoint::RequestToken);
        let endpoint = self.endpoint("request_token_url", registered, None)?;
        let request = temporary_request(&endpoint, &settings.request_token_params);
        let what = Signed { callback: Some(callback), ..Signed::default() };
        let request = self.sign(request, what)?;
        let what = "the request for temporary credentials";
        let response = self.inner.driver.send(what, request).await?;
        parse_temporary_credentials_response(&response, settings.confirmation)
    }

    /// Where the browser is sent with temporary credentials (RFC 5849 §2.2).
    pub(crate) fn oauth1_url(&self, token: &Secret, options: &Params) -> Result<Url> {
        let settings = &self.inner.settings;
        let registered = settings.endpoints.get(Endpoint::Authorization);
        let endpoint = self.endpoint("authorization_endpoint", registered, None)?;
        let mut extra = settings.authorize_params.clone();
        for (name, value) in options.iter() {
            extra.set(name, value);
        }
        authorization_url(&endpoint, token, &extra)
    }

    /// Trades temporary credentials and the verifier for a token (RFC 5849 §2.3).
    pub(crate) async fn oauth1_token(
        &self,
        temporary: TokenCredentials<'_>,
        verifier: &Secret,
    ) -> Result<Token> {
        let endpoint = self.token_endpoint(None)?;
        let request = token_request(&endpoint, &self.inner.settings.access_token_params);
        let what = Signed { token: Some(temporary), verifier: Some(verifier), ..Signed::default() };
        let request = self.sign(request, what)?;
        let response = self.inner.driver.send("the token request", request).await?;
        Ok(self.kept(parse_token_response(&response)?))
    }

    /// The start of a login.
    pub(in crate::app) async fn start_oauth1(
        &self,
        options: AuthorizeOptions,
    ) -> Result<(Url, PendingLogin)> {
        let settings = &self.inner.settings;
        let asked = options.redirect_uri.as_deref().or(settings.redirect_uri.as_deref());
        let redirect_uri = match asked {
            None | Some(OUT_OF_BAND) if !settings.is_interactive() => OUT_OF_BAND.to_owned(),
            asked => self.redirect_uri(asked)?,
        };
        let temporary = self.temporary(&redirect_uri).await?;
        let url = self.oauth1_url(&temporary.token, &options.params)?;
        let pending = PendingLogin {
            client: self.name().to_owned(),
            issuer: None,
            state: temporary.token,
            nonce: None,
            code_verifier: None,
            token_secret: Some(temporary.secret),
            redirect_uri,
            scope: String::new(),
            max_age: None,
            started_at: unix_seconds(self.now()),
            next: options.next,
            data: options.data,
        };
        Ok((url, pending))
    }

    /// The end of a login; the record was checked to be this client's and in time.
    pub(in crate::app) async fn finish_oauth1(
        &self,
        pending: PendingLogin,
        callback: &Params,
    ) -> Result<Token> {
        let authorization = Authorization::check(callback, &pending.state)?;
        let secret = pending.token_secret.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::InvalidCallback, "the login was no OAuth 1.0a login")
        })?;
        let temporary = TokenCredentials { token: &pending.state, secret };
        let mut token = self.oauth1_token(temporary, &authorization.verifier).await?;
        if self.inner.settings.fetch_userinfo
            && let Some(endpoint) = self.inner.settings.endpoints.get(Endpoint::UserInfo)
        {
            let user = self.oauth1_userinfo(endpoint, &token).await?;
            let claims = token.claims.get_or_insert_default();
            claims.extend(user);
        }
        Ok(token)
    }

    /// What the provider says of the token's user: the one that the token answer named, if it named one.
    pub(crate) async fn oauth1_userinfo(
        &self,
        endpoint: &Url,
        token: &Token,
    ) -> Result<Map<String, Value>> {
        let what = Signed { token: Some(credentials(token)?), ..Signed::default() };
        let request = self.sign(json_get(endpoint), what)?;
        let response = self.inner.driver.send("the user info request", request).await?;
        let user = parse_userinfo_response(&response, None, self.inner.settings.subject_claim())?;
        let known = token.claims.as_ref().and_then(|claims| claims.get("sub"));
        if known.is_some_and(|sub| user.get("sub") != Some(sub)) {
            let check = "the user info is about another user than the token answer named";
            return Err(
                Error::new(ErrorKind::InvalidResponse, check).with_hint("check `subject_claim`")
            );
        }
        Ok(user)
    }

    /// An OAuth 1.0a token in the form in which stores keep tokens. What the answer said beside it is
    /// what is known of the user.
    pub(crate) fn kept(&self, token: oauth1::Token) -> Token {
        let members: Map<_, _> = token
            .extra()
            .iter()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect();
        let mut claims = members.clone();
        if let Some(sub) = self.inner.settings.subject_claim.as_ref().and_then(|c| members.get(c)) {
            claims.insert("sub".to_owned(), sub.clone());
        } else {
            // Whatever it is called there, nobody said that it names the user.
            claims.remove("sub");
        }
        let mut kept = Token::bearer(token.oauth_token);
        TOKEN_TYPE.clone_into(&mut kept.token_type);
        kept.token_secret = Some(token.oauth_token_secret);
        kept.claims = Some(claims);
        kept.extra = members;
        kept
    }

    /// Whether a callback says that a login came to nothing and not which: in OAuth 1.0a the problem
    /// reporting extension asks for no token. Then the newest login is the one.
    pub(crate) fn is_nameless_problem(&self, callback: &Params) -> bool {
        self.oauth1().is_some() && callback.contains("oauth_problem")
    }

    /// What names the pending login in a callback: the `state`, or in OAuth 1.0a the token.
    pub(crate) fn callback_state(&self, callback: &Params) -> Result<Option<String>> {
        let state = if self.oauth1().is_some() {
            callback_token(callback)?
        } else {
            callback.only("state").map_err(|cause| {
                Error::new(
                    ErrorKind::InvalidCallback,
                    format!("the callback is malformed: {cause}"),
                )
            })?
        };
        Ok(state.filter(|state| !state.is_empty()).map(ToOwned::to_owned))
    }
}

/// The credentials of a token that a store kept.
pub(crate) fn credentials(token: &Token) -> Result<TokenCredentials<'_>> {
    match &token.token_secret {
        Some(secret) if token.token_type == TOKEN_TYPE => {
            Ok(TokenCredentials { token: &token.access_token, secret })
        }
        _ => Err(Error::new(ErrorKind::Unauthenticated, "the stored token is no OAuth 1.0a token")
            .with_hint("the user must log in again")),
    }
}
