//! Complete logins with the test provider, which has its own signature check.

use authlib_provider::{Fault, Provider, TestClient, TestUser};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use proptest::prelude::*;
use serde_json::Value;
use url::Url;

use super::authenticated_request::{OUT_OF_BAND, Signing};
use super::authorization::{Authorization, authorization_url};
use super::credentials::{ClientCredentials, RsaKey, TokenCredentials};
use super::temporary_credentials::{
    CallbackConfirmation, TemporaryCredentials, parse_temporary_credentials_response,
    temporary_request,
};
use super::token_credentials::{parse_token_response, token_request};
use super::{SignatureLocation, SignatureMethod, Token};
use crate::crypto::test_keys::Signer;
use crate::error::{ErrorKind, Result};
use crate::message::{self, Request, Response};
use crate::numeric_date::from_unix_seconds;
use crate::params::Params;
use crate::secret::Secret;

const ISSUER: &str = "https://op.example:8443";
const CALLBACK: &str = "https://app.example/cb?next=%2Fhome&x=a%20b";
const NOW: u64 = 1_700_000_000;

/// A client and how it signs.
struct World {
    provider: Provider,
    client: ClientCredentials,
    method: SignatureMethod,
    placement: SignatureLocation,
}

impl World {
    fn new(method: SignatureMethod, placement: SignatureLocation) -> Self {
        let registered = TestClient::oauth1("c&k", "s~e c%41").redirect_uri(CALLBACK);
        let rsa = method.name().starts_with("RSA");
        let (registered, rsa_key) = if rsa {
            let key = RsaKey::parse(&Secret::new(Signer::rsa().private_pem())).unwrap();
            (registered.rsa_public_key(Signer::rsa().pem()), Some(key))
        } else {
            (registered, None)
        };
        let provider = Provider::builder(ISSUER)
            .client(registered)
            .user(TestUser::new("alice").name("Alice Example"))
            .signing_alg("ES256")
            .clock(|| from_unix_seconds(NOW))
            .build();
        let secret = Secret::new("s~e c%41");
        let client = ClientCredentials { identifier: "c&k".to_owned(), secret, rsa_key };
        Self { provider, client, method, placement }
    }

    fn usual() -> Self {
        Self::new(SignatureMethod::HmacSha1, SignatureLocation::Header)
    }

    fn url(path: &str) -> Url {
        Url::parse(&format!("{ISSUER}/oauth1/{path}")).unwrap()
    }

    /// How a request is signed, by this nonce.
    fn signing<'a>(&'a self, nonce: &'a Secret) -> Signing<'a> {
        Signing {
            client: &self.client,
            token: None,
            method: self.method,
            placement: self.placement,
            realm: Some("Photos, of course"),
            nonce,
            now: from_unix_seconds(NOW),
            callback: None,
            verifier: None,
        }
    }

    fn send(&self, request: Request, signing: &Signing<'_>) -> Response {
        self.provider.handle(&signing.sign(request).unwrap())
    }

    fn temporary(&self, callback: &str) -> Result<TemporaryCredentials> {
        let nonce = Secret::new("n1");
        let request = temporary_request(&Self::url("request_token"), &Params::new());
        let signing = Signing { callback: Some(callback), ..self.signing(&nonce) };
        parse_temporary_credentials_response(
            &self.send(request, &signing),
            CallbackConfirmation::Required,
        )
    }

    /// The browser goes to the provider and comes back.
    fn callback(&self, temporary: &TemporaryCredentials) -> Params {
        let page = authorization_url(&Self::url("authorize"), &temporary.token, &Params::new());
        let back = self.provider.approve(page.unwrap().as_str(), "alice").unwrap();
        assert!(back.as_str().starts_with(CALLBACK), "{back}");
        Params::parse(back.query().unwrap())
    }

    fn exchange(&self, temporary: &TemporaryCredentials, verifier: &Secret) -> Result<Token> {
        let nonce = Secret::new("n2");
        let request = token_request(&Self::url("access_token"), &Params::new().with("x", "y z"));
        let token = Some(temporary.credentials());
        let signing = Signing { token, verifier: Some(verifier), ..self.signing(&nonce) };
        parse_token_response(&self.send(request, &signing), None)
    }

    fn login(&self) -> Result<Token> {
        let temporary = self.temporary(CALLBACK)?;
        let callback = self.callback(&temporary);
        let authorization = Authorization::check(&callback, &temporary.token)?;
        self.exchange(&temporary, &authorization.verifier)
    }

    fn call(&self, request: Request, token: TokenCredentials<'_>, nonce: &str) -> Value {
        let nonce = Secret::new(nonce);
        let signing = Signing { token: Some(token), ..self.signing(&nonce) };
        let response = self.send(request, &signing);
        let body = String::from_utf8_lossy(response.body()).into_owned();
        assert_eq!(response.status(), 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }
}

const METHODS: &[SignatureMethod] = &[
    SignatureMethod::HmacSha1,
    SignatureMethod::HmacSha256,
    SignatureMethod::HmacSha512,
    SignatureMethod::Plaintext,
    #[cfg(feature = "oauth1-rsa-sha1")]
    SignatureMethod::RsaSha1,
    SignatureMethod::RsaSha256,
    SignatureMethod::RsaSha512,
];

/// B10, H18 and T180 to T186: every method in every place, with a callback that has escapes.
#[test]
fn login_works_for_every_method_and_location() {
    for method in METHODS.iter().copied() {
        for placement in
            [SignatureLocation::Body, SignatureLocation::Header, SignatureLocation::Query]
        {
            let world = World::new(method, placement);
            let token = world.login().unwrap();
            assert_eq!(token.extra().only("user_id"), Ok(Some("alice")));
            assert_eq!(token.extra().only("screen_name"), Ok(Some("Alice Example")));
            let form = Params::new().with("status", "it's é+%26").with("status", "");
            let request = message::form_post(&World::url("api/a%20b?q=1&q=&é=%7E"), &form);
            let echo = world.call(request, token.credentials(), "n3");
            assert_eq!(echo["sub"], "alice", "{method} {placement:?}");
            assert_eq!(echo["signature_method"], method.name());
            assert_eq!(echo["parameters"][0], serde_json::json!(["status", "it's é+%26"]));
        }
    }
}

/// H17 and H19: bodies of any kind, and requests without one.
#[test]
fn non_form_bodies_arrive_unchanged_and_hashed() {
    for method in METHODS.iter().copied() {
        let world = World::new(method, SignatureLocation::Query);
        let token = world.login().unwrap();
        let mut json =
            message::bare(Method::PUT, &World::url("api/x"), br#"{"a":[1,"&="]}"#.to_vec());
        let media_type = http::HeaderValue::from_static("application/json");
        json.headers_mut().insert(http::header::CONTENT_TYPE, media_type);
        let echo = world.call(json, token.credentials(), "n3");
        assert_eq!(echo["body"], r#"{"a":[1,"&="]}"#);
        let get = message::json_get(&World::url("api/x?a=b"));
        let echo = world.call(get, token.credentials(), "n4");
        assert_eq!(echo["parameters"], serde_json::json!([["a", "b"]]));
    }
}

#[test]
fn changed_body_fails_verification() {
    let world = World::usual();
    let token = world.login().unwrap();
    let nonce = Secret::new("n3");
    let signing = Signing { token: Some(token.credentials()), ..world.signing(&nonce) };
    let request = message::bare(Method::POST, &World::url("api/x"), b"pay 1".to_vec());
    let mut signed = signing.sign(request).unwrap();
    *signed.body_mut() = "pay 9".into();
    let response = world.provider.handle(&signed);
    assert_eq!(response.status(), 401);
    assert!(response.body().starts_with(b"oauth_problem=body_hash_invalid"));
}

#[test]
fn out_of_band_user_types_verifier() {
    let world = World::usual();
    let temporary = world.temporary(OUT_OF_BAND).unwrap();
    let page = authorization_url(&World::url("authorize"), &temporary.token, &Params::new());
    let typed = world.provider.approve_out_of_band(page.unwrap().as_str(), "alice");
    let authorization = Authorization::out_of_band(&Secret::new(format!(" {typed}\n"))).unwrap();
    assert!(world.exchange(&temporary, &authorization.verifier).is_ok());
}

/// O1, O2, T134 and T136: a fault of the provider ends the login with its error text.
#[test]
fn provider_faults_end_oauth1_login() {
    use ErrorKind::{InvalidCallback, InvalidResponse};
    let response = |name: &str| Fault::OAuth1Param(name.to_owned(), None);
    let callback = |name: &str| Fault::AuthorizationParam(name.to_owned(), "other".to_owned());
    let (token, verifier) = ("oauth_token".to_owned(), "oauth_verifier".to_owned());
    let (twice, x) = (Fault::AuthorizationTwice, || "x".to_owned());
    for (fault, kind, text) in [
        (response("oauth_callback_confirmed"), InvalidResponse, "oauth_callback_confirmed"),
        (Fault::OAuth1ParamTwice(token, x()), InvalidResponse, "repeats"),
        (response("oauth_token_secret"), InvalidResponse, "no `oauth_token_secret`"),
        (callback("oauth_token"), InvalidCallback, "another login"),
        (callback("oauth_verifier"), InvalidResponse, "verifier_invalid"),
        (Fault::AuthorizationMissing(verifier.clone()), InvalidCallback, "no `oauth_verifier`"),
        (twice(verifier, x()), InvalidCallback, "repeated"),
    ] {
        let world = World::usual();
        world.provider.inject(fault.clone());
        let error = world.login().unwrap_err();
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
        assert!(error.to_string().contains(text), "{fault:?}: {error}");
    }
    let world = World::usual();
    world.provider.inject(Fault::OAuth1Json);
    assert!(world.login().is_ok());
}

/// O3: the second request of one nonce is rejected by the provider, and the error names the reason.
#[test]
fn nonce_is_valid_once() {
    let world = World::usual();
    assert!(world.temporary(CALLBACK).is_ok());
    let error = world.temporary(CALLBACK).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert_eq!(error.provider_error().unwrap().error, "nonce_used");
    assert_eq!(error.provider_error().unwrap().status, Some(401));
}

#[test]
fn rsa_signature_of_another_key_is_rejected() {
    let mut world = World::new(SignatureMethod::RsaSha256, SignatureLocation::Header);
    let other = Signer::new_rsa().private_pem();
    world.client.rsa_key = Some(RsaKey::parse(&Secret::new(other)).unwrap());
    let error = world.temporary(CALLBACK).unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "signature_invalid");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// O5: both sides build the same base string.
    #[test]
    fn provider_verifies_every_signed_request(
        query in "[!-~]{0,30}",
        path in "[a-zA-Z0-9%/;é'~() -]{0,8}",
        form in prop::collection::vec((".{0,5}", ".{0,5}"), 0..4),
        raw in prop::collection::vec(any::<u8>(), 0..20),
        placed in 0..3,
        secret in ".{0,8}",
    ) {
        prop_assume!(!query.contains("oauth") && !query.contains('#'));
        prop_assume!(!form.iter().any(|(name, _)| name.starts_with("oauth_")));
        let mut world = World::usual();
        let token = world.login().unwrap();
        world.placement = match placed {
            0 => SignatureLocation::Body,
            1 => SignatureLocation::Header,
            _ => SignatureLocation::Query,
        };
        let mut url = World::url("api/x");
        url.set_path(&format!("/oauth1/api/{path}"));
        prop_assume!(url.path().starts_with("/oauth1/api/"));
        url.set_query(Some(&query));
        let request = message::form_post(&url, &form.into_iter().collect());
        world.call(request.clone(), token.credentials(), &format!("{}-{secret}", STANDARD.encode(&raw)));
        // Bytes that are not a form are signed as they are sent.
        let mut request = request;
        *request.body_mut() = raw.into();
        prop_assume!(!request.body().windows(5).any(|part| part == b"oauth"));
        world.call(request, token.credentials(), "raw");
    }
}
