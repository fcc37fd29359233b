//! Pending logins are in encrypted cookies: they need no session on the server.

use authlib_conformance::{Browser, CONFIG, Fixture, KEYS};

pub(crate) async fn login_start_stores_nothing_on_the_server(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.allowed(&browser).await;
    fixture.allowed(&browser).await;
    let cookies = browser.cookie("localhost");
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    for (name, value, attributes) in cookies {
        assert!(name.contains("-p"), "only cookies of pending logins: {name}");
        assert!(value.len() > 400, "the cookie has the whole login: {value}");
        let attributes = attributes.to_lowercase();
        assert!(attributes.contains("httponly") && attributes.contains("samesite=lax"));
        assert!(attributes.contains("max-age=600"), "{attributes}");
    }
}

pub(crate) async fn login_ends_on_another_replica_with_the_same_keys(package: &str) {
    let fixture = Fixture::configured(package, CONFIG, &KEYS).await;
    let second = fixture.replica(package, CONFIG, &KEYS).await;
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    let page = browser.get(second.at(&callback)).await;
    assert_eq!(page.status, 303, "{}", page.body);
    let profile = browser.get_json(second.own_url("/profile")).await;
    assert_eq!(profile.json()["sub"], "alice");

    let other_keys = &[
        ("AUTHLIB_KEYS", "test:PbmvT0YiSnUlvIWYx8zBqcqNSMcs5VfbU9LKgTu0pvM"),
        ("ROCKET_SECRET_KEY", "PbmvT0YiSnUlvIWYx8zBqcqNSMcs5VfbU9LKgTu0pvM="),
    ];
    let third = fixture.replica(package, CONFIG, other_keys).await;
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    assert_eq!(browser.get_json(third.at(&callback)).await.status, 400);
    let log = third.log();
    assert!(log.contains("the key of encrypted cookies must stay the same"), "{log}");
}

pub(crate) async fn login_survives_a_restart_of_the_app(package: &str) {
    let mut fixture = Fixture::configured(package, CONFIG, &KEYS).await;
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    fixture.app.stop("TERM").await;
    let restarted = fixture.replica(package, CONFIG, &KEYS).await;
    let page = browser.get(restarted.at(&callback)).await;
    assert_eq!(page.status, 303, "{}", page.body);
}
