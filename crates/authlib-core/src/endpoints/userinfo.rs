//! The user info endpoint (OpenID Connect Core §5.3), and its counterparts at providers of
//! OAuth 2.0 and OAuth 1.0a.

use serde_json::{Map, Value};
use url::Url;

use super::client::{EndpointClient, ensure_origin};
use super::dpop::url_of;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{RequestHook, ResponseHook};
use crate::message::{Request, Response, SourceUri, json_get, with_source};
use crate::oauth2::Token;
use crate::oauth2::dpop::is_nonce_challenge;
use crate::oidc::signed_user_info::{accept_signed_response, signed_user_info};
use crate::oidc::user_info::{
    UserInfoMethod, about_subject, name_claims, parse_emails_response, parse_userinfo_response,
    userinfo_request,
};

impl EndpointClient {
    /// The URL from which the user's claims are fetched at login, unless `fetch_userinfo` is off or the
    /// provider has none.
    pub(crate) async fn login_userinfo_url(&self) -> Result<Option<Url>> {
        let url = self.documents().find_endpoint(Endpoint::UserInfo).await?;
        Ok(url.filter(|_| self.settings().fetch_userinfo))
    }

    /// The response to one request with `token`, whatever its status.
    pub(crate) async fn request_userinfo(&self, url: &Url, token: &Token) -> Result<Response> {
        let what = Endpoint::UserInfo.request_name();
        let response = if self.settings().is_oauth1() {
            let request = self.sign_with(json_get(url), Some(token))?;
            // Not sent again as it is: its nonce can be used once (RFC 5849 §3.3).
            self.exchange().send(what, request).await?
        } else {
            let mut request = {
                let (location, method) =
                    (self.settings().token_location, self.settings().userinfo_method);
                userinfo_request(url, token, location, method)?
            };
            if self.settings().requires_signed_userinfo() {
                accept_signed_response(&mut request);
            }
            let request = self.run_userinfo_hooks(url, request).await?;
            self.fetch_userinfo(request, token).await?
        };
        let hooks = &self.settings().extensions.hooks;
        hooks.responses.run(ResponseHook::UserInfoResponse, response).await
    }

    /// Runs the client's hooks. They may change the path and the query, but the token is sent to the same origin only.
    async fn run_userinfo_hooks(&self, url: &Url, request: Request) -> Result<Request> {
        let hooks = &self.settings().extensions.hooks.requests;
        let request = hooks.run(RequestHook::UserInfoRequest, request).await?;
        ensure_origin(&request, &url.origin(), Endpoint::UserInfo)?;
        Ok(request)
    }

    /// The response to a request with a token and its proof, and with another proof if the server wants its nonce in
    /// it (RFC 9449 §9).
    async fn fetch_userinfo(&self, mut request: Request, token: &Token) -> Result<Response> {
        let what = Endpoint::UserInfo.request_name();
        let constraint = self.constraint_of(token).await?;
        if !constraint.has_key() {
            return self.exchange().fetch(what, request).await;
        }
        let url = url_of(&request)?;
        let mut is_second = false;
        loop {
            self.add_proof(&mut request, &constraint, Some(&token.access_token)).await?;
            let response = self.exchange().send(what, request.clone()).await?;
            let has_nonce = self.keep_nonce(&url, response.headers());
            let wants_nonce = is_nonce_challenge(response.status(), response.headers());
            if is_second || !has_nonce || !wants_nonce {
                return Ok(response);
            }
            is_second = true;
        }
    }

    /// The claims of a user info response, as [`verified_userinfo`](Self::verified_userinfo) returns them, with standard
    /// names and the verified e-mail address.
    pub(crate) async fn parse_userinfo(
        &self,
        response: &Response,
        token: &Token,
        sub: Option<&str>,
    ) -> Result<Map<String, Value>> {
        let mut claims = self.verified_userinfo(response, sub).await?;
        name_claims(&mut claims, &self.settings().userinfo_claims);
        if let Some(url) = self.emails_url(response) {
            match self.fetch_verified_email(&url, token).await {
                Ok(Some(email)) => {
                    claims.insert("email".to_owned(), email.into());
                    claims.insert("email_verified".to_owned(), true.into());
                }
                Ok(None) => tracing::debug!("the user has no primary and verified e-mail address"),
                Err(error) => {
                    let client = &self.settings().name;
                    tracing::warn!(client, error = %error.report(), "no verified e-mail address");
                }
            }
        }
        Ok(claims)
    }

    /// The list of e-mail addresses, if it is at the origin of the user info. Elsewhere it is not that of a configured
    /// test server, and the token is not sent to it.
    fn emails_url(&self, userinfo: &Response) -> Option<Url> {
        let url = self.settings().endpoints.get(Endpoint::Emails)?;
        let SourceUri(source) = userinfo.extensions().get()?;
        let source = Url::parse(&source.to_string()).ok()?;
        (source.origin() == url.origin()).then(|| url.clone())
    }

    async fn fetch_verified_email(&self, url: &Url, token: &Token) -> Result<Option<String>> {
        let location = self.settings().token_location;
        let request = userinfo_request(url, token, location, UserInfoMethod::Get)?;
        let response = self.fetch_userinfo(request, token).await?;
        with_source(parse_emails_response(&response), &response)
    }

    /// The claims of a user info response, signed (OpenID Connect Core §5.3.2) or not. It must be about `sub`, the
    /// user whom the provider named before, if it did.
    async fn verified_userinfo(
        &self,
        response: &Response,
        sub: Option<&str>,
    ) -> Result<Map<String, Value>> {
        let settings = self.settings();
        if !settings.is_oauth1() {
            let required = settings.requires_signed_userinfo();
            let claims = match with_source(signed_user_info(response, required), response)? {
                Some(jwt) => self.documents().verify_userinfo(jwt).await?.into_map(),
                None => with_source(parse_userinfo_response(response), response)?,
            };
            return with_source(about_subject(claims, sub, settings.subject_claim()), response);
        }
        // In OAuth 1.0a the user's id has the name that `subject_claim` says in both responses.
        let claims = with_source(parse_userinfo_response(response), response)?;
        let claims = about_subject(claims, None, settings.subject_claim());
        let claims = with_source(claims, response)?;
        if sub.is_some() && claims.get("sub").and_then(Value::as_str) != sub {
            let check = "the user info is about another user than the token response";
            return Err(
                Error::new(ErrorKind::InvalidResponse, check).with_hint("check `subject_claim`")
            );
        }
        Ok(claims)
    }
}
