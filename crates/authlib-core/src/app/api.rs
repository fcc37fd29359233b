//! Calls to the provider's API with a user's token: [`RemoteApp::request`] and its kin.

use std::fmt;

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use url::Url;

use super::RemoteApp;
use crate::error::{Error, ErrorKind, Result};
use crate::message::{self, BodyLimit, Response};
use crate::oauth2::bearer;
use crate::oidc::UserInfo;
use crate::oidc::user_info::{userinfo_answer, userinfo_request};
use crate::params::Params;
use crate::store::TokenOwner;

/// The most bytes that an API answer may have, unless the request says otherwise: 16 MiB.
const MAX_API_BODY: usize = 16 * 1024 * 1024;

/// A request to the provider's API, to be completed and sent.
#[must_use = "a request does nothing until it is sent"]
pub struct ApiRequest {
    app: RemoteApp,
    owner: TokenOwner,
    /// The request without its URL's query, or the first thing that was wrong with it.
    built: Result<Built>,
}

struct Built {
    method: Method,
    url: Url,
    headers: http::HeaderMap,
    body: Vec<u8>,
    limit: usize,
}

impl RemoteApp {
    /// A GET of `url`; see [`request`](Self::request).
    pub fn get(&self, url: &str, owner: &TokenOwner) -> ApiRequest {
        self.request(Method::GET, url, owner)
    }

    /// A POST to `url`; see [`request`](Self::request).
    pub fn post(&self, url: &str, owner: &TokenOwner) -> ApiRequest {
        self.request(Method::POST, url, owner)
    }

    /// A request to `url` with the owner's token, which is refreshed first if it has expired.
    ///
    /// A relative URL is taken from `api_base_url`. The token goes nowhere else: an absolute URL, `..`
    /// or `//host` that leaves `api_base_url` is refused when the request is sent, and a redirect is
    /// not followed but returned.
    pub fn request(&self, method: Method, url: &str, owner: &TokenOwner) -> ApiRequest {
        let built = self.api_url(url).map(|url| Built {
            method,
            url,
            headers: http::HeaderMap::new(),
            body: Vec::new(),
            limit: MAX_API_BODY,
        });
        ApiRequest { app: self.clone(), owner: owner.clone(), built }
    }

    /// The provider's user info for the owner's token (OpenID Connect Core §5.3); for a provider
    /// without OpenID Connect, its answer with `sub` set from the preset's `subject_claim`.
    ///
    /// # Errors
    ///
    /// Those of [`active_token`](Self::active_token); [`ErrorKind::Unsupported`] when no
    /// `userinfo_endpoint` is known; [`ErrorKind::BadAnswer`] when the answer is malformed or about
    /// somebody else.
    pub async fn userinfo(&self, owner: &TokenOwner) -> Result<UserInfo> {
        self.fetch_userinfo(owner).await.map_err(|error| error.for_client(self.name()))
    }

    async fn fetch_userinfo(&self, owner: &TokenOwner) -> Result<UserInfo> {
        let metadata = self.metadata().await?;
        let endpoint = self.endpoint(
            "userinfo_endpoint",
            self.inner.settings.endpoints.userinfo.as_ref(),
            metadata.as_ref().and_then(|known| known.userinfo_endpoint.as_ref()),
        )?;
        let token = self.active_token(owner).await?;
        let request = userinfo_request(&endpoint, &token)?;
        let response = self.inner.driver.send("the user info request", request).await?;
        let login = token.id_token.is_some().then(|| token.userinfo()).transpose()?;
        let sub = login.as_ref().map(UserInfo::sub);
        userinfo_answer(&response, sub, self.inner.settings.subject_claim()).map(UserInfo::new)
    }

    fn api_url(&self, url: &str) -> Result<Url> {
        let config = |check: &str| Error::new(ErrorKind::Config, check).for_client(self.name());
        let base = self.inner.settings.api_base_url.as_ref().ok_or_else(|| {
            config("the client has no `api_base_url`").hint("set it to call the provider's API")
        })?;
        let joined = base.join(url).map_err(|_| config("the API request's URL can't be parsed"))?;
        // The path is compared as the parser normalised it, so `..` and its escapes are gone.
        let inside = joined.origin() == base.origin()
            && joined.path().starts_with(base.path())
            && joined.username().is_empty()
            && joined.password().is_none();
        if inside {
            Ok(joined)
        } else {
            Err(config("the API request's URL is outside `api_base_url`: the token stays here")
                .hint("a relative URL without a leading slash stays under `api_base_url`"))
        }
    }
}

impl ApiRequest {
    /// Adds query parameters.
    pub fn query(mut self, params: &Params) -> Self {
        if let Ok(built) = &mut self.built {
            params.append_to(&mut built.url);
        }
        self
    }

    /// Sets a header. `Authorization` is the token's and can't be set.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let parsed = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
        match (&mut self.built, parsed) {
            (Ok(built), Some((name, value))) => {
                built.headers.insert(name, value);
            }
            (Ok(_), None) => {
                let check = format!("header `{}` can't be sent", name.escape_debug());
                self.built = Err(Error::new(ErrorKind::Config, check));
            }
            (Err(_), _) => {}
        }
        self
    }

    /// Sets a body of any type.
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut request = self.header(CONTENT_TYPE.as_str(), content_type);
        if let Ok(built) = &mut request.built {
            built.body = body.into();
        }
        request
    }

    /// Sets a JSON body.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body("application/json", body),
            Err(cause) => {
                self.built = Err(Error::new(ErrorKind::Config, cause));
                self
            }
        }
    }

    /// Sets a form body.
    pub fn form(self, params: &Params) -> Self {
        self.body("application/x-www-form-urlencoded", params.to_form())
    }

    /// Allows an answer of up to `bytes` bytes; 16 MiB by default.
    pub fn max_answer(mut self, bytes: usize) -> Self {
        if let Ok(built) = &mut self.built {
            built.limit = bytes;
        }
        self
    }

    /// Sends the request. An answer of any status is an answer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the request was built wrong or would leave `api_base_url`, the
    /// errors of [`RemoteApp::active_token`], [`ErrorKind::Transport`] when there is no answer.
    pub async fn send(self) -> Result<Response> {
        let Self { app, owner, built } = self;
        let sent = async {
            let built = built?;
            let token = app.active_token(&owner).await?;
            let mut request = message::bare(built.method, &built.url, built.body);
            *request.headers_mut() = built.headers;
            request.extensions_mut().insert(BodyLimit(built.limit));
            bearer::place(&token, &mut request)?;
            app.inner.driver.send("the API request", request).await
        };
        sent.await.map_err(|error: Error| error.for_client(app.name()))
    }
}

impl fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiRequest").field("client", &self.app.name()).finish_non_exhaustive()
    }
}
