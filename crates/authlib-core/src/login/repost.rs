//! The page that posts a `form_post` answer once more, from our own site.

use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};

use super::status::{Answer, escaped, html, page};
use crate::params::Params;

/// The query that marks the second post, so that there is never a third.
const MARK: &str = "again=1";

/// The page's script. Its hash is in the policy below, and a test holds them together.
const SCRIPT: &str = "document.forms[0].submit()";

const POLICY: &str = "default-src 'none'; \
    script-src 'sha256-HASH'; style-src 'unsafe-inline'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Whether a request is the second post already.
pub(super) fn is_repeated(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|part| part == MARK))
}

/// The page: the same fields, posted to the same place by script, or by a button where scripts are
/// off. It refers by its origin, which the second post needs to count as same-origin everywhere.
pub(super) fn answer(params: &Params) -> Answer {
    let fields: String = params
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escaped(name), escaped(value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    let body = format!(
        "<form method=\"post\" action=\"?{MARK}\">{fields}\
         <noscript><p>One more step to log in.</p><button>Continue</button></noscript></form>\
         <script>{SCRIPT}</script>"
    );
    let body = page("Logging in…", &body);
    let mut answer = html(http::StatusCode::OK, body);
    let headers = answer.headers_mut();
    let policy = POLICY.replace("HASH", &script_hash());
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("origin"));
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
        let answer = answer(&params);
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
}
