//! Who a user is: two users never become one.

use authlib_conformance::{Browser, Fixture};
use authlib_provider::{Endpoint, Fault, Reply};

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
        let reply = Reply::json(200, &format!(r#"{{"id":{id}}}"#));
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
