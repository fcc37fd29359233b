//! Base URLs with a path, forwarded API requests, slow clients and the end of the process.

use std::time::Duration;

use authlib_conformance::{Browser, Fixture, Page};
use authlib_provider::{Endpoint, Fault, Reply};
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(crate) async fn base_path_is_kept_behind_proxy_that_removes_it(package: &str) {
    base_path_is_kept(package, true).await;
}

pub(crate) async fn base_path_is_kept_with_nested_routes(package: &str) {
    base_path_is_kept(package, false).await;
}

async fn base_path_is_kept(package: &str, strips: bool) {
    let fixture = Fixture::below_path(package, strips, "").await;
    let browser = Browser::new();
    let home = browser.get(fixture.url("")).await;
    assert_eq!(home.status, 200, "{}", home.body);
    assert!(home.body.contains("href=\"/portal/login/op\""), "{}", home.body);
    // Without `next`, the login ends at the landing page; the cookie is not sent to other apps of the host.
    let page = fixture.log_in(&browser).await;
    assert_eq!(page.location().as_str(), fixture.url(""));
    for (name, _, attributes) in browser.cookie("localhost") {
        assert!(attributes.to_lowercase().contains("path=/portal"), "{name}: {attributes}");
    }
    let home = browser.follow(page).await;
    assert!(home.body.contains("Alice Example"), "{}", home.body);
    assert!(home.body.contains("action=\"/portal/logout\""), "{}", home.body);
    // `next` is below the base path, or ignored and logged.
    let inbox = "/portal/inbox?x=%C3%A4";
    for (next, lands) in [
        (inbox, inbox),
        ("/other", "/portal"),
        ("/portal/../x", "/portal"),
        ("/portals", "/portal"),
    ] {
        let query = format!("?next={}", next.replace('%', "%25"));
        let callback = fixture.allowed_with(&browser, "op", &query).await;
        let page = browser.get(callback).await;
        assert_eq!(page.header("location"), lands, "{next}");
    }
    assert!(fixture.app.log().contains("not below the path of the base URL"));
    // The links of an error page.
    let start = "/login/op?next=/portal/inbox";
    fixture.provider().inject(Fault::Response(Endpoint::Token, Reply::html(500)));
    let callback = fixture.allowed_with(&browser, "op", "?next=/portal/inbox").await;
    let page = browser.get(callback).await;
    assert!(page.body.contains(&format!("href=\"/portal{start}\"")), "{}", page.body);
    assert!(page.body.contains("href=\"/portal\""), "{}", page.body);
    fixture.provider().clear_faults();
    // A protected route, and the logout without the provider's.
    let stranger = Browser::new();
    let html = [("accept", "text/html")];
    let page = stranger.request(Method::GET, fixture.url("/protected?a=b"), &html, None).await;
    let login = page.location();
    assert_eq!(login.path(), "/portal/login/op");
    assert_eq!(login.query(), Some("next=%2Fportal%2Fprotected%3Fa%3Db"));
    assert_eq!(browser.get(fixture.url("/api/op/a%2Fb")).await.json()["path"], "/api/a%2Fb");

    let fixture = Fixture::below_path(package, strips, "response_mode = 'form_post'").await;
    fixture.provider().inject(Fault::metadata("end_session_endpoint", Value::Null));
    let browser = Browser::new();
    let start = browser.get(fixture.url("/login/op")).await.location();
    fixture.provider().auto_approve("alice");
    let form = browser.get(start.as_str()).await;
    let page = browser.submit(&form.action(), &form.fields(), &form.url).await;
    let done = browser.submit(&page.action(), &page.fields(), &page.url).await;
    assert_eq!(done.header("location"), "/portal", "{}", done.body);
    let out = browser.request(Method::POST, fixture.url("/logout"), &[], None).await;
    assert_eq!(out.header("location"), "/portal/logged-out");
    assert_eq!(browser.follow(out).await.status, 200);
}

/// RFC 9110 §10.2.2.
/// `localhost` and `127.0.0.1` are two sites.
pub(crate) async fn login_at_another_host_is_logged_once(package: &str) {
    let fixture = Fixture::new(package).await;
    fixture.log_in(&Browser::new()).await;
    let warnings = || fixture.app.log().matches("login started at another host").count();
    assert_eq!(warnings(), 0);
    for _ in 0..3 {
        let url = format!("http://127.0.0.1:{}/login/op", fixture.app.port());
        assert_eq!(Browser::new().get(url).await.status, 303);
    }
    assert_eq!(warnings(), 1, "{}", fixture.app.log());
    assert!(fixture.app.log().contains("set `base_url`"));
}

pub(crate) async fn location_is_percent_encoded(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    for (next, location) in [
        ("/p%C3%A4ge", "/p%C3%A4ge"),
        ("/a%20b", "/a%20b"),
        ("/%E2%80%AEx", "/%E2%80%AEx"),
        ("/.//evil.example", "/"),
    ] {
        let callback = fixture.allowed_with(&browser, "op", &format!("?next={next}")).await;
        let page = browser.get(callback).await;
        assert_eq!((page.status, page.header("location")), (303, location), "{next}");
    }
}

pub(crate) async fn used_callback_leads_logged_in_user_on(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let callback = fixture.allowed_with(&browser, "op", "?next=/profile%3Fx=1").await;
    assert_eq!(browser.get(callback.as_str()).await.status, 303);
    let again = browser.get(callback.as_str()).await;
    assert_eq!(again.status, 303, "{}", again.body);
    assert_eq!(again.location().as_str(), fixture.url("/profile?x=1"));
    // Another login followed: the used `next` is gone.
    fixture.log_in(&browser).await;
    assert_eq!(browser.get(callback.as_str()).await.location().as_str(), fixture.url("/"));
    assert_eq!(fixture.count(Endpoint::Token), 2, "nothing is redeemed again");
    // Another client, another browser, an unknown `state`, a logged-out browser.
    let other = callback.as_str().replace("/authorize/op?", "/authorize/op_two?");
    assert_eq!(browser.get_json(other).await.status, 400);
    let unknown = callback.as_str().replace("state=", "state=x");
    assert_eq!(browser.get_json(unknown).await.status, 400);
    let stranger = Browser::new();
    assert_eq!(stranger.get_json(callback.as_str()).await.status, 400);
    assert!(!fixture.is_alice(&stranger).await);
    browser.request(Method::POST, fixture.url("/logout"), &[], None).await;
    assert_eq!(browser.get_json(callback.as_str()).await.status, 400);
    assert!(!fixture.is_alice(&browser).await);
}

pub(crate) async fn callback_urls_are_not_logged(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    for path in ["/authorize/op", "/no-such-page"] {
        let url = fixture.url(&format!("{path}?code=s3cr3t-code&state=abc"));
        for method in [Method::HEAD, Method::OPTIONS, Method::PUT, Method::GET] {
            browser.request(method, &url, &[], None).await;
        }
    }
    let log = fixture.app.log();
    let line = log.lines().find(|line| line.contains("s3cr3t-code"));
    assert!(line.is_none(), "{}", line.unwrap_or_default());
}

/// RFC 6750 §2.
pub(crate) async fn userinfo_request_follows_token_placement(package: &str) {
    for (settings, method, authorization) in [
        ("", "GET", true),
        ("token_placement = 'body'", "POST", false),
        ("token_placement = 'uri'", "GET", false),
    ] {
        let fixture = Fixture::with(package, |p| p, settings).await;
        let browser = Browser::new();
        fixture.log_in(&browser).await;
        assert_eq!(browser.get(fixture.url("/userinfo/op")).await.json()["sub"], "alice");
        let seen = fixture.provider().received_requests();
        let seen: Vec<_> = seen.iter().filter(|seen| seen.endpoint == Endpoint::UserInfo).collect();
        assert!(!seen.is_empty());
        for request in seen {
            assert_eq!(request.method, method, "{settings}");
            assert_eq!(request.authorization.is_some(), authorization, "{settings}");
        }
    }
}

pub(crate) async fn api_path_is_forwarded_as_received(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    for path in [
        "",
        "a/b",
        "a/",
        "a//b",
        "a%2Fb",
        "projects/group%2Fproject/",
        "100%25",
        "%252F",
        "a%5Cb",
        "a%20b%C3%A4",
        "urn:isbn:1",
        "a;b=c,d/e~f",
        "..a/b..",
    ] {
        let page = browser.get(fixture.url(&format!("/api/op/{path}?q=a+b%2F&flag"))).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        assert_eq!(page.json()["path"], format!("/api/{path}"), "{path}");
        assert_eq!(page.json()["query_string"], "q=a+b%2F&flag", "{path}");
    }
    let before = fixture.count(Endpoint::Api);
    for path in [
        "..%2fuserinfo",
        "%2e%2e%2fuserinfo",
        "a%2f..%2f..%2fuserinfo",
        "%252e%252e%252fuserinfo",
        "..%25252fuserinfo",
        "..%255cuserinfo",
        "a/..%5C..%5Cuserinfo",
        "..;/userinfo",
    ] {
        let page = browser.get_json(fixture.url(&format!("/api/op/{path}"))).await;
        assert_eq!(page.status, 400, "{path}: {}", page.body);
        assert_eq!(page.json()["error"], "invalid_request", "{path}");
    }
    assert_eq!(fixture.count(Endpoint::Api), before);
}

/// Rocket takes a field `_method` for the method of the request.
pub(crate) async fn posted_form_is_forwarded_with_its_method(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    for form in ["_method=delete&a=b", "_method=get&a=b", "a=b&_method=put"] {
        let url = fixture.url("/api/op/echo");
        let page = browser.request(Method::POST, url, &[FORM], Some(form.to_owned())).await;
        assert_eq!(page.status, 200, "{form}: {}", page.body);
        assert_eq!(page.json()["method"], "POST", "{form}");
        assert_eq!(page.json()["body"], form);
    }
}

pub(crate) async fn post_of_another_site_is_rejected(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    let own = fixture.app.base_url().to_owned();
    let post = async |path: &str, headers: &[(&str, &str)]| -> Page {
        browser.request(Method::POST, fixture.url(path), headers, Some("a=b".into())).await
    };
    for headers in [
        vec![FORM, ("sec-fetch-site", "cross-site")],
        vec![FORM, ("sec-fetch-site", "same-site")],
        vec![FORM, ("origin", "https://evil.example")],
        vec![FORM, ("origin", "null")],
        vec![FORM, ("origin", "http://localhost:1")],
    ] {
        for path in ["/api/op/echo", "/logout"] {
            let page = post(path, &headers).await;
            assert_eq!(page.status, 400, "{path} {headers:?}: {}", page.body);
        }
    }
    assert_eq!(fixture.count(Endpoint::Api), 0);
    assert!(fixture.is_alice(&browser).await);
    for headers in
        [vec![FORM, ("origin", own.as_str())], vec![FORM, ("sec-fetch-site", "same-origin")]]
    {
        assert_eq!(post("/api/op/echo", &headers).await.status, 200, "{headers:?}");
    }
    assert_eq!(post("/logout", &[("origin", &own)]).await.status, 303);
}

/// RFC 5849 §3.5.2: a GET has no form to carry the signature.
pub(crate) async fn body_signature_of_a_get_is_a_logged_error(package: &str) {
    let fixture = Fixture::oauth1(package, "signature_type = 'BODY'").await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    let page = browser.get_json(fixture.url("/api/op/echo")).await;
    assert_eq!(page.status, 400);
    assert!(page.json()["error"].is_string(), "{}", page.body);
    assert!(fixture.app.log().contains("RFC 5849 §3.5.2"), "{}", fixture.app.log());
}

pub(crate) async fn half_sent_requests_time_out(package: &str) {
    let fixture = Fixture::new(package).await;
    let port = fixture.app.port();
    let head = "POST /api/op/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: \
                application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\na=half+of+a+form";
    let callback = head.replace("/api/op/x", "/authorize/op");
    let mut requests = vec![head, callback.as_str()];
    // Rocket waits without end for the head and the first bytes of a body: a proxy in front must not.
    if package != "rocket-login" {
        requests.push("GET /profile HTTP/1.1\r\nHost: loc");
    }
    let ends = requests.iter().map(async |request| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_buf(&mut answer);
        let ended = tokio::time::timeout(Duration::from_secs(20), read).await;
        assert!(ended.is_ok(), "{request} is still waited for");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{request}: {answer}");
    });
    futures_util::future::join_all(ends).await;
    assert_eq!(Browser::new().get(fixture.url("/healthz")).await.status, 200);
}

pub(crate) async fn signal_finishes_running_requests(package: &str) {
    for signal in ["TERM", "INT"] {
        let mut fixture = Fixture::with(package, |p| p, "timeout = 3").await;
        let browser = Browser::new();
        let callback = fixture.allowed(&browser).await;
        fixture.provider().inject(Fault::Response(Endpoint::Token, Reply::Hang));
        let running = tokio::spawn(async move { browser.get(callback).await });
        while fixture.count(Endpoint::Token) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // A client that sent half a request does not delay the end.
        let mut half = TcpStream::connect(("127.0.0.1", fixture.app.port())).await.unwrap();
        half.write_all(b"GET / HTTP/1.1\r\nHost: loc").await.unwrap();
        assert_eq!(fixture.app.stop(signal).await, Some(0), "{}", fixture.app.log());
        let page = running.await.unwrap();
        assert_eq!(page.status, 502, "the request is finished: {}", page.body);
    }
}
