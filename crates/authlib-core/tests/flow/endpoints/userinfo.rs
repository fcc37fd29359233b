//! The user info of a login, fetched anew.

use authlib_core::ErrorKind;
use authlib_provider::Fault;
use serde_json::json;

use crate::test_bed::{Browser, TestBed};

/// Without an ID token the login has the subject of the user info that was fetched then, by `subject_claim`.
#[tokio::test]
async fn userinfo_of_plain_oauth_is_about_the_user_of_the_login() {
    for claim in ["sub", "email"] {
        let plain =
            |client: authlib_core::ClientConfig| client.scope("profile email").subject_claim(claim);
        let bed = TestBed::with(|provider| provider, plain, |oauth| oauth);
        let login = bed.log_in(&Browser::default()).await.unwrap();
        let (owner, token) = (login.owner(), login.token().unwrap());
        assert!(token.id_token.is_none());
        let user = bed.app().userinfo(&owner).await.unwrap();
        assert_eq!(Some(user.sub()), login.login.sub.as_deref());
        bed.provider.inject(Fault::UserInfo(claim.to_owned(), json!("mallory")));
        for result in [bed.app().userinfo(&owner).await, bed.app().userinfo_with(token).await] {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            assert!(error.to_string().contains("another user than the login"), "{error}");
            assert!(!error.report().to_string().contains("mallory"), "{error}");
        }
    }
}
