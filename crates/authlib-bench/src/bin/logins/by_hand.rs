//! The smallest login on axum that a developer could write without a library: it checks state, nonce, issuer, audience,
//! expiry and signature, knows one algorithm, and keeps name and subject.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::SystemTime;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::{Router, routing::get};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use crate::{Outcome, SCOPE, SECRET};

struct Login {
    http: reqwest::Client,
    key: ParsedPublicKey,
    issuer: String,
    redirect_uri: String,
}

type Shared = State<Arc<Login>>;

#[derive(Deserialize, Serialize)]
struct Pending {
    state: String,
    nonce: String,
    verifier: String,
}

#[derive(Deserialize)]
struct Callback {
    code: String,
    state: String,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    nonce: String,
    name: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct User {
    sub: String,
    name: Option<String>,
}

fn random() -> Outcome<String> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "no randomness")?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

async fn home(session: Session) -> String {
    let user: Option<User> = session.get("user").await.ok().flatten();
    user.map_or_else(|| "nobody".to_owned(), |user| user.sub)
}

async fn login(State(login): Shared, session: Session) -> Result<Redirect, StatusCode> {
    respond(start(&login, &session).await)
}

async fn authorize(
    State(login): Shared,
    session: Session,
    Query(query): Query<Callback>,
) -> Result<Redirect, StatusCode> {
    respond(log_in(&login, &session, &query).await)
}

fn respond(outcome: Outcome<String>) -> Result<Redirect, StatusCode> {
    match outcome {
        Ok(location) => Ok(Redirect::to(&location)),
        Err(error) => {
            eprintln!("{error}");
            Err(StatusCode::BAD_REQUEST)
        }
    }
}

async fn start(login: &Login, session: &Session) -> Outcome<String> {
    let pending = Pending { state: random()?, nonce: random()?, verifier: random()? };
    let hash = digest::digest(&digest::SHA256, pending.verifier.as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(hash);
    let scope = SCOPE.replace(' ', "+");
    let Login { issuer, redirect_uri, .. } = login;
    let url = format!(
        "{issuer}/authorize?response_type=code&client_id=app&scope={scope}&redirect_uri={redirect_uri}&state={}&nonce={}\
         &code_challenge={challenge}&code_challenge_method=S256",
        pending.state, pending.nonce
    );
    session.insert("pending", pending).await?;
    Ok(url)
}

async fn log_in(login: &Login, session: &Session, query: &Callback) -> Outcome<String> {
    let pending: Pending = session.remove("pending").await?.ok_or("no login is pending")?;
    if pending.state != query.state {
        return Err("the state is of another login".into());
    }
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &query.code),
        ("redirect_uri", &login.redirect_uri),
        ("code_verifier", &pending.verifier),
    ];
    let request = login.http.post(format!("{}/token", login.issuer));
    let response = request.basic_auth("app", Some(SECRET)).form(&form).send().await?;
    let Tokens { id_token } = response.error_for_status()?.json().await?;
    let (signed, signature) = id_token.rsplit_once('.').ok_or("no signature")?;
    let (header, payload) = signed.split_once('.').ok_or("no payload")?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header)?)?;
    if header["alg"] != "ES256" {
        return Err("another algorithm".into());
    }
    let verified = login.key.verify_sig(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature)?);
    verified.map_err(|_| "the signature is wrong")?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let is_ours = claims.iss == login.issuer && claims.aud == "app";
    if !is_ours || claims.exp < now || claims.nonce != pending.nonce {
        return Err("the ID token is not of this login".into());
    }
    session.cycle_id().await?;
    session.insert("user", User { sub: claims.sub, name: claims.name }).await?;
    Ok("/".to_owned())
}

pub(crate) fn serve(port: u16, issuer: String) -> Outcome {
    tokio::runtime::Runtime::new()?.block_on(async {
        let redirect = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().redirect(redirect).build()?;
        let keys: Value = http.get(format!("{issuer}/jwks")).send().await?.json().await?;
        let coordinate =
            |name: &str| URL_SAFE_NO_PAD.decode(keys["keys"][0][name].as_str().unwrap_or_default());
        let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
        let login = Login {
            http,
            key: ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)?,
            redirect_uri: format!("http://127.0.0.1:{port}/authorize/op"),
            issuer,
        };
        let app = Router::new()
            .route("/", get(home))
            .route("/login/op", get(self::login))
            .route("/authorize/op", get(authorize))
            .layer(SessionManagerLayer::new(MemoryStore::default()).with_secure(false))
            .with_state(Arc::new(login));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(axum::serve(listener, app).await?)
    })
}
