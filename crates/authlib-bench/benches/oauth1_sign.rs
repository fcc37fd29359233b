//! One request with ten form parameters signed by HMAC-SHA1 (RFC 5849 §3.4.2): ours, a peer's, and the bare
//! HMAC over the finished base string. Then one RSA signature, ours and bare.

use std::hint::black_box;

use authlib_core::message::{Request, Response};
use authlib_core::oauth1::{SignatureMethod, Token};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{ClientConfig, OAuth1Client};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, criterion_group, criterion_main};
use futures_executor::block_on;
use oauth1_request::{HMAC_SHA1, ParameterList};

const API: &str = "https://api.example.com/1.1/statuses/update.json";

const RSA_KEY: &str = include_str!("../../authlib-core/tests/client-keys/rsa.pem");

/// In their order, which the peer asks for; ours takes any.
const FORM: [(&str, &str); 10] = [
    ("auto_populate_reply_metadata", "true"),
    ("display_coordinates", "false"),
    ("enable_dmcommands", "false"),
    ("fail_dmcommands", "true"),
    ("include_entities", "true"),
    ("lat", "37.7821120598956"),
    ("long", "-122.400612831116"),
    ("media_ids", "471592142565957632"),
    ("place_id", "df51dec6f4ee2b2c"),
    ("status", "Ladies + Gentlemen: it's an apéritif & 100 % \u{2615}"),
];

/// Answers at once, so that only our side is measured.
struct Nowhere;

impl HttpClient for Nowhere {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        black_box(request);
        Box::pin(async { Ok(Response::new(Vec::new())) })
    }
}

fn client(change: impl FnOnce(ClientConfig) -> ClientConfig) -> OAuth1Client {
    let config = ClientConfig::new("op")
        .client_id("xvz1evFS4wEEPTGEFPHBog")
        .client_secret("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw")
        .api_base_url("https://api.example.com/1.1/");
    let token = Token::new(
        "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
        "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    );
    OAuth1Client::builder(change(config))
        .token(token.into())
        .http_client(Nowhere)
        .build()
        .unwrap()
}

fn sign(c: &mut Criterion) {
    let mut group = c.benchmark_group("oauth1_sign/HMAC-SHA1");
    let ours = client(|config| config);
    let call = |withheld: bool| {
        let call = ours.post(black_box(API)).form(FORM);
        let call = if withheld { call.without_token() } else { call };
        block_on(call.send()).unwrap()
    };
    group.bench_function("authlib, the whole call", |b| b.iter(|| call(false)));
    group.bench_function("authlib, the call without its signature", |b| b.iter(|| call(true)));

    let token = oauth1_request::Token::from_parts(
        "xvz1evFS4wEEPTGEFPHBog",
        "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
        "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    );
    let form = ParameterList::new(FORM);
    group.bench_function("oauth1-request", |b| {
        b.iter(|| oauth1_request::post(black_box(API), &form, &token, HMAC_SHA1));
    });

    // As long as the one above, and what is in it makes no difference.
    let base_string = "x".repeat(1000);
    let secret =
        "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw&LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE";
    group.bench_function("bare HMAC", |b| {
        b.iter(|| {
            let key =
                hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, black_box(secret).as_bytes());
            STANDARD.encode(hmac::sign(&key, black_box(base_string.as_bytes())))
        });
    });
    group.finish();
}

fn rsa(c: &mut Criterion) {
    let der = RSA_KEY.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let random = SystemRandom::new();
    let mut group = c.benchmark_group("oauth1_sign/RSA-2048");
    for method in ["RSA-SHA1", "RSA-SHA256"] {
        let known = SignatureMethod::from_name(method).unwrap();
        let ours = client(|config| config.signature_method(known).private_key(RSA_KEY));
        group.bench_function(method, |b| {
            b.iter(|| block_on(ours.post(black_box(API)).form(FORM).send()).unwrap());
        });
    }
    group.bench_function("bare RSA-SHA256", |b| {
        b.iter(|| {
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &random, black_box(&[7; 1000]), &mut signature).unwrap();
            signature
        });
    });
    group.finish();
}

criterion_group!(benches, sign, rsa);
criterion_main!(benches);
