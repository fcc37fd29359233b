//! The token request over the wire.

use std::time::SystemTime;

use url::Url;

use super::Driver;
use crate::error::Result;
use crate::oauth2::grant::Grant;
use crate::oauth2::token::{token_answer, token_request};
use crate::oauth2::{AuthMethod, Token};
use crate::params::Params;
use crate::secret::Secret;

/// The client as the token endpoint knows it.
#[derive(Debug)]
pub(crate) struct TokenClient<'a> {
    pub(crate) endpoint: &'a Url,
    pub(crate) client_id: &'a str,
    pub(crate) client_secret: Option<&'a Secret>,
    pub(crate) method: AuthMethod,
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
    let request =
        token_request(client.endpoint, form, client.method, client.client_id, client.client_secret);
    let response = driver.send("the token request", request).await?;
    token_answer(&response, now, asked_scope)
}
