//! Tokens that only this application can use (RFC 9449), and a login with PAR (RFC 9126), DPoP and `private_key_jwt`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use authlib_core::adapter::{LoginCallback, RequestContext, TestSession};
use authlib_core::clock::{Clock as _, SystemClock};
use authlib_core::config::Dpop;
use authlib_core::login::authorize_redirect;
use authlib_core::store::{MemoryTokenStore, TokenOwner, TokenRow, TokenStore as _};
use authlib_core::{AuthorizeOptions, ClientConfig, OAuth, Token};
use http::Method;

use crate::now;
use crate::recorded::{ISSUER, Recorded, SCOPE};

/// Where API calls go.
pub const API: &str = "https://op.example/api/user";

/// The token of the API calls.
pub const ACCESS_TOKEN: &str = "2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpAA";

const P256: &str = include_str!("../../authlib-core/tests/client-keys/p256.pem");

fn config() -> ClientConfig {
    let config = ClientConfig::new("op").client_id("app").issuer(ISSUER).scope(SCOPE);
    config.private_key(P256).private_key_id("k1").dpop(Dpop::Client).dpop_key(P256)
}

/// An API call with a token that is bound to the client's key, or with a bearer token.
pub fn api_call(is_bound: bool) -> impl Fn() {
    let owner = TokenOwner::new("op", "alice");
    let mut token = Token::bearer(ACCESS_TOKEN);
    if is_bound {
        token.token_type = "DPoP".into();
    }
    token.expires_at = Some(SystemClock.now() + Duration::from_secs(3600));
    let store = MemoryTokenStore::new();
    now(store.save(&TokenRow::new(owner.clone(), token))).expect("memory never fails");
    let config = config().api_base_url("https://op.example/api/");
    let oauth = OAuth::builder().register(config).http_client(Recorded::high_security());
    let oauth = oauth.token_store(store).build().expect("the settings are valid");
    let app = oauth.client("op").expect("it is registered");
    move || drop(black_box(now(app.get(API, &owner).send()).expect("it is sent")))
}

/// A login from its start to its end, without the provider's work.
pub fn login() -> impl Fn() {
    let http = Arc::new(Recorded::high_security());
    // The new rows of one user are compared with the old ones, so they must not accumulate.
    let store = MemoryTokenStore::on_clock(Arc::new(SystemClock), 1);
    let config = config().dangerous_skip_nonce().without_userinfo_at_login();
    let oauth = OAuth::builder().register(config).http_client(http.clone()).token_store(store);
    let oauth = oauth.build().expect("the settings are valid");
    move || {
        let app = oauth.client("op").expect("it is registered");
        let session = TestSession::default();
        let options = AuthorizeOptions::from("https://app.example/authorize/op");
        let url = now(authorize_redirect(&app, &session, options, None)).expect("it is valid");
        assert!(url.as_str().contains("request_uri="), "the request was pushed");
        let query = format!("code=c&iss={ISSUER}&state={}", http.last_state());
        let request = RequestContext::new(Method::GET, "/authorize/op", Some(&query), |_| None);
        let callback = LoginCallback::read(app, session.clone(), &request, b"");
        let login = now(async { callback.await?.log_in().await });
        black_box(login.expect("the login succeeds"));
    }
}
