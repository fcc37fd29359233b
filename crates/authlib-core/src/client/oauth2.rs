//! The token request over the wire.

use std::time::SystemTime;

use url::Url;

use super::Driver;
use crate::error::Result;
use crate::oauth2::Token;
use crate::oauth2::client_auth::Credentials;
use crate::oauth2::grant::Grant;
use crate::oauth2::token::{token_answer, token_request};
use crate::params::Params;

/// The client as the token endpoint knows it.
#[derive(Debug)]
pub(crate) struct TokenClient<'a> {
    pub(crate) endpoint: &'a Url,
    pub(crate) credentials: Credentials<'a>,
    /// Registered parameters, behind those of the grant.
    pub(crate) extra: &'a Params,
}

/// Sends one token request: never a second, which would spend the code or the refresh token.
pub(crate) async fn fetch_token(
    driver: &Driver,
    client: &TokenClient<'_>,
    grant: &Grant<'_>,
    asked_scope: Option<&str>,
    now: SystemTime,
) -> Result<Token> {
    let mut form = grant.form();
    form.extend(client.extra.clone());
    let request = token_request(client.endpoint, form, &client.credentials);
    let response = driver.send("the token request", request).await?;
    token_answer(&response, now, asked_scope)
}
