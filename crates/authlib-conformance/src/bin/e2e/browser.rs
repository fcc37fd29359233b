//! [`Browser`]: headless Chromium with the actions of the test.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::time::sleep;
use url::Url;

use crate::Failure;

/// A browser with an empty profile.
#[derive(Debug)]
pub(crate) struct Browser {
    client: Client,
    pictures: PathBuf,
    taken: usize,
    profile: PathBuf,
}

/// How long to wait for an element.
const PATIENCE: Duration = Duration::from_secs(15);
/// How much of a page's source is printed after a failure.
const EXCERPT: usize = 1500;
/// The sandbox is off because containers do not allow it; the other options prevent network
/// requests.
const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1100,800",
];

impl Browser {
    /// Opens a browser through the driver at `driver`; screenshots go to `pictures`.
    pub(crate) async fn open(driver: &str, pictures: &Path) -> Result<Self, Failure> {
        static OPENED: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), OPENED.fetch_add(1, Ordering::Relaxed));
        let profile = format!("authlib-e2e-profile-{process}-{number}");
        let profile = std::env::temp_dir().join(profile);
        let mut arguments: Vec<String> =
            ARGUMENTS.iter().map(|&argument| argument.to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        let mut capabilities = Capabilities::new();
        capabilities
            .insert("goog:chromeOptions".to_owned(), serde_json::json!({ "args": arguments }));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(driver)
            .await
            .map_err(|error| format!("Chromium did not start: {error}"))?;
        Ok(Self { client, pictures: pictures.to_owned(), taken: 0, profile })
    }

    /// Goes to `url`.
    pub(crate) async fn open_page(&self, url: &str) -> Result<(), Failure> {
        self.client.goto(url).await.map_err(failed("the page did not open"))
    }

    /// Waits until `xpath` matches an element.
    pub(crate) async fn see(&self, xpath: &str) -> Result<(), Failure> {
        let wait = self.client.wait().at_most(PATIENCE);
        let found = wait.for_element(Locator::XPath(xpath)).await;
        found.map(drop).map_err(failed(format!("the page does not show {xpath}")))
    }

    /// Checks that `xpath` matches nothing.
    pub(crate) async fn miss(&self, xpath: &str) -> Result<(), Failure> {
        let found = self.client.find_all(Locator::XPath(xpath)).await;
        let found = found.map_err(failed("the page was not searched"))?;
        if found.is_empty() { Ok(()) } else { Err(format!("the page still shows {xpath}")) }
    }

    /// Waits for an element and clicks it.
    pub(crate) async fn click(&self, xpath: &str) -> Result<(), Failure> {
        let wait = self.client.wait().at_most(PATIENCE);
        let found = wait.for_element(Locator::XPath(xpath)).await;
        let element = found.map_err(failed(format!("the page does not show {xpath}")))?;
        element.click().await.map_err(failed(format!("{xpath} was not clicked")))
    }

    /// The browser's current URL.
    pub(crate) async fn address(&self) -> Result<Url, Failure> {
        self.client.current_url().await.map_err(failed("the browser has no address"))
    }

    /// Waits until the browser is at `path` on `port`.
    pub(crate) async fn arrive(&self, port: u16, path: &str) -> Result<(), Failure> {
        let is_there = |url: &Url| url.port() == Some(port) && url.path() == path;
        self.wait_for(is_there, &format!("did not arrive at {path}")).await
    }

    /// Waits until the browser is at another URL.
    pub(crate) async fn leave(&self, page: &Url) -> Result<(), Failure> {
        self.wait_for(|url| url != page, &format!("did not leave {}", place(page))).await
    }

    async fn wait_for(&self, done: impl Fn(&Url) -> bool, failure: &str) -> Result<(), Failure> {
        const PAUSE: Duration = Duration::from_millis(50);
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            if done(&self.address().await?) {
                return Ok(());
            }
            sleep(PAUSE).await;
            waited += PAUSE;
        }
        Err(format!("the browser {failure}"))
    }

    /// Takes a screenshot of the page.
    pub(crate) async fn picture(&mut self, name: &str) -> Result<(), Failure> {
        let image = self.client.screenshot().await.map_err(failed("no picture was taken"))?;
        self.taken += 1;
        let path = self.pictures.join(format!("{}-{name}.png", self.taken));
        std::fs::write(&path, image).map_err(failed(format!("cannot write {}", path.display())))
    }

    /// Adds the browser's URL to `failure`, and takes a screenshot.
    pub(crate) async fn describe(&mut self, failure: Failure) -> Failure {
        // Errors of the description are ignored: the failure itself matters.
        let _taken = self.picture("failure").await;
        let place =
            self.address().await.map_or_else(|_| "an unknown page".to_owned(), |url| place(&url));
        let source = self.client.source().await.unwrap_or_default();
        format!("{failure}\nat {place}, which begins:\n{}", excerpt(&source))
    }

    /// Closes the browser and deletes its profile.
    pub(crate) async fn close(self) {
        // Chromium ends with its driver in any case.
        let _closed = self.client.close().await;
        let _gone = std::fs::remove_dir_all(&self.profile);
    }
}

fn failed<E: Display>(words: impl Into<String>) -> impl FnOnce(E) -> Failure {
    let words = words.into();
    move |error| format!("{words}: {error}")
}

/// `url` without its query, which contains codes and `state`.
fn place(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// The beginning of a page's body without attribute values, which may be secrets.
fn excerpt(source: &str) -> String {
    let body = source.find("<body").and_then(|at| source.get(at..)).unwrap_or(source);
    let mut quoted = false;
    let mut tag = false;
    let mut shown = String::new();
    for c in body.chars() {
        match c {
            '<' if !quoted => tag = true,
            '>' if !quoted => tag = false,
            '"' if tag => quoted = !quoted,
            _ if quoted => continue,
            _ => {}
        }
        shown.push(c);
    }
    shown.chars().take(EXCERPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_summary_omits_attribute_values_and_query() {
        let page = "<head>x</head><body class=\"a\"><a href=\"/?code=s3>cret\">say \"hi\"</a>";
        assert_eq!(excerpt(page), "<body class=\"\"><a href=\"\">say \"hi\"</a>");
        let url = Url::parse("http://localhost:1/authorize?code=secret#x").unwrap();
        assert_eq!(place(&url), "http://localhost:1/authorize");
    }
}
