//! A login with each preset: authorization URL, token response and user info as the provider
//! documents them, with known deviations.

use std::collections::HashMap;
use std::sync::Arc;

use authlib_core::clock::{Clock as _, FixedClock};
use authlib_core::jose::Algorithm;
use authlib_core::{ClientConfig, Error, ErrorKind, OAuth, OAuth2Client, Params, Token, providers};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use url::Url;

use crate::test_bed::recorded::RecordedResponses;
use crate::test_bed::{from_unix_seconds, unix_seconds};

const REDIRECT_URI: &str = "https://app.example/authorize";
pub(super) const SECRET: &str = "a client secret that is long enough for HMAC";

/// Starts a login with `preset`.
pub(super) struct Started {
    pub(super) app: authlib_core::RegisteredClient,
    pub(super) pending: authlib_core::PendingLogin,
    /// Scheme, host and path of the authorization URL.
    endpoint: String,
    /// The query of the authorization URL.
    pub(super) query: HashMap<String, String>,
}

pub(super) async fn start(preset: ClientConfig, http: &RecordedResponses) -> Started {
    let oauth = OAuth::builder()
        .register(preset.client_id("id").client_secret(SECRET))
        .http_client(http.clone())
        .clock(clock())
        .build()
        .unwrap();
    let app = oauth.clients().next().unwrap();
    let (url, pending) = app.create_authorization_url(REDIRECT_URI.into()).await.unwrap();
    let query = url.query_pairs().into_owned().collect();
    let endpoint = url[..url::Position::AfterPath].to_owned();
    Started { app, pending, endpoint, query }
}

impl Started {
    /// Completes the login with a code and, if the provider sends it, `iss`.
    pub(super) async fn finish(self, iss: Option<&str>) -> Result<Token, Error> {
        let mut callback =
            Params::new().with("code", "the-code").with("state", self.query["state"].as_str());
        callback.extend(iss.map(|iss| ("iss".to_owned(), iss.to_owned())));
        self.app.fetch_access_token(self.pending, &callback).await
    }
}

/// A provider without OpenID Connect: its endpoints and user.
struct Plain {
    preset: fn() -> ClientConfig,
    authorize: &'static str,
    token: &'static str,
    userinfo: &'static str,
    scope: &'static str,
    user: Value,
    sub: &'static str,
}

#[tokio::test]
async fn oauth2_presets_identify_user_by_stable_api_id() {
    let table = [
        Plain {
            preset: providers::github,
            authorize: "https://github.com/login/oauth/authorize",
            token: "https://github.com/login/oauth/access_token",
            userinfo: "https://api.github.com/user",
            scope: "read:user user:email",
            user: json!({"id": 583_231, "login": "octocat", "email": null}),
            sub: "583231",
        },
        Plain {
            preset: providers::discord,
            authorize: "https://discord.com/oauth2/authorize",
            token: "https://discord.com/api/oauth2/token",
            userinfo: "https://discord.com/api/users/@me",
            scope: "identify email",
            user: json!({"id": "80351110224678912", "username": "nelly", "verified": true}),
            sub: "80351110224678912",
        },
        Plain {
            preset: providers::spotify,
            authorize: "https://accounts.spotify.com/authorize",
            token: "https://accounts.spotify.com/api/token",
            userinfo: "https://api.spotify.com/v1/me",
            scope: "user-read-email",
            user: json!({"id": "wizzler", "display_name": "Ronald", "email": "r@example.com"}),
            sub: "wizzler",
        },
    ];
    for case in table {
        let response = json!({"access_token": "at", "token_type": "bearer", "scope": case.scope});
        let http = RecordedResponses::default()
            .json(case.token, &response)
            .json(case.userinfo, &case.user);
        let started = start((case.preset)(), &http).await;
        assert_eq!(started.endpoint, case.authorize);
        assert_eq!(started.query["scope"], case.scope);
        assert_eq!(started.query["redirect_uri"], REDIRECT_URI);
        assert_eq!(started.query["code_challenge_method"], "S256");
        assert!(!started.query.contains_key("nonce"));

        let token = started.finish(None).await.unwrap();
        assert_eq!(token.userinfo().unwrap().sub(), case.sub, "{}", case.token);
        let asked = http.only(case.userinfo);
        assert_eq!(asked.headers()["authorization"], "Bearer at");
        // GitHub rejects API requests without a `User-Agent`, and responds with forms unless
        // `Accept` is JSON.
        assert!(asked.headers().contains_key("user-agent"));
        assert_eq!(http.only(case.token).headers()["accept"], "application/json");
    }
}

/// GitHub's documentation, "Device flow": a command-line app needs the client id only.
#[tokio::test]
async fn github_supports_device_flow() {
    let device = json!({"device_code": "d", "user_code": "WDJB-MJHT", "expires_in": 900,
        "verification_uri": "https://github.com/login/device", "interval": 5});
    let response = json!({"access_token": "at", "token_type": "bearer", "scope": "read:user"});
    let http = RecordedResponses::default()
        .json("https://github.com/login/device/code", &device)
        .json("https://github.com/login/oauth/access_token", &response);
    let clock = Arc::new(FixedClock::new(from_unix_seconds(1_800_000_000)));
    let builder = OAuth2Client::builder(providers::github().client_id("Iv1.8a61f9b3a7aba766"));
    let client = builder.http_client(http.clone()).clock(clock).build().unwrap();
    let mut login = client.start_device_login(None).await.unwrap();
    assert_eq!(login.user_code(), "WDJB-MJHT");
    assert_eq!(login.wait().await.unwrap().access_token.expose(), "at");
    let asked = http.only("https://github.com/login/device/code");
    assert_eq!(asked.headers()["accept"], "application/json");
    assert_eq!(
        Params::parse(std::str::from_utf8(asked.body()).unwrap()),
        Params::from([("scope", "read:user user:email"), ("client_id", "Iv1.8a61f9b3a7aba766")])
    );
}

#[tokio::test]
async fn github_callback_iss_must_match() {
    let response = json!({"access_token": "at", "token_type": "bearer", "scope": "repo,gist"});
    let http = || {
        RecordedResponses::default()
            .json("https://github.com/login/oauth/access_token", &response)
            .json("https://api.github.com/user", &json!({"id": 1}))
    };
    let started = start(providers::github(), &http()).await;
    let token = started.finish(Some("https://github.com/login/oauth")).await.unwrap();
    assert_eq!(token.scope.as_deref(), Some("repo,gist"));

    let http = http();
    let started = start(providers::github(), &http).await;
    let error = started.finish(Some("https://github.example")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
    assert_eq!(http.count("https://github.com/login/oauth/access_token"), 0);
}

#[tokio::test]
async fn github_error_with_status_200_is_an_error() {
    let said = json!({"error": "bad_verification_code", "error_description": "The code expired."});
    let http =
        RecordedResponses::default().json("https://github.com/login/oauth/access_token", &said);
    let error = start(providers::github(), &http).await.finish(None).await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "bad_verification_code");
}

/// The presets with OpenID Connect, their issuers and APIs.
#[tokio::test]
async fn oidc_presets_fetch_metadata_of_issuer() {
    let table = [
        (providers::google(), "https://accounts.google.com"),
        (providers::gitlab(), "https://gitlab.com"),
        (providers::auth0("x.eu.auth0.com"), "https://x.eu.auth0.com/"),
        (providers::okta("x.okta.com/oauth2/default"), "https://x.okta.com/oauth2/default"),
        (providers::keycloak("https://id.example", "main"), "https://id.example/realms/main"),
    ];
    for (preset, issuer) in table {
        let http = RecordedResponses::default().json(&well_known(issuer), &metadata(issuer));
        let started = start(preset, &http).await;
        assert_eq!(started.endpoint, "https://op.example/authorize");
        assert!(started.query["scope"].split(' ').any(|scope| scope == "openid"), "{issuer}");
        assert!(started.query.contains_key("nonce"));
        assert_eq!(started.query["code_challenge_method"], "S256");
    }
}

#[tokio::test]
async fn google_issuer_without_scheme_is_accepted() {
    for (iss, accepted) in [
        ("https://accounts.google.com", true),
        ("accounts.google.com", true),
        ("http://accounts.google.com", false),
        ("accounts.google.com.evil.example", false),
    ] {
        let google = "https://accounts.google.com";
        let preset = providers::google().id_token_signed_response_alg(Algorithm::Hs256);
        let token = openid_login(
            preset,
            &well_known(google),
            &metadata(google),
            "https://op.example/token",
            |nonce| json!({"iss": iss, "nonce": nonce}),
        )
        .await;
        match token {
            Ok(token) => {
                assert!(accepted && token.userinfo().unwrap().sub() == "1", "{iss}");
                assert_eq!(token.userinfo().unwrap().iss(), Some(google), "one user, one issuer");
            }
            Err(error) => {
                assert!(!accepted, "{error}");
                assert_eq!(error.kind(), ErrorKind::InvalidIdToken);
            }
        }
    }
}

/// The `common` document of Microsoft Entra ID has a template as issuer, its ID tokens the tenant's issuer.
#[tokio::test]
async fn microsoft_user_belongs_to_issuer_of_tenant() {
    let (own, foreign) = ("11111111-2222-3333-4444-555555555555", "another-tenant");
    let at = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let hs256 = || providers::microsoft().id_token_signed_response_alg(Algorithm::Hs256);
    for (preset, document, tenant, tid, expected) in [
        (hs256().allowed_tenant(own), "common", own, own, Ok(())),
        (hs256().allowed_tenant(own), "common", foreign, foreign, Err(ErrorKind::AccessDenied)),
        (hs256().allowed_tenant(own), "common", own, foreign, Err(ErrorKind::InvalidIdToken)),
        (hs256().any_tenant(), "common", foreign, foreign, Ok(())),
        (hs256().issuer(at(own)), own, own, own, Ok(())),
        (hs256().issuer(at(own)), own, foreign, foreign, Err(ErrorKind::InvalidIdToken)),
        (
            hs256().issuer(at("consumers")),
            "consumers",
            "9188040d-6c67-4c5b-b112-36a304b66dad",
            "9188040d-6c67-4c5b-b112-36a304b66dad",
            Ok(()),
        ),
        (hs256().issuer(at("consumers")), "consumers", own, own, Err(ErrorKind::AccessDenied)),
    ] {
        let found = if document == own { own } else { "{tenantid}" };
        let url = well_known(&at(document));
        let claims =
            |nonce: Option<&String>| json!({"iss": at(tenant), "tid": tid, "nonce": nonce});
        let endpoint = "https://op.example/token";
        let token = openid_login(preset, &url, &metadata(&at(found)), endpoint, claims).await;
        let iss = token.map(|token| token.userinfo().unwrap().iss().unwrap().to_owned());
        let iss = iss.map_err(|error| error.kind());
        assert_eq!(iss, expected.map(|()| at(tenant)), "{document} {tenant} {tid}");
    }
}

/// `LinkedIn` omits the nonce in ID tokens and rejects PKCE: neither is sent, and its ID tokens are
/// verified all the same.
#[tokio::test]
async fn linkedin_login_sends_no_nonce_and_no_pkce() {
    let preset = providers::linkedin().id_token_signed_response_alg(Algorithm::Hs256);
    let started = start(preset.clone(), &RecordedResponses::default()).await;
    assert_eq!(started.endpoint, "https://www.linkedin.com/oauth/v2/authorization");
    assert_eq!(started.query["scope"], "openid profile email");
    assert!(!started.query.contains_key("nonce"));
    assert!(!started.query.contains_key("code_challenge"));
    for (iss, accepted) in [
        ("https://www.linkedin.com/oauth", true),
        ("https://www.linkedin.com", true),
        ("https://www.linkedin.example", false),
    ] {
        let endpoint = "https://www.linkedin.com/oauth/v2/accessToken";
        let claims = |_: Option<&String>| json!({"iss": iss});
        let token = openid_login(preset.clone(), "", &Value::Null, endpoint, claims).await;
        assert_eq!(token.is_ok(), accepted, "{token:?}");
    }
}

/// A login whose ID token is signed with the client secret and has these additional `claims`.
async fn openid_login(
    preset: ClientConfig,
    metadata_url: &str,
    metadata: &Value,
    token_endpoint: &str,
    claims: impl Fn(Option<&String>) -> Value,
) -> Result<Token, Error> {
    let is_linkedin = token_endpoint.contains("linkedin");
    let preset = preset.without_userinfo_at_login();
    let document = RecordedResponses::default().json(metadata_url, metadata);
    let mut started = start(preset.clone(), &document).await;
    let id_token = sign_id_token(&claims(started.query.get("nonce")));
    let mut response = json!({"access_token": "at", "token_type": "Bearer", "id_token": id_token});
    if is_linkedin {
        // As reported of "Sign In with LinkedIn using OpenID Connect".
        response = json!({"access_token": "at", "expires_in": 5_183_999, "id_token": id_token});
    }

    // The same client again: now the nonce is known, and the response can be created.
    let http = document.json(token_endpoint, &response);
    started.app = OAuth::builder()
        .register(preset.client_id("id").client_secret(SECRET))
        .http_client(http)
        .clock(clock())
        .build()?
        .clients()
        .next()
        .unwrap();
    started.finish(None).await
}

/// An ID token for the client `id` with these claims, signed with the client secret.
pub(super) fn sign_id_token(claims: &Value) -> String {
    let now = unix_seconds(clock().now());
    let mut payload = json!({"sub": "1", "aud": "id", "iat": now, "exp": now + 60});
    payload.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    payload.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    encode(&Header::default(), &payload, &key).unwrap()
}

pub(super) fn clock() -> FixedClock {
    FixedClock::new(from_unix_seconds(1_800_000_000))
}

pub(super) fn well_known(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

pub(super) fn metadata(issuer: &str) -> Value {
    let url =
        |path: &str| Url::parse("https://op.example").unwrap().join(path).unwrap().to_string();
    json!({
        "issuer": issuer,
        "authorization_endpoint": url("authorize"),
        "token_endpoint": url("token"),
        "jwks_uri": url("jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}
