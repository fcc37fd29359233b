//! Logins through each example app in headless Chromium, as a person does it: `e2e PATH_OF_AN_APP...`.
//!
//! The apps get no configuration and so bring their own provider, except for the login by `form_post`. Pictures of each page go to
//! `target/e2e`, in a folder for each app.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod browser;
mod process;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use authlib_provider::{Provider, Server};
use tokio::time::timeout;

use crate::browser::Browser;
use crate::process::Program;

/// An error that ends the run.
type Failure = String;

/// How long the whole login may take.
const LIMIT: Duration = Duration::from_secs(120);
/// The user of the demo provider.
const USER: &str = "Alice";
const LOG_IN: &str = "//*[self::a or self::button][starts-with(normalize-space(.), 'Log in')]";
const ALLOW: &str = "//button[@name='decision' and @value='allow']";
const CONNECT: &str = "//*[self::a or self::button][starts-with(normalize-space(.), 'Connect ')]";
const DISCONNECT: &str = "//form//button[starts-with(normalize-space(.), 'Disconnect ')]";
const EVERYWHERE: &str = "//form//button[normalize-space(.) = 'Log out everywhere']";
const LOG_OUT: &str = "//form//button[normalize-space(.) = 'Log out']";

#[tokio::main]
async fn main() -> ExitCode {
    let apps: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if apps.is_empty() {
        eprintln!("usage: e2e PATH_OF_AN_APP...");
        return ExitCode::FAILURE;
    }
    for app in &apps {
        let name = app.file_stem().unwrap_or_default().to_string_lossy();
        let pictures = pictures().join(&*name);
        if let Err(failure) = run(app, &pictures).await {
            eprintln!("e2e FAILED: {name}: {failure}");
            return ExitCode::FAILURE;
        }
        println!("e2e: {name}: passed; pictures in {}", pictures.display());
    }
    ExitCode::SUCCESS
}

fn pictures() -> PathBuf {
    PathBuf::from("target/e2e")
}

/// Starts everything, logs in and out, and stops everything in any case.
async fn run(app: &Path, pictures: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(pictures)
        .map_err(|error| format!("cannot make {}: {error}", pictures.display()))?;
    let provider = Server::start(Provider::new).await;
    let provider = provider.map_err(|error| format!("the provider did not start: {error}"))?;
    let posting = Program::app(app, &form_post_config(provider.issuer())).await?;
    let app = Program::app(app, "").await?;
    let driver = Program::chromedriver().await?;
    let mut browser = Browser::open(&driver.url(""), pictures).await?;
    let trip = timeout(LIMIT, async {
        trip(&mut browser, &app).await?;
        protected_page(&mut browser, &app).await?;
        connect_account(&mut browser, &app).await?;
        let second = Browser::open(&driver.url(""), pictures).await?;
        let ended = log_out_everywhere(&mut browser, &second, &app).await;
        second.close().await;
        ended?;
        form_post(&mut browser, &posting).await
    })
    .await;
    let outcome = trip.unwrap_or_else(|_| Err(format!("not done after {} s", LIMIT.as_secs())));
    let outcome = match outcome {
        Ok(()) => Ok(()),
        Err(failure) => Err(browser.describe(failure).await),
    };
    browser.close().await;
    driver.end().await;
    posting.end().await;
    app.end().await;
    outcome
}

async fn trip(browser: &mut Browser, app: &Program) -> Result<(), Failure> {
    browser.open_page(&app.url("/")).await?;
    browser.picture("logged-out").await?;
    browser.click(LOG_IN).await?;

    browser.see(ALLOW).await?;
    if browser.address().await?.port() == Some(app.port) {
        return Err("the page that asks for consent is the app's, not the provider's".to_owned());
    }
    browser.picture("provider").await?;
    browser.click(ALLOW).await?;

    browser.see(LOG_OUT).await?;
    if browser.address().await?.port() != Some(app.port) {
        return Err("the browser did not come back to the app".to_owned());
    }
    browser.see(&format!("//body[contains(., '{USER}')]")).await?;
    browser.picture("logged-in").await?;
    browser.click(LOG_OUT).await?;

    browser.arrive(app.port, "/logged-out").await?;
    browser.picture("after-logout").await?;
    browser.open_page(&app.url("/")).await?;
    browser.see(LOG_IN).await?;
    browser.miss(LOG_OUT).await
}

/// A page that needs a login leads to it, and the login back to the page with its query.
async fn protected_page(browser: &mut Browser, app: &Program) -> Result<(), Failure> {
    browser.open_page(&app.url("/protected?page=2&q=a%20b")).await?;
    browser.click(ALLOW).await?;
    browser.arrive(app.port, "/protected").await?;
    browser.see(LOG_OUT).await?;
    browser.picture("protected").await?;
    match browser.address().await?.query() {
        Some("page=2&q=a%20b") => Ok(()),
        query => Err(format!("the login returned to another query: {query:?}")),
    }
}

/// Ends the login of a second browser, too.
async fn log_out_everywhere(
    browser: &mut Browser,
    second: &Browser,
    app: &Program,
) -> Result<(), Failure> {
    second.open_page(&app.url("/")).await?;
    second.click(LOG_IN).await?;
    second.click(ALLOW).await?;
    second.see(LOG_OUT).await?;

    browser.open_page(&app.url("/")).await?;
    browser.click(EVERYWHERE).await?;
    browser.arrive(app.port, "/logged-out").await?;
    browser.picture("logged-out-everywhere").await?;
    for browser in [&*browser, second] {
        browser.open_page(&app.url("/")).await?;
        browser.see(LOG_IN).await?;
        browser.miss(LOG_OUT).await?;
    }
    Ok(())
}

/// Connects an account of another client, which changes neither the user nor the page, and disconnects it.
async fn connect_account(browser: &mut Browser, app: &Program) -> Result<(), Failure> {
    browser.open_page(&app.url("/")).await?;
    browser.click(CONNECT).await?;
    browser.click(ALLOW).await?;
    browser.see(DISCONNECT).await?;
    browser.see(&format!("//body[contains(., 'Hello, {USER}')]")).await?;
    browser.picture("connected").await?;
    browser.click(DISCONNECT).await?;
    browser.see(CONNECT).await?;
    browser.miss(DISCONNECT).await
}

fn form_post_config(issuer: &str) -> String {
    format!(
        "[oauth.op]\ndisplay_name = \"Provider\"\nclient_id = \"demo\"\nclient_secret = \"demo-secret\"\n\
         issuer = \"{issuer}\"\nscope = \"openid profile\"\nresponse_mode = \"form_post\"\n"
    )
}

/// The provider posts the callback. The login returns to a page, and to one that redirects to another origin,
/// which a `form-action` policy of the page that posts the callback again would forbid.
async fn form_post(browser: &mut Browser, app: &Program) -> Result<(), Failure> {
    browser.open_page(&app.url("/protected?page=3")).await?;
    browser.click(ALLOW).await?;
    browser.arrive(app.port, "/protected").await?;
    browser.see(LOG_OUT).await?;
    browser.open_page(&app.url("/login/op?next=/login/op")).await?;
    browser.see(ALLOW).await?;
    let first = browser.address().await?;
    browser.click(ALLOW).await?;
    browser.leave(&first).await?;
    browser.click(ALLOW).await?;
    browser.arrive(app.port, "/").await?;
    browser.see(LOG_OUT).await?;
    browser.picture("form-post").await
}
