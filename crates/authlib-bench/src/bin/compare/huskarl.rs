//! The same work by `huskarl`, with its own cryptography.

use std::hint::black_box;
use std::sync::Arc;

use ::huskarl::core::client_auth::NoAuth;
use ::huskarl::core::crypto::verifier::{JwsVerifier, JwsVerifierPlatform, MultiKeyVerifier};
use ::huskarl::core::dpop::{AuthorizationServerDPoP as _, DPoP};
use ::huskarl::core::http::{HttpClient, HttpResponse, Idempotency};
use ::huskarl::core::jwk::{Jwk, PublicJwks};
use ::huskarl::core::platform::MaybeSendBoxFuture;
use ::huskarl::core::secrets::SecretString;
use ::huskarl::core::time::{Clock as _, PlatformClock};
use ::huskarl::core::{EndpointUrl, Error, RetryAdvice};
use ::huskarl::grant::authorization_code::{AuthorizationCodeGrant, StartInput};
use ::huskarl::token::IdToken;
use ::huskarl::token::id_token::IdTokenValidator;
use authlib_bench::sender::{ACCESS_TOKEN, API};
use axum::body::Bytes;
use http::{Method, Request, Uri};
use huskarl_crypto_native::NativeVerifierPlatform;
use huskarl_crypto_native::asymmetric::signer::{GenerateAlgorithm, PrivateKey};

use crate::cases::{CALLBACK, Case, ISSUER, SCOPE, id_token, now, provider};
use crate::limits::jwks;

/// No case sends a request.
struct Nowhere;

impl HttpClient for Nowhere {
    fn execute(
        &self,
        _: Request<Bytes>,
        _: Idempotency,
    ) -> MaybeSendBoxFuture<'_, Result<HttpResponse, Error>> {
        Box::pin(async { Err(Error::new(RetryAdvice::No, "there is no network")) })
    }
}

pub(crate) fn verify(algorithm: &str) -> Case {
    let provider = provider(algorithm);
    let (_, text, nonce) = id_token(&provider, algorithm);
    let key: Jwk = serde_json::from_value(jwks(&provider)["keys"][0].clone()).expect("it is a JWK");
    let keys = PublicJwks::new(vec![key.public_jwk().expect("it is public")]);
    let keys = now(MultiKeyVerifier::from_jwks(&keys, &NativeVerifierPlatform));
    let validator = IdTokenValidator::builder()
        .verifier(keys.expect("they are keys"))
        .issuer(ISSUER)
        .audience("app")
        .build();
    Case::new(move || {
        let token = IdToken::from(black_box(text.as_str()));
        now(validator.validate(&token, Some(&nonce))).expect("it is valid")
    })
}

pub(crate) fn authorization_url() -> Case {
    let endpoint =
        |path: &str| -> EndpointUrl { format!("{ISSUER}{path}").parse().expect("it is a URL") };
    // A login without an ID token needs no key.
    let keys = |_: Option<&EndpointUrl>,
                _: Arc<dyn JwsVerifierPlatform>|
     -> MaybeSendBoxFuture<'static, Result<Arc<dyn JwsVerifier>, Error>> {
        Box::pin(async { Ok(Arc::new(MultiKeyVerifier::new(Vec::new())) as Arc<dyn JwsVerifier>) })
    };
    let grant = now(AuthorizationCodeGrant::builder()
        .client_id("app")
        .http_client(Nowhere)
        .client_auth(NoAuth)
        .issuer(ISSUER)
        .token_endpoint(endpoint("/token"))
        .authorization_endpoint(endpoint("/authorize"))
        .redirect_uri(CALLBACK)
        .jws_verifier_factory(keys)
        .build())
    .expect("the settings are valid");
    Case::new(move || {
        let scope = black_box(SCOPE).split(' ').map(str::to_owned).collect::<Vec<_>>();
        now(grant.start(StartInput::builder().scope(scope).build())).expect("it is valid")
    })
}

pub(crate) fn dpop_proof() -> Case {
    let key = PrivateKey::generate(GenerateAlgorithm::Es256, None).expect("it is a key");
    let dpop = DPoP::builder().signer(key).build();
    let thumbprint = now(dpop.get_current_thumbprint()).expect("there is a key");
    let dpop = dpop.to_resource_server_dpop();
    let (uri, token): (Uri, _) =
        (API.parse().expect("it is a URL"), SecretString::new(ACCESS_TOKEN));
    Case::new(move || {
        let time = PlatformClock.now();
        let proof = dpop.proof_at(&Method::GET, black_box(&uri), &token, &thumbprint, time);
        now(proof).expect("it signs")
    })
}
