//! Executes the quick start literally: `tutorial FOLDER_OF_THE_REPOSITORY [FRAMEWORK...]`.
//!
//! For each page it makes a project, pastes `Cargo.toml` and `src/main.rs` from the page, builds and runs it, and logs
//! in. Only two things differ: the crates come from the repository, and the port is a free one.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]
#![expect(clippy::expect_used, clippy::panic, reason = "a failure is a failed check")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use authlib_conformance::Browser;
use tokio::process::Command;
use tokio::time::sleep;

/// Framework, page, and the port in its code.
const PAGES: &[(&str, &str, &str)] = &[
    ("axum", "README.md", "3000"),
    ("axum", "docs/src/login.md", "3000"),
    ("actix", "docs/src/actix.md", "3000"),
    ("rocket", "docs/src/rocket.md", "8000"),
];

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let root = PathBuf::from(arguments.next().expect("the folder of the repository"));
    let only: Vec<String> = arguments.collect();
    for &(framework, page, port) in PAGES {
        if only.is_empty() || only.iter().any(|name| name == framework) {
            run(&root, framework, page, port).await;
            println!("tutorial: {page}: passed");
        }
    }
}

async fn run(root: &Path, framework: &str, page: &str, port: &str) {
    let text = std::fs::read_to_string(root.join(page)).expect("the page");
    let manifest = block(&text, "toml", "[package]");
    let program = block(&text, "rust", "fn main()");
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let free = free.expect("a free port").port();
    let target = root.join("target/tutorial");
    let folder = target.join("projects").join(framework);
    std::fs::create_dir_all(folder.join("src")).expect("the project's folder");
    let mut manifest = manifest.to_owned();
    for name in ["authlib-axum", "authlib-actix", "authlib-rocket", "authlib-provider"] {
        let path = root.join("crates").join(name);
        let from = format!("{name} = {{ git = \"https://github.com/authlib-rs/authlib\" }}");
        manifest = manifest.replace(&from, &format!("{name} = {{ path = {path:?} }}"));
    }
    assert!(
        manifest.contains("path = "),
        "the page depends on the crates of the repository: {manifest}"
    );
    // The project is not part of the repository's workspace.
    let manifest = format!("{manifest}\n[workspace]\n");
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("Cargo.toml");
    std::fs::write(folder.join("src/main.rs"), program.replace(port, &free.to_string()))
        .expect("main.rs");
    let _ = std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"));
    let mut build = Command::new(env!("CARGO"));
    build.arg("build").current_dir(&folder).env("CARGO_TARGET_DIR", &target);
    assert!(build.status().await.expect("cargo").success(), "{page}: the program does not compile");
    let program = target.join("debug").join(format!("my-app{}", std::env::consts::EXE_SUFFIX));
    let mut program = Command::new(program);
    // Rocket's port is a setting of Rocket.
    let program = program.env("ROCKET_PORT", free.to_string()).stdout(Stdio::null());
    let program = program.current_dir(&folder).kill_on_drop(true).spawn();
    let mut program = program.expect("the program");
    log_in(&format!("http://localhost:{free}"), free).await;
    program.kill().await.expect("the program was running");
}

async fn log_in(url: &str, port: u16) {
    for _ in 0..300 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    let browser = Browser::new();
    let page = browser.get(url).await;
    assert!(page.body.contains("href='/login/demo'>Log in</a>"), "{}", page.body);
    let page = browser.get(format!("{url}/login/demo")).await;
    let page = browser.follow(page).await;
    let form = page.form(true);
    let mut fields = form.hidden.clone();
    for (name, value) in [("username", "alice"), ("display_name", "Alice"), ("decision", "allow")] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let back = browser.submit(&form.action, &fields, &page.url).await;
    let home = browser.follow(back).await;
    assert_eq!(home.body, "Hello, Alice!", "after the login");
}

/// The first code block of this language that contains `text`.
fn block<'p>(page: &'p str, language: &str, text: &str) -> &'p str {
    let blocks = page.split("\n```").skip(1).step_by(2);
    let block =
        blocks.filter(|block| block.starts_with(language)).find(|block| block.contains(text));
    let block = block.unwrap_or_else(|| panic!("the page has no {language} block with {text}"));
    block.split_once('\n').map_or("", |(_, code)| code)
}
