use super::*;

const P256: &str = include_str!("../../../tests/client-keys/p256.pem");

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
        (by_hand().token_endpoint("http://op.example/t"), "`token_endpoint`: is refused"),
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
    let scopes = |config: ClientConfig| config.client_id("id").resolve().unwrap().scope;
    let issuer = || ClientConfig::new("c").issuer("https://op.example");
    assert_eq!(scopes(issuer()), "openid");
    assert_eq!(scopes(issuer().scope("email")), "email");
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

#[test]
fn how_tokens_are_renewed_and_where_they_go_is_checked_by_key() {
    let fetched = |_| async { Err(crate::Error::new(crate::ErrorKind::Unauthenticated, "none")) };
    let robot = || crate::JwtBearer::new("robot", P256);
    for config in [
        by_hand().renewal("client_credentials").client_secret("s"),
        by_hand().renewal("refresh_token"),
        by_hand().renewal("off"),
        by_hand().renew_by(fetched),
        by_hand().renew_by_assertion(robot().lifetime(Duration::MAX)),
        by_hand().token_placement("uri").api_origin("https://x.example").api_origin("http://[::1]"),
        by_hand().leeway(Duration::MAX).timeout(Duration::MAX),
    ] {
        assert_eq!(problems(config), "");
    }
    let table = [
        (
            by_hand().renewal("always"),
            "`renewal`: \"always\" is not supported, only `refresh_token`",
        ),
        (by_hand().renewal(""), "`renewal`: \"\" is not supported"),
        (by_hand().renewal("off").renew_by(fetched), "`renewal`: is said twice"),
        (by_hand().renew_by(fetched).renew_by_assertion(robot()), "`renewal`: is said twice"),
        (by_hand().renewal("off").renew_by_assertion(robot()), "`renewal`: is said twice"),
        (
            by_hand().renew_by_assertion(crate::JwtBearer::new("robot", "hush")),
            "`renew_by_assertion`: the assertion's key can't be read",
        ),
        (
            by_hand().renew_by_assertion(robot().claim("jti", "fixed")),
            "`renew_by_assertion`: `jti`",
        ),
        (by_hand().renew_by_assertion(robot().alg("none")), "`renew_by_assertion`: \"none\""),
        (by_hand().token_placement("cookie"), "`token_placement`: \"cookie\" is not supported"),
        (by_hand().timeout(Duration::ZERO), "`timeout`: is zero"),
        (by_hand().api_base_url("http://api.example/"), "`api_base_url`: is refused"),
        (by_hand().api_origin("https://x.example/v1"), "`api_origins`: \"https://x.example/v1\""),
        (
            by_hand().api_origin("https://x.example/?a=b"),
            "`api_origins`: \"https://x.example/?a=b\"",
        ),
        (
            by_hand().api_origin("http://x.example"),
            "`api_origins`: \"http://x.example\" is refused",
        ),
        (by_hand().api_origin("*"), "`api_origins`: \"*\" is refused"),
        (by_hand().api_origin("https://u:p@x.example"), "`api_origins`"),
        (by_hand().api_origin("x.example"), "`api_origins`"),
    ];
    for (config, says) in table {
        let problems = problems(config);
        assert!(problems.contains(says), "{says}\nnot in\n{problems}");
        assert!(!problems.contains("hush"));
    }
}

#[test]
fn what_an_assertion_says_is_checked_by_key() {
    let keyed = || by_hand().private_key(P256);
    let secret = || by_hand().client_secret("s");
    let lifetime = |seconds| keyed().client_assertion_lifetime(Duration::from_secs(seconds));
    for config in [lifetime(1), lifetime(3600), keyed().client_assertion_claim("scope", "a")] {
        assert_eq!(problems(config), "");
    }
    let pem = |body: &str| {
        let text = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        keyed().private_key_certificate(text)
    };
    assert_eq!(problems(pem("AAAA")), "");
    let basic = |config: ClientConfig| config.token_endpoint_auth_method("client_secret_basic");
    let table = [
        (lifetime(0), "`client_assertion_lifetime`: must be between"),
        (lifetime(3601), "`client_assertion_lifetime`: must be between"),
        (lifetime(u64::MAX), "`client_assertion_lifetime`: must be between"),
        (
            basic(secret()).client_assertion_lifetime(LEEWAY),
            "`client_assertion_lifetime`: has no use",
        ),
        (
            keyed().client_assertion_claim("jti", "x"),
            "`client_assertion_claims`: must not hold `jti`",
        ),
        (
            keyed().client_assertion_claim("exp", 1),
            "`client_assertion_claims`: must not hold `exp`",
        ),
        (basic(secret()).client_assertion_claim("a", "b"), "`client_assertion_claims`: has no use"),
        (pem(""), "`private_key_certificate`: is no PEM text"),
        (pem("not base64!"), "`private_key_certificate`: is no PEM text"),
        (keyed().private_key_certificate(P256), "`private_key_certificate`: is no PEM text"),
        (
            secret().private_key_certificate("x"),
            "`private_key_certificate`: has no use without `private_key`",
        ),
    ];
    for (config, says) in table {
        let problems = problems(config);
        assert!(problems.contains(says), "{says}\nnot in\n{problems}");
    }
}

#[test]
fn methods_of_single_endpoints_need_what_they_prove_with() {
    type Set = fn(ClientConfig, &str) -> ClientConfig;
    let endpoints: [(&str, Set); 2] = [
        ("introspection", |config, name| config.introspection_endpoint_auth_method(name)),
        ("revocation", |config, name| config.revocation_endpoint_auth_method(name)),
    ];
    for (endpoint, set) in endpoints {
        for (name, needs) in [
            ("client_secret_basic", "`client_secret`: is missing: `client_secret_basic` needs it"),
            ("client_secret_post", "`client_secret`: is missing: `client_secret_post` needs it"),
            ("client_secret_jwt", "`client_secret`: is missing: `client_secret_jwt` needs it"),
            ("private_key_jwt", "`private_key`: is missing: `private_key_jwt` needs it"),
        ] {
            assert_eq!(
                problems(set(by_hand(), name)).lines().next(),
                Some(&*format!("client `c`: {needs}"))
            );
        }
        assert_eq!(problems(set(by_hand(), "none")), "");
        assert_eq!(problems(set(by_hand().client_secret("s"), "client_secret_post")), "");
        let unknown = problems(set(by_hand(), "tls"));
        let says = format!("`{endpoint}_endpoint_auth_method`: \"tls\" is not supported");
        assert!(unknown.contains(&says), "{unknown}");
    }
    let signed = |alg: &str| by_hand().introspection_signed_response_alg(alg);
    for (config, says) in [
        (signed("RS256"), "`issuer`: is missing: signed introspection"),
        (signed("none"), "`introspection_signed_response_alg`: \"none\" is not supported"),
        (signed("HS256"), "`introspection_signed_response_alg`: \"HS256\" is not supported"),
    ] {
        let problems = problems(config);
        assert!(problems.contains(says), "{says}\nnot in\n{problems}");
    }
}
