//! The row of a browser login in the token store: its lookup keys and its lifetime.

use authlib_core::ErrorKind;
use authlib_core::login::{self, Session as _};
use authlib_core::store::{FoundRow, LoginQuery, TokenStore as _};
use authlib_provider::Fault;

use crate::test_bed::stores::Shared;
use crate::test_bed::{Browser, HOUR, ISSUER, TestBed};

#[tokio::test]
async fn login_is_found_by_sub_and_sid_until_logout() {
    let store = Shared::default();
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
    bed.provider.inject(Fault::claim("sid", "session-1"));
    let browser = Browser::default();
    let owner = bed.log_in(&browser).await.unwrap().owner();
    let state = browser.load().await.unwrap().unwrap();
    let login = state.login("op").unwrap();
    assert_eq!((login.issuer.as_deref(), login.sid.as_deref()), (Some(ISSUER), Some("session-1")));
    let (issuer, sub) = (ISSUER.to_owned(), "alice".to_owned());
    let queries = [
        LoginQuery::ClientSubject { client: "op".to_owned(), sub: sub.clone() },
        LoginQuery::IssuerSubject { issuer: issuer.clone(), sub },
        LoginQuery::Session { issuer, sid: "session-1".to_owned() },
    ];
    for query in &queries {
        let found = store.find_rows(query).await.unwrap();
        assert_eq!(found, [FoundRow::new(owner.clone(), true)], "{query:?}");
    }
    login::logout(&bed.oauth, &browser).await.unwrap();
    for query in &queries {
        assert!(store.find_rows(query).await.unwrap().is_empty(), "{query:?}");
    }
}

/// One user by each spelling of an issuer, and one user of each issuer.
#[tokio::test]
async fn login_is_found_by_issuer_of_its_user() {
    for (iss, issuer) in
        [(ISSUER, ISSUER), ("op.example", ISSUER), ("https://b.example", "https://b.example")]
    {
        let store = Shared::default();
        let bed = TestBed::with(
            |p| p,
            |client| client.issuer_alias("op.example").accepted_issuer("https://b.example"),
            |oauth| oauth.token_store(store.clone()),
        );
        bed.provider.inject(Fault::claim("iss", iss));
        bed.provider.inject(Fault::claim("sid", "session-1"));
        let browser = Browser::default();
        let user = bed.log_in(&browser).await.unwrap();
        let identity = user.identity().unwrap();
        assert_eq!((identity.issuer.as_str(), identity.subject.as_str()), (issuer, "alice"));
        assert_eq!(user.userinfo().unwrap().iss(), Some(issuer));
        let queries = |issuer: &str| {
            let (issuer, sub) = (issuer.to_owned(), "alice".to_owned());
            let session =
                LoginQuery::Session { issuer: issuer.clone(), sid: "session-1".to_owned() };
            [LoginQuery::IssuerSubject { issuer, sub }, session]
        };
        for other in [ISSUER, "op.example", "https://b.example"] {
            for query in queries(other) {
                let found = store.find_rows(&query).await.unwrap();
                assert_eq!(!found.is_empty(), other == issuer, "{iss}: {query:?}");
            }
        }
        // The refreshed ID token may have any spelling of the login's issuer, but no other issuer.
        let owner = user.owner();
        for (refreshed, accepted) in [
            (ISSUER, issuer == ISSUER),
            ("op.example", issuer == ISSUER),
            ("https://b.example", issuer != ISSUER),
        ] {
            if !accepted {
                continue;
            }
            bed.provider.inject(Fault::RefreshedClaim("iss".into(), refreshed.into()));
            bed.clock.advance(HOUR);
            bed.app().active_token(&owner).await.unwrap();
            bed.provider.clear_faults();
        }
        let other = if issuer == ISSUER { "https://b.example" } else { ISSUER };
        bed.provider.inject(Fault::RefreshedClaim("iss".into(), other.into()));
        bed.clock.advance(HOUR);
        let error = bed.app().active_token(&owner).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidIdToken, "{iss} then {other}");
    }
}

/// Browsers that are closed without a logout leave their rows behind.
#[tokio::test]
async fn abandoned_login_is_dropped_after_its_lifetime() {
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.login_lifetime(HOUR * 3));
    let (browser, active) = (Browser::default(), Browser::default());
    bed.log_in(&browser).await.unwrap();
    let owner = bed.log_in(&active).await.unwrap().owner();
    bed.clock.advance(HOUR * 2);
    bed.app().active_token(&owner).await.unwrap();
    bed.clock.advance(HOUR * 2);
    let user = async |browser| login::current_user(&bed.oauth, browser).await.unwrap();
    assert!(user(&browser).await.is_none());
    assert!(user(&active).await.is_none(), "a refresh does not extend a login");
    bed.app().active_token(&owner).await.unwrap();
}
