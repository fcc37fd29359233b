//! Parameters of the callback that no protocol defines: Apple's `user`, `QuickBooks`' `realmId`.

use authlib_core::adapter::LoginCallback;
use authlib_provider::Fault;
use http::Method;

use crate::test_bed::{Browser, TestBed, request};

const USER: &str = r#"{"name":{"firstName":"Zoé","lastName":"Nimbus"},"email":"z@example.com"}"#;

/// They are the same before and after the login, by GET and by `form_post`.
#[tokio::test]
async fn other_callback_params_can_be_read_unverified() {
    for method in [Method::GET, Method::POST] {
        let bed = TestBed::new();
        for (name, value) in [("user", USER), ("realmId", "123 & 4"), ("empty", "")] {
            let fault = Fault::AuthorizationParam(name.to_owned(), value.to_owned());
            bed.provider.inject(fault);
        }
        bed.provider.inject(Fault::AuthorizationTwice("realmId".into(), "5".into()));
        let browser = Browser::default();
        let url = bed.start(&browser).await.unwrap();
        let back = bed.provider.approve(&url, "alice").unwrap();
        let query = back.query().unwrap();
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let (head, body) = match method {
            Method::POST => (request(Method::POST, Some("tenant=a"), &form), query),
            _ => (request(Method::GET, Some(query), &[]), ""),
        };
        let read = LoginCallback::read(bed.app(), &browser, &head, body.as_bytes());
        let callback = read.await.unwrap();
        let expected = [("user", USER), ("realmId", "123 & 4"), ("empty", ""), ("realmId", "5")];
        let params: Vec<_> = callback.unverified_params().iter().collect();
        assert_eq!(params, expected, "{method}");
        assert!(callback.unverified_params().only("realmId").is_err(), "repeated");
        callback.log_in().await.unwrap();
        let params: Vec<_> = callback.unverified_params().iter().collect();
        assert_eq!(params, expected, "{method}");
        assert!(!format!("{callback:?}").contains("Nimbus"));
        assert!(!format!("{:?}", callback.unverified_params()).contains("Nimbus"));
        callback.log_in().await.unwrap_err();
        assert_eq!(callback.unverified_params().all("user").next(), Some(USER));
    }
}

/// Codes, tokens and errors are the library's own.
#[tokio::test]
async fn protocol_params_are_not_among_the_others() {
    let bed = TestBed::new();
    let query = "code=c&state=s&iss=i&error=e&error_description=d&error_uri=u&access_token=a&\
                 id_token=t&response=r&token=o&oauth_token=p&oauth_verifier=v&denied=n&again=1&\
                 oauth_problem=m&scope=x&session_state=y";
    let url = format!("https://app.example/authorize/op?{query}");
    let callback = bed.callback("op", Browser::default(), url).await.unwrap();
    let names: Vec<_> = callback.unverified_params().iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["scope", "session_state"]);
}
