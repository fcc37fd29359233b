//! The program as users and scripts run it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod program;

use std::fs;
use std::process::Command;

use authlib_provider::{Endpoint, Fault, Reply};
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::program::{Home, Running, browse, browser, parameter};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn help_lists_commands_and_exit_codes() {
    let home = Home::new("help").await;
    let help = home.run("--help");
    assert_eq!(help.code, Some(0));
    let codes = help.stdout.split("Exit codes:").nth(1).unwrap();
    for code in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "130 "] {
        assert!(codes.lines().any(|line| line.trim_start().starts_with(code)), "{code}: {codes}");
    }
    for command in ["login", "whoami", "get", "logout", "demo"] {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{command}");
    }
    assert_eq!(home.run("--version").stdout.trim(), "cli-login 0.1.0");
    home.run("--wrong").failed(2, "--help");
    home.run("whoami --client demo --issuer http://example.com").failed(2, "issuer");
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_needs_no_configuration() {
    let home = Home::new("demo").await;
    let demo = home.run("demo");
    assert_eq!(demo.code, Some(0), "{demo:?}");
    for words in [
        "/device and enter the code ",
        "Waiting for approval",
        "Approved",
        "Alice Example",
        "revoked",
    ] {
        assert!(demo.stdout.contains(words), "{words}: {demo:?}");
    }
    assert!(!home.folder.exists(), "the demo leaves no files");
}

#[tokio::test(flavor = "multi_thread")]
async fn options_override_environment_and_file() {
    let home = Home::new("settings").await;
    fs::create_dir_all(&home.folder).unwrap();
    let file = home.folder.join("authlib.toml");
    let toml =
        |client: &str| format!("[oauth.demo]\nclient_id = \"{client}\"\nscope = \"filed\"\n");
    fs::write(&file, toml("filed")).unwrap();
    let client_and_scope = |command: &mut Command| {
        let mut login = Running::of(command.current_dir(&home.folder));
        let url = login.url();
        login.stop();
        (parameter(&url, "client_id"), parameter(&url, "scope"))
    };
    let pair = |client: &str, scope: &str| (client.to_owned(), scope.to_owned());

    let login = "login --no-browser --timeout 60";
    let named = format!("{login} --config {}", file.display());
    let environment = client_and_scope(&mut home.command(&named));
    assert_eq!(environment, pair("cli", "openid profile"), "over the file");
    let by_file = client_and_scope(home.command(&named).env_remove("DEMO_SCOPE"));
    assert_eq!(by_file, pair("cli", "filed"));
    let by_variable =
        client_and_scope(home.command(login).env_remove("DEMO_SCOPE").env("AUTHLIB_CONFIG", &file));
    assert_eq!(by_variable, pair("cli", "filed"));
    let options = format!("{named} --client demo --client-id option --scope optional");
    assert_eq!(client_and_scope(&mut home.command(&options)), pair("option", "optional"));

    // A file in the working directory may be another user's.
    let mut not_named = home.command(login);
    not_named.env_remove("DEMO_CLIENT_ID").env_remove("DEMO_ISSUER").current_dir(&home.folder);
    Running::of(&mut not_named).end().failed(2, "no client is configured");

    let mut several = home.command("whoami");
    several.envs([("GITHUB_CLIENT_ID", "a"), ("GITHUB_CLIENT_SECRET", "hush")]);
    let done = Running::of(&mut several).end();
    done.failed(2, "several clients are configured (github, demo)");
    done.holds_none_of(&["hush".to_owned()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn loopback_login_stores_a_token() {
    let home = Home::new("browser").await;
    home.provider().auto_approve("alice");
    let mut login = home.start("login --no-browser --timeout 60");
    let url = login.url();
    assert_eq!(parameter(&url, "code_challenge_method"), "S256");
    assert!(parameter(&url, "redirect_uri").starts_with("http://127.0.0.1:"));
    let (status, page) = browse(&url).await;
    assert_eq!(status, 200);
    assert!(page.contains("can be closed"), "{page}");
    let done = login.end();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.stdout, "Logged in with demo as Alice Example.\n");
    let secrets = home.secrets();
    done.holds_none_of(&secrets);

    let whoami = home.run("whoami");
    assert_eq!(json(&whoami.stdout)["name"], "Alice Example", "{whoami:?}");
    let get = home.run("get echo?x=1");
    assert_eq!(json(&get.stdout)["query_string"], "x=1", "{get:?}");
    whoami.holds_none_of(&secrets);
    get.holds_none_of(&secrets);
    assert_eq!(home.provider().count(Endpoint::Token), 1, "a valid token is not refreshed");
}

#[tokio::test(flavor = "multi_thread")]
async fn device_login_stores_a_token() {
    let home = Home::new("device").await;
    let mut login = home.start("login --device --timeout 60");
    assert!(home.provider().approve_device(&login.user_code(), "alice"));
    let done = login.end();
    assert_eq!(done.code, Some(0), "{done:?}");
    done.holds_none_of(&home.secrets());
    assert_eq!(json(&home.run("whoami").stdout)["sub"], "alice");
}

#[tokio::test(flavor = "multi_thread")]
async fn loopback_listener_ignores_unrelated_requests() {
    let home = Home::new("strangers").await;
    home.provider().auto_approve("alice");
    let mut login = home.start("login --no-browser --timeout 60");
    let url = login.url();
    let redirect_uri = parameter(&url, "redirect_uri");
    let forged = format!("{redirect_uri}?error=access_denied&state={}", parameter(&url, "state"));
    let browser = browser(Policy::none());
    for (request, expected) in [
        // A page whose host name resolves to this machine (DNS rebinding).
        (browser.get(&forged).header("host", "evil.example"), 400),
        (browser.post(&forged), 404),
        (browser.get(redirect_uri.replace("/callback", "/favicon.ico")), 404),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), expected);
        assert!(!response.headers().contains_key("access-control-allow-origin"));
        assert_eq!(response.text().await.unwrap(), "");
    }
    let (status, _) = browse(&url).await;
    assert_eq!(status, 200);
    let done = login.end();
    assert_eq!(done.code, Some(0), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn callback_with_foreign_state_is_rejected() {
    let home = Home::new("state").await;
    let mut login = home.start("login --no-browser --timeout 60");
    let redirect_uri = parameter(&login.url(), "redirect_uri");
    let (status, page) = browse(&format!("{redirect_uri}?code=stolen-code&state=other")).await;
    assert_eq!(status, 200);
    assert!(!page.contains("stolen-code"), "{page}");
    let done = login.end();
    done.failed(1, "state");
    done.holds_none_of(&["stolen-code".to_owned()]);
    assert!(!home.token_file().exists());
    assert_eq!(home.provider().count(Endpoint::Token), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_login_exits_with_code_4() {
    let home = Home::new("denied").await;
    let mut login = home.start("login --no-browser --timeout 60");
    let url = login.url();
    browse(home.provider().deny(&url).unwrap().as_str()).await;
    login.end().failed(4, "access_denied");

    let mut login = home.start("login --device --timeout 60");
    assert!(home.provider().deny_device(&login.user_code()));
    login.end().failed(4, "the user denied");
    assert!(!home.token_file().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn login_times_out_with_code_3() {
    let home = Home::new("timeout").await;
    home.run("login --no-browser --timeout 1").failed(3, "timed out: the browser");
    home.run("login --device --timeout 1").failed(3, "timed out: the device");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_exits_with_code_130() {
    let home = Home::new("interrupted").await;
    let mut login = home.start("login --no-browser --timeout 60");
    login.url();
    let id = login.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    login.end().failed(130, "interrupted");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_runs_share_one_refresh() {
    let home = Home::new("expired").await;
    home.log_in().await;
    for command in ["whoami", "get echo"] {
        let before = home.secrets();
        home.let_the_token_expire();
        home.provider().clear_requests();
        // Concurrent runs: the provider would treat a second use of the refresh token as theft.
        let runs: Vec<_> = (0..4).map(|_| home.start(command)).collect();
        for run in runs {
            let done = run.end();
            assert_eq!(done.code, Some(0), "{done:?}");
            assert_eq!(json(&done.stdout)["sub"], "alice");
            done.holds_none_of(&before);
            done.holds_none_of(&home.secrets());
        }
        assert_eq!(home.provider().count(Endpoint::Token), 1, "{command}");
        let after = home.secrets();
        assert!(before[0] != after[0] && before[1] != after[1], "both tokens are new");
    }
    // The provider invalidated it before its expiry.
    home.provider().expire_access_tokens();
    home.provider().clear_requests();
    assert_eq!(home.run("get echo").code, Some(0));
    assert_eq!(home.provider().count(Endpoint::Token), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn token_in_a_database_is_refreshed_once() {
    let home = Home::new("database").await;
    let folder = home.token_file().with_file_name("");
    fs::create_dir_all(&folder).unwrap();
    let url = format!("sqlite:{}", folder.join("tokens.sqlite").display());
    let start = |arguments| Running::of(home.command(arguments).env("DATABASE_URL", &url));
    home.provider().auto_approve("alice");
    let mut login = start("login --no-browser --timeout 60");
    browse(&login.url()).await;
    assert_eq!(login.end().code, Some(0));
    assert!(!home.token_file().exists());
    assert_eq!(json(&start("whoami").end().stdout)["sub"], "alice");
    home.provider().expire_access_tokens();
    home.provider().clear_requests();
    let runs: Vec<_> = (0..4).map(|_| start("get echo")).collect();
    for run in runs {
        let done = run.end();
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    assert_eq!(home.provider().count(Endpoint::Token), 1);
    assert_eq!(start("logout").end().code, Some(0));
    start("whoami").end().failed(3, "not logged in");
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_revokes_the_token_and_deletes_its_file() {
    let home = Home::new("logout").await;
    home.run("logout").failed(3, "not logged in");
    home.log_in().await;
    let done = home.run("logout");
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "Logged out.\n"), "{done:?}");
    assert_eq!(home.provider().count(Endpoint::Revoke), 1);
    assert!(!home.token_file().exists());
    home.run("whoami").failed(3, "logged in");

    home.log_in().await;
    home.provider().inject(Fault::Response(Endpoint::Revoke, Reply::html(503)));
    let done = home.run("logout");
    done.failed(1, "revocation");
    assert!(!home.token_file().exists(), "the file is deleted even if the provider fails");
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_refresh_token_asks_for_a_new_login() {
    let home = Home::new("ended").await;
    home.log_in().await;
    home.let_the_token_expire();
    home.provider().inject(Fault::RefreshRefused);
    home.run("whoami").failed(3, "log in again");
}

#[tokio::test(flavor = "multi_thread")]
async fn error_response_of_the_api_is_printed_and_fails() {
    let home = Home::new("teapot").await;
    home.log_in().await;
    let done = home.run("get teapot");
    done.failed(1, "418");
    assert!(done.stdout.contains("teapot"), "{done:?}");
    // The token is not sent to another origin.
    home.run("get https://evil.example/").failed(2, "api_base_url");
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_provider_exits_with_code_5() {
    let home = Home::new("away").await;
    let args = "login --client demo --issuer http://127.0.0.1:9 --device";
    home.run(args).failed(5, "client `demo`");
}

#[tokio::test(flavor = "multi_thread")]
async fn token_of_another_client_id_is_not_used() {
    let home = Home::new("registration").await;
    home.log_in().await;
    home.run("whoami --client demo --client-id other").failed(3, "logged in");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn token_file_is_private_to_the_user() {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let home = Home::new("modes").await;
    home.log_in().await;
    assert_eq!(mode(&home.token_file()), 0o600);
    assert_eq!(mode(home.token_file().parent().unwrap()), 0o700);
    home.let_the_token_expire();
    assert_eq!(home.run("whoami").code, Some(0));
    assert_eq!(mode(&home.token_file()), 0o600, "after a refresh as well");

    fs::set_permissions(home.token_file(), fs::Permissions::from_mode(0o644)).unwrap();
    for command in ["whoami", "get echo", "logout"] {
        let done = home.run(command);
        done.failed(1, "chmod 600");
        done.holds_none_of(&home.secrets());
    }
    fs::set_permissions(home.token_file(), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(home.run("whoami").code, Some(0));

    fs::write(home.token_file(), "{\"owner\": \"hunter2\"").unwrap();
    let done = home.run("whoami");
    done.failed(1, "does not contain a token");
    done.holds_none_of(&["hunter2".to_owned()]);
}
