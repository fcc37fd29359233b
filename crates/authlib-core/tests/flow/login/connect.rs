//! Accounts that are connected to a user of the application.

use authlib_core::adapter::LoginClient;
use authlib_core::login::{self, ConnectedAccount, LoginResult};
use authlib_core::store::{FnTokenStore, LoginQuery, TokenOwner, TokenStore as _};
use authlib_core::{AuthorizeOptions, Error, ErrorKind, LinkPolicy, Purpose, Result};
use authlib_provider::{Endpoint, Fault, Reply, TestUser};
use http::Method;
use serde_json::json;

use crate::test_bed::stores::Shared;
use crate::test_bed::{Browser, HOUR, ISSUER, TestBed, request, sent};

fn bed(store: &Shared, policy: LinkPolicy) -> TestBed {
    TestBed::with(
        |provider| provider.user(TestUser::new("bob")),
        |client| client,
        |oauth| oauth.token_store(store.clone()).link_policy(policy),
    )
}

/// Starts to connect an account, and returns the callback's URL.
async fn back(bed: &TestBed, browser: &Browser, user: &str, account: &str) -> String {
    let options = AuthorizeOptions::from("/authorize/op").connect(user).next("/settings");
    let url = bed.start_with(browser, options).await.unwrap();
    bed.provider.approve(&url, account).unwrap().into()
}

async fn connect(bed: &TestBed, user: &str, account: &str) -> Result<ConnectedAccount> {
    let browser = Browser::default();
    let back = back(bed, &browser, user, account).await;
    bed.callback("op", &browser, back).await?.connect(user).await
}

async fn connected(bed: &TestBed, user: &str) -> Vec<String> {
    let clients = bed.oauth.connected_clients(user).await.unwrap();
    clients.iter().map(|client| client.name().to_owned()).collect()
}

#[tokio::test]
async fn completed_callback_stores_nothing_and_logs_nobody_in() {
    let store = Shared::default();
    let bed = bed(&store, LinkPolicy::new());
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&url, "alice").unwrap();
    let callback = bed.callback("op", &browser, &back).await.unwrap();
    let completed = callback.complete().await.unwrap();
    assert_eq!(completed.identity().unwrap().subject, "alice");
    assert_eq!(completed.token.userinfo().unwrap().name(), Some("Alice"));
    assert_eq!(completed.purpose, Purpose::LogIn);
    assert!(bed.is_anonymous(&browser).await);
    assert_eq!(*browser.renewed.borrow(), 0);
    let alice = LoginQuery::ClientSubject { client: "op".into(), sub: "alice".into() };
    assert!(store.find_rows(&alice).await.unwrap().is_empty());
    assert!(callback.complete().await.is_err(), "a callback is used once");
}

#[tokio::test]
async fn connected_account_leaves_login_and_has_own_token() {
    let store = Shared::default();
    let bed = bed(&store, LinkPolicy::new());
    let browser = Browser::default();
    let alice = bed.log_in(&browser).await.unwrap();
    let renewed = *browser.renewed.borrow();
    let back = back(&bed, &browser, "7", "bob").await;
    let callback = bed.callback("op", &browser, back).await.unwrap();
    let account = callback.connect("7").await.unwrap();
    assert_eq!((account.client.name(), account.next.as_str()), ("op", "/settings"));
    assert_eq!(account.owner, TokenOwner::new("op", "7"));
    assert_eq!(account.identity.unwrap().subject, "bob");
    let user = login::require_user(&bed.oauth, &browser).await.unwrap();
    assert!(user.login == alice.login);
    assert_eq!(user.token().unwrap().access_token, alice.token().unwrap().access_token);
    assert_eq!(*browser.renewed.borrow(), renewed, "the session stays");
    assert_eq!(connected(&bed, "7").await, ["op"]);
    assert!(connected(&bed, "8").await.is_empty());
    // Kept until it is disconnected, and no login.
    bed.clock.advance(HOUR * 24 * 365);
    let token = bed.app().active_token(&account.owner).await.unwrap();
    assert_eq!(token.userinfo().unwrap().sub(), "bob");
    let bob = login::Identity::new(ISSUER, "bob");
    assert_eq!(bed.oauth.end_logins(&bob).await.unwrap(), 0);
    assert_eq!(connected(&bed, "7").await, ["op"]);
}

/// A callback of one purpose never completes a flow of the other, and sends no code to the provider.
#[tokio::test]
async fn callback_of_other_purpose_or_user_is_rejected() {
    let store = Shared::default();
    let bed = bed(&store, LinkPolicy::new());
    let browser = Browser::default();
    let rejected = |error: Error, check: &str| {
        assert_eq!(error.kind(), ErrorKind::InvalidCallback, "{error}");
        assert!(error.to_string().contains(check), "{error}");
    };
    let connecting = async || {
        let back = back(&bed, &browser, "7", "alice").await;
        bed.callback("op", &browser, back).await.unwrap()
    };
    rejected(connecting().await.log_in().await.unwrap_err(), "does not log the user in");
    rejected(connecting().await.connect("8").await.unwrap_err(), "another user started");
    rejected(connecting().await.connect("").await.unwrap_err(), "another user started");
    let url = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&url, "alice").unwrap();
    let logging_in = bed.callback("op", &browser, &back).await.unwrap();
    rejected(logging_in.connect("7").await.unwrap_err(), "is of a login");
    assert!(sent(&bed, Endpoint::Token).is_empty(), "no code was redeemed");
    // In two steps, too.
    let callback = connecting().await;
    let completed = callback.complete().await.unwrap();
    rejected(callback.record(completed.clone()).await.unwrap_err(), "does not log the user in");
    rejected(callback.record_connection(completed, "8").await.unwrap_err(), "another user started");
    assert!(bed.is_anonymous(&browser).await);
    assert!(connected(&bed, "7").await.is_empty() && connected(&bed, "8").await.is_empty());
}

#[tokio::test]
async fn account_belongs_to_one_user_unless_it_is_moved() {
    let store = Shared::default();
    let strict = bed(&store, LinkPolicy::new());
    let first = connect(&strict, "7", "alice").await.unwrap();
    let again = connect(&strict, "7", "alice").await.unwrap();
    assert_ne!(first.token.access_token, again.token.access_token, "connected again");
    let error = connect(&strict, "8", "alice").await.unwrap_err();
    assert_eq!((error.kind(), error.kind().status()), (ErrorKind::Conflict, 409), "{error}");
    assert!(connected(&strict, "8").await.is_empty());
    let error = connect(&strict, "7", "bob").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.to_string().contains("another account with this client"), "{error}");
    let token = store.load(&first.owner).await.unwrap().unwrap();
    assert_eq!(token.access_token, again.token.access_token, "unchanged");
    let moving = bed(&store, LinkPolicy::new().move_accounts());
    connect(&moving, "8", "alice").await.unwrap();
    assert!(connected(&moving, "7").await.is_empty());
    assert_eq!(connected(&moving, "8").await, ["op"]);
}

/// Without a lookup it is unknown whose the account is.
#[tokio::test]
async fn store_without_lookup_connects_no_account() {
    let store =
        || FnTokenStore::new(|_| async { Ok(None) }, |_| async { panic!("nothing is stored") });
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store()));
    let error = connect(&bed, "7", "alice").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

#[tokio::test]
async fn disconnecting_revokes_and_deletes() {
    let store = Shared::default();
    let bed = bed(&store, LinkPolicy::new());
    for fault in [None, Some(Fault::Response(Endpoint::Revoke, Reply::html(500)))] {
        connect(&bed, "7", "alice").await.unwrap();
        connect(&bed, "8", "bob").await.unwrap();
        bed.provider.clear_requests();
        fault.into_iter().for_each(|fault| bed.provider.inject(fault));
        assert!(bed.app().disconnect("7").await.unwrap());
        bed.provider.clear_faults();
        assert_eq!(sent(&bed, Endpoint::Revoke).len(), 1);
        assert!(connected(&bed, "7").await.is_empty());
        assert_eq!(connected(&bed, "8").await, ["op"]);
        assert!(!bed.app().disconnect("7").await.unwrap(), "there is none");
    }
}

/// Another site could connect its own account to the user, or disconnect one.
#[tokio::test]
async fn requests_of_another_site_connect_and_disconnect_nothing() {
    let store = Shared::default();
    let bed = bed(&store, LinkPolicy::new());
    connect(&bed, "7", "alice").await.unwrap();
    let browser = Browser::default();
    for (site, accepted) in
        [("cross-site", false), ("same-site", false), ("same-origin", true), ("none", true)]
    {
        let request = request(Method::GET, None, &[("sec-fetch-site", site)]);
        let client = LoginClient::new(bed.app(), &browser, request);
        let options = AuthorizeOptions::from("/authorize/op").connect("7");
        assert_eq!(client.authorize_redirect(options).await.is_ok(), accepted, "{site}");
        let login = client.authorize_redirect("/authorize/op").await;
        assert!(login.is_ok(), "a login may start anywhere");
        assert_eq!(client.disconnect("9").await.is_ok(), accepted, "{site}");
    }
}

/// E-mail links accounts only if the policy names the client, and the provider verified the address.
#[tokio::test]
async fn email_is_linkable_only_by_opt_in_and_if_verified() {
    let (named, other) =
        (LinkPolicy::new().trust_email_of("op"), LinkPolicy::new().trust_email_of("google"));
    let email = Some("alice@example.com");
    for (policy, verified, expected) in [
        (LinkPolicy::new(), json!(true), None),
        (other, json!(true), None),
        (named.clone(), json!(true), email),
        (named.clone(), json!("true"), email),
        (named.clone(), json!(false), None),
        (named.clone(), json!("yes"), None),
        (named.clone(), json!(1), None),
        (named, json!(null), None),
    ] {
        let bed = bed(&Shared::default(), policy.clone());
        bed.provider.inject(Fault::claim("email", "alice@example.com"));
        bed.provider.inject(Fault::claim("email_verified", verified.clone()));
        let browser = Browser::default();
        let url = bed.start(&browser).await.unwrap();
        let back = bed.provider.approve(&url, "alice").unwrap();
        let callback = bed.callback("op", &browser, &back).await.unwrap();
        let completed = callback.complete().await.unwrap();
        assert_eq!(completed.linkable_email(), expected, "{policy:?} {verified}");
        let _: LoginResult = callback.record(completed).await.unwrap();
    }
}
