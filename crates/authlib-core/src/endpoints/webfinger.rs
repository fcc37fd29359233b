//! `WebFinger`: which issuer a user has (OpenID Connect Discovery 1.0 §2).

use crate::endpoint_url::HttpHosts;
use crate::error::Result;
use crate::http_exchange::HttpExchange;
use crate::message::with_source;
use crate::oidc::webfinger::{parse_webfinger_response, webfinger_request};

/// The issuer of a user's identifier.
pub(crate) async fn find_issuer(
    exchange: &HttpExchange,
    identifier: &str,
    http: &HttpHosts,
) -> Result<String> {
    let request = webfinger_request(identifier, http)?;
    let response = exchange.fetch("the WebFinger request", request).await?;
    with_source(parse_webfinger_response(&response, http), &response)
}
