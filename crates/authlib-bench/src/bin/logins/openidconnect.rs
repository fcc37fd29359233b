//! The login of `openidconnect` on axum, as its documentation writes it.

use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::{Router, routing::get};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use crate::{Outcome, SCOPE, SECRET};

type Discovered = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

struct Login {
    client: Discovered,
    http: Http,
}

struct Http(reqwest::Client);

type Shared = State<Arc<Login>>;

/// What the callback needs.
#[derive(Deserialize, Serialize)]
struct Pending {
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

#[derive(Deserialize, Serialize)]
struct User {
    sub: String,
    name: Option<String>,
    email: Option<String>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Callback {
    code: String,
    state: String,
}

/// As `oauth2` implements it for the version of reqwest that it knows.
impl<'c> AsyncHttpClient<'c> for Http {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let response = self.0.execute(request.try_into()?).await?;
            let mut copy = HttpResponse::default();
            *copy.status_mut() = response.status();
            copy.headers_mut().clone_from(response.headers());
            *copy.body_mut() = response.bytes().await?.to_vec();
            Ok(copy)
        })
    }
}

async fn home(session: Session) -> String {
    let user: Option<User> = session.get("user").await.ok().flatten();
    user.map_or_else(|| "nobody".to_owned(), |user| user.sub)
}

async fn login(State(login): Shared, session: Session) -> Result<Redirect, StatusCode> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let url = login.client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
    let scopes = SCOPE.split(' ').filter(|scope| *scope != "openid");
    let url = url.add_scopes(scopes.map(|scope| Scope::new(scope.to_owned())));
    let (url, state, nonce) = url.set_pkce_challenge(challenge).url();
    let saved = session.insert("pending", Pending { state, nonce, verifier }).await;
    saved.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Redirect::to(url.as_str()))
}

async fn authorize(
    State(login): Shared,
    session: Session,
    Query(query): Query<Callback>,
) -> Result<Redirect, StatusCode> {
    match log_in(&login, &session, query).await {
        Ok(()) => Ok(Redirect::to("/")),
        Err(error) => {
            eprintln!("{error}");
            Err(StatusCode::BAD_REQUEST)
        }
    }
}

async fn log_in(login: &Login, session: &Session, query: Callback) -> Outcome {
    let pending: Pending = session.remove("pending").await?.ok_or("no login is pending")?;
    if pending.state.secret() != &query.state {
        return Err("the state is of another login".into());
    }
    let token = login
        .client
        .exchange_code(AuthorizationCode::new(query.code))?
        .set_pkce_verifier(pending.verifier)
        .request_async(&login.http)
        .await?;
    let id_token = token.id_token().ok_or("no ID token")?;
    let claims = id_token.claims(&login.client.id_token_verifier(), &pending.nonce)?;
    let name = claims.name().and_then(|names| names.get(None));
    let user = User {
        sub: claims.subject().to_string(),
        name: name.map(|name| name.to_string()),
        email: claims.email().map(|email| email.to_string()),
        refresh_token: token.refresh_token().map(|token| token.secret().clone()),
    };
    session.cycle_id().await?;
    session.insert("user", user).await?;
    Ok(())
}

pub(crate) fn serve(port: u16, issuer: String) -> Outcome {
    tokio::runtime::Runtime::new()?.block_on(async {
        let redirect = reqwest::redirect::Policy::none();
        let http = Http(reqwest::Client::builder().redirect(redirect).build()?);
        let issuer = IssuerUrl::new(issuer)?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &http).await?;
        let secret = ClientSecret::new(SECRET.to_owned());
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new("app".to_owned()),
            Some(secret),
        )
        .set_redirect_uri(RedirectUrl::new(format!("http://127.0.0.1:{port}/authorize/op"))?);
        let app = Router::new()
            .route("/", get(home))
            .route("/login/op", get(login))
            .route("/authorize/op", get(authorize))
            .layer(SessionManagerLayer::new(MemoryStore::default()).with_secure(false))
            .with_state(Arc::new(Login { client, http }));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(axum::serve(listener, app).await?)
    })
}
