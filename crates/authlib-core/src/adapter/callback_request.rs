//! The callback request, before it is trusted: where its parameters are, and whether it has to be sent once
//! more.

use http::Method;
use http::header::CONTENT_TYPE;

use super::fetch_metadata::Site;
use super::form_body::check_size;
use super::form_post::resubmit_page;
use super::fragment_page::fragment_page;
use super::{LoginError, RequestContext, Response, see_other};
use crate::error::{Error, ErrorKind, Result};
use crate::login::Session;
use crate::params::Params;
use crate::registry::RegisteredClient;

/// The most bytes of a callback's query.
const MAX_QUERY: usize = 16 * 1024;

/// The most fields of a form. The page that resubmits a form repeats each, and is many times longer than the form.
const MAX_FIELDS: usize = 50;

/// The most bytes of a `state`.
const MAX_STATE: usize = 512;

/// Marks a `form_post` callback that is sent once more to carry the session cookie.
const WITH_COOKIE: &str = "again=1";

/// Marks a callback that is sent once more to carry the newest session cookie.
const NEWEST_COOKIE: &str = "again=2";

/// A callback's parameters, from the only place where they may be.
pub(super) struct CallbackRequest<'r> {
    request: &'r RequestContext,
    params: Params,
}

impl<'r> CallbackRequest<'r> {
    /// Reads a GET's query (RFC 6749 §4.1.2) or a POST's form (OAuth 2.0 Form Post Response Mode), never
    /// both.
    pub(super) fn read(request: &'r RequestContext, body: &[u8]) -> Result<Self> {
        let params = match request.method {
            Method::GET => query(request)?,
            Method::POST => form(request, body)?,
            _ => return Err(invalid("a callback must be a GET or a POST (RFC 6749 §4.1.2)")),
        };
        let state = params.only("state").map_err(invalid)?.unwrap_or_default();
        if state.len() > MAX_STATE {
            return Err(invalid(format!(
                "the callback's `state` is longer than {MAX_STATE} bytes"
            )));
        }
        Ok(Self { request, params })
    }

    pub(super) fn into_params(self) -> Params {
        self.params
    }

    pub(super) fn params(&self) -> &Params {
        &self.params
    }

    /// Whether this callback was sent once more already, to carry the newest session cookie.
    pub(super) fn has_newest_cookie(&self) -> bool {
        has_mark(self.request.query(), NEWEST_COOKIE)
    }

    /// Lets the browser send the callback once more, with the newest session cookie.
    pub(super) fn with_newest_cookie(&self) -> LoginError {
        let target = marked(self.request.query(), NEWEST_COOKIE);
        let response = match self.request.method {
            Method::GET => see_other(&target),
            _ => resubmit_page(&self.params, &target),
        };
        LoginError::respond(
            response,
            "the callback must be sent again with the newest session cookie",
        )
    }

    /// The page that posts the fragment, if the response is in it: a GET without any parameter of a response, for a
    /// client whose responses come in the fragment.
    pub(super) fn fragment_page(&self, client: &RegisteredClient) -> Option<LoginError> {
        let response = ["access_token", "code", "error", "id_token", "response", "state"];
        let is_empty = !response.into_iter().any(|name| self.params.contains(name));
        let is_bare = is_empty && self.request.method == Method::GET;
        (is_bare && client.has_fragment_response()).then(|| {
            let page = fragment_page(&marked(self.request.query(), WITH_COOKIE));
            LoginError::respond(page, "the callback's fragment must be posted")
        })
    }

    /// A `form_post` is a cross-site POST, which browsers send without `SameSite=Lax` cookies, so the session
    /// seems to be missing. Then this returns a page that posts the same form once more, from our own site and
    /// so with the cookie. It needs no weaker cookie, works on `http://localhost`, and keeps the code out of
    /// URLs.
    pub(super) async fn check_cookie(
        &self,
        client: &RegisteredClient,
        session: &impl Session,
        sent_state: &str,
    ) -> Result<(), LoginError> {
        let from_browser = match self.request.site(client.base_url()) {
            Site::Other | Site::Uncertain => true,
            // Without `Sec-Fetch-Site` there is nothing but the browser's word for it.
            Site::Own => self.request.sec_fetch_site.is_none(),
            Site::Unknown => false,
        };
        let query = self.request.query();
        let again = has_mark(query, WITH_COOKIE) || has_mark(query, NEWEST_COOKIE);
        if self.request.method != Method::POST || again || !from_browser {
            return Ok(());
        }
        let state = session.load().await?;
        if state.is_some_and(|state| state.has_pending(sent_state)) {
            return Ok(());
        }
        tracing::debug!(
            client = client.name(),
            "form_post callback without session cookie; sending resubmit page"
        );
        let page: Response = resubmit_page(&self.params, &marked(query, WITH_COOKIE));
        Err(LoginError::respond(page, "the form_post callback must be resubmitted from this site"))
    }
}

/// The query, of a GET or a POST.
fn query(request: &RequestContext) -> Result<Params> {
    let query = request.query().unwrap_or_default();
    if query.len() > MAX_QUERY {
        return Err(invalid(format!("the callback's query is longer than {MAX_QUERY} bytes")));
    }
    Ok(Params::parse(query))
}

/// The form of a posted callback or logout request.
pub(super) fn form(request: &RequestContext, body: &[u8]) -> Result<Params> {
    let content_type = request.content_type.as_deref().unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(invalid(format!(
            "the posted request's `{CONTENT_TYPE}` is not that of a form"
        )));
    }
    // A framework crate may have read the body without `FormBody`.
    check_size(body.len())?;
    let text = std::str::from_utf8(body).map_err(|_| invalid("the posted form is not UTF-8"))?;
    for (name, _) in query(request)?.iter() {
        if matches!(
            name,
            "code" | "state" | "iss" | "error" | "id_token" | "access_token" | "response"
        ) {
            return Err(invalid(format!(
                "the posted callback has `{name}` in its query: only the form may contain it"
            )));
        }
    }
    let params = Params::parse(text);
    if params.len() > MAX_FIELDS {
        return Err(invalid(format!("the callback's form has more than {MAX_FIELDS} fields")));
    }
    Ok(params)
}

fn invalid(check: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::InvalidCallback, check)
}

fn has_mark(query: Option<&str>, mark: &str) -> bool {
    query.is_some_and(|query| query.split('&').any(|part| part == mark))
}

/// The relative URL of the same callback with this mark, and no other.
fn marked(query: Option<&str>, mark: &str) -> String {
    let parts = query.unwrap_or_default().split('&');
    let parts = parts.filter(|part| !matches!(*part, "" | WITH_COOKIE | NEWEST_COOKIE));
    let parts: Vec<_> = parts.chain([mark]).collect();
    format!("?{}", parts.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(query: &str, body: &str) -> Result<Params> {
        let form = "application/x-www-form-urlencoded";
        let header = |name: &str| (name == "content-type").then_some(form);
        let request = RequestContext::new(Method::POST, "/authorize", Some(query), header);
        CallbackRequest::read(&request, body.as_bytes()).map(CallbackRequest::into_params)
    }

    #[test]
    fn posted_form_and_its_query_are_bounded() {
        assert_eq!(posted("tenant=a", &"x&".repeat(MAX_FIELDS)).unwrap().len(), MAX_FIELDS);
        let error = posted("", &"x&".repeat(MAX_FIELDS + 1)).unwrap_err();
        assert!(error.to_string().contains("50 fields"), "{error}");
        assert!(posted(&"x".repeat(MAX_QUERY), "code=c").is_ok());
        let error = posted(&"x".repeat(MAX_QUERY + 1), "code=c").unwrap_err();
        assert!(error.to_string().contains("query is longer"), "{error}");
    }

    #[test]
    fn mark_is_a_whole_parameter() {
        assert!(has_mark(Some("again=1"), WITH_COOKIE));
        assert!(has_mark(Some("x=y&again=1"), WITH_COOKIE));
        assert!(!has_mark(Some("again=11"), WITH_COOKIE));
        assert!(!has_mark(None, WITH_COOKIE));
    }

    #[test]
    fn query_of_the_redirect_uri_is_kept() {
        assert_eq!(marked(None, WITH_COOKIE), "?again=1");
        assert_eq!(marked(Some("tenant=a&again=1"), NEWEST_COOKIE), "?tenant=a&again=2");
    }
}
