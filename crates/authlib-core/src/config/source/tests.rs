use super::*;

fn merged(
    code: Vec<ClientConfig>,
    toml: &str,
    vars: &[(&str, &str)],
) -> (Vec<ClientConfig>, String) {
    let mut sources = Sources::default();
    code.into_iter().for_each(|config| sources.register(config));
    sources.toml(toml, "authlib.toml");
    sources.vars(vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
    let (clients, problems) = sources.merge(crate::providers::NAMES);
    (clients, problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// T003, T039, T059: a file wins over code, the environment over both, entry by entry in tables.
#[test]
fn environment_overrides_file_and_file_overrides_code() {
    let code = ClientConfig::new("dev").client_id("code").authorize_param("a", "1").label("Dev");
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
    assert_eq!(dev.label.as_deref(), Some("Dev"));
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
fn a_preset_needs_its_id_and_secret_only_wherever_it_is_named() {
    let (clients, problems) =
        merged(vec![], "[oauth.google]\nclient_id = 'x'\n", &[("GITHUB_CLIENT_ID", "y")]);
    assert_eq!(problems, "");
    let names: Vec<_> = clients.iter().map(|client| client.name.as_str()).collect();
    assert_eq!(names, ["google", "github"]);
    assert!(clients.iter().all(|client| client.scope.is_some()));
}

/// Every key of the table is taken from a file and from the environment.
#[test]
fn every_key_loads_from_a_file_and_from_the_environment() {
    for (key, _) in KEYS {
        let json = match *key {
            "jwks" => r#"{"keys":[]}"#,
            key if key.ends_with("_params") || key.ends_with("_claims") => r#"{"a":"b"}"#,
            key if key.starts_with("dangerous_") => "true",
            "fetch_userinfo" | "raw_client_secret_basic" => "true",
            "client_assertion_lifetime" | "leeway" | "max_age" | "timeout" => "5",
            _ => "\"text\"",
        };
        let mut sources = Sources::default();
        let value: Value = serde_json::from_str(json).unwrap();
        let document = serde_json::json!({ "oauth": { "c": { (*key): value } } });
        sources.document(document.as_object().unwrap().clone());
        let (from_file, problems) = sources.merge(crate::providers::NAMES);
        assert!(problems.is_empty(), "{key}: {problems:?}");
        let variable = variable("c", key);
        let (from_env, problems) =
            merged(vec![ClientConfig::new("c")], "", &[(&variable, json.trim_matches('"'))]);
        assert_eq!(problems, "", "{key}");
        let empty = format!("{:?}", ClientConfig::new("c"));
        assert_eq!(format!("{from_file:?}"), format!("{from_env:?}"), "{key}");
        assert_ne!(format!("{from_env:?}"), format!("[{empty}]"), "{key} changed nothing");
    }
}

#[test]
fn everything_that_is_wrong_is_reported_at_once_with_client_and_key() {
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
        "client `a`: `cleint_id`: is no known setting; did you mean `client_id`?",
        "client `a`: `scope`: must be a text or a list of texts",
        "client `a`: `nonsense`: is no known setting",
        "`authorize_url`: is set to another value than `authorization_endpoint`",
        "client `a`: `verify`: is not known in `client_kwargs`",
        "client `a`: `leeway`: must be a whole number of seconds",
        "`A_CLIENT_SECERT`: is no known setting; did you mean `A_CLIENT_SECRET`?",
        "`A_JWKS`: must be a JSON object",
        "client `b`: must be a table",
        "client `twice`: registered twice",
        "client `a`: `registration_endpoint`: has no use yet",
        "client `a`: `prompt`: is set to another value in `client_kwargs`",
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
    assert_eq!(typo, "", "one letter more is no misspelling where a client has that name");
    let ids: Vec<_> = clients.iter().map(|client| client.client_id.as_deref()).collect();
    assert_eq!(ids, [Some("one"), Some("two")]);
}

#[test]
fn a_broken_or_missing_file_is_a_problem_that_shows_no_secret() {
    let (_, problems) = merged(vec![], "[oauth.a]\nclient_secret = hush\n", &[]);
    assert!(problems.contains("authlib.toml, line 2"), "{problems}");
    assert!(!problems.contains("hush"), "{problems}");
    let mut sources = Sources::default();
    sources.file(Path::new("/nowhere/authlib.toml"));
    assert!(
        sources
            .merge(crate::providers::NAMES)
            .1
            .first()
            .unwrap()
            .to_string()
            .contains("can't be read")
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
    sources.toml("[oauth.b]\nclient_secret = 'hush3'\n", "x");
    sources.vars([("B_CLIENT_SECRET".to_owned(), "hush4".to_owned())].into());
    let shown = format!("{sources:?}");
    assert!(shown.contains("\"b\"") && !shown.contains("hush"), "{shown}");
    let (clients, _) = sources.merge(crate::providers::NAMES);
    let shown = format!("{clients:?}");
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn two_names_with_the_same_variables_are_refused_where_the_environment_is_read() {
    let two = || vec![ClientConfig::new("my-app"), ClientConfig::new("my_app")];
    let (_, problems) = merged(two(), "", &[]);
    assert_eq!(problems.matches("has the same variables `MY_APP_..`").count(), 1, "{problems}");
    let mut sources = Sources::default();
    two().into_iter().for_each(|config| sources.register(config));
    assert!(sources.merge(crate::providers::NAMES).1.is_empty());
}

#[test]
fn null_counts_as_absent() {
    let mut sources = Sources::default();
    let document =
        serde_json::json!({"oauth": {"google": {"issuer": null, "client_kwargs": null}}});
    sources.document(document.as_object().unwrap().clone());
    let (clients, problems) = sources.merge(crate::providers::NAMES);
    assert!(problems.is_empty(), "{problems:?}");
    assert!(clients.first().unwrap().issuer.is_some());
}

#[test]
fn a_client_may_be_known_from_the_environment_alone() {
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
