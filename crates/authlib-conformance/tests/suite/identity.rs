//! Who a user is: two users never become one.

use authlib_conformance::{App, Browser, Fixture};
use authlib_provider::{Endpoint, Fault, Reply};
use serde_json::Value;

/// A number keeps its digits, also when it has more than 64 bits. One with a fraction or an exponent
/// identifies nobody.
pub(crate) async fn numeric_subjects_keep_every_digit(package: &str) {
    let fixture = Fixture::plain(package, "subject_claim = 'id'").await;
    for (id, sub) in [
        ("42", Some("42")),
        ("9007199254740993", Some("9007199254740993")),
        ("100000000000000000001", Some("100000000000000000001")),
        ("100000000000000000002", Some("100000000000000000002")),
        ("1e20", None),
        ("42.0", None),
    ] {
        let reply = Reply::json(200, format!(r#"{{"id":{id}}}"#));
        let fault = Fault::Response(Endpoint::UserInfo, reply);
        let Some(sub) = sub else {
            fixture.assert_rejects(fault, 502).await;
            assert!(fixture.app.log().contains("a fraction or an exponent"));
            continue;
        };
        fixture.provider().inject(fault);
        let browser = Browser::new();
        fixture.log_in(&browser).await;
        let profile = browser.get_json(fixture.url("/profile")).await.json();
        assert_eq!(profile["sub"], sub, "{id}");
        assert_eq!(profile["claims"]["sub"], sub, "{id}");
        fixture.provider().clear_faults();
    }
}

/// The same for an OAuth 1.0a token response that is JSON.
pub(crate) async fn numeric_oauth1_subjects_keep_every_digit(package: &str) {
    let fixture = Fixture::oauth1(package, "subject_claim = 'user_id'").await;
    for (id, sub) in [
        ("42", Some("42")),
        ("100000000000000000001", Some("100000000000000000001")),
        ("100000000000000000002", Some("100000000000000000002")),
        ("1e20", None),
        ("42.0", None),
    ] {
        let body = format!(r#"{{"oauth_token":"t","oauth_token_secret":"s","user_id":{id}}}"#);
        let reply = Reply::json(200, body);
        fixture.provider().inject(Fault::Response(Endpoint::OAuth1AccessToken, reply));
        let browser = Browser::new();
        let callback = fixture.allowed(&browser).await;
        let status = browser.get_json(callback).await.status;
        assert_eq!(status, if sub.is_some() { 303 } else { 502 }, "{id}");
        let profile = browser.get_json(fixture.url("/profile")).await.json();
        assert_eq!(profile["sub"].as_str(), sub, "{id}");
        fixture.provider().clear_faults();
    }
}

/// X and Feishu have the user in `data`: a JSON pointer, from the file and from the environment.
pub(crate) async fn nested_subject_is_read_by_json_pointer(package: &str) {
    let settings = "userinfo_endpoint = 'ISSUER/userinfo'\nauthorize_url = 'ISSUER/authorize'\n\
                    access_token_url = 'ISSUER/token'";
    let client = format!("[oauth.op]\nclient_id = 'spa'\nscope = 'profile'\n{settings}\n");
    for (file, vars) in [
        ("subject_claim = '/data/id'\n", &[][..]),
        ("subject_claim = 'id'\n", &[("OP_SUBJECT_CLAIM", "/data/id")][..]),
    ] {
        let fixture = Fixture::configured(package, &format!("{client}{file}"), vars).await;
        for (id, sub) in
            [(r#""2244994945""#, "2244994945"), ("100000000000000000001", "100000000000000000001")]
        {
            let reply = Reply::json(200, format!(r#"{{"data":{{"id":{id}}}}}"#));
            fixture.provider().inject(Fault::Response(Endpoint::UserInfo, reply));
            assert_eq!(identity(&fixture).await.1, sub);
            fixture.provider().clear_faults();
        }
        let reply = Reply::json(200, r#"{"id":"7","data":{"id":""}}"#);
        fixture.assert_rejects(Fault::Response(Endpoint::UserInfo, reply), 502).await;
    }
}

/// The issuer and the subject that the app knows the user by.
async fn identity(fixture: &Fixture) -> (Value, Value) {
    let browser = Browser::new();
    let page = fixture.log_in(&browser).await;
    assert_eq!(page.status, 303, "{}", page.body);
    let profile = browser.get_json(fixture.url("/profile")).await.json();
    (profile["claims"]["iss"].clone(), profile["sub"].clone())
}

/// The status of a login with these faults.
async fn status(fixture: &Fixture, faults: &[Fault]) -> u16 {
    faults.iter().for_each(|fault| fixture.provider().inject(fault.clone()));
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    let status = browser.get_json(callback).await.status;
    assert_eq!(fixture.is_alice(&browser).await, status == 303);
    fixture.provider().clear_faults();
    status
}

pub(crate) async fn alias_of_issuer_is_the_same_user(package: &str) {
    let settings = "issuer_aliases = ['op.example', 'https://also.example']";
    let fixture = Fixture::with(package, |p| p, settings).await;
    let usual = identity(&fixture).await;
    assert_eq!(usual.0, fixture.provider().issuer());
    for alias in ["op.example", "https://also.example"] {
        fixture.provider().inject(Fault::claim("iss", alias));
        fixture.provider().inject(Fault::AuthorizationParam("iss".into(), alias.into()));
        assert_eq!(identity(&fixture).await, usual, "{alias}");
        fixture.provider().clear_faults();
    }
    fixture.assert_rejects(Fault::claim("iss", "https://evil.example"), 400).await;
}

/// T083.
pub(crate) async fn accepted_issuers_have_users_of_their_own(package: &str) {
    let settings = "accepted_issuers = ['https://a.example', 'https://b.example']";
    let fixture = Fixture::with(package, |p| p, settings).await;
    let mut seen = vec![identity(&fixture).await];
    for issuer in ["https://a.example", "https://b.example"] {
        fixture.provider().inject(Fault::claim("iss", issuer));
        let identity = identity(&fixture).await;
        assert_eq!(identity, (issuer.into(), "alice".into()));
        assert!(!seen.contains(&identity));
        seen.push(identity);
        // The callback may name the provider or the token's issuer, but no other.
        for (iss, expected) in [(issuer, 303), ("https://evil.example", 400)] {
            let callback = Fault::AuthorizationParam("iss".into(), iss.into());
            let token = Fault::claim("iss", issuer);
            assert_eq!(status(&fixture, &[callback, token]).await, expected, "{iss}");
        }
        fixture.provider().clear_faults();
    }
    let faults = [
        Fault::AuthorizationParam("iss".into(), "https://a.example".into()),
        Fault::claim("iss", "https://b.example"),
    ];
    assert_eq!(status(&fixture, &faults).await, 400);
    fixture.assert_rejects(Fault::claim("iss", "https://evil.example"), 400).await;
}

/// Microsoft's issuer: `common` has a metadata document whose issuer is a template.
pub(crate) async fn tenant_must_be_signed_and_allowed(package: &str) {
    for (issuer, tenants, second) in [
        ("common/v2.0", "allowed_tenants = ['t1', 't3']", 403),
        ("{tenantid}/v2.0", "allowed_tenants = ['t1', 't3']", 403),
        ("organizations/v2.0", "any_tenant = true", 303),
        ("{tenantid}/v2.0", "any_tenant = true", 303),
    ] {
        let config = format!(
            "[oauth.op]\nclient_id = 'app'\nclient_secret = '{}'\nissuer = 'ISSUER/{issuer}'\n\
             server_metadata_url = 'ISSUER/.well-known/openid-configuration'\n\
             scope = 'openid profile'\n{tenants}\n",
            Fixture::secret()
        );
        let fixture = Fixture::configured(package, &config, &[]).await;
        let base = fixture.provider().issuer().to_owned();
        let at = |tenant: &str| format!("{base}/{tenant}/v2.0");
        let faults = |iss: &str, tid: &str, callback: &str| {
            [
                Fault::metadata("issuer", at("{tenantid}")),
                Fault::claim("iss", at(iss)),
                Fault::claim("tid", tid),
                Fault::AuthorizationParam("iss".into(), at(callback)),
            ]
        };
        for (iss, tid, callback, expected) in [
            ("t1", "t1", "t1", 303),
            ("t3", "t3", "{tenantid}", 303),
            ("t2", "t2", "{tenantid}", second),
            ("t1", "t3", "t1", 400),
            ("t1", "T1", "t1", 400),
            ("t1", "t1", "t3", 400),
            ("{tenantid}", "{tenantid}", "t1", 400),
            ("t1/t3", "t1/t3", "t1", 400),
        ] {
            let status = status(&fixture, &faults(iss, tid, callback)).await;
            assert_eq!(status, expected, "{issuer} {tenants}: {iss} {tid} {callback}");
        }
        let mut seen = Vec::new();
        for tenant in ["t1", "t3"] {
            let faults = faults(tenant, tenant, "{tenantid}");
            faults.into_iter().for_each(|fault| fixture.provider().inject(fault));
            let identity = identity(&fixture).await;
            assert_eq!(identity, (at(tenant).into(), "alice".into()));
            seen.push(identity);
            fixture.provider().clear_faults();
        }
        assert_ne!(seen[0], seen[1]);
        // Without the signed claim, nothing says that the issuer is right.
        let faults = [Fault::claim("iss", at("t1")), Fault::without_claim("tid")];
        assert_eq!(status(&fixture, &faults).await, 400);
    }
}

pub(crate) async fn issuer_of_many_tenants_needs_a_tenant_setting(package: &str) {
    for issuer in
        ["https://op.example/{tenantid}/v2.0", "https://login.microsoftonline.com/common/v2.0"]
    {
        let config = format!("[oauth.op]\nclient_id = 'app'\nissuer = '{issuer}'\n");
        let log = App::refuse(package, &config).await;
        assert!(log.contains("allowed_tenants") && log.contains("any_tenant"), "{log}");
    }
    let config =
        "[oauth.op]\nclient_id = 'app'\nissuer = 'https://op.example'\nany_tenant = true\n";
    let log = App::refuse(package, config).await;
    assert!(log.contains("`any_tenant` has no effect"), "{log}");
}
