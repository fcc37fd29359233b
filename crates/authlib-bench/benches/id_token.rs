//! One ID token verified: ours, a peer's, and the bare signature.

use std::hint::black_box;

use authlib_core::{ClientConfig, OAuth, Params};
use authlib_provider::{TestClient, Provider, TestUser};
use aws_lc_rs::signature::{
    self, ParsedPublicKey, RsaPublicKeyComponents, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{Criterion, criterion_group, criterion_main};
use futures_executor::block_on;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::Value;

const ISSUER: &str = "https://op.example";
const CALLBACK: &str = "https://app.example/cb";

fn verify(c: &mut Criterion) {
    for name in ["RS256", "ES256", "EdDSA"] {
        let provider = Provider::builder(ISSUER)
            .client(TestClient::confidential("app", "secret").redirect_uri(CALLBACK))
            .user(TestUser::new("alice").name("Alice Example").email("alice@example.com"))
            .signing_alg(name)
            .build();
        let oauth = OAuth::builder()
            .register(
                ClientConfig::new("op")
                    .client_id("app")
                    .client_secret("secret")
                    .issuer(ISSUER)
                    .scope("openid profile email"),
            )
            .http_client(provider.clone())
            .build()
            .unwrap();
        let app = oauth.client("op").unwrap();
        let token = block_on(async {
            let (url, pending) = app.create_authorization_url(CALLBACK.into()).await.unwrap();
            let back = provider.approve(url.as_str(), "alice").unwrap();
            let query = Params::parse(back.query().unwrap());
            app.fetch_access_token(pending, &query).await.unwrap()
        });
        let nonce: String = token.userinfo().unwrap().get("nonce").unwrap().unwrap();
        let text = token.id_token.as_ref().unwrap().expose();

        let mut group = c.benchmark_group(format!("id_token/{name}"));
        group.bench_function("authlib", |b| {
            b.iter(|| block_on(app.parse_id_token(black_box(text), Some(&nonce))).unwrap());
        });

        let jwks = provider.handle(&http_get("https://op.example/jwks"));
        let set: JwkSet = serde_json::from_slice(jwks.body()).unwrap();
        let key = DecodingKey::from_jwk(&set.keys[0]).unwrap();
        let mut rules = Validation::new(name.parse::<Algorithm>().unwrap());
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&["app"]);
        group.bench_function("jsonwebtoken", |b| {
            b.iter(|| decode::<Value>(black_box(text), &key, &rules).unwrap());
        });

        let jwks: Value = serde_json::from_slice(jwks.body()).unwrap();
        let key = parsed(name, &jwks["keys"][0]);
        let (signed, signature) = text.rsplit_once('.').unwrap();
        let signature = bytes(signature);
        group.bench_function("bare signature", |b| {
            b.iter(|| key.verify_sig(black_box(signed.as_bytes()), &signature).unwrap());
        });
        group.finish();
    }
}

fn http_get(url: &str) -> authlib_core::message::Request {
    let mut request = authlib_core::message::Request::default();
    *request.uri_mut() = url.parse().unwrap();
    request
}

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn parsed(name: &str, jwk: &Value) -> ParsedPublicKey {
    let member = |name: &str| bytes(jwk[name].as_str().unwrap());
    if name == "RS256" {
        let components = RsaPublicKeyComponents { n: member("n"), e: member("e") };
        return components.to_parsed_public_key(&signature::RSA_PKCS1_2048_8192_SHA256).unwrap();
    }
    let (algorithm, key): (&'static dyn VerificationAlgorithm, _) = if name == "ES256" {
        let point = [vec![4], member("x"), member("y")].concat();
        (&signature::ECDSA_P256_SHA256_FIXED, point)
    } else {
        (&signature::ED25519, member("x"))
    };
    ParsedPublicKey::new(algorithm, key).unwrap()
}

criterion_group!(benches, verify);
criterion_main!(benches);
