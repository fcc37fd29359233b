//! Authorization URLs and grants of standalone clients.

use authlib_core::config::Refresh;
use authlib_core::oauth2::AuthMethod;
use authlib_core::{
    AuthorizeOptions, ErrorKind, Grant, OAuth2Client, Params, PendingLogin, Secret, Token,
};
use authlib_provider::{Endpoint, Fault, Reply};
use url::Url;

use crate::test_bed::standalone::{carol, public, registered, standalone_bed};
use crate::test_bed::{CALLBACK, ISSUER, TestBed, builder, client, sent};

fn query(url: &Url) -> Params {
    Params::parse(url.query().unwrap())
}

fn has(params: &Params, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(params.only(name).unwrap(), Some(*value), "{name}");
    }
}

/// Starts a login and approves it; returns the pending login and the URL of the callback.
async fn answered(bed: &TestBed, client: &OAuth2Client) -> (PendingLogin, String) {
    let started = client.create_authorization_url(AuthorizeOptions::new()).await;
    let (url, pending) = started.unwrap();
    let back = bed.provider.approve(url.as_str(), "alice").unwrap();
    (pending, back.into())
}

/// T090, T145.
#[tokio::test]
async fn authorization_url_keeps_endpoint_query_and_parameters() {
    let bed = standalone_bed();
    let config = registered()
        .authorization_endpoint(format!("{ISSUER}/authorize?tenant=a%20b"))
        .authorize_param("prompt", "login");
    let client = client(&bed, config);
    let options = AuthorizeOptions::new();
    let (url, pending) = client.create_authorization_url(options.clone()).await.unwrap();
    let params = query(&url);
    let registered = [("client_id", "app"), ("redirect_uri", CALLBACK), ("scope", "read write")];
    has(&params, &registered);
    has(&params, &[("tenant", "a b"), ("response_type", "code"), ("prompt", "login")]);
    has(&params, &[("state", pending.state().expose())]);

    let elsewhere = "https://app.example/authorize/other";
    let other = options.clone().redirect_uri(elsewhere).scope("read").login_hint("alice");
    let (url, again) = client.create_authorization_url(other).await.unwrap();
    has(&query(&url), &[("redirect_uri", elsewhere), ("scope", "read"), ("login_hint", "alice")]);
    assert_ne!(again.state(), pending.state());
    // Unlike in Authlib, the caller can't choose `state`: it could be guessable.
    let own = client.create_authorization_url(options.param("state", "mine")).await;
    assert_eq!(own.unwrap_err().kind(), ErrorKind::InvalidRequest);
}

/// T091, T146: Each login has a new verifier, and the provider checks it against the challenge.
#[tokio::test]
async fn url_has_s256_challenge_and_code_sends_verifier() {
    let bed = standalone_bed();
    let client = client(&bed, registered());
    let mut challenges = Vec::new();
    for _ in 0..2 {
        let started = client.create_authorization_url(AuthorizeOptions::new()).await;
        let (url, pending) = started.unwrap();
        let params = query(&url);
        has(&params, &[("code_challenge_method", "S256")]);
        let challenge = params.only("code_challenge").unwrap().unwrap().to_owned();
        assert_eq!(challenge.len(), 43);
        let back = bed.provider.approve(url.as_str(), "alice").unwrap();
        client.fetch_access_token(pending, back.as_str()).await.unwrap();
        let verifier = sent(&bed, Endpoint::Token).pop().unwrap();
        assert_ne!(verifier.secret("code_verifier"), Some(challenge.as_str()));
        assert!(!challenges.contains(&challenge));
        challenges.push(challenge);
    }
}

/// T092, T147: Authlib reads a fragment in `fetch_token` too and confuses codes with tokens; here
/// each has its own method.
#[tokio::test]
async fn implicit_fragment_parameters_become_token() {
    let bed = standalone_bed();
    let client = client(&bed, registered());
    let state = Secret::new("sent");
    let fragment = "access_token=2Y&token_type=bearer&expires_in=60&state=sent&x=y";
    let url = format!("{CALLBACK}#{fragment}");
    let token = client.token_from_fragment(&url, &state).await.unwrap();
    assert_eq!(token.access_token.expose(), "2Y");
    assert_eq!(token.extra::<String>("x").unwrap().as_deref(), Some("y"));
    assert_eq!(client.token().await.unwrap().unwrap().access_token, token.access_token);

    for wrong in ["#access_token=3&token_type=bearer&state=other", "#error=access_denied"] {
        let refused = client.token_from_fragment(&format!("{CALLBACK}{wrong}"), &state).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidCallback, "{wrong}");
    }
    let (pending, _) = answered(&bed, &client).await;
    assert!(client.fetch_access_token(pending, &url).await.is_err());
    assert_eq!(client.token().await.unwrap().unwrap().access_token.expose(), "2Y");
    assert!(sent(&bed, Endpoint::Token).is_empty());
}

/// T093, T148.
#[tokio::test]
async fn code_is_exchanged_from_url_or_query() {
    let bed = standalone_bed();
    let post = registered().token_endpoint_auth_method(AuthMethod::ClientSecretPost);
    for (config, id, basic) in [
        (registered(), "app", true),
        (post, "app", false),
        (public().client_id("cli"), "cli", false),
    ] {
        let client = client(&bed, config);
        for whole in [true, false] {
            let (pending, back) = answered(&bed, &client).await;
            let response = if whole { &back } else { back.split_once('?').unwrap().1 };
            let token = client.fetch_access_token(pending, response).await.unwrap();
            let kept = client.token().await.unwrap().unwrap();
            assert_eq!(kept.access_token, token.access_token);
            let asked = sent(&bed, Endpoint::Token).pop().unwrap();
            assert_eq!(asked.method, "POST");
            assert_eq!(asked.field("grant_type"), Some("authorization_code"));
            assert_eq!(asked.field("redirect_uri"), Some(CALLBACK));
            let code = query(&Url::parse(&back).unwrap());
            assert_eq!(asked.secret("code"), code.only("code").unwrap());
            assert_eq!(asked.authorization.is_some(), basic);
            assert_eq!(asked.field("client_id"), Some(id).filter(|_| !basic));
        }
    }
    let client = client(&bed, registered());
    let (pending, back) = answered(&bed, &client).await;
    bed.provider.inject(Fault::Response(
        Endpoint::Token,
        Reply::json(400, r#"{"error":"invalid_grant","error_description":"no \"more\""}"#),
    ));
    let error = client.fetch_access_token(pending, back.as_str()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    let said = error.provider_error().unwrap();
    assert_eq!((said.error.as_str(), said.status), ("invalid_grant", Some(400)));
}

/// T094, T149: Authlib can send the fields in the URL of a GET, which ends in logs (RFC 6749 §3.2
/// requires POST).
#[tokio::test]
async fn token_request_is_post_even_with_endpoint_query() {
    let bed = standalone_bed();
    let client = client(&bed, registered().token_endpoint(format!("{ISSUER}/token?tenant=a%20b")));
    let (pending, back) = answered(&bed, &client).await;
    client.fetch_access_token(pending, back.as_str()).await.unwrap();
    let asked = sent(&bed, Endpoint::Token).pop().unwrap();
    assert_eq!((asked.method.as_str(), asked.field("tenant")), ("POST", Some("a b")));
    assert_eq!(asked.names[..2], ["tenant", "grant_type"]);
}

/// T097, T098, T152, T153: The grant is always explicit, and not remembered for the next call.
#[tokio::test]
async fn standalone_grants_send_grant_type_and_scope() {
    let bed = standalone_bed();
    let client = client(&bed, registered());
    for _ in 0..2 {
        let token = client.fetch_token(carol()).await.unwrap();
        assert!(token.refresh_token.is_some());
        let asked = sent(&bed, Endpoint::Token).pop().unwrap();
        assert_eq!(asked.names, ["grant_type", "username", "password", "scope"]);
        assert_eq!(asked.field("grant_type"), Some("password"));
        assert_eq!(asked.secret("password"), Some("hush"));
        assert_eq!(asked.field("scope"), Some("read write"));

        let token = client.fetch_token(Grant::client_credentials()).await.unwrap();
        assert!(token.refresh_token.is_none());
        assert_eq!(token.scope.as_deref(), Some("read write"));
        let asked = sent(&bed, Endpoint::Token).pop().unwrap();
        assert_eq!(asked.names, ["grant_type", "scope"]);
        assert_eq!(asked.field("grant_type"), Some("client_credentials"));
    }
}

/// T099, T154.
#[tokio::test]
async fn token_can_be_fetched_while_holding_expired_one() {
    let bed = standalone_bed();
    let mut old = Token::bearer("of long ago");
    old.expires_at = Some(std::time::SystemTime::UNIX_EPOCH);
    let client = builder(&bed, registered()).token(old).build().unwrap();
    let token = client.fetch_token(Grant::client_credentials()).await.unwrap();
    assert_eq!(client.active_token().await.unwrap().access_token, token.access_token);
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

/// T100.
#[tokio::test]
async fn response_without_sent_state_is_rejected_unread() {
    let bed = standalone_bed();
    let client = client(&bed, registered());
    for value in [Some("other"), Some(""), None] {
        let (pending, back) = answered(&bed, &client).await;
        let params = query(&Url::parse(&back).unwrap());
        let mut params: Params = params.into_iter().filter(|(known, _)| known != "state").collect();
        if let Some(value) = value {
            params.push("state", value);
        }
        let error = client.fetch_access_token(pending, &params.to_query()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidCallback);
        assert!(error.to_string().contains("`state`"), "{error}");
    }
    assert!(sent(&bed, Endpoint::Token).is_empty());
}

/// H04: Facebook's callbacks end in `#_=_`; Authlib treats them as implicit grant responses.
#[tokio::test]
async fn code_callback_may_end_in_fragment() {
    let bed = standalone_bed();
    let client = client(&bed, registered());
    for (end, last) in
        [("#_=_", "code"), ("#_=_", "state"), ("#", "code"), ("#access_token=x", "code")]
    {
        let (pending, back) = answered(&bed, &client).await;
        let (ends, mut params): (Vec<_>, Vec<_>) =
            query(&Url::parse(&back).unwrap()).into_iter().partition(|(name, _)| name == last);
        params.extend(ends);
        let query = params.into_iter().collect::<Params>().to_query();
        let token = client.fetch_access_token(pending, &format!("{CALLBACK}?{query}{end}")).await;
        assert_ne!(token.unwrap().access_token.expose(), "x");
    }
}

/// H05: Authlib falls back to client credentials and returns that token as if the user had
/// consented.
#[tokio::test]
async fn rejected_response_never_falls_back_to_another_grant() {
    let bed = standalone_bed();
    for config in [registered(), registered().refresh_with(Refresh::ClientCredentials)] {
        let client = client(&bed, config);
        let (url, pending) =
            client.create_authorization_url(AuthorizeOptions::new()).await.unwrap();
        let denied = bed.provider.deny(url.as_str()).unwrap();
        assert!(denied.as_str().contains("error=access_denied"));
        let error = client.fetch_access_token(pending, denied.as_str()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AccessDenied);
        for nothing in ["?error=access_denied", "?x=y", ""] {
            let (pending, _) = answered(&bed, &client).await;
            let response = format!("{CALLBACK}{nothing}");
            let error = client.fetch_access_token(pending, &response).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidCallback, "{nothing}");
        }
        assert!(client.token().await.unwrap().is_none());
    }
    assert_eq!(bed.provider.count(Endpoint::Token), 0);
}

/// H06, H07.
#[tokio::test]
async fn invalid_token_response_never_becomes_token() {
    let text = |status, body: &str| Reply::Body {
        status,
        content_type: "text/plain".to_owned(),
        body: body.to_owned(),
    };
    for (reply, status) in [
        (Reply::json(200, r#"{"message":"hello"}"#), None),
        (Reply::json(200, r#"["a"]"#), None),
        (Reply::json(404, r#"{"message":"not found"}"#), None),
        (Reply::html(200), None),
        (text(400, "bad request"), None),
        (text(429, "slow down"), Some(429)),
        (text(503, "later"), Some(503)),
        (Reply::Redirect(302, "https://evil.example/".to_owned()), None),
    ] {
        let bed = standalone_bed();
        let client = client(&bed, registered().refresh_with(Refresh::ClientCredentials));
        bed.provider.inject(Fault::Response(Endpoint::Token, reply.clone()));
        let error = client.active_token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{reply:?}");
        let said = error.provider_error().and_then(|said| said.status);
        assert_eq!(said, status, "{reply:?}");
        assert!(client.token().await.unwrap().is_none(), "{reply:?}");
        assert_eq!(bed.provider.count(Endpoint::Unmatched), 0);
    }
}

/// H30: `resource` is repeated, not reduced to the last value (RFC 8707 §2).
#[tokio::test]
async fn repeated_resource_parameters_are_all_sent() {
    let bed = standalone_bed();
    let client = client(&bed, registered());
    let resources = ["https://a.example/", "https://b.example/?x=1"];
    let grant = Grant::client_credentials().resource(resources[0]).resource(resources[1]);
    let token = client.fetch_token(grant).await.unwrap();
    let asked = sent(&bed, Endpoint::Token).pop().unwrap();
    let said: Vec<_> = asked.fields.iter().filter(|(name, _)| name == "resource").collect();
    assert_eq!(said.len(), 2);
    let good = client.introspect_token(&token.access_token, None).await.unwrap();
    assert_eq!(good.aud(), resources);
}
