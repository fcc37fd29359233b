//! The page that reads the authorization response from the URL's fragment, which no server receives, and posts it
//! to the callback (OAuth 2.0 Multiple Response Types §2.1).

use super::form_post::script_form;
use super::response::Response;

/// Posts the fragment's parameters as a form, and removes them from the browser's history.
const SCRIPT: &str = "const f=document.forms[0];\
    for(const [n,v] of new URLSearchParams(location.hash.slice(1))){\
    const i=document.createElement('input');i.type='hidden';i.name=n;i.value=v;f.append(i)}\
    history.replaceState(null,'',location.pathname+location.search);f.submit()";

/// The page, whose form goes to `action`, a URL of this site. Without scripts, the form is empty.
pub(super) fn fragment_page(action: &str) -> Response {
    script_form(action, SCRIPT)
}

#[cfg(test)]
mod tests {
    use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};

    use super::*;

    #[test]
    fn page_runs_its_own_script_only() {
        let page = fragment_page("?again=1");
        let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'sha256-"));
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.headers()[REFERRER_POLICY], "origin");
        let body = String::from_utf8(page.into_body()).unwrap();
        assert!(body.contains("action=\"?again=1\"") && body.contains("location.hash"), "{body}");
    }
}
