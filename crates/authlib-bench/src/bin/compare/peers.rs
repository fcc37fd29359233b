//! The same work by other libraries.

use std::hint::black_box;
use std::str::FromStr as _;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode};
use oauth1_request::{HMAC_SHA1, ParameterList};
use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, RedirectUrl, Scope};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{ClientSecret, IssuerUrl, Nonce};
use serde_json::{Value, json};

use crate::cases::{CALLBACK, Case, FORM, ISSUER, OAUTH1, OAUTH1_API, SECRET, id_token, provider};
use crate::limits::jwks;

pub(crate) fn jsonwebtoken_verify(algorithm: &str) -> Case {
    let provider = provider(algorithm);
    let (_, text, _) = id_token(&provider, algorithm);
    let key = if algorithm == "HS256" {
        DecodingKey::from_secret(SECRET.as_bytes())
    } else {
        let jwk = serde_json::from_value(jwks(&provider)["keys"][0].clone());
        DecodingKey::from_jwk(&jwk.expect("it is a JWK")).expect("it is a key")
    };
    let mut rules = Validation::new(Algorithm::from_str(algorithm).expect("it is known"));
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&["app"]);
    Case::new(move || decode::<Value>(black_box(&text), &key, &rules).expect("it is valid"))
}

pub(crate) fn openidconnect_verify(algorithm: &str) -> Case {
    let provider = provider(algorithm);
    let (_, text, nonce) = id_token(&provider, algorithm);
    let keys: CoreJsonWebKeySet = serde_json::from_value(jwks(&provider)).expect("it is a set");
    let known = CoreJwsSigningAlgorithm::deserialize_name(algorithm);
    let verifier = CoreIdTokenVerifier::new_confidential_client(
        ClientId::new("app".to_owned()),
        ClientSecret::new(SECRET.to_owned()),
        IssuerUrl::new(ISSUER.to_owned()).expect("it is a URL"),
        keys,
    )
    .set_allowed_algs([known]);
    let nonce = Nonce::new(nonce);
    Case::new(move || {
        let token = CoreIdToken::from_str(black_box(&text)).expect("it is a JWT");
        let claims = token.claims(&verifier, &nonce).expect("it is valid");
        claims.subject().len()
    })
}

trait Named {
    fn deserialize_name(name: &str) -> Self;
}

impl Named for CoreJwsSigningAlgorithm {
    fn deserialize_name(name: &str) -> Self {
        serde_json::from_value(Value::from(name)).expect("it is known")
    }
}

pub(crate) fn oauth2_authorization_url() -> Case {
    let client = BasicClient::new(ClientId::new("app".to_owned()))
        .set_auth_uri(AuthUrl::new(format!("{ISSUER}/authorize")).expect("it is a URL"))
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).expect("it is a URL"));
    Case::new(move || {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let nonce = CsrfToken::new_random();
        let (url, state) = client
            .authorize_url(CsrfToken::new_random)
            .add_scope(Scope::new("openid profile email".to_owned()))
            .set_pkce_challenge(challenge)
            .add_extra_param("nonce", nonce.secret())
            .url();
        (url, state, nonce.secret().clone(), verifier)
    })
}

pub(crate) fn openidconnect_authorization_url() -> Case {
    let url = |path: &str| format!("{ISSUER}{path}");
    let client = CoreClient::new(
        ClientId::new("app".to_owned()),
        IssuerUrl::new(ISSUER.to_owned()).expect("it is a URL"),
        CoreJsonWebKeySet::default(),
    )
    .set_auth_uri(AuthUrl::new(url("/authorize")).expect("it is a URL"))
    .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).expect("it is a URL"));
    Case::new(move || {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let scopes = ["profile", "email"].map(|scope| Scope::new(scope.to_owned()));
        (request.add_scopes(scopes).set_pkce_challenge(challenge).url(), verifier)
    })
}

pub(crate) fn oauth1_request_signature() -> Case {
    let [key, secret, token, token_secret] = OAUTH1;
    let token = oauth1_request::Token::from_parts(key, secret, token, token_secret);
    Case::new(move || {
        let form = ParameterList::new(FORM);
        oauth1_request::post(black_box(OAUTH1_API), &form, &token, HMAC_SHA1)
    })
}

pub(crate) fn jsonwebtoken_assertion(algorithm: &str) -> Case {
    let key = if algorithm == "ES256" {
        let pem = include_str!("../../../../authlib-core/tests/client-keys/p256.pem");
        EncodingKey::from_ec_pem(pem.as_bytes()).expect("it is a key")
    } else {
        let pem = include_str!("../../../../authlib-core/tests/client-keys/ed25519.pem");
        EncodingKey::from_ed_pem(pem.as_bytes()).expect("it is a key")
    };
    let mut header = Header::new(Algorithm::from_str(algorithm).expect("it is known"));
    header.kid = Some("k1".to_owned());
    Case::new(move || {
        let claims = json!({
            "iss": "app", "sub": "app", "aud": ISSUER, "iat": 1_800_000_000, "exp": 1_800_000_060,
            "jti": "2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpAA",
        });
        jsonwebtoken::encode(&header, black_box(&claims), &key).expect("it signs")
    })
}
