//! The browsers: they share connections, and each login has cookies of its own.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use authlib_bench::browser::Cookies;
use authlib_provider::Provider;
use reqwest::header::{COOKIE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use crate::child::App;
use crate::{Outcome, user};

/// How many browsers log in at once.
const BROWSERS: usize = 16;

static HTTP: LazyLock<Client> = LazyLock::new(|| {
    let builder = Client::builder().redirect(Policy::none()).no_proxy();
    builder.build().expect("the settings are valid")
});

/// The next user.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Sends a GET with the cookies of a browser.
async fn get(cookies: &mut Cookies, url: &str) -> Outcome<Response> {
    let mut request = HTTP.get(url);
    let header = cookies.header();
    if !header.is_empty() {
        request = request.header(COOKIE, header);
    }
    let response = request.send().await?;
    cookies.keep(response.headers());
    Ok(response)
}

async fn log_in_as(user: &str, app: &App, provider: &Provider) -> Outcome<Cookies> {
    let mut cookies = Cookies::default();
    let start = get(&mut cookies, &format!("{}/login/op", app.base_url)).await?;
    let back = provider.approve(&location(&start)?, user).ok_or("no login was approved")?;
    let end = get(&mut cookies, back.as_str()).await?;
    match location(&end)?.as_str() {
        "/" => Ok(cookies),
        other => Err(format!("{}: the login ended at {other}", app.name).into()),
    }
}

fn location(response: &Response) -> Outcome<String> {
    let status = response.status();
    let header = response.headers().get(LOCATION).ok_or(format!("{status} and no redirect"))?;
    Ok(header.to_str()?.to_owned())
}

/// Logs in `logins` times.
pub(crate) async fn log_in(app: &App, provider: &Provider, logins: usize) -> Outcome {
    let end = NEXT.load(Ordering::Relaxed) + logins;
    let browsers = (0..BROWSERS).map(async |_| {
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            if number >= end {
                NEXT.fetch_sub(1, Ordering::Relaxed);
                return Outcome::Ok(());
            }
            log_in_as(&user(number), app, provider).await?;
        }
    });
    futures_util::future::try_join_all(browsers).await?;
    Ok(())
}

/// Fails unless the application knows its user after a login.
pub(crate) async fn check(app: &App, provider: &Provider) -> Outcome {
    let mut cookies = log_in_as(&user(0), app, provider).await?;
    let home = get(&mut cookies, &format!("{}/", app.base_url)).await?.text().await?;
    if home == user(0) { Ok(()) } else { Err(format!("{} says {home}", app.name).into()) }
}
