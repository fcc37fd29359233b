//! The authorization response in every mode, as a browser brings it to the app.

use url::Url;

use crate::browser::{Browser, Page};
use crate::fixture::Fixture;

impl Fixture {
    /// A whole login with `op` at the provider's page, in whatever mode the response comes: Alice approves at once.
    ///
    /// # Panics
    ///
    /// If the app doesn't redirect to the provider.
    pub async fn log_in_by_page(&self, browser: &Browser) -> Page {
        self.provider().auto_approve("alice");
        let start = browser.get_json(self.url("/login/op")).await;
        if start.status != 303 {
            return start;
        }
        let answer = browser.get(start.location().as_str()).await;
        self.provider().stop_auto_approve();
        self.bring_back(browser, &answer).await
    }

    /// Brings the provider's answer to the app: follows its redirect, posts its form, or runs the script of the app's
    /// page for a response in the fragment.
    pub async fn bring_back(&self, browser: &Browser, answer: &Page) -> Page {
        if answer.status == 200 {
            let page = post_json(browser, &answer.action(), &answer.fields(), &answer.url).await;
            return match page.status {
                // Our page resubmits it, and the cookie is sent.
                200 => post_json(browser, &page.action(), &page.fields(), &page.url).await,
                _ => page,
            };
        }
        let mut back = answer.location();
        let fragment = back.fragment().map(ToOwned::to_owned);
        back.set_fragment(None);
        let page = browser.get_json(back.as_str()).await;
        let Some(fragment) = fragment.filter(|_| page.status == 200) else { return page };
        let fields: Vec<_> =
            url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect();
        post_json(browser, &page.action(), &fields, &page.url).await
    }
}

/// Submits a form on a page of `from`.
async fn post_json(browser: &Browser, url: &Url, fields: &[(String, String)], from: &Url) -> Page {
    browser.submit(url, fields, from).await
}
