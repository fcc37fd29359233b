//! Cases of the OpenID Foundation's plans for relying parties that no other module has. The table of all cases is
//! `docs/dev/rp-cases.md`.

use authlib_conformance::{App, Browser, Fixture, TestKey};
use authlib_provider::{Endpoint, Fault, TestClient, TestUser};
use reqwest::Method;
use serde_json::json;
use url::Url;

fn param(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// OpenID Connect Core §5.4.
pub(crate) async fn claims_of_each_requested_scope_are_read(package: &str) {
    let scope = "openid profile email address phone";
    let fixture = Fixture::with(
        package,
        |provider| {
            let client = TestClient::confidential("all", Fixture::secret());
            let carol = TestUser::new("carol").name("Carol Example").email("carol@example.com");
            provider
                .client(client.any_loopback_redirect())
                .user(carol.address("1 High Street").phone("+44 20 7946 0000"))
        },
        &format!(
            "\n[oauth.all]\nclient_id = 'all'\nclient_secret = '{}'\nissuer = 'ISSUER'\n\
             scope = '{scope}'\n",
            Fixture::secret()
        ),
    )
    .await;
    let browser = Browser::new();
    let start = browser.get(fixture.url("/login/all")).await.location();
    assert_eq!(param(&start, "scope").as_deref(), Some(scope));
    let back = fixture.provider().approve(start.as_str(), "carol").unwrap();
    assert_eq!(browser.get(back.as_str()).await.status, 303);
    let claims = browser.get_json(fixture.url("/profile")).await.json()["claims"].clone();
    assert_eq!(claims["name"], "Carol Example");
    assert_eq!(claims["email"], "carol@example.com");
    assert_eq!(claims["address"]["formatted"], "1 High Street");
    assert_eq!(claims["phone_number"], "+44 20 7946 0000");
}

/// OpenID Connect Core §5.6.2.1: a member that a client does not read is ignored.
pub(crate) async fn aggregated_claims_do_not_disturb_the_login(package: &str) {
    let fixture = Fixture::new(package).await;
    for (name, value) in [
        ("_claim_names", json!({ "age": "src1" })),
        ("_claim_sources", json!({ "src1": { "JWT": "a.b.c" } })),
    ] {
        fixture.provider().inject(Fault::user_info(name, value));
    }
    let browser = Browser::new();
    assert_eq!(fixture.log_in(&browser).await.status, 303);
    assert!(fixture.is_alice(&browser).await);
    assert_eq!(browser.get_json(fixture.url("/userinfo/op")).await.status, 200);
}

/// OpenID Connect Core §3.1.2.6: `login_required`, in the body of a `form_post` response.
pub(crate) async fn error_of_a_silent_login_is_shown(package: &str) {
    let settings = "response_mode = 'form_post'\nprompt = 'none'\nmax_age = 0";
    let fixture = Fixture::with(package, |provider| provider, settings).await;
    let browser = Browser::new();
    let start = browser.get(fixture.url("/login/op")).await.location();
    for (name, value) in [("prompt", "none"), ("max_age", "0"), ("response_mode", "form_post")] {
        assert_eq!(param(&start, name).as_deref(), Some(value), "{start}");
    }
    let done = fixture.log_in_by_page(&browser).await;
    assert_eq!(done.status, 400, "{}", done.body);
    assert!(done.body.contains("The provider says: “the user must log in again”"), "{}", done.body);
    assert!(!fixture.is_alice(&browser).await);
    assert_eq!(fixture.count(Endpoint::Token), 0);
}

/// OpenID Connect Core §12.2: user info is read with the new access token.
pub(crate) async fn userinfo_after_a_refresh_has_the_new_token(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    // The provider no longer accepts the token of the login.
    fixture.provider().expire_access_tokens();
    let refreshed = browser.request(Method::POST, fixture.url("/refresh/op"), &[], None).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    assert_eq!(fixture.count(Endpoint::Token), 2);
    let user = browser.get_json(fixture.url("/userinfo/op")).await;
    assert_eq!((user.status, &user.json()["sub"]), (200, &json!("alice")), "{}", user.body);
    assert_eq!(fixture.count(Endpoint::Token), 2, "the token of the refresh is good");
}

/// OpenID Connect Core §9, with the embedded provider, which accepts the registered method only.
pub(crate) async fn login_works_with_every_authentication_method(package: &str) {
    let key = TestKey::for_algorithm("RS256");
    let private = format!("private_key = \"\"\"{}\"\"\"\n", key.private_pem);
    for method in
        ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]
    {
        let is_by_key = method == "private_key_jwt";
        let settings = format!("token_endpoint_auth_method = '{method}'\n");
        let settings = if is_by_key { settings + &private } else { settings };
        let register = |client: TestClient| match is_by_key {
            true => client.auth_method(method).jwks(json!({ "keys": [key.public_jwk.clone()] })),
            false => client.auth_method(method),
        };
        let fixture = Fixture::with_client(package, register, &settings).await;
        let browser = Browser::new();
        let done = fixture.log_in(&browser).await;
        assert_eq!(done.status, 303, "{method}: {}\n{}", done.body, fixture.app.log());
        assert!(fixture.is_alice(&browser).await, "{method}");
        let requests = fixture.provider().received_requests();
        let token = requests.iter().find(|seen| seen.endpoint == Endpoint::Token).unwrap();
        let basic = (method == "client_secret_basic").then_some("Basic");
        assert_eq!(token.authorization.as_deref(), basic, "{method}");
        assert_eq!(token.secret("client_secret").is_some(), method == "client_secret_post");
        assert_eq!(token.secret("client_assertion").is_some(), method.ends_with("_jwt"));
    }
}

/// An app behind a proxy that ends TLS: the roles whose URLs must be https.
pub(crate) async fn app_behind_tls_has_https_urls_and_secure_cookies(package: &str) {
    let base_url = "https://app.example";
    let fixture = Fixture::with(
        package,
        |provider| {
            let client = TestClient::confidential("secure", Fixture::secret());
            provider.client(client.redirect_uri(format!("{base_url}/authorize/secure")))
        },
        "",
    )
    .await;
    let issuer = fixture.provider().issuer().to_owned();
    let config = format!(
        "[oauth.secure]\nclient_id = 'secure'\nclient_secret = '{}'\nissuer = '{issuer}'\n\
         scope = 'openid'\nresponse_mode = 'form_post'\n",
        Fixture::secret()
    );
    let app = App::start_behind(package, base_url, &config).await;
    let browser = Browser::new();
    // A third party starts the login (OpenID Connect Core §4).
    let query = format!("iss={issuer}&target_link_uri={base_url}/profile");
    let start = browser.get(app.own_url(&format!("/initiate-login/secure?{query}"))).await;
    assert_eq!(start.status, 303, "{}", start.body);
    let start = start.location();
    assert_eq!(
        param(&start, "redirect_uri").as_deref(),
        Some("https://app.example/authorize/secure")
    );
    let cookies = browser.cookie("localhost");
    assert!(!cookies.is_empty());
    for (name, _, attributes) in cookies {
        assert!(attributes.to_lowercase().contains("secure"), "{name}: {attributes}");
    }
    fixture.provider().auto_approve("alice");
    let form = browser.get(start.as_str()).await;
    assert_eq!(form.action().as_str(), "https://app.example/authorize/secure");
    let own = |url: &Url| Url::parse(&app.own_url(url.path())).unwrap();
    let page = browser.submit(&own(&form.action()), &form.fields(), &form.url).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let page_url = own(&page.url);
    let done = browser.submit(&own(&page.action()), &page.fields(), &page_url).await;
    assert_eq!(done.header("location"), "/profile", "{}", done.body);
    assert_eq!(browser.get_json(app.own_url("/profile")).await.json()["sub"], "alice");
}
