//! The registry: lookup of clients, stores and subscribers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use authlib_core::login::Session as _;
use authlib_core::store::MemoryPendingLoginStore;
use authlib_core::{AuthorizeOptions, ClientConfig, ErrorKind, OAuth};

use crate::test_bed::oauth1::{self};
use crate::test_bed::{Browser, TestBed};

/// T001, T006, T057, T038: also for an OAuth 1.0a client.
#[test]
fn client_is_found_by_name_and_unknown_name_is_error() {
    for bed in [TestBed::new(), oauth1::oauth1_bed(|client| client)] {
        let app = bed.oauth.client("op").unwrap();
        assert_eq!(app.name(), "op");
        assert!(!app.client_id().is_empty());
        let error = bed.oauth.client("dev").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownClient);
        assert!(error.to_string().contains("dev"), "{error}");
    }
}

/// T004, T005: A registry is built complete and is cheap to clone. Only subscribers can be
/// added later.
#[tokio::test]
async fn registry_has_store_at_build_and_accepts_subscribers() {
    let heard = Arc::new(AtomicU32::new(0));
    let (early, late) = (heard.clone(), heard.clone());
    let bed = TestBed::with(
        |p| p,
        |client| client,
        |oauth| {
            oauth.pending_login_store(MemoryPendingLoginStore::new()).on_token_update(move |_| {
                early.fetch_add(1, Ordering::Relaxed);
            })
        },
    );
    bed.oauth.clone().subscribe(move |update| {
        assert_ne!(update.token.access_token, update.old.access_token);
        late.fetch_add(10, Ordering::Relaxed);
    });
    let browser = Browser::default();
    bed.start_with(&browser, AuthorizeOptions::from("/authorize/op")).await.unwrap();
    let kept = serde_json::to_string(&browser.load().await.unwrap().unwrap()).unwrap();
    assert!(!kept.contains("code_verifier"), "the store has it");
    let login = bed.log_in(&browser).await.unwrap();
    bed.app().refresh_token(&login.owner()).await.unwrap();
    assert_eq!(heard.load(Ordering::Relaxed), 11);
}

#[test]
fn misspelt_preset_is_named() {
    let error = OAuth::builder().register(ClientConfig::new("gogle").client_id("id")).build();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("did you mean `google`?"), "{error}");
    let error = OAuth::builder().register(ClientConfig::new("company").client_id("id")).build();
    assert!(!error.unwrap_err().to_string().contains("did you mean"));
}
