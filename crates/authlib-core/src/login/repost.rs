//! Pages that post by themselves: a `form_post` answer once more, from our own site, and a logout whose
//! URL would be too long.

use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};

use super::status::{Answer, escaped, html, page};
use url::Url;

use crate::params::Params;

/// The query that marks the second post, so that there is never a third.
const MARK: &str = "again=1";

/// The page's script. Its hash is in the policy below, and a test holds them together.
const SCRIPT: &str = "document.forms[0].submit()";

const POLICY: &str = "default-src 'none'; \
    script-src 'sha256-HASH'; style-src 'unsafe-inline'; \
    form-action ALLOWED; frame-ancestors 'none'; base-uri 'none'";

/// Whether a request is the second post already.
pub(super) fn is_repeated(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|part| part == MARK))
}

/// The page: the same fields, posted to the same place by script, or by a button where scripts are
/// off. It refers by its origin, which the second post needs to count as same-origin everywhere.
pub(super) fn answer(params: &Params, query: Option<&str>) -> Answer {
    let query = query.filter(|query| !query.is_empty());
    let action = query.map_or_else(|| format!("?{MARK}"), |query| format!("?{query}&{MARK}"));
    let mut answer = form("Logging in…", &action, params, "'self'");
    answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("origin"));
    answer
}

/// The page that posts the query of a long URL to the URL without it.
pub(super) fn post_page(url: &Url) -> Answer {
    let params = Params::parse(url.query().unwrap_or_default());
    let mut action = url.clone();
    action.set_query(None);
    // The provider redirects from there, back to us or on: `form-action` would hold for that too.
    form("Logging out…", action.as_str(), &params, "https: http:")
}

fn form(title: &str, action: &str, params: &Params, allowed: &str) -> Answer {
    let fields: String = params
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escaped(name), escaped(value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    let action = escaped(action);
    let body = format!(
        "<form method=\"post\" action=\"{action}\">{fields}\
         <noscript><p>One more step.</p><button>Continue</button></noscript></form>\
         <script>{SCRIPT}</script>"
    );
    let mut answer = html(http::StatusCode::OK, page(title, &body));
    let policy = POLICY.replace("HASH", &script_hash()).replace("ALLOWED", allowed);
    if let Ok(policy) = HeaderValue::try_from(policy) {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

fn script_hash() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(crate::crypto::sha256(SCRIPT.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_repeats_the_form_escaped_and_allows_its_own_script_only() {
        let params = Params::new().with("state", "\"><script>alert(1)</script>").with("code", "c");
        let answer = answer(&params, None);
        let body = String::from_utf8(answer.body().clone()).unwrap();
        assert!(body.contains("name=\"code\" value=\"c\""));
        assert!(!body.contains("<script>alert"));
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'"));
        assert!(policy.contains(&format!("'sha256-{}'", script_hash())));
    }

    #[test]
    fn the_second_post_is_told_by_its_mark() {
        assert!(is_repeated(Some("again=1")));
        assert!(is_repeated(Some("x=y&again=1")));
        assert!(!is_repeated(Some("again=11")));
        assert!(!is_repeated(None));
    }

    #[test]
    fn a_query_of_the_redirect_uri_goes_along() {
        let answer = answer(&Params::new().with("code", "c"), Some("tenant=a&x=\"b"));
        let body = String::from_utf8(answer.body().clone()).unwrap();
        assert!(body.contains("action=\"?tenant=a&amp;x=&quot;b&amp;again=1\""), "{body}");
    }

    /// L11: a long hint is posted, not put into a URL.
    #[test]
    fn long_logout_url_becomes_form_post() {
        let url = Url::parse("https://op.example/end?tenant=t&id_token_hint=h.i.t").unwrap();
        let answer = post_page(&url);
        let body = String::from_utf8(answer.body().clone()).unwrap();
        assert!(body.contains("action=\"https://op.example/end\""), "{body}");
        assert!(body.contains("name=\"tenant\" value=\"t\""), "{body}");
        assert!(body.contains("name=\"id_token_hint\" value=\"h.i.t\""), "{body}");
    }
}
