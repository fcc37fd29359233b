use super::*;
use crate::config::setting_keys::{SETTINGS, Setting, variable};

fn merged(
    code: Vec<ClientConfig>,
    toml: &str,
    vars: &[(&str, &str)],
) -> (Vec<ClientConfig>, String) {
    let mut sources = Sources::default();
    code.into_iter().for_each(|config| sources.register(config));
    sources.discover();
    sources.toml(toml, "authlib.toml");
    sources.vars(vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
    let (clients, mut problems) = sources.read().merge(crate::providers::NAMES);
    problems.extend(clients.iter().flat_map(|client| {
        let rejected = client.rejected.iter();
        rejected.map(|(key, problem)| ConfigProblem::new(&client.name, key, problem))
    }));
    (clients, problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// T003, T039, T059: a file wins over code, the environment over both, entry by entry in tables.
#[test]
fn environment_overrides_file_and_file_overrides_code() {
    let code =
        ClientConfig::new("dev").client_id("code").authorize_param("a", "1").display_name("Dev");
    let toml = "[oauth.dev]\nclient_id = 'file'\nscope = ['x', 'y']\n\
                [oauth.dev.authorize_params]\na = 2\nb = ['c', true]\n";
    let (clients, problems) = merged(
        vec![code],
        toml,
        &[
            ("DEV_CLIENT_ID", "env"),
            ("DEV_SCOPE", ""),
            ("DEV_ACCESS_TOKEN_PARAMS", r#"{"audience":"api"}"#),
        ],
    );
    assert_eq!(problems, "");
    let [dev] = clients.as_slice() else { panic!("{clients:?}") };
    assert_eq!(dev.client_id.as_deref(), Some("env"));
    assert_eq!(dev.scope.as_deref(), Some("x y"));
    assert_eq!(dev.display_name.as_deref(), Some("Dev"));
    assert_eq!(dev.authorize_params.to_form(), "a=2&b=c&b=true");
    assert_eq!(dev.access_token_params.to_form(), "audience=api");
}

/// T002, T040, T058: a name is enough where the environment has the rest.
#[test]
fn environment_alone_provides_id_and_secret() {
    let (clients, problems) = merged(
        vec![ClientConfig::new("my-app")],
        "",
        &[("MY_APP_CLIENT_ID", "id"), ("MY_APP_CLIENT_SECRET", "hush")],
    );
    assert_eq!(problems, "");
    let client = clients.first().unwrap();
    assert_eq!(client.client_id.as_deref(), Some("id"));
    assert_eq!(client.client_secret.as_ref().unwrap().expose(), "hush");
    assert!(!format!("{client:?}").contains("hush"));
}

#[test]
fn file_and_environment_can_name_presets() {
    let (clients, problems) =
        merged(vec![], "[oauth.google]\nclient_id = 'x'\n", &[("GITHUB_CLIENT_ID", "y")]);
    assert_eq!(problems, "");
    let names: Vec<_> = clients.iter().map(|client| client.name.as_str()).collect();
    assert_eq!(names, ["google", "github"]);
    assert!(clients.iter().all(|client| client.scope.is_some()));
}

/// Twitch's documentation has a list of scopes.
#[test]
fn scope_is_a_string_or_a_list_in_every_table() {
    for toml in [
        "[oauth.c]\nscope = ['user:read:email', 'chat:read']",
        "[oauth.c]\nscope = 'user:read:email chat:read'",
        "[oauth.c.client_kwargs]\nscope = ['user:read:email', 'chat:read']",
    ] {
        let (clients, problems) = merged(vec![ClientConfig::new("c")], toml, &[]);
        assert_eq!(problems, "", "{toml}");
        assert_eq!(clients[0].scope.as_deref(), Some("user:read:email chat:read"), "{toml}");
    }
}

/// A JSON value that the setting accepts.
fn example(key: &str) -> &'static str {
    match key {
        "jwks" => r#"{"keys":[]}"#,
        "keep_claims" => "\"text\"",
        "authorization_details" => r#"[{"type":"a"}]"#,
        "claims" => r#"{"userinfo":{"a":null}}"#,
        "client_metadata" => r#"{"a":"b"}"#,
        "fetch_distributed_claims" => "true",
        key if key.ends_with("_params") || key.ends_with("_claims") => r#"{"a":"b"}"#,
        "dangerous_http_hosts" => "\"text\"",
        key if key.starts_with("dangerous_") => "true",
        "accept_logins"
        | "dynamic_registration"
        | "any_tenant"
        | "dpop_bound_access_tokens"
        | "fetch_userinfo"
        | "keep_token"
        | "raw_client_secret_basic"
        | "tls_client_certificate_bound_access_tokens"
        | "refresh_on_bare_401"
        | "require_pushed_authorization_requests"
        | "require_s_hash"
        | "use_pushed_authorization_requests" => "true",
        "client_assertion_lifetime"
        | "client_secret_ttl"
        | "next_private_key_not_before"
        | "clock_skew"
        | "leeway"
        | "max_age"
        | "refresh_before_expiry"
        | "timeout" => "5",
        key if key.ends_with("_auth_method") => "\"client_secret_jwt\"",
        key if key.contains("_encrypted_") || key.contains("_encryption_") => match key {
            key if key.ends_with("_alg") => "\"RSA-OAEP\"",
            _ => "\"A128GCM\"",
        },
        key if key.ends_with("_alg") => "\"RS256\"",
        "client_assertion_audience" => "\"token_endpoint\"",
        "dpop" => "\"login\"",
        "profile" => "\"fapi2\"",
        "code_challenge_method" => "\"S256\"",
        "refresh_with" | "renewal" => "\"off\"",
        "response_mode" => "\"query\"",
        "response_type" => "\"id_token\"",
        "signature_location" | "signature_type" | "token_location" | "token_placement" => {
            "\"body\""
        }
        "signature_method" => "\"PLAINTEXT\"",
        "userinfo_method" => "\"POST\"",
        _ => "\"text\"",
    }
}

#[test]
fn every_key_loads_from_file_and_environment() {
    for key in SETTINGS.iter().flat_map(Setting::keys) {
        let json = example(key);
        let mut sources = Sources::default();
        sources.register(ClientConfig::new("c"));
        let value: Value = serde_json::from_str(json).unwrap();
        let document = serde_json::json!({ "oauth": { "c": { (key): value } } });
        sources.document(document.as_object().unwrap().clone());
        let (from_file, problems) = sources.read().merge(crate::providers::NAMES);
        assert!(problems.is_empty(), "{key}: {problems:?}");
        assert!(from_file[0].rejected.is_empty(), "{key}: {:?}", from_file[0].rejected);
        let variable = variable("c", key);
        let (from_env, problems) =
            merged(vec![ClientConfig::new("c")], "", &[(&variable, json.trim_matches('"'))]);
        assert_eq!(problems, "", "{key}");
        let empty = format!("{:?}", ClientConfig::new("c"));
        assert_eq!(format!("{from_file:?}"), format!("{from_env:?}"), "{key}");
        let changed = format!("{from_env:?}") != format!("[{empty}]");
        // PKCE is always by S256.
        assert_eq!(changed, key != "code_challenge_method", "{key}");
    }
}

#[test]
fn all_errors_are_reported_with_client_and_key() {
    let toml = "oauth.b = 'no table'\n[oauth.a]\ncleint_id = 'x'\nscope = 5\nnonsense = 1\nprompt = 'none'\n\
                registration_endpoint = 'https://x'\n\
                authorize_url = 'https://x'\nauthorization_endpoint = 'https://y'\n\
                [oauth.a.client_kwargs]\nverify = false\nleeway = 'soon'\nprompt = 'login'\n";
    let (_, problems) = merged(
        vec![ClientConfig::new("twice"), ClientConfig::new("twice")],
        toml,
        &[("A_CLIENT_SECERT", "hush"), ("A_JWKS", "[]")],
    );
    for says in [
        "client `a`: `cleint_id` is not a known setting; did you mean `client_id`?",
        "client `a`: `scope` must be a string or a list of strings",
        "client `a`: `nonsense` is not a known setting",
        "`authorize_url` has another value than `authorization_endpoint`, its other name",
        "client `a`: `verify` is not supported in `client_kwargs`",
        "client `a`: `leeway` is \"soon\", but must be a whole number of seconds",
        "`A_CLIENT_SECERT` is not a known setting; did you mean `A_CLIENT_SECRET`?",
        "`A_JWKS` must be a JSON object",
        "client `b` must be a table",
        "client `twice` is registered twice",
        "client `a`: `prompt` has another value in `client_kwargs`",
    ] {
        assert!(problems.contains(says), "{says}\nnot in\n{problems}");
    }
    assert!(!problems.contains("hush"));
}

/// H23 for settings: a client's variables are not those of one whose name begins alike.
#[test]
fn variables_of_longer_client_name_are_ignored() {
    let (clients, problems) = merged(
        vec![ClientConfig::new("az"), ClientConfig::new("az_two")],
        "",
        &[("AZ_TWO_CLIENT_ID", "two"), ("AZ_CLIENT_ID", "one")],
    );
    assert_eq!(problems, "");
    let (_, typo) = merged(
        vec![ClientConfig::new("az"), ClientConfig::new("az_x")],
        "",
        &[("AZ_X_CLIENT_ID", "x"), ("AZ_X_SCOPE", "y")],
    );
    assert_eq!(typo, "", "one letter more is not a typo if a client has that name");
    let ids: Vec<_> = clients.iter().map(|client| client.client_id.as_deref()).collect();
    assert_eq!(ids, [Some("one"), Some("two")]);
}

#[test]
fn broken_or_missing_file_is_error_without_secret() {
    let (_, problems) = merged(vec![], "[oauth.a]\nclient_secret = hush\n", &[]);
    assert!(problems.contains("authlib.toml, line 2"), "{problems}");
    assert!(!problems.contains("hush"), "{problems}");
    let mut sources = Sources::default();
    sources.file(Path::new("/nowhere/authlib.toml"));
    assert!(
        sources
            .read()
            .merge(crate::providers::NAMES)
            .1
            .first()
            .unwrap()
            .to_string()
            .contains("could not read /nowhere/authlib.toml")
    );
}

/// H35: what a builder shows of itself has no value of a file, of the environment or of a key set.
#[test]
fn debug_output_shows_no_secret_of_any_source() {
    let mut sources = Sources::default();
    sources.register(
        ClientConfig::new("a")
            .client_secret("hush1")
            .jwks(serde_json::json!({"keys": [{"kty": "oct", "k": "hush2"}]})),
    );
    sources.discover();
    sources.toml("[oauth.b]\nclient_secret = 'hush3'\n", "x");
    sources.vars([("B_CLIENT_SECRET".to_owned(), "hush4".to_owned())].into());
    let shown = format!("{sources:?}");
    assert!(shown.contains("\"b\"") && !shown.contains("hush"), "{shown}");
    let (clients, _) = sources.read().merge(crate::providers::NAMES);
    let shown = format!("{clients:?}");
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn clients_with_same_variables_are_environment_errors() {
    let two = || vec![ClientConfig::new("my-app"), ClientConfig::new("my_app")];
    let (_, problems) = merged(two(), "", &[]);
    assert_eq!(
        problems.matches("has the same environment variables `MY_APP_..`").count(),
        1,
        "{problems}"
    );
    let mut sources = Sources::default();
    two().into_iter().for_each(|config| sources.register(config));
    assert!(sources.read().merge(crate::providers::NAMES).1.is_empty());
}

#[test]
fn null_counts_as_absent() {
    let mut sources = Sources::default();
    sources.register(ClientConfig::from("google"));
    let document =
        serde_json::json!({"oauth": {"google": {"issuer": null, "client_kwargs": null}}});
    sources.document(document.as_object().unwrap().clone());
    let (clients, problems) = sources.read().merge(crate::providers::NAMES);
    assert!(problems.is_empty(), "{problems:?}");
    assert!(clients.first().unwrap().issuer.is_some());
}

#[test]
fn environment_alone_can_configure_client() {
    let (clients, problems) = merged(
        vec![ClientConfig::new("my-app")],
        "",
        &[
            ("STAFF_CLIENT_ID", "id"),
            ("STAFF_ISSUER", "https://id.example.com"),
            ("MY_APP_CLIENT_ID", "mine"),
            ("MY_APP_ISSUER", "https://my.example.com"),
            ("AWS_CLIENT_ID", "of no interest here"),
        ],
    );
    assert_eq!(problems, "");
    let names: Vec<_> = clients.iter().map(|client| client.name.as_str()).collect();
    assert_eq!(names, ["my-app", "staff"]);
    assert_eq!(clients[1].issuer.as_deref(), Some("https://id.example.com"));
}

/// A variable of another program, or a table with a misspelt name, must not become another way to log in.
#[test]
fn unnamed_clients_are_registered_by_discovery_only() {
    let named = |toml: &str| {
        let mut sources = Sources::default();
        sources.register(ClientConfig::new("my-app"));
        sources.toml(toml, "authlib.toml");
        let vars = [
            ("GITHUB_CLIENT_ID", "id"),
            ("STAFF_CLIENT_ID", "id"),
            ("STAFF_ISSUER", "https://id.example"),
            ("MY_APP_CLIENT_ID", "mine"),
        ];
        sources.vars(vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        let (clients, problems) = sources.read().merge(crate::providers::NAMES);
        let ids = clients.into_iter().map(|client| (client.name, client.client_id.unwrap()));
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        (ids.collect::<Vec<_>>(), problems.join("\n"))
    };
    let mine = vec![("my-app".to_owned(), "mine".to_owned())];
    assert_eq!(named("[oauth.my-app]\nscope = 'a'"), (mine.clone(), String::new()));
    let (clients, problem) = named("[oauth.my_app]\nclient_id = 'x'");
    assert_eq!(clients, mine);
    assert!(
        problem.contains("client `my_app` has a table, but is not registered")
            && problem.contains("`.discover_clients()`")
            && problem.contains("(registered: my-app)"),
        "{problem}"
    );
}

#[test]
fn table_of_another_name_than_oauth_is_reported() {
    for (table, is_reported) in
        [("oauth2", true), ("OAuth", true), ("oidc", true), ("server", false)]
    {
        let mut sources = Sources::default();
        sources.register(ClientConfig::from("github"));
        sources.toml(&format!("[{table}.github]\nclient_id = 'id'\n"), "authlib.toml");
        let (_, problems) = sources.read().merge(&[]);
        assert_eq!(problems.len(), usize::from(is_reported), "{table}: {problems:?}");
    }
}
