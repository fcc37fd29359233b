//! No reader of a peer's input does more work than n log n: each reads inputs that double up to its limit. Work is the
//! number of basic blocks of this workspace's code that are entered, so the result is the same on every machine.
//!
//! `cargo xtask work` runs it, and compiles the counters in. Code of dependencies is not counted, unless it is generic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(clippy::print_stdout, reason = "what is printed last is what failed")]

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use authlib_core::OAuth;
use authlib_core::store::TtlMap;
use authlib_work_counter::count;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// How often an input doubles. The first is small, so that a quadratic reader fails soon.
const DOUBLINGS: u32 = 6;

/// How much more work a doubled input may be. For n log n it is 2.1 to 2.3 at these sizes.
const FACTOR: f64 = 2.6;

/// Asserts how the work of `read` grows up to an input of `limit` bytes, or of as many entries.
fn check<T>(name: &str, limit: usize, make: impl Fn(usize) -> T, read: impl Fn(T)) {
    let mut counts = Vec::new();
    for doubling in (0..=DOUBLINGS).rev() {
        let input = make(limit >> doubling);
        counts.push(count(|| read(input)));
        let [.., before, now] = counts.as_slice() else { continue };
        assert!(*before > 0, "nothing is counted: run `cargo xtask work`");
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let factor = *now as f64 / *before as f64;
        assert!(factor < FACTOR, "{name}: {factor:.2} times the work, {counts:?}");
    }
    println!("{name}: {counts:?}");
}

/// Asserts it for a fuzz target with inputs of `begin`, many times `repeat` and `end`. In `repeat`, `#` becomes a
/// number, so that names differ.
fn check_target(target: &str, limit: usize, begin: &str, repeat: &str, end: &str) {
    let make = |size: usize| {
        let mut text = begin.to_owned();
        let mut number = 0_u32;
        while text.len() + repeat.len() + 8 + end.len() < size {
            let _ = write!(text, "{}", repeat.replace('#', &format!("{number:x}")));
            number += 1;
        }
        (text + end).into_bytes()
    };
    let name = format!("{target} of {begin:.20}{repeat:.20}..");
    check(&name, limit, make, |data| {
        authlib_fuzz::run(target, &data);
    });
}

#[test]
fn forms_and_texts_are_read_in_n_log_n() {
    let credentials = "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true";
    for target in ["oauth1_token", "oauth1_temporary"] {
        check_target(target, MIB, credentials, "&#", "");
        check_target(target, MIB, credentials, "&", "");
        check_target(target, MIB, credentials, "%41", "");
        check_target(
            target,
            MIB,
            r#"{"oauth_token":"t","oauth_token_secret":"s""#,
            r##","#":"""##,
            "}",
        );
        check_target(target, MIB, "<html>", "<p>", "");
    }
    check_target("oauth1_base_string", MIB, "\n", "&#=%zz", "");
    check_target("oauth1_base_string", 64 * KIB, "", "&#=%zz", "");
    for repeat in ["&#", "&a", "+", "%"] {
        check_target("params", MIB, "", repeat, "");
        check_target("callback", 64 * KIB, "state=x", repeat, "");
        check_target("fragment", 64 * KIB, "#state=x", repeat, "");
        check_target("callback_request", 64 * KIB, "GET\tstate=x", repeat, "");
        let post = "POST\t\tapplication/x-www-form-urlencoded\tcross-site\nstate=x";
        check_target("callback_request", 64 * KIB, post, repeat, "");
    }
    for repeat in ["/", "/..", "%2f", "?", "a"] {
        check_target("local_path", 64 * KIB, "/", repeat, "");
    }
    for repeat in ["lA {}\n", "pB {\"state\":\"#\"}\n", "l", "[", "{\"#\":"] {
        check_target("session", 64 * KIB, "", repeat, "");
    }
}

#[test]
fn headers_are_read_in_n_log_n() {
    for repeat in
        [",", "Bearer ", "a b=c,", "Bearer a=b,", "Bearer error=\"", "\\", "\"", "=", "# #=#,"]
    {
        check_target("challenge", 64 * KIB, "", repeat, "");
        check_target("challenge", 64 * KIB, "Bearer realm=\"", repeat, "");
    }
}

#[test]
fn json_responses_are_read_in_n_log_n() {
    let token = r#"{"access_token":"t","token_type":"Bearer","sub":"s","active":true"#;
    let device = r#"{"device_code":"d","user_code":"u","verification_uri":"https://op.example/","expires_in":9"#;
    let metadata = r#"{"issuer":"https://op.example","token_endpoint":"https://op.example/t","authorization_endpoint":"https://op.example/a""#;
    let client = r#"{"client_id":"c","redirect_uris":["https://app.example/"]"#;
    for (target, begin) in [
        ("token", token),
        ("userinfo", token),
        ("introspection", token),
        ("device", device),
        ("metadata", metadata),
        ("registration", client),
    ] {
        check_target(target, MIB, begin, r##","#":0"##, "}");
        check_target(target, MIB, &format!(r#"{begin},"a":[0"#), r##",{"#":{"":0}}"##, "]}");
        check_target(target, MIB, &format!(r#"{begin},"a":""#), r"\u0041", "\"}");
        check_target(target, MIB, begin, r#","a":{"b""#, "");
        check_target(target, MIB, &format!(r#"{begin},"a":1"#), "0", "}");
        check_target(target, MIB, begin, r##","#":100000000000000000001"##, "}");
        check_target(target, MIB, &format!(r#"{begin},"scope":""#), "# ", "\"}");
        check_target(target, MIB, &format!(r#"{begin},"aud":["""#), r##","#""##, "]}");
    }
    for name in [
        "token_endpoint_auth_methods_supported",
        "scopes_supported",
        "code_challenge_methods_supported",
    ] {
        check_target("metadata", MIB, &format!(r#"{metadata},"{name}":["""#), r##","#""##, "]}");
    }
    let uris = r#"{"client_id":"c","redirect_uris":["https://app.example/""#;
    check_target("registration", MIB, uris, r##","https://app.example/#""##, "]}");
}

#[test]
fn keys_and_tokens_are_read_in_n_log_n() {
    for repeat in [
        r#"{},"#,
        r##"{"kty":"RSA","kid":"#","n":"AQAB","e":"AQAB"},"##,
        r##"{"kty":"OKP","crv":"Ed25519","kid":"#","x":"AAAA"},"##,
        r##"{"kty":"#"},"##,
    ] {
        check_target("jwks", 512 * KIB, r#"{"keys":["#, repeat, "{}]}");
    }
    for repeat in [".", "A", "A.", "=", "eyJhbGciOiJub25lIn0."] {
        check_target("id_token", 128 * KIB, "eyJhbGciOiJSUzI1NiJ9.", repeat, "");
        check_target("id_token", 128 * KIB, "", repeat, "");
        check_target("logout_token", 128 * KIB, "eyJhbGciOiJSUzI1NiJ9.", repeat, "");
    }
    for repeat in ["-----BEGIN ", "-----BEGIN A-----\n-----END A-----\n", "-", "A\n", "\\n"] {
        check_target("private_key", MIB, "", repeat, "");
        check_target("private_key", MIB, "-----BEGIN ", repeat, "-----");
    }
}

/// Settings are the deployer's own, but may be many.
#[test]
fn settings_are_read_in_n_log_n() {
    check_target("config", 256 * KIB, "", "[oauth.c#]\nclient_id = 'a'\n", "");
    check_target("config", 256 * KIB, "[oauth.c.authorize_params]\n", "a# = 1\n", "");
    check_target("config", 256 * KIB, "[oauth.c]\n", "client_i# = 'a'\n", "");
    check_target("config", 256 * KIB, "[oauth.c]\nscope = [", "'#',", "]");
    let make = |clients: usize| {
        let vars = (0..clients).flat_map(|number| {
            let name = format!("C{number:x}");
            [
                (format!("{name}_CLIENT_ID"), "a".to_owned()),
                (format!("{name}_ISSUER"), String::from("https://x")),
            ]
        });
        vars.collect::<Vec<_>>()
    };
    check("clients of the environment", 4 * KIB, make, |vars| {
        let _ = OAuth::builder().discover_clients().load_env_from(vars).build();
    });
}

/// A full memory store evicts without looking at all entries.
#[test]
fn full_memory_store_takes_n_log_n() {
    check(
        "inserts into a full map",
        100_000,
        |size| size,
        |size| {
            let mut map = TtlMap::new(size / 2);
            for number in 0..size {
                map.insert(number, (), Duration::from_secs(600), SystemTime::UNIX_EPOCH);
            }
        },
    );
}
