//! [`Browser`]: an HTTP client with cookies by host and `SameSite`, like browsers. It does not
//! follow redirects.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Method, redirect};
use url::Url;

/// A browser.
#[derive(Debug)]
pub struct Browser {
    http: reqwest::Client,
    cookies: Mutex<BTreeMap<(String, String), Cookie>>,
}

#[derive(Clone, Debug)]
struct Cookie {
    value: String,
    attributes: String,
}

/// A response with its whole body.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
    /// Its URL.
    pub url: Url,
}

impl Page {
    /// Where it redirects to.
    ///
    /// # Panics
    ///
    /// If it doesn't redirect.
    #[must_use]
    pub fn location(&self) -> Url {
        let location = self.header("location");
        assert!(!location.is_empty(), "{} is not a redirect: {}", self.status, self.body);
        self.url.join(location).expect("a URL to go to")
    }

    /// A header as text; empty if it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If it is not JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// The hidden fields of the page's forms.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, String)> {
        inputs(&self.body, "hidden")
    }

    /// Where the page's form goes: without `action` to the page's own URL.
    ///
    /// # Panics
    ///
    /// If there is no form.
    #[must_use]
    pub fn action(&self) -> Url {
        self.form(true).action
    }

    /// The page's forms.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        self.body
            .split("<form")
            .skip(1)
            .map(|text| {
                let tag = text.split_once('>').map_or(text, |(tag, _)| tag);
                let action = attribute(tag, "action").unwrap_or_default();
                let action =
                    if action.is_empty() { self.url.clone() } else { self.joined(&action) };
                Form { action, hidden: inputs(text, "hidden"), buttons: inputs(text, "submit") }
            })
            .collect()
    }

    /// The form that allows what the page asks, the first, or the one that denies it, the last.
    ///
    /// # Panics
    ///
    /// If there is no form.
    #[must_use]
    pub fn form(&self, is_allowed: bool) -> Form {
        let forms = self.forms();
        let form = if is_allowed { forms.first() } else { forms.last() };
        form.expect("a form").clone()
    }

    fn joined(&self, url: &str) -> Url {
        self.url.join(url).expect("a URL to post to")
    }
}

/// A form of a page.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it goes.
    pub action: Url,
    /// Its hidden fields.
    pub hidden: Vec<(String, String)>,
    /// Its submit buttons that have a name.
    pub buttons: Vec<(String, String)>,
}

/// Names and values of the `<input>` elements of a type.
fn inputs(html: &str, kind: &str) -> Vec<(String, String)> {
    html.split("<input")
        .skip(1)
        .filter_map(|tag| tag.split_once('>').map(|(tag, _)| tag))
        .filter(|tag| tag.contains(kind))
        .filter_map(|tag| Some((attribute(tag, " name")?, attribute(tag, "value")?)))
        .collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(unescaped(value))
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#123;", "{")
        .replace("&amp;", "&")
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    /// A browser without cookies.
    ///
    /// # Panics
    ///
    /// If the HTTP client can't be created.
    #[must_use]
    pub fn new() -> Self {
        Self::trusting(None)
    }

    /// A browser without cookies that trusts this certificate (PEM) alone, or that of the test servers.
    ///
    /// # Panics
    ///
    /// If it is no certificate.
    #[must_use]
    pub fn trusting(certificate: Option<&str>) -> Self {
        let certificate =
            reqwest::Certificate::from_pem(certificate.unwrap_or(crate::CA).as_bytes());
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            // Reading those of the system takes longer than most tests.
            .tls_certs_only([certificate.expect("a certificate")])
            // A server may close the connection before it has read the whole request.
            .pool_max_idle_per_host(0)
            .build();
        Self { http: http.expect("an HTTP client"), cookies: Mutex::default() }
    }

    /// A browser with copies of the cookies.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        *copy.cookies.lock().unwrap_or_else(PoisonError::into_inner) = cookies;
        copy
    }

    /// Opens a URL, like a link.
    pub async fn get(&self, url: impl AsRef<str>) -> Page {
        self.send(Method::GET, url.as_ref(), &[], None).await
    }

    /// As [`get`](Self::get), with `Accept: application/json`.
    pub async fn get_json(&self, url: impl AsRef<str>) -> Page {
        self.send(Method::GET, url.as_ref(), &[("accept", "application/json")], None).await
    }

    /// Any request, with these headers and body.
    pub async fn request(
        &self,
        method: Method,
        url: impl AsRef<str>,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Page {
        self.send(method, url.as_ref(), headers, body).await
    }

    /// Submits a form on a page of `from`.
    pub async fn submit(&self, url: &Url, fields: &[(String, String)], from: &Url) -> Page {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let cross = url.host() != from.host();
        let origin = from.origin().ascii_serialization();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin.as_str()),
            ("sec-fetch-site", if cross { "cross-site" } else { "same-origin" }),
        ];
        self.send(Method::POST, url.as_str(), &headers, Some(body)).await
    }

    /// Follows redirects until something else comes.
    ///
    /// # Panics
    ///
    /// If there are too many redirects.
    pub async fn follow(&self, mut page: Page) -> Page {
        for _ in 0..20 {
            if !(300..400).contains(&page.status) {
                return page;
            }
            page = self.get(page.location()).await;
        }
        panic!("too many redirects, the last to {}", page.url);
    }

    /// The value of a cookie for a host.
    #[must_use]
    pub fn cookie(&self, host: &str) -> Vec<(String, String, String)> {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies
            .iter()
            .filter(|((at, _), _)| at == host)
            .map(|((_, name), cookie)| {
                (name.clone(), cookie.value.clone(), cookie.attributes.clone())
            })
            .collect()
    }

    /// Replaces the value of each cookie of a host.
    pub fn set_cookies(&self, host: &str, value: &str) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for ((at, _), cookie) in cookies.iter_mut() {
            if at == host {
                value.clone_into(&mut cookie.value);
            }
        }
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Page {
        // A `Lax` cookie is sent when the user follows a link on another site, and not with a form.
        let follows_link =
            method == Method::GET && headers.contains(&("sec-fetch-mode", "navigate"));
        let cross_site = headers.contains(&("sec-fetch-site", "cross-site")) && !follows_link;
        let url = Url::parse(url).expect("a URL");
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut request = self.http.request(method, url.clone());
        let cookies = self.cookies_for(&host, url.path(), cross_site);
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{}: {:?}", url.path(), error.without_url()));
        self.keep_cookies(&host, response.headers());
        Page {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            url,
            body: response.text().await.unwrap_or_default(),
        }
    }

    fn cookies_for(&self, host: &str, path: &str, cross_site: bool) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies
            .iter()
            .filter(|((at, _), _)| at == host)
            .filter(|(_, cookie)| {
                // Browsers treat cookies without SameSite as Lax.
                !cross_site || cookie.attributes.to_lowercase().contains("samesite=none")
            })
            .filter(|(_, cookie)| {
                let lower = cookie.attributes.to_lowercase();
                lower
                    .split(';')
                    .find_map(|part| part.trim().strip_prefix("path=").map(ToOwned::to_owned))
                    .is_none_or(|allowed| path.to_lowercase().starts_with(&allowed))
            })
            .map(|((_, name), cookie)| format!("{name}={}", cookie.value))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn keep_cookies(&self, host: &str, headers: &HeaderMap) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for text in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
            let Some((name, value)) = pair.split_once('=') else { continue };
            let key = (host.to_owned(), name.trim().to_owned());
            let lower = attributes.to_lowercase();
            if lower.contains("max-age=0") || lower.contains("expires=thu, 01 jan 1970") {
                cookies.remove(&key);
            } else {
                let cookie =
                    Cookie { value: value.trim().to_owned(), attributes: attributes.to_owned() };
                cookies.insert(key, cookie);
            }
        }
    }
}
