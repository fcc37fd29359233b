use super::*;

/// Checks that `text` at `path` has exactly the problems that contain `expected`, in order.
fn check_file(path: &str, text: &str, expected: &[&str]) {
    let exports =
        exports("pub use crate::error::{Error, Result};\npub use crate::registry::OAuth;");
    let problems = check(&File { path, text }, &exports);
    assert_eq!(problems.len(), expected.len(), "{path}: {text}\n{problems:?}");
    for ((_, problem), expected) in problems.iter().zip(expected) {
        assert!(problem.contains(expected), "{problem} does not contain {expected}");
    }
}

fn core_file(path: &str, text: &str, expected: &[&str]) {
    check_file(&format!("crates/authlib-core/src/{path}"), text, expected);
}

#[test]
fn import_of_higher_rank_is_a_problem() {
    let up = &["imports point down"];
    core_file("jose/jws.rs", "use crate::error::Error;", &[]);
    core_file("jose/jws.rs", "use crate::oidc::IdToken;", up);
    core_file("jose/jws.rs", "fn f() { crate::registry::x() }", up);
    core_file(
        "jose/jws.rs",
        "use crate::{error::Error, app, login::{a, b}};",
        &["`app`", "`login`"],
    );
    core_file("jose/jws.rs", "use super::super::store;", up);
    core_file("jose/jws.rs", "use super::alg;", &[]);
    core_file("jose/mod.rs", "use super::store;", up);
    core_file("jose.rs", "use super::store;", up);
    core_file("error.rs", "use crate::secret::Secret;", up);
    core_file("message.rs", "use crate::params::Params;", &[]);
    core_file("jose/jws.rs", "use crate::{Error, Result};", &[]);
    core_file("jose/jws.rs", "use crate::OAuth;", up);
    core_file("jose/jws.rs", "use crate::helpers::x;", &["no rank"]);
    core_file("helpers.rs", "", &["no rank"]);
    core_file("jose/jws.rs", "// crate::app\n/// [`crate::registry::x`]\nfn f() {}", &[]);
    core_file("jose/jws.rs", "fn f() {}\n#[cfg(test)]\nmod tests { use crate::registry::x; }", &[]);
    core_file("jose/tests.rs", "use crate::registry::x;", &[]);
}

#[test]
fn async_and_dyn_in_pure_ranks_are_problems() {
    core_file("params.rs", "async fn f() { g().await }", &["`async`", "`await`"]);
    core_file("params.rs", "fn f(_: &dyn Clock) {}", &["`dyn`"]);
    core_file("error.rs", "fn f(_: Box<dyn std::error::Error + Send>) {}", &[]);
    core_file("api/send.rs", "async fn f(_: &dyn Clock) {}", &[]);
}

#[test]
fn protocol_file_without_specification_is_a_problem() {
    let missing = &["name its specification"];
    core_file("oauth2/pkce.rs", "//! Proof key, RFC 7636.\n", &[]);
    core_file("oidc/id_token.rs", "//! OpenID Connect Core 3.1.3.7.\n", &[]);
    core_file("oauth2/pkce.rs", "//! Proof key.\n", missing);
    core_file("oauth2/pkce.rs", "fn f() {}\n// RFC 7636", missing);
}

#[test]
fn crypto_and_framework_crates_in_core_are_problems() {
    core_file("jose/jws.rs", "use aws_lc_rs::hmac;", &["crypto crate"]);
    core_file("jose/jws.rs", "let x = ring::digest();", &["crypto crate"]);
    core_file("jose/jws.rs", "let ring = 1;", &[]);
    core_file("crypto/mod.rs", "use aws_lc_rs::hmac;", &[]);
    core_file("login/mod.rs", "use axum::Router;", &["framework"]);
    core_file("login/mod.rs", "//! Works with axum.\n", &[]);
}

#[test]
fn protocol_code_of_core_in_provider_is_a_problem() {
    let path = "crates/authlib-provider/src/lib.rs";
    check_file(path, "use authlib_core::message::Request;", &[]);
    check_file(path, "use authlib_core::{jose, transport::HttpClient};", &["authlib_core::jose"]);
}

#[test]
fn leftovers_long_files_and_credentials_are_problems() {
    let path = "crates/authlib-axum/src/lib.rs";
    check_file(path, &format!("// {}\n", LEFT_BEHIND[0]), &["leftover"]);
    check_file(path, &format!("{}]\n", LEFT_BEHIND[4]), &["leftover"]);
    check_file(path, &format!("let id = \"{}x\";", CREDENTIALS[3]), &["credential"]);
    check_file(path, &"//\n".repeat(MAX_LINES), &[]);
    check_file(path, &"//\n".repeat(MAX_LINES + 1), &["split it"]);
}

#[test]
fn long_test_name_is_a_problem() {
    let path = "crates/authlib-axum/src/lib.rs";
    let name = "a".repeat(MAX_TEST_NAME);
    check_file(path, &format!("#[test]\nfn {name}() {{}}"), &[]);
    check_file(path, &format!("fn {name}a() {{}}"), &[]);
    let attributes = "#[tokio::test(flavor = \"multi_thread\")]\n#[cfg(unix)]";
    check_file(path, &format!("{attributes}\nasync fn {name}a() {{}}"), &["61 characters"]);
}
