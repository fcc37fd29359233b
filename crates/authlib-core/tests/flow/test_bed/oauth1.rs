//! [`TestBed`](super::TestBed) with an OAuth 1.0a client, and a standalone [`OAuth1Client`].

use authlib_core::oauth1::SignatureLocation;
use authlib_core::oauth1::SignatureMethod;
use authlib_core::{ClientConfig, OAuth1Client, Params};
use authlib_provider::{Endpoint, ProviderBuilder, TestClient};

use super::keys::RSA;
use super::{CALLBACK, ISSUER, ProviderHttp, TestBed};

/// A key and a secret that need percent-encoding in signatures.
pub(crate) const KEY: &str = "c&k";
pub(crate) const SECRET: &str = "s~e c%41-of-the-client";

const RSA_PUBLIC_KEY: &str = include_str!("../../client-keys/rsa.pub.pem");

/// The built-in signature methods.
pub(crate) const METHODS: &[&str] = &[
    "HMAC-SHA1",
    "HMAC-SHA256",
    "HMAC-SHA512",
    "PLAINTEXT",
    #[cfg(feature = "oauth1-rsa-sha1")]
    "RSA-SHA1",
    "RSA-SHA256",
    "RSA-SHA512",
];

pub(crate) const PLACEMENTS: [&str; 3] = ["HEADER", "BODY", "QUERY"];

/// The settings of the client.
pub(crate) fn settings() -> ClientConfig {
    ClientConfig::new("op")
        .client_id(KEY)
        .client_secret(SECRET)
        .request_token_url(format!("{ISSUER}/oauth1/request_token"))
        .authorization_endpoint(format!("{ISSUER}/oauth1/authorize"))
        .token_endpoint(format!("{ISSUER}/oauth1/access_token"))
        .api_base_url(format!("{ISSUER}/oauth1/api/"))
        .subject_claim("user_id")
}

/// Settings with this signature method and location.
pub(crate) fn signing(client: ClientConfig, method: &str, placement: &str) -> ClientConfig {
    let client = client
        .signature_method(SignatureMethod::from_name(method).unwrap())
        .signature_location(SignatureLocation::from_name(placement).unwrap());
    if method.starts_with("RSA") { client.private_key(RSA) } else { client }
}

/// Registers the client at the provider.
fn registered(provider: ProviderBuilder, method: &str) -> ProviderBuilder {
    let client = TestClient::oauth1(KEY, SECRET)
        .redirect_uri(CALLBACK)
        .redirect_uri("https://app.example/authorize/other");
    let rsa = method.starts_with("RSA");
    provider.client(if rsa { client.rsa_public_key(RSA_PUBLIC_KEY) } else { client })
}

/// A test bed whose client `op` is an OAuth 1.0a client.
pub(crate) fn oauth1_bed(client: impl FnOnce(ClientConfig) -> ClientConfig) -> TestBed {
    oauth1_bed_with("HMAC-SHA1", client)
}

/// As [`oauth1_bed`], with this signature method.
pub(crate) fn oauth1_bed_with(
    method: &str,
    client: impl FnOnce(ClientConfig) -> ClientConfig,
) -> TestBed {
    TestBed::with(|provider| registered(provider, method), |_| client(settings()), |oauth| oauth)
}

/// A standalone client with this signature method and location.
pub(crate) fn client(method: &str, placement: &str) -> (OAuth1Client, TestBed) {
    client_with(method, |client| signing(client, method, placement))
}

pub(crate) fn client_with(
    method: &str,
    change: impl FnOnce(ClientConfig) -> ClientConfig,
) -> (OAuth1Client, TestBed) {
    let bed = TestBed::with(|provider| registered(provider, method), |op| op, |oauth| oauth);
    let client = OAuth1Client::builder(change(settings()))
        .http_client(ProviderHttp(bed.provider.clone()))
        .clock(bed.clock.clone())
        .build()
        .unwrap();
    (client, bed)
}

/// Logs Alice in with `client`.
pub(crate) async fn log_in(client: &OAuth1Client, bed: &TestBed) {
    let temporary = client.fetch_request_token(CALLBACK).await.unwrap();
    let page = client.create_authorization_url(&temporary, &Params::new()).unwrap();
    let back = bed.provider.approve(page.as_str(), "alice").unwrap();
    let verifier = client.parse_authorization_response(&temporary, back.as_str()).unwrap();
    client.fetch_access_token(&temporary, &verifier).await.unwrap();
}

/// A client with a token of Alice, and a provider without recorded requests.
pub(crate) async fn logged_in(method: &str, placement: &str) -> (OAuth1Client, TestBed) {
    let (client, bed) = client(method, placement);
    log_in(&client, &bed).await;
    bed.provider.clear_requests();
    (client, bed)
}

/// Where the last request to `endpoint` has its protocol parameters (RFC 5849 §3.5). They must all be there and
/// nowhere else.
pub(crate) fn place(bed: &TestBed, endpoint: Endpoint) -> &'static str {
    let seen = bed.provider.received_requests();
    let last = seen.iter().rev().find(|seen| seen.endpoint == endpoint).unwrap();
    let count = |names: &[String]| names.iter().filter(|name| name.starts_with("oauth_")).count();
    let (in_query, all) = (count(&last.query_names), count(&last.names));
    match (last.header("authorization"), in_query, all - in_query) {
        (Some(header), 0, 0) if header.contains("oauth_signature=") => "HEADER",
        (None, 6.., 0) => "QUERY",
        (None, 0, 6..) => "BODY",
        other => panic!("{other:?}"),
    }
}

/// The parameter names of the last request to `endpoint` in query and form, and its `Authorization` header.
pub(crate) fn signed_with(bed: &TestBed, endpoint: Endpoint) -> (Vec<String>, String) {
    let seen = bed.provider.received_requests();
    let last = seen.iter().rev().find(|seen| seen.endpoint == endpoint).unwrap();
    (last.names.clone(), last.header("authorization").unwrap_or_default().to_owned())
}
