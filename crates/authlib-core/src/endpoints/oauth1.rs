//! OAuth 1.0a (RFC 5849): signed requests, temporary credentials and token credentials.

use serde_json::{Map, Value};

use super::client::EndpointClient;
use crate::config::{OAuth1Method, OAuth1Settings};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::message::{Request, with_source};
use crate::oauth1::authenticated_request::Signing;
use crate::oauth1::credentials::TokenCredentials;
use crate::oauth1::temporary_credentials::{
    TemporaryCredentials, parse_temporary_credentials_response, temporary_request,
};
use crate::oauth1::token_credentials::{parse_token_response, token_request};
use crate::oauth1::{self, SignatureMethod};
use crate::oauth2::{Token, UserInfo};
use crate::secret::Secret;

/// The `token_type` of an OAuth 1.0a token in a store, so that it is never sent as a bearer token.
const TOKEN_TYPE: &str = "OAuth1";

/// The protocol parameters of a signed request beside those of every request.
#[derive(Clone, Copy, Default)]
struct SignedParams<'a> {
    token: Option<TokenCredentials<'a>>,
    callback: Option<&'a str>,
    verifier: Option<&'a Secret>,
}

impl EndpointClient {
    /// The OAuth 1.0a settings.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] if this is an OAuth 2.0 client.
    pub(crate) fn require_oauth1(&self) -> Result<&OAuth1Settings> {
        self.settings().oauth1().ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, "this is not an OAuth 1.0a client")
                .with_hint("set `request_token_url`")
        })
    }

    /// The request with a signature, which is valid once: each has its own nonce.
    fn sign(&self, request: Request, params: SignedParams<'_>) -> Result<Request> {
        let settings = self.require_oauth1()?;
        let nonce = self.random_secret()?;
        let method = match settings.method {
            OAuth1Method::Known(method) => method,
            OAuth1Method::Custom(_) => SignatureMethod::default(),
        };
        let signing = Signing {
            client: &settings.credentials,
            token: params.token,
            method,
            placement: settings.placement,
            realm: settings.realm.as_deref(),
            nonce: &nonce,
            now: self.now(),
            callback: params.callback,
            verifier: params.verifier,
        };
        let OAuth1Method::Custom(custom) = &settings.method else {
            return signing.sign(request);
        };
        let unsigned = signing.unsigned(request, custom.name(), method.hash())?;
        let token_secret = params.token.map(|token| token.secret);
        let base_string = unsigned.base_string().expose();
        let signature = custom.sign(base_string, settings.secret(), token_secret)?;
        unsigned.with_signature(&signature)
    }

    /// The request with a signature by `token`, or in the client's own name (RFC 5849 §3.1).
    pub(crate) fn sign_with(&self, request: Request, token: Option<&Token>) -> Result<Request> {
        let token = token.map(token_credentials).transpose()?;
        self.sign(request, SignedParams { token, ..SignedParams::default() })
    }

    /// Temporary credentials for one login (RFC 5849 §2.1).
    pub(crate) async fn request_temporary_credentials(
        &self,
        callback: &str,
    ) -> Result<TemporaryCredentials> {
        let settings = self.require_oauth1()?;
        let url = self.documents().endpoint(Endpoint::RequestToken).await?;
        let request = temporary_request(&url, &settings.request_token_params);
        let params = SignedParams { callback: Some(callback), ..SignedParams::default() };
        let request = self.sign(request, params)?;
        let response = self.exchange().send(Endpoint::RequestToken.request_name(), request).await?;
        let parsed = parse_temporary_credentials_response(&response, settings.confirmation);
        with_source(parsed, &response)
    }

    /// Exchanges temporary credentials and the verifier for a token (RFC 5849 §2.3).
    pub(crate) async fn request_token_credentials(
        &self,
        temporary: TokenCredentials<'_>,
        verifier: &Secret,
    ) -> Result<Token> {
        let url = self.documents().endpoint(Endpoint::Token).await?;
        let request = token_request(&url, &self.settings().access_token_params);
        let (token, verifier) = (Some(temporary), Some(verifier));
        let request = self.sign(request, SignedParams { token, verifier, callback: None })?;
        let response = self.exchange().send(Endpoint::Token.request_name(), request).await?;
        let subject = self.settings().subject_claim.as_deref();
        let token = with_source(parse_token_response(&response, subject), &response)?;
        Ok(to_stored_token(token, subject))
    }
}

/// An OAuth 1.0a token in the form in which stores keep tokens. The other members of the token response
/// become its claims, of which `subject_claim` identifies the user.
pub(crate) fn to_stored_token(token: oauth1::Token, subject_claim: Option<&str>) -> Token {
    let members: Map<_, _> =
        token.extra().iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    let mut claims = members.clone();
    match subject_claim.and_then(|name| members.get(name)) {
        Some(sub) => drop(claims.insert("sub".to_owned(), sub.clone())),
        // A member called `sub` identifies the user only if `subject_claim` says so.
        None => drop(claims.remove("sub")),
    }
    let mut stored = Token::bearer(token.oauth_token);
    TOKEN_TYPE.clone_into(&mut stored.token_type);
    stored.token_secret = Some(token.oauth_token_secret);
    stored.claims = Some(UserInfo::new(claims));
    stored.extra = members;
    stored
}

/// A stored token as an OAuth 1.0a token.
pub(crate) fn from_stored_token(stored: &Token) -> Result<oauth1::Token> {
    let credentials = token_credentials(stored)?;
    let mut token = oauth1::Token::new(credentials.token.clone(), credentials.secret.clone());
    for (name, value) in &stored.extra {
        token.extra.push(name, value.as_str().unwrap_or_default());
    }
    Ok(token)
}

/// The credentials of a stored token.
fn token_credentials(token: &Token) -> Result<TokenCredentials<'_>> {
    match &token.token_secret {
        Some(secret) if token.token_type == TOKEN_TYPE => {
            Ok(TokenCredentials { token: &token.access_token, secret })
        }
        _ => {
            let check = "the stored token is not an OAuth 1.0a token";
            Err(Error::new(ErrorKind::Unauthenticated, check)
                .with_hint("the user must log in again"))
        }
    }
}
