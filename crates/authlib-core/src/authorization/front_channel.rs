//! [`FrontChannel`]: one client's logins and logouts in a browser.

use std::sync::Arc;

use url::Url;

use super::last::Last;
use super::options::AuthorizeOptions;
use super::pending::PendingLogin;
use super::request_objects::RequestObjects;
use crate::base_url::BaseUrl;
use crate::config::ClientSettings;
use crate::endpoint_url::is_public_http;
use crate::endpoints::EndpointClient;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric_date::unix_seconds;
use crate::oauth2::ResponseType;
use crate::oauth2::authorization::AuthorizationUrlStart;
use crate::params::Params;
use crate::secret::Secret;
use crate::store::PendingLoginStore;

/// One client's logins and logouts in a browser.
#[derive(Debug)]
pub(crate) struct FrontChannel {
    pub(super) endpoints: Arc<EndpointClient>,
    pub(super) request_objects: RequestObjects,
    /// What the last authorization URL began with.
    pub(super) url_start: Last<AuthorizationUrlStart>,
    redirect_uri: Last<RedirectUri>,
    base_url: Option<BaseUrl>,
    fingerprint: u64,
}

/// A redirect URI that was checked.
#[derive(Debug)]
struct RedirectUri {
    /// As it was given or configured: an absolute URL or a path.
    text: String,
    url: String,
}

impl FrontChannel {
    /// Request objects that are sent by reference are kept in `store`, if there is one.
    pub(crate) fn new(
        endpoints: Arc<EndpointClient>,
        base_url: Option<BaseUrl>,
        store: Option<Arc<dyn PendingLoginStore>>,
    ) -> Self {
        let fingerprint = endpoints.settings().fingerprint();
        Self {
            endpoints,
            request_objects: RequestObjects::new(store),
            url_start: Last::default(),
            redirect_uri: Last::default(),
            base_url,
            fingerprint,
        }
    }

    /// That of the settings ([`ClientSettings::fingerprint`]).
    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    pub(super) fn settings(&self) -> &ClientSettings {
        self.endpoints.settings()
    }

    /// A pending login of OAuth 1.0a, or one of OAuth 2.0 without its own values.
    pub(super) fn pending_login(
        &self,
        options: AuthorizeOptions,
        redirect_uri: String,
        state: Secret,
    ) -> PendingLogin {
        PendingLogin {
            client: self.settings().name.clone(),
            purpose: options.purpose,
            fingerprint: Some(self.fingerprint),
            issuer: None,
            state,
            nonce: None,
            code_verifier: None,
            token_secret: None,
            dpop_key: None,
            redirect_uri,
            scope: String::new(),
            max_age: None,
            implicit: false,
            response_type: ResponseType::Code,
            response_mode: None,
            acr: None,
            step_ups: Vec::new(),
            is_silent: false,
            started_at: unix_seconds(self.endpoints.now()),
            next: options.next,
            restart: None,
            data: options.data,
        }
    }

    /// The configured parameters of the authorization request, with those of one login.
    pub(super) fn authorize_params(&self, own: &Params) -> Params {
        let mut params = self.settings().authorize_params.clone();
        for (name, value) in own.iter() {
            params.set(name, value);
        }
        params
    }

    /// The redirect URI of a login as an absolute URL.
    pub(super) fn redirect_uri(&self, given: Option<String>) -> Result<String> {
        let configured = self.settings().redirect_uri.as_deref();
        let text = given.as_deref().or(configured).ok_or_else(|| {
            Error::new(ErrorKind::Config, "the login has no redirect URI")
                .with_hint("pass one to `authorize_redirect`, or set `redirect_uri`")
        })?;
        // Only the text and the base URL, which never changes, decide on the result.
        if let Some(known) = self.redirect_uri.get(|known| known.text == text) {
            return Ok(match given {
                Some(given) if given == known.url => given,
                _ => known.url.clone(),
            });
        }
        let (absolute, url) = self.absolute(text, "redirect_uri")?;
        if is_public_http(&url) {
            let check = format!("`redirect_uri` {absolute:?} would send the code over plain http");
            return Err(Error::new(ErrorKind::Config, check).with_hint("use https"));
        }
        self.redirect_uri.set(RedirectUri { text: text.to_owned(), url: absolute.clone() });
        Ok(absolute)
    }

    /// `text` if it is an absolute URL, otherwise that path below the registry's base URL.
    pub(super) fn absolute_url(&self, text: &str, setting: &str) -> Result<String> {
        self.absolute(text, setting).map(|(text, _)| text)
    }

    /// As [`absolute_url`](Self::absolute_url), with the parsed URL.
    fn absolute(&self, text: &str, setting: &str) -> Result<(String, Url)> {
        if let Ok(url) = Url::parse(text) {
            return Ok((text.to_owned(), url));
        }
        let Some(base) = &self.base_url else {
            let check = format!("`{setting}` {text:?} is a path, and the registry has no base URL");
            return Err(Error::new(ErrorKind::Config, check)
                .with_hint("pass an absolute URL, or call `base_url` on the builder"));
        };
        let url = base.join(text).map_err(|cause| {
            let check = format!("`{setting}` {text:?} is not a path below {base}: {cause}");
            Error::new(ErrorKind::Config, check)
        })?;
        Ok((url.to_string(), url))
    }
}
