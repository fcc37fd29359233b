//! Mutual TLS (RFC 8705), by configuration alone.

use authlib_conformance::{App, Browser, Fixture};
use authlib_provider::certificates::{CLIENT, CLIENT_KEY, OTHER, SELF_SIGNED};
use authlib_provider::{Endpoint, Fault, PeerCertificate};
use reqwest::Method;
use serde_json::json;

async fn fixture(
    package: &str,
    method: &str,
    certificate: &str,
    settings: &str,
    vars: &[(&str, &str)],
) -> Fixture {
    Fixture::over_tls(
        package,
        |client| {
            let client = client.auth_method(method).tls_certificate(certificate);
            client.tls_client_certificate_bound_access_tokens()
        },
        |provider| provider.pushed_authorization(true),
        settings,
        vars,
    )
    .await
}

pub(crate) async fn certificate_authenticates_login_refresh_and_api(package: &str) {
    let values = format!(
        "tls_client_certificate = '''{CLIENT}'''\ntls_client_key = '''{CLIENT_KEY}'''\n\
         tls_client_certificate_bound_access_tokens = true"
    );
    let files = "tls_client_certificate = 'CERTIFICATES/self-signed.pem'\n\
                 token_endpoint_auth_method = 'self_signed_tls_client_auth'";
    let key = [("OP_TLS_CLIENT_KEY", "CERTIFICATES/self-signed.key.pem")];
    for (method, certificate, settings, vars) in [
        ("tls_client_auth", CLIENT, values.as_str(), &[][..]),
        ("self_signed_tls_client_auth", SELF_SIGNED, files, &key),
    ] {
        let fixture = fixture(package, method, certificate, settings, vars).await;
        let browser = Browser::new();
        let done = fixture.log_in(&browser).await;
        assert_eq!(done.status, 303, "{method}: {}", done.body);
        assert!(fixture.is_alice(&browser).await, "{method}");
        let echo = browser.get_json(fixture.url("/api/op/echo")).await;
        assert_eq!(echo.status, 200, "{method}: {}", echo.body);
        let refreshed = browser.request(Method::POST, fixture.url("/refresh/op"), &[], None).await;
        assert_eq!(refreshed.status, 200, "{method}: {}", refreshed.body);
        let echo = browser.get_json(fixture.url("/api/op/echo")).await;
        assert_eq!(echo.status, 200, "{method}: {}", echo.body);
        let own = Some(PeerCertificate::from_pem(certificate, true).thumbprint());
        let (mut tokens, mut others) = (0, 0);
        for request in fixture.provider().received_requests() {
            match request.endpoint {
                Endpoint::Token => tokens += 1,
                Endpoint::Api | Endpoint::PushedAuthorization | Endpoint::UserInfo => others += 1,
                _ => continue,
            }
            assert_eq!(request.certificate, own, "{method}: {request:?}");
        }
        assert_eq!((tokens, others), (2, 4), "{method}");
        assert!(!fixture.app.log().contains("PRIVATE KEY"), "{method}");
    }
}

pub(crate) async fn login_fails_without_the_registered_certificate(package: &str) {
    let settings = "tls_client_certificate = 'CERTIFICATES/client.pem'\n\
                    tls_client_key = 'CERTIFICATES/client.key.pem'\n\
                    tls_client_certificate_bound_access_tokens = true";
    for (fault, status) in [
        // The endpoints of other clients do not ask for a certificate.
        (Fault::metadata("mtls_endpoint_aliases", json!(null)), 502),
        (
            Fault::metadata(
                "mtls_endpoint_aliases",
                json!({ "token_endpoint": "http://x.example/" }),
            ),
            502,
        ),
        (Fault::metadata("mtls_endpoint_aliases", "https://x.example"), 502),
        (Fault::metadata("tls_client_certificate_bound_access_tokens", false), 501),
    ] {
        let fixture = fixture(package, "tls_client_auth", CLIENT, settings, &[]).await;
        let page = fixture.assert_rejects(fault.clone(), status).await;
        assert_eq!(fixture.count(Endpoint::Token), 0, "{fault:?}: {}", page.body);
    }
    let fixture = fixture(package, "tls_client_auth", OTHER, settings, &[]).await;
    let page = Browser::new().get_json(fixture.url("/login/op")).await;
    assert_eq!(page.status, 502, "{}", page.body);
    assert!(fixture.app.log().contains("register the certificate"), "{}", fixture.app.log());
}

pub(crate) async fn unusable_certificate_fails_startup(package: &str) {
    let client = "[oauth.op]\nissuer = 'https://op.example'\nclient_id = 'app'\n";
    for (settings, says) in [
        ("tls_client_certificate = '/nowhere.pem'".to_owned(), "could not be read"),
        (format!("tls_client_certificate = '''{CLIENT}'''"), "`tls_client_key`"),
        ("token_endpoint_auth_method = 'tls_client_auth'".to_owned(), "`tls_client_certificate`"),
        (
            format!("tls_client_certificate = '''{OTHER}'''\ntls_client_key = '''{CLIENT_KEY}'''"),
            "`tls_client_certificate`",
        ),
    ] {
        let said = App::refuse(package, &format!("{client}{settings}")).await;
        assert!(said.contains(says) && !said.contains("PRIVATE KEY"), "{says}: {said}");
    }
}
