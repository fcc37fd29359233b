//! The limit: two requests with a session and the verification of a signature, without OAuth.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::{Router, routing::get};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use crate::{Outcome, SCOPE};

/// A message as long as what is signed in an ID token, with its signature.
struct Signed {
    key: ParsedPublicKey,
    message: [u8; 500],
    signature: Vec<u8>,
    authorization_url: String,
}

type Shared = State<Arc<Signed>>;

async fn home(session: Session) -> String {
    session.get("user").await.ok().flatten().unwrap_or_else(|| "nobody".to_owned())
}

async fn login(State(signed): Shared) -> Redirect {
    Redirect::to(&signed.authorization_url)
}

async fn authorize(
    State(signed): Shared,
    session: Session,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Redirect, StatusCode> {
    let verified = signed.key.verify_sig(&signed.message, &signed.signature);
    verified.map_err(|_| StatusCode::BAD_REQUEST)?;
    query.get("code").ok_or(StatusCode::BAD_REQUEST)?;
    let saved = session.insert("user", crate::user(0)).await;
    saved.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Redirect::to("/"))
}

pub(crate) fn serve(port: u16, issuer: String) -> Outcome {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let message = [b'x'; 500];
    let scope = SCOPE.replace(' ', "+");
    let signed = Signed {
        key: ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref())?,
        signature: pair.sign(&SystemRandom::new(), &message)?.as_ref().to_vec(),
        message,
        authorization_url: format!(
            "{issuer}/authorize?response_type=code&client_id=app&scope={scope}&state=s&nonce=n\
             &redirect_uri=http://127.0.0.1:{port}/authorize/op"
        ),
    };
    tokio::runtime::Runtime::new()?.block_on(async {
        let app = Router::new()
            .route("/", get(home))
            .route("/login/op", get(login))
            .route("/authorize/op", get(authorize))
            .layer(SessionManagerLayer::new(MemoryStore::default()).with_secure(false))
            .with_state(Arc::new(signed));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(axum::serve(listener, app).await?)
    })
}
