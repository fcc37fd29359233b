//! `claims`, `acr_values`, `resource` and `authorization_details` (OpenID Connect Core §5.5, RFC 8707, RFC 9396).

use authlib_conformance::{App, Browser, Fixture};
use authlib_provider::{Endpoint, Fault};

const SETTINGS: &str = "acr_values = ['urn:sca', 'urn:mfa']\n\
                        claims = { userinfo = { email = { essential = true } } }\n\
                        resource = ['https://api.example/a', 'https://api.example/b']\n\
                        authorization_details = [{ type = 'account', actions = ['read'] }]\n";

pub(crate) async fn claims_resources_and_details_are_sent(package: &str) {
    let fixture = Fixture::with(package, |provider| provider, SETTINGS).await;
    let start = Browser::new().get(fixture.url("/login/op")).await.location();
    let sent: Vec<_> = start.query_pairs().into_owned().collect();
    for (name, value) in [
        ("acr_values", "urn:sca urn:mfa"),
        ("claims", r#"{"userinfo":{"email":{"essential":true}}}"#),
        ("resource", "https://api.example/a"),
        ("resource", "https://api.example/b"),
        ("authorization_details", r#"[{"actions":["read"],"type":"account"}]"#),
    ] {
        assert!(sent.contains(&(name.to_owned(), value.to_owned())), "{name}: {sent:?}");
    }
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 303);
    let seen = fixture.provider().received_requests();
    let token = seen.iter().find(|seen| seen.endpoint == Endpoint::Token).unwrap();
    let resources = token.fields.iter().filter(|(name, _)| name == "resource");
    assert_eq!(resources.count(), 2, "RFC 8707 §2.2");
}

/// OpenID Connect Core §5.5.1.1.
pub(crate) async fn essential_acr_is_verified(package: &str) {
    let essential = "claims = { id_token = { acr = { essential = true, values = ['urn:sca'] } } }";
    let any = "claims = { id_token = { acr = { essential = true } } }";
    for (settings, acr, status) in [
        (essential, Some("urn:sca"), 303),
        (essential, Some("urn:other"), 400),
        (essential, None, 400),
        (any, Some("urn:other"), 303),
        (any, None, 400),
        ("acr_values = 'urn:sca'", None, 303),
    ] {
        let fixture = Fixture::with(package, |provider| provider, settings).await;
        if let Some(acr) = acr {
            fixture.provider().inject(Fault::claim("acr", acr));
        }
        let browser = Browser::new();
        let done = fixture.log_in(&browser).await;
        assert_eq!(done.status, status, "{settings} {acr:?}: {}", done.body);
        let requests = usize::from(status == 303);
        assert_eq!(fixture.count(Endpoint::UserInfo), requests, "{settings} {acr:?}");
    }
}

/// OpenID Connect Core §5.6.2.
pub(crate) async fn distributed_claims_are_fetched_if_configured(package: &str) {
    let on = "fetch_distributed_claims = true";
    for (settings, faults, is_added) in [
        ("", Vec::new(), false),
        (on, Vec::new(), true),
        (on, vec![Fault::BadSignature], false),
        (on, vec![Fault::Unsigned("none".into())], false),
        (on, vec![Fault::claim("iss", "https://evil.example")], false),
    ] {
        let fixture = Fixture::with(package, |provider| provider, settings).await;
        fixture.provider().inject(Fault::DistributedClaims(faults.clone()));
        let browser = Browser::new();
        assert_eq!(fixture.log_in(&browser).await.status, 303, "{settings} {faults:?}");
        let claims = browser.get_json(fixture.url("/profile")).await.json()["claims"].clone();
        assert_eq!(claims["department"] == "Research", is_added, "{settings} {faults:?}: {claims}");
        assert_eq!(claims["email"], "alice@example.com", "{settings} {faults:?}");
        assert_eq!(fixture.count(Endpoint::Claims), usize::from(settings == on), "{settings}");
    }
}

pub(crate) async fn invalid_request_params_fail_startup(package: &str) {
    let client =
        "[oauth.op]\nclient_id = 'app'\nclient_secret = 's'\nissuer = 'https://op.example'\n";
    for (settings, says) in [
        ("claims = { email = {} }", "only the tables `id_token` and `userinfo`"),
        ("claims = { userinfo = { email = { required = true } } }", "request for \"email\""),
        ("claims = { userinfo = { email = true } }", "request for \"email\""),
        ("resource = ['/api']", "absolute URI"),
        ("resource = ['https://api.example/#x']", "absolute URI"),
        ("authorization_details = [{ actions = [] }]", "without the text `type`"),
    ] {
        let output = App::refuse(package, &format!("{client}{settings}\n")).await;
        assert!(output.contains(says), "{settings}: {output}");
    }
}
