//! What a pending login was made for.

use authlib_core::{AuthorizeOptions, ErrorKind, Params, PendingLogin, Purpose};

use crate::test_bed::{CALLBACK, TestBed};

/// A record of another purpose never completes a login.
#[tokio::test]
async fn record_of_a_logout_completes_no_login() {
    let bed = TestBed::new();
    let client = bed.app();
    let mut options = AuthorizeOptions::from(CALLBACK);
    options.purpose = Purpose::LogOut;
    let refused = client.create_authorization_url(options).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidRequest);
    let options = AuthorizeOptions::from(CALLBACK).connect("");
    let refused = client.create_authorization_url(options).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidRequest, "no user");
    let options = AuthorizeOptions::from(CALLBACK).connect("7");
    let (_, pending) = client.create_authorization_url(options).await.unwrap();
    assert_eq!(*pending.purpose(), Purpose::Connect { user: "7".into() });
    let mut record = serde_json::to_value(&pending).unwrap();
    record["purpose"] = "log_out".into();
    let pending: PendingLogin = serde_json::from_value(record).unwrap();
    let callback = Params::parse("code=c&state=s");
    let error = client.fetch_access_token(pending, &callback).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
    assert!(error.to_string().contains("belongs to a logout"), "{error}");
}
