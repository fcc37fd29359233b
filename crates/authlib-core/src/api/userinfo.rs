//! The user info of a stored token, fetched anew.

use std::sync::Arc;

use serde_json::Value;

use super::send::{Attempt, Verdict, verdict};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::message::Response;
use crate::oauth2::{Token, UserInfo};
use crate::store::TokenOwner;
use crate::tokens::TokenManager;

/// Fetches the user info for the owner's token (OpenID Connect Core §5.3).
pub(crate) async fn userinfo(tokens: &Arc<TokenManager>, owner: &TokenOwner) -> Result<UserInfo> {
    let endpoints = tokens.endpoints();
    let url = endpoints.documents().endpoint(Endpoint::UserInfo).await?;
    let token = tokens.active_token(owner).await?;
    let mut attempt = Attempt::first(tokens, owner, token);
    let response = loop {
        let response = endpoints.request_userinfo(&url, attempt.token()).await?;
        let verdict = verdict(endpoints, attempt.token(), &url, &response);
        // The request was already sent with a new nonce, if the server wanted one.
        let is_rejected = verdict == Verdict::Rejected;
        let verdict = if is_rejected { verdict } else { Verdict::Accepted };
        if !attempt.needs_another(verdict).await? {
            break response;
        }
    };
    parse(tokens, attempt.token(), &response).await
}

/// Fetches the user info for a token at hand, which is neither refreshed nor stored.
pub(crate) async fn userinfo_with(tokens: &Arc<TokenManager>, token: &Token) -> Result<UserInfo> {
    let endpoints = tokens.endpoints();
    let url = endpoints.documents().endpoint(Endpoint::UserInfo).await?;
    let response = endpoints.request_userinfo(&url, token).await?;
    parse(tokens, token, &response).await
}

async fn parse(tokens: &TokenManager, token: &Token, response: &Response) -> Result<UserInfo> {
    let endpoints = tokens.endpoints();
    // The user is known if the provider named them in an ID token, or in OAuth 1.0a's token response.
    let is_known = token.id_token.is_some() || endpoints.settings().is_oauth1();
    let login = token.claims.as_ref();
    let sub = login.and_then(|claims| claims.as_map().get("sub")).and_then(Value::as_str);
    let claims = endpoints.parse_userinfo(response, token, sub.filter(|_| is_known)).await?;
    let claims = UserInfo::new(claims);
    // Otherwise the login has the subject of the user info that was fetched then.
    if sub.is_some_and(|sub| sub != claims.sub()) {
        let check = "the user info is about another user than the login";
        return Err(Error::new(ErrorKind::InvalidResponse, check).with_hint(
            "check `subject_claim`: the member must identify the user and never change",
        ));
    }
    Ok(claims)
}
