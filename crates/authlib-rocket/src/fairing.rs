//! [`OAuthFairing`]: builds the registry when Rocket launches.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use authlib_core::adapter::SessionCookie;
use authlib_core::{Error, ErrorKind, OAuth, OAuthBuilder, Params, Result, TokenUpdate};
use rocket::config::LogLevel;
use rocket::fairing::{self, AdHoc, Fairing, Info, Kind};
use rocket::figment::Figment;
use rocket::http::Method;
use rocket::http::uri::Origin;
use rocket::{Build, Config, Data, Orbit, Request, Response, Rocket};
use serde_json::Value;

use crate::require_login::no_access;
use crate::session::OAuthState;

type Make = Box<dyn FnOnce(&Rocket<Build>) -> Result<OAuth> + Send>;

/// Builds the registry of clients when Rocket launches, and manages it: handlers get it as `&State<OAuth>`.
///
/// `base_url` and the tables `[default.oauth.NAME]` are read from Rocket's configuration: `Rocket.toml`, in any
/// profile, `ROCKET_BASE_URL`, and `ROCKET_OAUTH={google={client_secret="..."}}`. They override values from code,
/// and the variables `{NAME}_{KEY}` of `load_env` override both. A table whose client is not registered in code is an
/// error, unless the builder calls [`discover_clients`](OAuthBuilder::discover_clients). The launch is refused, with the reasons in the
/// log, if
///
/// - a client's settings are invalid: all errors of all clients are logged at once;
/// - there is no base URL, which determines name and `Secure` of the session cookies;
/// - `secret_key` is missing in a profile other than `debug`: it encrypts the cookies, and all replicas need the
///   same one.
pub struct OAuthFairing {
    make: Mutex<Option<Make>>,
}

/// The method that the browser sent: Rocket changes HEAD to GET if no route matches.
#[derive(Clone, Copy)]
pub(crate) struct OriginalMethod(pub(crate) Method);

/// Whether the response is a page that the provider shows in a frame: that of the front-channel logout.
#[derive(Clone, Copy)]
pub(crate) struct Framed(pub(crate) bool);

impl OAuthFairing {
    /// A registry that is built at launch.
    #[must_use]
    pub fn new(builder: OAuthBuilder) -> Self {
        Self::with(|_| builder)
    }

    /// As [`new`](Self::new), with access to the state that other fairings manage, such as the database pool
    /// of a token store: attach those first.
    #[must_use]
    pub fn with(builder: impl FnOnce(&Rocket<Build>) -> OAuthBuilder + Send + 'static) -> Self {
        Self::make(move |rocket| load_figment(builder(rocket), rocket.figment()).build())
    }

    fn make(make: impl FnOnce(&Rocket<Build>) -> Result<OAuth> + Send + 'static) -> Self {
        Self { make: Mutex::new(Some(Box::new(make))) }
    }

    fn set_up(&self, rocket: &Rocket<Build>, config: &Config) -> Result<OAuthState> {
        let refused = |check: &'static str, hint: &'static str| {
            Err(Error::new(ErrorKind::Config, check).with_hint(hint))
        };
        let make = self.make.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(make) = make.filter(|_| rocket.state::<OAuthState>().is_none()) else {
            return refused(
                "there are two registries of clients",
                "attach one `OAuthFairing` only",
            );
        };
        let oauth = make(rocket)?;
        if oauth.base_url().is_none() {
            let hint = "set `base_url` in Rocket.toml, or call `.base_url(..)`, with the URL that \
                        browsers open, such as http://localhost:8000";
            return refused("the application has no base URL", hint);
        }
        let public = config.profile != Config::DEBUG_PROFILE;
        if public && !config.secret_key.is_provided() {
            let hint = "set `secret_key` in Rocket.toml, or ROCKET_SECRET_KEY, to the same secret for \
                        all replicas; `openssl rand -base64 32` generates one";
            return refused(
                "logins are kept in cookies, and there is no key to encrypt them",
                hint,
            );
        }
        if public && matches!(config.log_level, LogLevel::Normal | LogLevel::Debug) {
            tracing::warn!(
                "Rocket logs callback URLs with their codes: set `log_level` to `critical`"
            );
        }
        let cookie = SessionCookie::of(&oauth);
        Ok(OAuthState { cookie, oauth })
    }
}

impl From<OAuth> for OAuthFairing {
    /// A registry that was built before. Rocket's configuration is not read.
    fn from(oauth: OAuth) -> Self {
        Self::make(|_| Ok(oauth))
    }
}

#[rocket::async_trait]
impl Fairing for OAuthFairing {
    fn info(&self) -> Info {
        Info { name: "OAuth", kind: Kind::Ignite | Kind::Request | Kind::Response | Kind::Shutdown }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        // Rocket reports errors in its own settings itself.
        let Ok(config) = Config::try_from(rocket.figment()) else { return Ok(rocket) };
        match self.set_up(&rocket, &config) {
            Ok(setup) => Ok(rocket
                .manage(setup.oauth.clone())
                .manage(setup)
                .mount("/", rocket::routes![no_access])),
            Err(error) => {
                tracing::error!("OAuthFairing: launch refused: {}", error.report());
                Err(rocket)
            }
        }
    }

    /// Refreshed tokens are stored before the process ends.
    async fn on_shutdown(&self, rocket: &Rocket<Orbit>) {
        if let Some(oauth) = rocket.state::<OAuth>() {
            oauth.shutdown().await;
        }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let method = request.method();
        request.local_cache(|| OriginalMethod(method));
        if !matches!(method, Method::Get | Method::Post) {
            hide_callback(request);
        }
    }

    /// Rocket's shield adds `X-Frame-Options: SAMEORIGIN` to every response. `frame-ancestors` overrides it (Content Security
    /// Policy Level 3 §6.4.2.2), but not in software that does not know it.
    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if request.local_cache(|| Framed(false)).0 {
            response.remove_header("x-frame-options");
        }
    }
}

/// Removes the query of a callback from a request that can't be one, such as HEAD and OPTIONS. Rocket logs the URL of a
/// request without a route at every `log_level` but `off`, with its code.
fn hide_callback(request: &mut Request<'_>) {
    let uri = request.uri();
    let names = uri.query().map(|query| Params::parse(query.as_str())).unwrap_or_default();
    let has = |name| names.contains(name);
    if has("state") && (has("code") || has("id_token") || has("access_token"))
        || has("oauth_token") && has("oauth_verifier")
    {
        let path = uri.path().to_string();
        if let Ok(uri) = Origin::parse_owned(path) {
            request.set_uri(uri);
        }
    }
}

impl fmt::Debug for OAuthFairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthFairing").finish_non_exhaustive()
    }
}

/// Merges `base_url` and the tables `oauth.NAME` of Rocket's configuration into a builder, for a registry that
/// is built before the launch.
pub fn load_figment(builder: OAuthBuilder, figment: &Figment) -> OAuthBuilder {
    let find = |key| figment.extract_inner::<Value>(key).ok();
    let builder = match find("base_url") {
        Some(url) => builder.base_url(url.as_str().unwrap_or_default()),
        None => builder,
    };
    let clients = find("oauth").map(|clients| ("oauth".to_owned(), clients));
    builder.load_table(clients.into_iter().collect())
}

/// A fairing that calls `subscriber` after each refreshed token was stored, with the old one. It runs in the
/// request that caused the refresh: start long work elsewhere, for example in a task with the receiver of
/// [`token_updates`](crate::token_updates). Attach it after the [`OAuthFairing`].
pub fn on_token_update(subscriber: impl Fn(&TokenUpdate) + Send + Sync + 'static) -> impl Fairing {
    AdHoc::try_on_ignite("OAuth token updates", |rocket| async move {
        let Some(oauth) = rocket.state::<OAuth>() else {
            tracing::error!("on_token_update: launch refused: attach the `OAuthFairing` first");
            return Err(rocket);
        };
        oauth.subscribe(subscriber);
        Ok(rocket)
    })
}
