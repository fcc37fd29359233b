//! Pages that submit a form by themselves: a `form_post` callback once more, from our own site, and a logout
//! whose URL would be too long.

use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use url::Url;

use super::error_page::{escape, page};
use super::response::{Response, html};
use crate::params::Params;

/// The page's script. The policy below contains its hash. It has no `form-action`, because browsers apply that
/// also to the redirects that follow the form, which lead to other origins.
const SCRIPT: &str = "document.forms[0].submit()";

const POLICY: &str = "default-src 'none'; \
    script-src 'sha256-HASH'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/// The page that submits the same fields to `action`, a URL of this site: by script, or by a button if
/// scripts are disabled. It sends its origin as referrer, which makes the second POST same-origin in all
/// browsers.
pub(super) fn resubmit_page(params: &Params, action: &str) -> Response {
    let mut response = form("Logging in…", action, params);
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("origin"));
    response
}

/// The page that posts the query of a long URL to the URL without it.
pub(super) fn post_page(url: &Url) -> Response {
    let params = Params::parse(url.query().unwrap_or_default());
    let mut action = url.clone();
    action.set_query(None);
    form("Logging out…", action.as_str(), &params)
}

/// A page whose script completes its empty form and submits it to `action`, a URL of this site. As
/// [`resubmit_page`], it sends its origin as referrer.
pub(super) fn script_form(action: &str, script: &str) -> Response {
    let mut response = form_with("Logging in…", action, &Params::new(), script);
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("origin"));
    response
}

fn form(title: &str, action: &str, params: &Params) -> Response {
    form_with(title, action, params, SCRIPT)
}

fn form_with(title: &str, action: &str, params: &Params, script: &str) -> Response {
    let fields: String = params
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escape(name), escape(value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    let action = escape(action);
    let body = format!(
        "<form method=\"post\" action=\"{action}\">{fields}\
         <noscript><p>One more step.</p><button>Continue</button></noscript></form>\
         <script>{script}</script>"
    );
    let mut response = html(http::StatusCode::OK, page(title, &body));
    let policy = POLICY.replace("HASH", &script_hash(script));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn script_hash(script: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(crate::crypto::sha256(script.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(page: Response) -> String {
        String::from_utf8(page.into_body()).unwrap()
    }

    #[test]
    fn page_escapes_the_form_and_allows_its_own_script_only() {
        let params = Params::new().with("state", "\"><script>alert(1)</script>").with("code", "c");
        let page = resubmit_page(&params, "?tenant=a&x=\"b&again=1");
        let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let body = body(page);
        assert!(body.contains("name=\"code\" value=\"c\""));
        assert!(!body.contains("<script>alert"));
        assert!(body.contains("action=\"?tenant=a&amp;x=&quot;b&amp;again=1\""), "{body}");
        assert!(policy.contains("default-src 'none'"));
        assert!(policy.contains(&format!("'sha256-{}'", script_hash(SCRIPT))));
    }

    /// L11: a long hint is posted, not put into a URL.
    #[test]
    fn long_logout_url_becomes_form_post() {
        let url = Url::parse("https://op.example/end?tenant=t&id_token_hint=h.i.t").unwrap();
        let body = body(post_page(&url));
        assert!(body.contains("action=\"https://op.example/end\""), "{body}");
        assert!(body.contains("name=\"tenant\" value=\"t\""), "{body}");
        assert!(body.contains("name=\"id_token_hint\" value=\"h.i.t\""), "{body}");
    }
}
