use super::*;

fn problems(config: ClientConfig) -> String {
    match config.resolve() {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

fn by_hand() -> ClientConfig {
    ClientConfig::new("c")
        .client_id("id")
        .authorization_endpoint("https://op.example/a")
        .token_endpoint("https://op.example/t")
}

fn openid() -> ClientConfig {
    ClientConfig::new("c").client_id("id").issuer("https://op.example").scope("openid")
}

#[test]
fn an_issuer_or_two_endpoints_are_enough() {
    assert_eq!(problems(openid()), "");
    assert_eq!(problems(by_hand()), "");
    let settings = openid().resolve().unwrap();
    let url = "https://op.example/.well-known/openid-configuration";
    assert_eq!(settings.metadata_url.unwrap().as_str(), url);
}

#[test]
fn the_issuer_is_taken_from_a_well_known_url() {
    for (url, issuer) in [
        ("https://op.example/.well-known/openid-configuration", "https://op.example"),
        ("https://op.example/r/x/.well-known/openid-configuration", "https://op.example/r/x"),
        ("https://op.example/.well-known/oauth-authorization-server", "https://op.example"),
        ("https://op.example/.well-known/oauth-authorization-server/t", "https://op.example/t"),
    ] {
        let config = ClientConfig::new("c").client_id("id").server_metadata_url(url);
        assert_eq!(config.resolve().unwrap().issuer.as_deref(), Some(issuer));
    }
    let odd = ClientConfig::new("c").client_id("id").server_metadata_url("https://op.example/meta");
    assert!(problems(odd).contains("set `issuer` as well"));
}

#[test]
fn what_is_missing_contradicts_or_weakens_is_refused_by_key() {
    let table = [
        (ClientConfig::new("c").issuer("https://op.example"), "`client_id`: is missing"),
        (ClientConfig::new("c").client_id("x"), "`authorize_url`: is missing"),
        (ClientConfig::new("c").client_id("x"), "`access_token_url`: is missing"),
        (by_hand().scope("openid"), "`jwks_uri`: is missing"),
        (by_hand().scope("openid"), "`issuer`: is missing"),
        (by_hand().token_endpoint("http://op.example/t"), "`access_token_url`: is refused"),
        (by_hand().issuer("http://op.example"), "`issuer`: is refused"),
        (by_hand().authorize_param("state", "x"), "must not hold `state`"),
        (by_hand().authorize_param("code_challenge", "x"), "must not hold `code_challenge`"),
        (by_hand().access_token_param("client_secret", "x"), "must not hold `client_secret`"),
        (by_hand().token_endpoint_auth_method("client_secret_post"), "`client_secret`: is missing"),
        (by_hand().token_endpoint_auth_method("magic"), "\"magic\" is not supported"),
        (by_hand().id_token_signed_response_alg("none"), "\"none\" is not supported"),
        (by_hand().id_token_signed_response_alg("nOnE"), "\"nOnE\" is not supported"),
        (by_hand().id_token_signed_response_alg("HS256"), "ID tokens by HS256 need it"),
        (by_hand().response_mode("fragment"), "\"fragment\" is not supported"),
        (by_hand().jwks(serde_json::json!({"keys": []})), "`jwks`: has no key"),
        (by_hand().jwks(serde_json::json!({})), "`jwks`: is no JWK set"),
        (by_hand().redirect_uri("localhost:3000/cb"), "`redirect_uri`: is neither http"),
        (by_hand().redirect_uri("javascript:alert(1)"), "`redirect_uri`: is neither http"),
        (by_hand().user_agent("a\nb"), "`user_agent`: can't be sent"),
        (by_hand().issuer("https://op.example?x=1"), "`issuer`: has a query"),
        (by_hand().issuer("https://op.example "), "`issuer`: is refused"),
        (by_hand().authorize_param("client_secret", "x"), "must not hold `client_secret`"),
        (
            by_hand().id_token_signed_response_alg("HS256").client_secret(""),
            "ID tokens by HS256 need it",
        ),
        (by_hand().redirect_uri("not a url"), "`redirect_uri`: is neither"),
        (by_hand().redirect_uri("https://x.example/#f"), "has a fragment"),
        (ClientConfig { name: "a/b".into(), ..by_hand() }, "a client's name has letters"),
        (by_hand().signature_type("BODY"), "`signature_type`: is OAuth 1.0a's"),
        (by_hand().request_token_url("https://op.example/r"), "`client_secret`: is missing"),
        (openid().request_token_url("https://op.example/r"), "`issuer`: has no use"),
        (
            ClientConfig { code_challenge_method: Some("plain".into()), ..by_hand() },
            "only `S256` (RFC 9700",
        ),
    ];
    for (config, says) in table {
        let problems = problems(config);
        assert!(problems.contains(says), "{says}\nnot in\n{problems}");
    }
}

/// What is given but refused is one problem, not also missing.
#[test]
fn a_refused_url_is_reported_once() {
    let config = ClientConfig::new("c").client_id("id").issuer("http://op.example").scope("openid");
    assert_eq!(problems(config).lines().count(), 1);
}

#[test]
fn an_app_may_be_sent_back_to_by_its_own_scheme() {
    assert_eq!(problems(by_hand().redirect_uri("com.example.app:/cb")), "");
}

#[test]
fn api_urls_go_below_the_base_and_not_beside_it() {
    let settings = by_hand().api_base_url("https://api.example/v1?x=y").resolve().unwrap();
    assert_eq!(settings.api_base_url.unwrap().as_str(), "https://api.example/v1/");
}

#[test]
fn every_preset_needs_an_id_and_a_secret_only() {
    for name in crate::providers::NAMES {
        let preset = crate::providers::named(name).unwrap();
        assert_eq!(problems(preset.client_id("id").client_secret("s")), "", "{name}");
    }
}

/// Who names an OpenID provider and no scope means OpenID Connect.
#[test]
fn an_issuer_without_a_scope_asks_for_openid() {
    let scopes = |config: ClientConfig| config.client_id("id").resolve().unwrap().scopes;
    let issuer = || ClientConfig::new("c").issuer("https://op.example");
    assert_eq!(scopes(issuer()), ["openid"]);
    assert_eq!(scopes(issuer().scope("email")), ["email"]);
    let oauth = "https://op.example/.well-known/oauth-authorization-server";
    assert!(scopes(ClientConfig::new("c").server_metadata_url(oauth)).is_empty());
    assert!(scopes(by_hand()).is_empty());
}

/// Authlib's way to write them.
#[test]
fn authorize_params_may_hold_the_response_mode_the_scope_and_max_age() {
    let settings = openid()
        .authorize_param("response_mode", "form_post")
        .authorize_param("response_type", "code")
        .authorize_param("max_age", "60")
        .authorize_param("prompt", "login")
        .resolve()
        .unwrap();
    assert_eq!(settings.response_mode, Some(ResponseMode::FormPost));
    assert_eq!(settings.max_age, Some(Duration::from_secs(60)));
    assert_eq!(settings.authorize_params.to_form(), "prompt=login");
    assert!(
        problems(openid().authorize_param("response_type", "token")).contains("`response_type`")
    );
}

#[test]
fn what_a_client_proves_itself_with_must_fit_its_method() {
    const P256: &str = include_str!("../../tests/client-keys/p256.pem");
    let keyed = || by_hand().private_key(P256);
    let secret = || by_hand().client_secret("s");
    let method = |config: ClientConfig, name| config.token_endpoint_auth_method(name);
    let alg = |config: ClientConfig, name| config.token_endpoint_auth_signing_alg(name);
    for config in [
        keyed(),
        method(keyed(), "private_key_jwt").client_secret("of HS256 ID tokens"),
        alg(keyed(), "ES256").private_key_id("k").client_assertion_audience("token_endpoint"),
        alg(method(secret(), "client_secret_jwt"), "HS512").client_assertion_audience("issuer"),
    ] {
        assert_eq!(problems(config), "");
    }
    let table = [
        (method(by_hand(), "private_key_jwt"), "`private_key`: is missing"),
        (method(secret(), "private_key_jwt"), "`private_key`: is missing"),
        (method(by_hand(), "client_secret_jwt"), "`client_secret`: is missing"),
        (keyed().client_secret("s"), "with both `private_key` and `client_secret`"),
        (method(keyed(), "client_secret_basic"), "is not used by `client_secret_basic`"),
        (method(keyed(), "none"), "is not used by `none`"),
        (by_hand().private_key("hush"), "`private_key`: is neither PEM"),
        (alg(keyed(), "RS256"), "RS256 does not fit `private_key`, only ES256"),
        (alg(keyed(), "HS256"), "HS256 does not fit `private_key`"),
        (alg(method(secret(), "client_secret_jwt"), "RS256"), "does not fit `client_secret`"),
        (alg(keyed(), "none"), "\"none\" is not supported"),
        (alg(method(secret(), "client_secret_post"), "HS256"), "signs no assertion"),
        (alg(by_hand(), "ES256"), "signs no assertion"),
        (by_hand().client_assertion_audience("issuer"), "signs no assertion"),
        (secret().private_key_id("k"), "`private_key_id`: has no use"),
        (keyed().client_assertion_audience("me"), "\"me\" is not supported"),
    ];
    for (config, says) in table {
        let problems = problems(config);
        assert!(problems.contains(says), "{says}\nnot in\n{problems}");
        assert!(!problems.contains("hush"));
    }
}
