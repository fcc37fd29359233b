use serde_json::json;

use super::*;
use crate::config::Sources;
use crate::jose::Algorithm;
use crate::oauth1::{SignatureLocation, SignatureMethod};
use crate::oauth2::{AssertionAudience, AuthMethod, TokenLocation};
use crate::{JwtBearer, providers};

const P256: &str = include_str!("../../../tests/client-keys/p256.pem");

fn problems(config: ClientConfig) -> String {
    match config.resolve() {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

/// Checks that each configuration has the error, and shows no secret.
fn check_problems(table: impl IntoIterator<Item = (ClientConfig, &'static str)>) {
    for (config, expected) in table {
        let problems = problems(config);
        assert!(problems.contains(expected), "{expected}\nnot in\n{problems}");
        assert!(!problems.contains("hush"), "{problems}");
    }
}

fn check_accepted(configs: impl IntoIterator<Item = ClientConfig>) {
    for config in configs {
        assert_eq!(problems(config), "");
    }
}

struct Unused;

impl crate::hooks::OAuth1Signature for Unused {
    fn name(&self) -> &str {
        "UNUSED"
    }

    fn sign(&self, _: &str, _: &Secret, _: Option<&Secret>) -> crate::Result<Secret> {
        Ok(Secret::new("unused"))
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

fn secret() -> ClientConfig {
    by_hand().client_secret("s")
}

fn keyed() -> ClientConfig {
    by_hand().private_key(P256)
}

/// `by_hand` with a setting from a file.
fn from_file(line: &str) -> ClientConfig {
    let mut sources = Sources::default();
    sources.register(by_hand());
    sources.toml(&format!("[oauth.c]\n{line}"), "authlib.toml");
    let (mut clients, problems) = sources.read().merge(&[]);
    assert!(problems.is_empty(), "{problems:?}");
    clients.remove(0)
}

#[test]
fn issuer_or_two_endpoints_are_enough() {
    check_accepted([openid(), by_hand()]);
    let settings = openid().resolve().unwrap();
    let url = "https://op.example/.well-known/openid-configuration";
    assert_eq!(settings.metadata_url.unwrap().as_str(), url);
}

#[test]
fn issuer_is_derived_from_well_known_url() {
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
fn issuer_of_many_tenants_needs_tenants() {
    use crate::oauth2::issuers::Tenants;
    let at = |issuer: &str| ClientConfig::new("c").client_id("id").issuer(issuer);
    let missing = "`allowed_tenants` is missing: `issuer` has many tenants";
    let microsoft = "https://login.microsoftonline.com";
    check_problems([
        (at(&format!("{microsoft}/common/v2.0")), missing),
        (at(&format!("{microsoft}/organizations/v2.0")), missing),
        (at("https://login.microsoftonline.us/common/v2.0"), missing),
        (at("https://op.example/{tenantid}/v2.0"), missing),
        (at("https://op.example").any_tenant(), "`any_tenant` has no effect"),
        (at("https://op.example").allowed_tenant("t"), "`allowed_tenants` has no effect"),
        (at("https://op.example/common/v2.0/x").any_tenant(), "`any_tenant` has no effect"),
        (
            at("https://op.example/{tenantid}").any_tenant().allowed_tenant("t"),
            "`any_tenant` must not be combined",
        ),
        (
            at("https://op.example/{tenantid}").any_tenant().issuer_alias("x"),
            "`issuer_aliases` can't be set",
        ),
    ]);
    // Another provider's realm may be called `common`.
    check_accepted([at("https://op.example/common/v2.0"), at(&format!("{microsoft}/t1/v2.0"))]);
    let listed = |tenant: &str| Tenants::Listed(vec![tenant.to_owned()]);
    let consumers = "9188040d-6c67-4c5b-b112-36a304b66dad";
    for (config, issuer, document, tenants) in [
        (
            at(&format!("{microsoft}/common/v2.0")).any_tenant(),
            "/{tenantid}/v2.0",
            "common",
            Tenants::Any,
        ),
        (
            at(&format!("{microsoft}/organizations/v2.0")).allowed_tenant("t"),
            "/{tenantid}/v2.0",
            "organizations",
            listed("t"),
        ),
        (
            at(&format!("{microsoft}/consumers/v2.0")),
            "/{tenantid}/v2.0",
            "consumers",
            listed(consumers),
        ),
        (
            at(&format!("{microsoft}/{{tenantid}}/v2.0")).any_tenant(),
            "/{tenantid}/v2.0",
            "common",
            Tenants::Any,
        ),
    ] {
        let settings = config.resolve().unwrap();
        assert_eq!(settings.issuer.as_deref(), Some(format!("{microsoft}{issuer}").as_str()));
        let url = format!("{microsoft}/{document}/v2.0/.well-known/openid-configuration");
        assert_eq!(settings.metadata_url.unwrap().as_str(), url);
        assert_eq!(settings.issuers.tenants, Some(tenants));
    }
    let url = "https://op.example/meta";
    let config = at("https://op.example/{tenantid}/").any_tenant().server_metadata_url(url);
    assert_eq!(config.resolve().unwrap().metadata_url.unwrap().as_str(), url);
}

#[test]
fn tenant_settings_are_read_from_files() {
    let settings = from_file(
        "issuer = 'https://op.example/{tenantid}/v2.0'\nallowed_tenants = ['a', 'b']\n\
         accepted_issuers = ['https://b.example']",
    );
    let settings = settings.resolve().unwrap();
    assert_eq!(
        settings.issuers.tenants,
        Some(crate::oauth2::issuers::Tenants::Listed(vec!["a".to_owned(), "b".to_owned()]))
    );
    assert_eq!(settings.issuers.others, ["https://b.example"]);
    let settings = from_file("issuer = 'https://op.example'\nissuer_aliases = 'op.example x'");
    assert_eq!(settings.resolve().unwrap().issuers.aliases, ["op.example", "x"]);
}

#[test]
fn hooks_of_a_file_are_the_built_in_ones() {
    use crate::hooks::{RequestHook, ResponseHook};
    let config = from_file("hooks = ['parse_form_response', 'token_in_query:oauth2_access_token']");
    let hooks = config.resolve().unwrap().extensions.hooks;
    assert!(hooks.responses.has(ResponseHook::AccessTokenResponse));
    assert!(hooks.responses.has(ResponseHook::RefreshTokenResponse));
    assert!(hooks.requests.has(RequestHook::ProtectedRequest));
    let problem = "`hooks` has \"assume_bearer\", which is not a built-in hook: use";
    check_problems([
        (from_file("hooks = ['assume_bearer']"), problem),
        (from_file("hooks = 'token_in_query:'"), "which is not a built-in hook"),
    ]);
}

#[test]
fn missing_conflicting_and_weakening_settings_are_errors() {
    let id = || ClientConfig::new("c").client_id("x");
    let hs256 = || by_hand().id_token_signed_response_alg(Algorithm::Hs256);
    let post = AuthMethod::ClientSecretPost;
    check_problems([
        (ClientConfig::new("c").issuer("https://op.example"), "`client_id` is missing"),
        (id(), "`authorization_endpoint` (or `authorize_url`) is missing"),
        (id(), "`token_endpoint` (or `access_token_url`) is missing"),
        (by_hand().scope("openid"), "`jwks_uri` is missing"),
        (by_hand().scope("openid"), "`issuer` is missing"),
        (by_hand().token_endpoint("http://op.example/t"), "is \"http://op.example/t\": it must"),
        (
            by_hand().token_endpoint("https://u:hush@op.example"),
            "is a URL with credentials: it must",
        ),
        (by_hand().issuer("http://op.example"), "`issuer` is \"http://op.example\": it must"),
        (by_hand().issuer("https://op.example "), "`issuer` is \"https://op.example \": it must"),
        (by_hand().issuer("https://op.example?x=1"), "`issuer` must not have a query"),
        (by_hand().authorize_param("state", "x"), "must not hold `state`"),
        (by_hand().authorize_param("code_challenge", "x"), "must not hold `code_challenge`"),
        (by_hand().authorize_param("client_secret", "x"), "must not hold `client_secret`"),
        (by_hand().access_token_param("client_secret", "x"), "must not hold `client_secret`"),
        (by_hand().refresh_token_param("grant_type", "x"), "must not hold `grant_type`"),
        (by_hand().userinfo_claim("sub", "/id"), "`userinfo_claims` must not hold `sub`"),
        (by_hand().userinfo_claim("iss", "x"), "`userinfo_claims` must not hold `iss`"),
        (by_hand().token_endpoint_auth_method(post), "`client_secret` is missing"),
        (hs256(), "`client_secret` is missing: ID tokens are verified with it for HS256"),
        (hs256().client_secret(""), "`client_secret` is missing"),
        (by_hand().jwks(json!({"keys": []})), "`jwks` has no key"),
        (by_hand().jwks(json!({})), "`jwks` is not a JWK set"),
        (by_hand().redirect_uri("localhost:3000/cb"), "must be http, https or an app's own"),
        (by_hand().redirect_uri("javascript:alert(1)"), "must be http, https or an app's own"),
        (by_hand().redirect_uri("not a url"), "must be an absolute URL or a path"),
        (
            by_hand().redirect_uri("http://x.example/cb"),
            "it must start with https:// (http:// only for",
        ),
        (by_hand().redirect_uri("https://x.example/#f"), "must not have a fragment"),
        (by_hand().user_agent("a\nb"), "`user_agent` is \"a\\nb\", which is not a valid header"),
        (by_hand().name("a/b"), "client `a/b` must have a name of letters"),
        (by_hand().name(""), "must have a name of letters"),
        (by_hand().signature_location(SignatureLocation::Body), "`signature_type`) is only for"),
        (by_hand().signature_method(SignatureMethod::Plaintext), "`signature_method` is only for"),
        (by_hand().realm("x"), "`realm` is only for OAuth 1.0a"),
        (by_hand().oauth1_signature(Unused), "`oauth1_signature` is only for OAuth 1.0a"),
        (by_hand().request_token_url("https://op.example/r"), "`client_secret` is missing"),
        (openid().request_token_url("https://op.example/r"), "`issuer` is not used by OAuth 1.0a"),
        (by_hand().timeout(Duration::ZERO), "`timeout` is zero"),
    ]);
}

/// A value that the compiler refuses in code is an error with the accepted values in a file.
#[test]
fn unsupported_values_in_files_are_errors() {
    check_problems(
        [
            ("token_endpoint_auth_method = 'magic'", "is \"magic\", which is not supported: use"),
            ("introspection_endpoint_auth_method = 'tls'", "is \"tls\", which is not supported"),
            ("revocation_endpoint_auth_method = 'tls'", "is \"tls\", which is not supported"),
            ("id_token_signed_response_alg = 'none'", "is \"none\", which is not supported"),
            ("id_token_signed_response_alg = 'nOnE'", "is \"nOnE\", which is not supported"),
            ("token_endpoint_auth_signing_alg = 'none'", "is \"none\", which is not supported"),
            ("introspection_signed_response_alg = 'none'", "is \"none\", which is not supported"),
            ("introspection_signed_response_alg = 'HS256'", "is \"HS256\", which is not supported"),
            ("userinfo_signed_response_alg = 'none'", "is \"none\", which is not supported"),
            ("client_assertion_audience = 'me'", "use `issuer` or `token_endpoint`"),
            ("code_challenge_method = 'plain'", "is \"plain\", which is not supported: use `S256`"),
            ("response_mode = 'web_message'", "use `query`, `form_post`"),
            ("authorize_params = { response_mode = 'x' }", "which is not supported"),
            ("renewal = 'always'", "`renewal` is \"always\", which is not supported: use"),
            ("refresh_with = ''", "`refresh_with` (or `renewal`) is \"\", which is not supported"),
            ("token_placement = 'cookie'", "use `header`, `body` or `query`"),
            ("signature_type = 'COOKIE'", "use `HEADER`, `BODY` or `QUERY`"),
            ("signature_method = 'MD5'", "`HMAC-SHA1`, `HMAC-SHA256`"),
        ]
        .map(|(line, expected)| (from_file(line), expected)),
    );
    check_accepted(
        ["token_placement = 'uri'", "token_location = 'body'", "renewal = 'off'"].map(from_file),
    );
    let both = from_file("token_endpoint_auth_method = 'magic'").client_secret("s");
    assert_eq!(problems(both.private_key(P256)).lines().count(), 1);
}

#[test]
fn refused_url_is_reported_once() {
    let config = ClientConfig::new("c").client_id("id").issuer("http://op.example").scope("openid");
    assert_eq!(problems(config).lines().count(), 1);
}

#[test]
fn redirect_uri_can_have_own_scheme() {
    check_accepted([by_hand().redirect_uri("com.example.app:/cb"), by_hand().redirect_uri("/cb")]);
}

#[test]
fn empty_text_removes_setting() {
    let config = by_hand().issuer("http://refused.example").issuer("").token_endpoint("x");
    check_accepted([config
        .token_endpoint("")
        .server_metadata_url("https://op.example/.well-known/oauth-authorization-server")]);
}

#[test]
fn api_urls_resolve_below_base_url() {
    let settings = by_hand().api_base_url("https://api.example/v1?x=y").resolve().unwrap();
    assert_eq!(settings.api_base_url.unwrap().as_str(), "https://api.example/v1/");
}

#[test]
fn issuer_without_scope_asks_for_openid() {
    let scope = |config: ClientConfig| config.client_id("id").resolve().unwrap().scope;
    let issuer = || ClientConfig::new("c").issuer("https://op.example");
    assert_eq!(scope(issuer()), "openid");
    assert_eq!(scope(issuer().scope(" email  profile ")), "email profile");
    let oauth = "https://op.example/.well-known/oauth-authorization-server";
    assert_eq!(scope(ClientConfig::new("c").server_metadata_url(oauth)), "");
    assert_eq!(scope(by_hand()), "");
    assert_eq!(scope(issuer().refresh_with(Refresh::ClientCredentials)), "");
}

/// Authlib has these settings there.
#[test]
fn authorize_params_can_hold_response_mode_scope_and_max_age() {
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
fn credentials_must_fit_auth_method() {
    use AuthMethod::{ClientSecretBasic, ClientSecretJwt, ClientSecretPost, None, PrivateKeyJwt};
    let method = ClientConfig::token_endpoint_auth_method;
    let alg = ClientConfig::token_endpoint_auth_signing_alg;
    let audience = ClientConfig::client_assertion_audience;
    check_accepted([
        keyed(),
        method(keyed(), PrivateKeyJwt).client_secret("of HS256 ID tokens"),
        audience(alg(keyed(), Algorithm::Es256), AssertionAudience::TokenEndpoint)
            .private_key_id("k"),
        audience(
            alg(method(secret(), ClientSecretJwt), Algorithm::Hs512),
            AssertionAudience::Issuer,
        ),
    ]);
    check_problems([
        (method(by_hand(), PrivateKeyJwt), "`private_key` (or `rsa_key`) is missing"),
        (method(secret(), PrivateKeyJwt), "`private_key` (or `rsa_key`) is missing"),
        (method(by_hand(), ClientSecretJwt), "`client_secret` is missing"),
        (keyed().client_secret("s"), "there is both a `private_key` and a `client_secret`"),
        (method(keyed(), ClientSecretBasic), "is not used by `client_secret_basic`"),
        (method(keyed(), None), "is not used by `none`"),
        (by_hand().private_key("hush"), "`private_key` (or `rsa_key`) is neither PEM"),
        (alg(keyed(), Algorithm::Rs256), "is RS256, which does not fit `private_key`: use ES256"),
        (alg(keyed(), Algorithm::Hs256), "is HS256, which does not fit `private_key`"),
        (
            alg(method(secret(), ClientSecretJwt), Algorithm::Rs256),
            "is RS256, which does not fit `client_secret`",
        ),
        (
            alg(method(secret(), ClientSecretPost), Algorithm::Hs256),
            "`token_endpoint_auth_signing_alg` is not used: only `private_key_jwt`",
        ),
        (alg(by_hand(), Algorithm::Es256), "`token_endpoint_auth_signing_alg` is not used"),
        (
            audience(by_hand(), AssertionAudience::Issuer),
            "`client_assertion_audience` is not used: only `private_key_jwt`",
        ),
        (secret().private_key_id("k"), "`private_key_id` is not used without"),
    ]);
}

#[test]
fn refresh_and_api_settings_are_checked() {
    let fetched = |_| async { Err(crate::Error::new(crate::ErrorKind::Unauthenticated, "none")) };
    let robot = || JwtBearer::new("robot", P256);
    let refresh = |refresh: Refresh| by_hand().refresh_with(refresh);
    check_accepted([
        refresh(Refresh::ClientCredentials).client_secret("s"),
        refresh(Refresh::RefreshToken),
        refresh(Refresh::Off),
        refresh(Refresh::callback(fetched)),
        refresh(robot().lifetime(Duration::MAX).into()),
        by_hand()
            .token_location(TokenLocation::Query)
            .api_origin("https://x.example")
            .api_origin("http://[::1]"),
        by_hand().refresh_before_expiry(Duration::MAX).timeout(Duration::MAX),
        // It may have no registration at all.
        refresh(Refresh::callback(fetched)).client_id("").authorization_endpoint(""),
    ]);
    check_problems([
        (refresh(JwtBearer::new("robot", "hush").into()), "`renewal`) has a bad assertion: "),
        (refresh(robot().claim("jti", "fixed").into()), "has a bad assertion: `jti`"),
        (refresh(robot().alg("none").into()), "has a bad assertion: \"none\""),
        (
            by_hand().api_base_url("http://api.example/"),
            "`api_base_url` is \"http://api.example/\"",
        ),
        (by_hand().api_origin("https://x.example/v1"), "`api_origins` is \"https://x.example/v1\""),
        (
            by_hand().api_origin("https://x.example/?a=b"),
            "is \"https://x.example/?a=b\": an origin has no path and query",
        ),
        (by_hand().api_origin("http://x.example"), "is \"http://x.example\": it must"),
        (by_hand().api_origin("*"), "is \"*\": it must"),
        (by_hand().api_origin("https://u:hush@x.example"), "`api_origins` is a URL with"),
        (by_hand().api_origin("x.example"), "`api_origins` is \"x.example\""),
    ]);
}

#[test]
fn clock_skew_is_bounded() {
    let skew =
        |config: ClientConfig| config.resolve().map(|settings| settings.clock_skew.as_secs());
    assert_eq!(skew(by_hand()).unwrap(), 60);
    for seconds in [0, 300] {
        assert_eq!(skew(by_hand().clock_skew(Duration::from_secs(seconds))).unwrap(), seconds);
        assert_eq!(skew(from_file(&format!("clock_skew = {seconds}"))).unwrap(), seconds);
    }
    check_problems([
        (by_hand().clock_skew(Duration::from_secs(301)), "`clock_skew` is more than 300 seconds"),
        (from_file("clock_skew = 3600"), "`clock_skew` is more than 300 seconds"),
    ]);
}

#[test]
fn logout_params_must_not_be_those_of_the_logout() {
    let cognito = by_hand().post_logout_redirect_param("logout_uri").logout_param("x", "y");
    check_accepted([cognito, by_hand().post_logout_redirect_param("post_logout_redirect_uri")]);
    check_problems([
        (by_hand().logout_param("state", "s"), "`logout_params` must not hold `state`"),
        (
            from_file("logout_params = {client_id = 'x'}"),
            "`logout_params` must not hold `client_id`",
        ),
        (
            by_hand().post_logout_redirect_param("state"),
            "`post_logout_redirect_param` is `state`, which is set automatically",
        ),
    ]);
}

/// RFC 6749 §2.3.1: the secret of Reddit's installed apps is an empty string.
#[test]
fn empty_secret_is_one_only_with_explicit_basic() {
    let secret = |config: ClientConfig| config.resolve().unwrap().client_secret;
    let basic = || by_hand().token_endpoint_auth_method(AuthMethod::ClientSecretBasic);
    let file = "client_secret = ''\ntoken_endpoint_auth_method = 'client_secret_basic'";
    assert!(secret(basic().client_secret("")).is_some());
    assert!(secret(from_file(file)).is_some());
    assert!(secret(by_hand().client_secret("")).is_none());
    let post = AuthMethod::ClientSecretPost;
    check_problems([
        (basic(), "`client_secret` is missing"),
        (
            by_hand().client_secret("").token_endpoint_auth_method(post),
            "`client_secret` is missing",
        ),
    ]);
}

#[test]
fn client_assertion_settings_are_checked() {
    let lifetime = |seconds| keyed().client_assertion_lifetime(Duration::from_secs(seconds));
    let pem = |body: &str| {
        let text = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        keyed().private_key_certificate(text)
    };
    check_accepted([
        lifetime(1),
        lifetime(3600),
        keyed().client_assertion_claim("scope", "a"),
        pem("AAAA"),
    ]);
    let basic = || secret().token_endpoint_auth_method(AuthMethod::ClientSecretBasic);
    check_problems([
        (lifetime(0), "`client_assertion_lifetime` must be between"),
        (lifetime(3601), "`client_assertion_lifetime` must be between"),
        (lifetime(u64::MAX), "`client_assertion_lifetime` must be between"),
        (
            basic().client_assertion_lifetime(Duration::from_secs(60)),
            "`client_assertion_lifetime` is not used",
        ),
        (keyed().client_assertion_claim("jti", "x"), "must not hold `jti`"),
        (keyed().client_assertion_claim("exp", 1), "must not hold `exp`"),
        (basic().client_assertion_claim("a", "b"), "`client_assertion_claims` is not used"),
        (pem(""), "`private_key_certificate` is not a certificate in PEM"),
        (pem("not base64!"), "`private_key_certificate` is not a certificate in PEM"),
        (keyed().private_key_certificate(P256), "is not a certificate in PEM"),
        (secret().private_key_certificate("x"), "is not used without `private_key`"),
    ]);
}

#[test]
fn endpoint_auth_methods_need_credentials() {
    type Set = fn(ClientConfig, AuthMethod) -> ClientConfig;
    let endpoints: [(&str, Set); 2] = [
        ("introspection", ClientConfig::introspection_endpoint_auth_method),
        ("revocation", ClientConfig::revocation_endpoint_auth_method),
    ];
    for (endpoint, set) in endpoints {
        for (method, missing) in [
            (AuthMethod::ClientSecretBasic, "`client_secret` is missing"),
            (AuthMethod::ClientSecretPost, "`client_secret` is missing"),
            (AuthMethod::ClientSecretJwt, "`client_secret` is missing"),
            (AuthMethod::PrivateKeyJwt, "`private_key` (or `rsa_key`) is missing"),
        ] {
            let reason = format!("`{endpoint}_endpoint_auth_method` is `{}`", method.name());
            let expected = format!("client `c`: {missing}: {reason}");
            let problems = problems(set(by_hand(), method));
            assert!(problems.starts_with(&expected), "{problems}");
        }
        check_accepted([
            set(by_hand(), AuthMethod::None),
            set(secret(), AuthMethod::ClientSecretPost),
        ]);
    }
    check_problems([
        (
            by_hand().introspection_signed_response_alg(Algorithm::Rs256),
            "`issuer` is missing: signed introspection",
        ),
        (
            openid().introspection_signed_response_alg(Algorithm::Hs256),
            "is HS256, but must be a public-key algorithm",
        ),
        (
            openid().userinfo_signed_response_alg(Algorithm::Hs256),
            "is HS256, but must be a public-key algorithm",
        ),
    ]);
}

/// What people copy and mistype most often; the message says what to write instead.
#[test]
fn common_mistakes_are_named() {
    let github = || providers::github().client_id("id").client_secret("s");
    check_problems([
        (github().client_secret("hush\n"), "`client_secret` begins or ends with a blank"),
        (github().client_id(" id"), "`client_id` begins or ends with a blank"),
        (openid().issuer("https://op.example "), "must not have blanks"),
        (
            openid().issuer("https://op.example/.well-known/openid-configuration"),
            "set `issuer` to \"https://op.example\"",
        ),
        (providers::github().client_id("id"), "`client_secret` is missing"),
        (by_hand().token_endpoint("localhost:3000/t"), "it has no scheme"),
    ]);
    check_accepted([
        github(),
        // A program for the device flow has no secret.
        {
            let mut config = providers::github().client_id("id");
            config.extensions.standalone = true;
            config
        },
    ]);
}

#[test]
fn kept_claims_need_a_login_without_token() {
    check_problems([
        (openid().keep_claims(["groups"]), "`keep_claims` has no effect"),
        (openid().keep_token(true).keep_claims(["groups"]), "`keep_claims` has no effect"),
        (openid().keep_token(false).without_logins(), "`keep_token` is false, but users"),
        (
            secret().refresh_with(Refresh::ClientCredentials).keep_token(false),
            "`keep_token` is false",
        ),
    ]);
    check_accepted([
        openid().keep_token(true),
        openid().keep_token(false).keep_claims(["groups"]),
        from_file("keep_token = false\nkeep_claims = ['groups']"),
    ]);
}
