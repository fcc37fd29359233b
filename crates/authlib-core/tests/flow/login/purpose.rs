//! What a pending login was made for.

use authlib_core::{AuthorizeOptions, ErrorKind, Params, PendingLogin, Purpose};

use crate::test_bed::{Browser, CALLBACK, TestBed};

/// A record of another purpose never completes a login.
#[tokio::test]
async fn record_of_a_logout_completes_no_login() {
    let bed = TestBed::new();
    let client = bed.app();
    let options = |purpose| AuthorizeOptions::new().redirect_uri(CALLBACK).purpose(purpose);
    let refused = client.create_authorization_url(options(Purpose::LogOut)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidRequest);
    let (_, pending) = client.create_authorization_url(options(Purpose::Connect)).await.unwrap();
    assert_eq!(pending.purpose(), Purpose::Connect);
    let mut record = serde_json::to_value(&pending).unwrap();
    record["purpose"] = "log_out".into();
    let pending: PendingLogin = serde_json::from_value(record).unwrap();
    let callback = Params::parse("code=c&state=s");
    let error = client.fetch_access_token(pending, &callback).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
    assert!(error.to_string().contains("belongs to a logout"), "{error}");
}

/// A callback that connects an account is completed, and logs nobody in.
#[tokio::test]
async fn connect_callback_does_not_log_in() {
    let bed = TestBed::new();
    let browser = Browser::default();
    let back = async || {
        let options = AuthorizeOptions::from("/authorize/op").purpose(Purpose::Connect);
        let url = bed.start_with(&browser, options).await.unwrap();
        bed.provider.approve(&url, "alice").unwrap()
    };
    let error = bed.finish(&browser, back().await).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
    assert!(bed.is_anonymous(&browser).await);
    let callback = bed.callback("op", &browser, back().await).await.unwrap();
    let completed = callback.complete().await.unwrap();
    assert_eq!(completed.purpose, Purpose::Connect);
    assert_eq!(completed.identity().unwrap().subject, "alice");
    let error = callback.record(completed).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
    assert!(bed.is_anonymous(&browser).await);
}
