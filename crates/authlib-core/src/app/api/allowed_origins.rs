//! Calls to the provider's API with a user's token: [`RegisteredClient::request`] and its kin, and where a
//! token may be sent.

use http::Method;
use url::Url;

use crate::app::api::request::is_rejected;
use crate::app::{ApiRequest, RegisteredClient};
use crate::endpoint::Endpoint;
use crate::endpoint_url::may_hold_a_secret;
use crate::error::{Error, ErrorKind, Result};
use crate::oidc::UserInfo;
use crate::oidc::user_info::{parse_userinfo_response, userinfo_request};
use crate::store::TokenOwner;

/// The methods `get`, `post`, `put`, `patch`, `delete` and `head`, each by the type's own `request`; with an
/// owner where `request` takes one.
macro_rules! verbs {
    (@one $name:ident $method:ident $what:literal, $Request:ty $(, $owner:ident: $Owner:ty)?) => {
        #[doc = concat!($what, " `url`; see [`request`](Self::request).")]
        pub fn $name(&self, url: &str $(, $owner: $Owner)?) -> $Request {
            self.request(Method::$method, url $(, $owner)?)
        }
    };
    ($Request:ty $(, $owner:ident: $Owner:ty)?) => {
        verbs!(@one get GET "A GET of", $Request $(, $owner: $Owner)?);
        verbs!(@one post POST "A POST to", $Request $(, $owner: $Owner)?);
        verbs!(@one put PUT "A PUT to", $Request $(, $owner: $Owner)?);
        verbs!(@one patch PATCH "A PATCH of", $Request $(, $owner: $Owner)?);
        verbs!(@one delete DELETE "A DELETE of", $Request $(, $owner: $Owner)?);
        verbs!(@one head HEAD "A HEAD of", $Request $(, $owner: $Owner)?);
    };
}

pub(crate) use verbs;

impl RegisteredClient {
    verbs!(ApiRequest, owner: &TokenOwner);

    /// A request to `url` with the owner's token, which is renewed first if it has expired.
    ///
    /// A relative URL is taken from `api_base_url`. The token goes nowhere else but to the client's
    /// `api_origins`: an absolute URL, `..` or `//host` that leads elsewhere is refused when the request
    /// is sent, and a redirect is not followed but returned.
    ///
    /// Where the API takes the token no more (a 401 with `invalid_token`, RFC 6750 §3.1), it is renewed
    /// once and the request repeated, unless its body was a stream. Where the API refuses the new token as
    /// well, it is not renewed again for a second, and for longer after each further time.
    pub fn request(&self, method: Method, url: &str, owner: &TokenOwner) -> ApiRequest {
        ApiRequest::new(self.clone(), owner.clone(), method, url)
    }

    /// The provider's user info for the owner's token (OpenID Connect Core §5.3); for a provider
    /// without OpenID Connect, its answer with `sub` set from the preset's `subject_claim`.
    ///
    /// # Errors
    ///
    /// Those of [`active_token`](Self::active_token); [`ErrorKind::Unsupported`] when no
    /// `userinfo_endpoint` is known; [`ErrorKind::InvalidResponse`] when the answer is malformed or about
    /// somebody else.
    pub async fn userinfo(&self, owner: &TokenOwner) -> Result<UserInfo> {
        self.fetch_userinfo(owner).await.map_err(|error| error.with_client(self.name()))
    }

    async fn fetch_userinfo(&self, owner: &TokenOwner) -> Result<UserInfo> {
        let metadata = self.metadata().await?;
        let endpoint = self.endpoint(
            "userinfo_endpoint",
            self.inner.settings.endpoints.get(Endpoint::UserInfo),
            metadata.as_ref().and_then(|known| known.endpoints.get(Endpoint::UserInfo)),
        )?;
        let mut token = self.active_token(owner).await?;
        if self.oauth1().is_some() {
            return self.oauth1_userinfo(&endpoint, &token).await.map(UserInfo::new);
        }
        let what = "the user info request";
        let request = userinfo_request(&endpoint, &token)?;
        let mut response = self.inner.driver.send(what, request).await?;
        if is_rejected(&response)
            && let Some(other) = self.other_token(owner, token.clone()).await?
        {
            let request = userinfo_request(&endpoint, &other)?;
            response = self.inner.driver.send(what, request).await?;
            self.inner.refreshes.repeated(owner, is_rejected(&response), self.now());
            token = other;
        }
        let login = token.id_token.is_some().then(|| token.userinfo()).transpose()?;
        let sub = login.as_ref().map(UserInfo::sub);
        parse_userinfo_response(&response, sub, self.inner.settings.subject_claim())
            .map(UserInfo::new)
    }

    /// The URL of an API request. A relative one is below `api_base_url`.
    pub(in crate::app) fn api_url(&self, url: &str) -> Result<Url> {
        let config = |check: &str| Error::new(ErrorKind::Config, check).with_client(self.name());
        let joined = match &self.inner.settings.api_base_url {
            Some(base) => base.join(url).ok(),
            None => Url::parse(url).ok(),
        };
        joined.ok_or_else(|| match self.inner.settings.api_base_url {
            Some(_) => {
                config("the API request's URL can't be parsed").with_kind(ErrorKind::InvalidRequest)
            }
            None => {
                config("the client has no `api_base_url`, and the API request's URL is relative")
                    .with_hint("set it to call the provider's API")
            }
        })
    }

    /// Whether the token may be sent to `url`.
    pub(in crate::app) fn check_allowed(&self, url: &Url) -> Result<()> {
        let settings = &self.inner.settings;
        let config = |check: &str| Error::new(ErrorKind::Config, check).with_client(self.name());
        // The path is compared as the parser normalised it, so `..` and its escapes are gone.
        let below = settings
            .api_base_url
            .as_ref()
            .is_some_and(|base| same_origin(url, base) && url.path().starts_with(base.path()));
        let listed = settings.api_origins.iter().any(|other| same_origin(url, other));
        let plain = may_hold_a_secret(url).is_ok();
        if plain && (below || listed) {
            return Ok(());
        }
        let error = if settings.api_base_url.is_none() && settings.api_origins.is_empty() {
            config("the client has neither `api_base_url` nor `api_origins`: the token stays here")
                .with_hint("set one of them to where the API is")
        } else {
            config("the API request's URL is outside `api_base_url`: the token stays here").with_hint(
                "a relative URL without a leading slash stays under `api_base_url`; other places are \
                 listed in `api_origins`",
            )
            .with_kind(ErrorKind::InvalidRequest)
        };
        Err(error)
    }
}

/// Whether both lead to one server (RFC 6454 §5): [`Url::origin`] without its copies.
fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}
