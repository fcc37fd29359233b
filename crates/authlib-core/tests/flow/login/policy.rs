//! When logins end by themselves: lifetime, idle timeout, revalidation.

use std::time::Duration;

use authlib_core::adapter::{LoginClient, require_login};
use authlib_core::login::{self, RequireLogin, Session as _};
use authlib_core::{ErrorKind, OAuth, OAuthBuilder};
use authlib_provider::{Endpoint, Fault, Reply};
use http::Method;
use serde_json::json;

use crate::test_bed::{Browser, HOUR, SECOND, TestBed, request, sent};

const MINUTE: Duration = Duration::from_secs(60);

fn bed(oauth: impl FnOnce(OAuthBuilder) -> OAuthBuilder) -> TestBed {
    TestBed::with(|p| p, |c| c, oauth)
}

/// Whether the user is logged in, which every way to ask must agree on.
async fn is_logged_in(bed: &TestBed, browser: &Browser) -> bool {
    let client = LoginClient::new(bed.app(), browser, request(Method::GET, None, &[]));
    let required = RequireLogin::new();
    let answers = [
        login::current_user(&bed.oauth, browser).await.unwrap().is_some(),
        login::require_user(&bed.oauth, browser).await.is_ok(),
        client.current_user().await.unwrap().is_some(),
        client.login().await.is_ok(),
        client.user().await.is_ok(),
        require_login(&bed.oauth, browser, &request(Method::GET, None, &[]), &required)
            .await
            .is_ok(),
    ];
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    answers[0]
}

/// The builder, a file, and the environment, which wins over both.
#[tokio::test]
async fn login_ends_after_its_lifetime_from_every_source() {
    let var = |value: &str| [("AUTHLIB_LOGIN_LIFETIME".to_owned(), value.to_owned())];
    const FILE: &str = "[oauth]\nlogin_lifetime = 7200\n";
    for (bed, hours) in [
        (bed(|oauth| oauth), 12),
        (bed(|oauth| oauth.login_lifetime(HOUR)), 1),
        (bed(|oauth| oauth.load_toml(FILE).login_lifetime(HOUR)), 2),
        (bed(|oauth| oauth.load_env_from(var("10800")).load_toml(FILE)), 3),
    ] {
        assert_eq!(bed.oauth.login_lifetime(), HOUR * hours);
        let browser = Browser::default();
        bed.log_in(&browser).await.unwrap();
        bed.clock.advance(SECOND * (hours * 3600 - 1));
        assert!(is_logged_in(&bed, &browser).await, "{hours}");
        bed.clock.advance(SECOND);
        assert!(!is_logged_in(&bed, &browser).await, "{hours}");
        bed.log_in(&browser).await.unwrap();
        assert!(is_logged_in(&bed, &browser).await, "{hours}");
    }
}

/// The tests run without the FIPS module. Code, file and environment can require it, and none of them switches it off again.
#[test]
fn required_fips_module_must_be_in_use() {
    let var = |value: &str| [("AUTHLIB_REQUIRE_FIPS".to_owned(), value.to_owned())];
    const FILE: &str = "[oauth]\nrequire_fips = true\n";
    let required = || OAuth::builder().require_fips(true);
    for builder in [
        required(),
        OAuth::builder().load_toml(FILE),
        OAuth::builder().load_env_from(var("true")),
        required().load_toml("[oauth]\nrequire_fips = false\n").load_env_from(var("false")),
        OAuth::builder().load_toml(FILE).load_env_from(var("false")),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let said = error.to_string();
        assert!(said.contains("`require_fips` is true, but aws-lc-rs does not"), "{said}");
        assert!(said.contains("features = [\"fips\"]"), "{said}");
    }
    for builder in [
        OAuth::builder(),
        OAuth::builder().require_fips(false),
        OAuth::builder().load_env_from(var("")),
        OAuth::builder().load_toml("[oauth]\nrequire_fips = false\n"),
    ] {
        builder.build().unwrap();
    }
    let error = OAuth::builder().load_env_from(var("yes")).build().unwrap_err().to_string();
    assert!(error.contains("`AUTHLIB_REQUIRE_FIPS` is \"yes\", but must be true"), "{error}");
}

#[test]
fn wrong_login_settings_are_errors() {
    let built = |oauth: OAuthBuilder| oauth.build().unwrap_err().to_string();
    let var = |value: &str| [("AUTHLIB_LOGIN_IDLE_TIMEOUT".to_owned(), value.to_owned())];
    for (error, says) in [
        (built(OAuth::builder().login_lifetime(Duration::ZERO)), "`login_lifetime` is 0"),
        (
            built(OAuth::builder().load_toml("[oauth]\nlogin_revalidate_after = '1h'")),
            "`login_revalidate_after` is \"1h\", but must be a whole number of seconds",
        ),
        (
            built(OAuth::builder().load_env_from(var("soon"))),
            "`AUTHLIB_LOGIN_IDLE_TIMEOUT` is \"soon\"",
        ),
    ] {
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn idle_login_ends_and_used_login_stays() {
    const FILE: &str = "[oauth]\nlogin_idle_timeout = 600\n";
    for bed in [bed(|oauth| oauth.login_idle_timeout(MINUTE * 10)), bed(|o| o.load_toml(FILE))] {
        let (used, idle) = (Browser::default(), Browser::default());
        for browser in [&used, &idle] {
            bed.log_in(browser).await.unwrap();
        }
        for _ in 0..9 {
            bed.clock.advance(MINUTE * 9);
            assert!(is_logged_in(&bed, &used).await);
        }
        assert!(!is_logged_in(&bed, &idle).await);
        assert!(!is_logged_in(&bed, &idle).await, "asking does not revive it");
        bed.clock.advance(MINUTE * 10);
        assert!(!is_logged_in(&bed, &used).await);
    }
    let off = bed(|oauth| {
        oauth
            .load_toml(FILE)
            .load_env_from([("AUTHLIB_LOGIN_IDLE_TIMEOUT".to_owned(), "0".to_owned())])
    });
    let browser = Browser::default();
    off.log_in(&browser).await.unwrap();
    off.clock.advance(HOUR * 11);
    assert!(is_logged_in(&off, &browser).await, "0 turns it off");
}

/// The session is written once a minute, and not at all without an idle timeout.
#[tokio::test]
async fn use_of_a_login_is_recorded_once_a_minute() {
    for (idle, writes) in [(Duration::ZERO, 0), (MINUTE * 30, 4)] {
        let bed = bed(|oauth| oauth.login_idle_timeout(idle));
        let browser = Browser::default();
        bed.log_in(&browser).await.unwrap();
        let text = async || serde_json::to_string(&browser.load().await.unwrap()).unwrap();
        let (mut before, mut changes) = (text().await, 0);
        for _ in 0..25 {
            bed.clock.advance(SECOND * 10);
            login::current_user(&bed.oauth, &browser).await.unwrap().unwrap();
            let after = text().await;
            changes += usize::from(after != before);
            before = after;
        }
        assert_eq!(changes, writes, "{idle:?}");
    }
}

/// A use that is recorded must not bring a login back that another tab has ended.
#[tokio::test]
async fn recorded_use_does_not_revive_a_logout() {
    let bed = bed(|oauth| oauth.login_idle_timeout(HOUR));
    let browser = Browser::default();
    let old = bed.log_in(&browser).await.unwrap();
    login::logout(&bed.oauth, &browser).await.unwrap();
    bed.clock.advance(MINUTE * 2);
    assert!(!is_logged_in(&bed, &browser).await);
    let state = browser.load().await.unwrap().unwrap();
    assert!(state.login(&old.login.client).is_none());
}

/// The provider is asked once per interval, however many requests there are, and a refresh for another reason
/// counts as well.
#[tokio::test]
async fn login_is_revalidated_by_one_refresh() {
    let bed = bed(|oauth| oauth.login_revalidate_after(MINUTE * 10));
    let browser = Browser::default();
    let owner = bed.log_in(&browser).await.unwrap().owner();
    bed.provider.clear_requests();
    bed.clock.advance(SECOND * 599);
    assert!(is_logged_in(&bed, &browser).await);
    assert_eq!(bed.provider.count(Endpoint::Token), 0);
    bed.clock.advance(SECOND);
    let ask = || login::current_user(&bed.oauth, &browser);
    let (one, two) = tokio::join!(ask(), ask());
    assert!(one.unwrap().is_some() && two.unwrap().is_some());
    assert!(is_logged_in(&bed, &browser).await);
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
    bed.clock.advance(MINUTE * 9);
    bed.app().refresh_token(&owner).await.unwrap();
    bed.clock.advance(MINUTE * 9);
    assert!(is_logged_in(&bed, &browser).await);
    assert_eq!(bed.provider.count(Endpoint::Token), 2);
}

/// Whom the provider no longer knows is logged out; an outage logs nobody out.
#[tokio::test]
async fn rejected_revalidation_ends_login_and_outage_does_not() {
    let error = |status, error: &str| {
        Fault::Response(Endpoint::Token, Reply::json(status, json!({ "error": error }).to_string()))
    };
    for (fault, stays) in [
        (error(400, "invalid_grant"), false),
        (error(400, "login_required"), false),
        (error(400, "temporarily_unavailable"), true),
        (error(401, "invalid_client"), true),
        (error(503, "invalid_grant"), true),
        (Fault::Response(Endpoint::Token, Reply::Reset), true),
    ] {
        let bed = bed(|oauth| oauth.login_revalidate_after(MINUTE * 10));
        let browser = Browser::default();
        bed.log_in(&browser).await.unwrap();
        bed.clock.advance(MINUTE * 10);
        bed.provider.inject(fault.clone());
        assert_eq!(is_logged_in(&bed, &browser).await, stays, "{fault:?}");
        bed.provider.clear_faults();
        bed.clock.advance(MINUTE);
        assert_eq!(is_logged_in(&bed, &browser).await, stays, "{fault:?}");
        let refreshed = sent(&bed, Endpoint::Token).len() > 2;
        assert_eq!(refreshed, stays, "{fault:?}: it is asked again after an outage only");
    }
}

/// Without a refresh token, nobody can ask the provider: the login ends.
#[tokio::test]
async fn login_without_refresh_token_is_not_revalidated() {
    let bed = bed(|oauth| oauth.login_revalidate_after(MINUTE * 10));
    bed.provider.inject(Fault::TokenMissing("refresh_token".into()));
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    bed.clock.advance(SECOND * 599);
    assert!(is_logged_in(&bed, &browser).await);
    bed.clock.advance(SECOND);
    assert!(!is_logged_in(&bed, &browser).await);
    let client = LoginClient::new(bed.app(), &browser, request(Method::GET, None, &[]));
    assert_eq!(client.user().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
}
