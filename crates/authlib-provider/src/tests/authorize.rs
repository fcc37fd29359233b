use http::header::{CONTENT_SECURITY_POLICY, COOKIE, LOCATION, SET_COOKIE};

use super::flow::{
    CALLBACK, ISSUER, get, json, location, param, post, provider, query, redeem, text,
};
use crate::Provider;

fn authorize(provider: &Provider, query: &str) -> authlib_core::message::Response {
    get(provider, &format!("{ISSUER}/authorize?{query}"))
}

/// The error in the redirect to the client.
#[track_caller]
fn check_told(changes: &[(&str, &str)], error: &str) {
    let response = authorize(&provider(), &query(changes));
    let url = location(&response);
    assert!(url.as_str().starts_with(CALLBACK));
    assert_eq!(param(&url, "error").as_deref(), Some(error), "{changes:?}");
    assert_eq!(param(&url, "state").as_deref(), Some("s1"));
    assert_eq!(param(&url, "iss").as_deref(), Some(ISSUER));
    assert_eq!(param(&url, "code"), None);
}

#[test]
fn invalid_authorization_requests_redirect_with_an_error() {
    check_told(&[("response_type", "token")], "unsupported_response_type");
    check_told(&[("response_type", "")], "unsupported_response_type");
    check_told(&[("response_mode", "web_message")], "invalid_request");
    check_told(&[("code_challenge_method", "plain")], "invalid_request");
    check_told(&[("code_challenge", "short")], "invalid_request");
    check_told(&[("prompt", "none")], "login_required");
    check_told(&[("max_age", "soon")], "invalid_request");
    check_told(&[("request", "e30.e30.")], "request_not_supported");
    check_told(&[("request_uri", "https://app.example/r")], "request_uri_not_supported");
    let public = [("client_id", "public"), ("code_challenge", ""), ("code_challenge_method", "")];
    check_told(&public, "invalid_request");
}

#[test]
fn unregistered_redirect_uris_are_not_redirected_to() {
    let provider = provider();
    let wrong = [
        ("redirect_uri", "https://attacker.example/cb"),
        ("redirect_uri", "https://app.example/cb/"),
        ("redirect_uri", "https://app.example/cb?x=1"),
        ("redirect_uri", ""),
        ("client_id", "stranger"),
    ];
    for change in wrong {
        let response = authorize(&provider, &query(&[change]));
        assert_eq!(response.status(), 400, "{change:?}");
        assert!(response.headers().get(LOCATION).is_none());
        assert_eq!(
            provider.approve(&format!("{ISSUER}/authorize?{}", query(&[change])), "alice"),
            None
        );
    }
    let twice = format!("{}&redirect_uri=https://attacker.example/cb", query(&[]));
    assert_eq!(authorize(&provider, &twice).status(), 400);
}

#[test]
fn login_page_shows_client_and_scopes() {
    let asked = query(&[("state", "\"><script>x</script>"), ("scope", "openid email <b>")]);
    let response = authorize(&provider(), &asked);
    assert_eq!(response.status(), 200);
    let page = text(&response);
    assert!(page.contains("Log in to App &amp; Co"));
    assert!(page.contains("see your e-mail address"));
    assert!(page.contains("value=\"alice\""));
    assert!(page.contains("value=\"Alice Example\""));
    assert!(!page.contains("<script") && !page.contains("<b>"));
    let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"));
    assert!(policy.contains("frame-ancestors 'none'"));
    assert!(policy.contains("form-action 'self' https://app.example"));
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[test]
fn login_hint_fills_in_the_page() {
    let page = text(&authorize(&provider(), &query(&[("login_hint", "bob")])));
    assert!(page.contains("name=\"username\" value=\"bob\""));
}

#[test]
fn decision_button_approves_or_denies() {
    let provider = provider();
    let asked = format!("{ISSUER}/authorize?{}", query(&[]));
    let denied = provider.deny(&asked).unwrap();
    assert_eq!(param(&denied, "error").as_deref(), Some("access_denied"));
    let allowed = provider.approve(&asked, "bob").unwrap();
    assert!(param(&allowed, "code").is_some());
    // A decision in the query is ignored: the user must press the button.
    let response = authorize(&provider, &query(&[("decision", "allow"), ("username", "bob")]));
    assert_eq!(response.status(), 200);
}

#[test]
fn login_session_allows_prompt_none() {
    let provider = provider();
    let asked = query(&[]);
    let pairs = [
        ("request", asked.as_str()),
        ("decision", "allow"),
        ("username", " bob "),
        ("display_name", "Bob B."),
    ];
    let response = post(&provider, &format!("{ISSUER}/authorize?{asked}"), &pairs);
    assert_eq!(response.status(), 303);
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let silent = |changes: &[(&str, &str)]| {
        let mut request = authlib_core::message::Request::default();
        *request.uri_mut() = format!("{ISSUER}/authorize?{}", query(changes)).parse().unwrap();
        request.headers_mut().insert(COOKIE, format!("other=1; {cookie}").parse().unwrap());
        location(&provider.handle(&request))
    };
    let url = silent(&[("prompt", "none")]);
    let answer = redeem(&provider, &format!("{ISSUER}/token"), &param(&url, "code").unwrap());
    let token = json(&answer)["access_token"].as_str().unwrap().to_owned();
    let me = json(&super::flow::get_as(&provider, &format!("{ISSUER}/userinfo"), &token));
    assert_eq!((&me["sub"], &me["name"]), (&"bob".into(), &"Bob B.".into()));
    let url = silent(&[("prompt", "none"), ("max_age", "0")]);
    assert_eq!(param(&url, "error").as_deref(), Some("login_required"));
}

#[test]
fn prefilled_display_name_does_not_rename_another_user() {
    let provider = provider();
    let name_after = |sub: &str, display_name: &str| {
        let mut state = provider.0.state();
        state.set_display_name(sub, display_name);
        state.user(sub).display_name().to_owned()
    };
    assert_eq!(name_after("bob", "Alice Example"), "bob");
    assert_eq!(name_after("bob", "Bob B."), "Bob B.");
    assert_eq!(name_after("alice", "Alice Example"), "Alice Example");
    assert_eq!(name_after("alice", "Alicia"), "Alicia");
}

#[test]
fn login_without_user_name_is_rejected() {
    let asked = query(&[]);
    let pairs = [("request", asked.as_str()), ("decision", "allow"), ("username", "  ")];
    let response = post(&provider(), &format!("{ISSUER}/authorize"), &pairs);
    assert_eq!(response.status(), 400);
    assert!(!response.headers().contains_key(SET_COOKIE));
}

#[test]
fn auto_approve_redirects_without_a_page() {
    let provider = provider();
    provider.auto_approve("carol");
    let url = location(&authorize(&provider, &query(&[])));
    assert!(param(&url, "code").is_some());
    let silent = query(&[("prompt", "none"), ("max_age", "0")]);
    let url = location(&authorize(&provider, &silent));
    assert_eq!(param(&url, "error").as_deref(), Some("login_required"));
    provider.stop_auto_approve();
    assert_eq!(authorize(&provider, &query(&[])).status(), 200);
}

#[test]
fn form_post_response_is_a_posting_page() {
    let provider = provider();
    let asked = query(&[("response_mode", "form_post"), ("state", "\"<>&'")]);
    assert_eq!(provider.approve(&format!("{ISSUER}/authorize?{asked}"), "alice"), None);
    let response = authorize(&provider, &format!("{asked}&prompt=none&max_age=0"));
    assert_eq!(response.status(), 200);
    let page = text(&response);
    assert!(page.contains("name=\"error\" value=\"login_required\""));
    assert!(page.contains("name=\"state\" value=\"&quot;&lt;&gt;&amp;&#39;\""));
    assert!(page.contains(&format!("action=\"{CALLBACK}\"")));
    let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("script-src 'nonce-"), "{policy}");
}

#[test]
fn demo_client_accepts_loopback_redirect_uris_only() {
    let provider = Provider::new("http://127.0.0.1:4000");
    let redirected = |uri: &str| {
        let asked = query(&[("client_id", "demo"), ("redirect_uri", uri)]);
        provider.approve(&format!("http://127.0.0.1:4000/authorize?{asked}"), "alice")
    };
    for uri in ["http://127.0.0.1:3000/cb", "http://localhost:3001/cb", "http://[::1]:1/cb"] {
        assert!(redirected(uri).unwrap().as_str().starts_with(uri), "{uri}");
    }
    let strangers = [
        "app://localhost/cb",
        "http://localhost/cb#fragment",
        "http://localhost.attacker.example/cb",
        "http://127.0.0.1:80@attacker.example/cb",
        "http://localhost:80@127.0.0.1/cb",
        "http://10.0.0.1/cb",
    ];
    for uri in strangers {
        assert_eq!(redirected(uri), None, "{uri}");
    }
}
