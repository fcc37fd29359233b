//! Clients that are registered, and issuers that are found, when the app starts (RFC 7591, OpenID Connect Discovery §2).

use authlib_conformance::{App, Browser, Fixture, TestKey};
use authlib_provider::{Endpoint, Fault, Reply};

/// An app with the client `dyn`, which registers itself.
async fn fixture(package: &str, settings: &str) -> Fixture {
    let settings =
        format!("\n[oauth.dyn]\ndynamic_registration = true\nscope = 'openid profile'\n{settings}");
    Fixture::with(package, |provider| provider.registration(None), &settings).await
}

async fn log_in(fixture: &Fixture) {
    let browser = Browser::new();
    let back = fixture.allowed_with(&browser, "dyn", "").await;
    let done = browser.get(back).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(fixture.is_alice(&browser).await);
}

pub(crate) async fn client_is_registered_at_the_start(package: &str) {
    let key = TestKey::for_algorithm("ES256");
    let signing = format!(
        "issuer = 'ISSUER'\nprivate_key = \"\"\"{}\"\"\"\nprivate_key_id = 'k'",
        key.private_pem
    );
    for settings in [
        "issuer = 'ISSUER'",
        "issuer = 'ISSUER'\nclient_metadata = { client_name = 'Mine', contacts = ['a@b.example'] }",
        "issuer = 'ISSUER'\nregistration_endpoint = 'ISSUER/register'",
        signing.as_str(),
    ] {
        let fixture = fixture(package, settings).await;
        assert_eq!(fixture.count(Endpoint::Register), 1, "{settings}");
        log_in(&fixture).await;
    }
}

pub(crate) async fn issuer_is_found_by_webfinger(package: &str) {
    for resource in ["acct:alice@HOST", "alice@HOST", "ISSUER/alice"] {
        let settings =
            format!("webfinger_resource = '{resource}'\ndangerous_http_hosts = ['HOST']");
        let fixture = fixture(package, &settings).await;
        assert_eq!(fixture.count(Endpoint::WebFinger), 1, "{resource}");
        log_in(&fixture).await;
    }
}

pub(crate) async fn stored_registration_is_used_again(package: &str) {
    let folder =
        std::env::temp_dir().join(format!("authlib-registration-{package}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("dyn.json");
    let settings = format!("issuer = 'ISSUER'\nregistration_file = '{}'", file.display());
    let fixture = fixture(package, &settings).await;
    log_in(&fixture).await;
    let config =
        format!("[oauth.dyn]\ndynamic_registration = true\nscope = 'openid profile'\n{settings}\n");
    let other = config.replace("openid profile", "openid email");
    for (config, count) in [(&config, 1), (&other, 2)] {
        let _replica = fixture.replica(package, config, &[]).await;
        assert_eq!(fixture.count(Endpoint::Register), count, "{config}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

pub(crate) async fn failed_registration_fails_startup(package: &str) {
    let fixture = Fixture::with(package, |provider| provider.registration(Some("token")), "").await;
    let issuer = fixture.provider().issuer().to_owned();
    let start = async |settings: &str| {
        let config = format!("[oauth.dyn]\ndynamic_registration = true\n{settings}\n");
        App::refuse(package, &config).await
    };
    let output = start(&format!("issuer = '{issuer}'")).await;
    assert!(output.contains("client `dyn`") && output.contains("registration"), "{output}");
    let output = start("").await;
    assert!(output.contains("needs `issuer` or `registration_endpoint`"), "{output}");
    let host = issuer.trim_start_matches("http://").to_owned();
    let webfinger =
        format!("webfinger_resource = 'acct:a@{host}'\ndangerous_http_hosts = ['{host}']");
    for reply in [Reply::json(200, "{}"), Reply::html(200), Reply::Redirect(302, issuer.clone())] {
        fixture.provider().inject(Fault::Response(Endpoint::WebFinger, reply));
        let output = start(&webfinger).await;
        assert!(output.contains("WebFinger"), "{output}");
        fixture.provider().clear_faults();
    }
}
