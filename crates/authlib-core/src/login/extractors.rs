//! [`login_extractors`](crate::login_extractors): the extractors of the framework crates, written once,
//! so that what the users of one framework have, those of all have.

use super::{Failure, Session};
use crate::error::Result;
use crate::registry::RegisteredClient;

/// What the extractors of a client hold of a request.
#[derive(Clone, Debug)]
pub struct Visit<S> {
    /// The client.
    pub app: RegisteredClient,
    /// The browser's session.
    pub session: S,
    /// The request's `Accept` header.
    pub accept: Option<String>,
}

impl<S: Session> Visit<S> {
    /// A request for a client.
    pub fn new(app: RegisteredClient, session: S, accept: Option<&str>) -> Self {
        Self { app, session, accept: accept.map(str::to_owned) }
    }

    /// A result whose error suits this request.
    ///
    /// # Errors
    ///
    /// That of `result`.
    pub fn answer<T>(&self, result: Result<T>) -> std::result::Result<T, Failure> {
        result.map_err(|error| Failure::new(error, self.accept.as_deref()))
    }
}

/// Writes the extractors `OAuthClient<C>`, `OAuthCallback<C>` and `OAuthSession` of a framework crate
/// with their methods, the `Error` in which they end, `redirect` and `token_updates`. What is left to
/// the crate is how they come out of a request, and how the error becomes a response.
///
/// The macro is told the framework's response, the function that makes one of an
/// [`Answer`](crate::login::Answer), the crate's [`Session`](crate::login::Session), and the lifetime of
/// the request where that borrows from it. An extractor that can't answer by itself hands the failure
/// of a callback on to the handler, in `params`.
#[macro_export]
#[doc(hidden)]
macro_rules! login_extractors {
    ($Response:ty, $response:path, $Session:ty $(, $life:lifetime)?) => {
        /// The result of a handler.
        pub type Result<T, E = Error> = ::std::result::Result<T, E>;

        /// An [`authlib_core::Error`] on its way to the browser, or an answer that must go out instead
        /// of the handler's.
        ///
        /// As a response it has the status of its kind, and words for the user: HTML, or JSON
        /// `{"error", "error_description"}` where the request accepts `application/json`.
        #[derive(Clone, Debug)]
        pub struct Error(pub(crate) $crate::login::Failure);

        impl Error {
            /// The core's error; nothing where this is an answer without an error, such as the page
            /// that posts a `form_post` answer once more.
            #[must_use]
            pub fn as_core(&self) -> Option<&$crate::Error> {
                self.0.as_core()
            }
        }

        impl From<$crate::Error> for Error {
            /// An error whose response is HTML: there is no request at hand to say otherwise.
            fn from(error: $crate::Error) -> Self {
                Self($crate::login::Failure::new(error, None))
            }
        }

        impl ::std::fmt::Display for Error {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl ::std::error::Error for Error {}

        /// Sends the browser to a path of this site after a login: 303, and never cached, as a
        /// callback's answer must be (RFC 9700 §4.2.4).
        #[must_use]
        pub fn redirect(path: &str) -> $Response {
            $response($crate::login::see_other($crate::login::local_path(path)))
        }

        /// Stands for the client that the route's `client` parameter names.
        #[derive(Clone, Copy, Debug)]
        pub struct Routed;

        /// A registered client in this browser's session: starts logins, and calls the provider's API
        /// for who is logged in.
        ///
        /// `OAuthClient<Google>` is the client of a [`ClientName`](authlib_core::login::ClientName),
        /// plain `OAuthClient` the one that the route's `client` parameter names. The application
        /// must have a registry and sessions, as the page of this crate shows.
        ///
        /// # Errors
        ///
        /// 404 when no client is registered under the name, 500 when there are no sessions.
        #[derive(Clone)]
        pub struct OAuthClient<$($life,)? C = Routed> {
            visit: $crate::login::Visit<$Session>,
            client: ::std::marker::PhantomData<fn() -> C>,
        }

        /// The browser on its way back from the provider, by GET or by `form_post`: finishes the login.
        ///
        /// # Errors
        ///
        /// Those of [`OAuthClient`]; 400 and 413 when the callback is malformed or too large. A
        /// `form_post` that arrived without its session is answered by a page that posts it once more,
        /// from this site, and a prefetch by nothing: no login ends by either.
        #[derive(Clone)]
        pub struct OAuthCallback<$($life,)? C = Routed> {
            visit: $crate::login::Visit<$Session>,
            params: ::std::result::Result<$crate::login::CallbackParams, $crate::login::Failure>,
            client: ::std::marker::PhantomData<fn() -> C>,
        }

        /// The session of a browser, for logging out.
        ///
        /// # Errors
        ///
        /// 500 when there are no sessions.
        #[derive(Clone)]
        pub struct OAuthSession$(<$life>)? {
            oauth: $crate::OAuth,
            session: $Session,
            parts: ::http::request::Parts,
        }

        /// Every refreshed token from now on, after it was stored, together with the one before. A
        /// receiver that lags more than `capacity` updates behind is told how many it missed.
        #[must_use]
        pub fn token_updates(
            oauth: &$crate::OAuth,
            capacity: usize,
        ) -> ::tokio::sync::broadcast::Receiver<$crate::TokenUpdate> {
            let (sender, receiver) = ::tokio::sync::broadcast::channel(capacity.max(1));
            oauth.subscribe(move |update| {
                // Nobody listens any more: that is no concern of the refresh.
                let _ = sender.send(update.clone());
            });
            receiver
        }

        impl<$($life,)? C> OAuthClient<$($life,)? C> {
            /// The answer that sends the browser to the provider. The argument is a redirect URI, or
            /// [`AuthorizeOptions`](authlib_core::AuthorizeOptions).
            ///
            /// # Errors
            ///
            /// Those of [`login::authorize_redirect`](authlib_core::login::authorize_redirect).
            pub async fn authorize_redirect(
                &self,
                options: impl Into<$crate::AuthorizeOptions>,
            ) -> Result<$Response> {
                let $crate::login::Visit { app, session, .. } = &self.visit;
                let answer = $crate::login::authorize_redirect(app, session, options.into()).await;
                self.visit.answer(answer).map($response).map_err(Error)
            }

            /// The registered client itself.
            #[must_use]
            pub fn app(&self) -> &$crate::RegisteredClient {
                &self.visit.app
            }

            /// This browser's login with the client.
            ///
            /// # Errors
            ///
            /// 401 when nobody is logged in with it.
            pub async fn login(&self) -> Result<$crate::login::Login> {
                let $crate::login::Visit { app, session, .. } = &self.visit;
                let login = $crate::login::current_login(app, session).await;
                self.visit.answer(login).map_err(Error)
            }

            /// The token of who is logged in, refreshed if it has expired.
            ///
            /// # Errors
            ///
            /// Those of [`RegisteredClient::active_token`](authlib_core::RegisteredClient::active_token).
            pub async fn token(&self) -> Result<$crate::Token> {
                let owner = self.login().await?.owner();
                self.visit.answer(self.visit.app.active_token(&owner).await).map_err(Error)
            }

            /// The provider's user info for who is logged in.
            ///
            /// # Errors
            ///
            /// Those of [`RegisteredClient::userinfo`](authlib_core::RegisteredClient::userinfo).
            pub async fn userinfo(&self) -> Result<$crate::UserInfo> {
                let owner = self.login().await?.owner();
                self.visit.answer(self.visit.app.userinfo(&owner).await).map_err(Error)
            }

            /// A GET of the provider's API with the token of who is logged in.
            ///
            /// # Errors
            ///
            /// As [`request`](Self::request).
            pub async fn get(&self, url: &str) -> Result<$crate::ApiRequest> {
                let owner = self.login().await?.owner();
                Ok(self.visit.app.get(url, &owner))
            }

            /// A POST to the provider's API with the token of who is logged in.
            ///
            /// # Errors
            ///
            /// As [`request`](Self::request).
            pub async fn post(&self, url: &str) -> Result<$crate::ApiRequest> {
                let owner = self.login().await?.owner();
                Ok(self.visit.app.post(url, &owner))
            }

            /// A PUT to the provider's API with the token of who is logged in.
            ///
            /// # Errors
            ///
            /// As [`request`](Self::request).
            pub async fn put(&self, url: &str) -> Result<$crate::ApiRequest> {
                let owner = self.login().await?.owner();
                Ok(self.visit.app.put(url, &owner))
            }

            /// A PATCH of the provider's API with the token of who is logged in.
            ///
            /// # Errors
            ///
            /// As [`request`](Self::request).
            pub async fn patch(&self, url: &str) -> Result<$crate::ApiRequest> {
                let owner = self.login().await?.owner();
                Ok(self.visit.app.patch(url, &owner))
            }

            /// A DELETE of the provider's API with the token of who is logged in.
            ///
            /// # Errors
            ///
            /// As [`request`](Self::request).
            pub async fn delete(&self, url: &str) -> Result<$crate::ApiRequest> {
                let owner = self.login().await?.owner();
                Ok(self.visit.app.delete(url, &owner))
            }

            /// A HEAD of the provider's API with the token of who is logged in.
            ///
            /// # Errors
            ///
            /// As [`request`](Self::request).
            pub async fn head(&self, url: &str) -> Result<$crate::ApiRequest> {
                let owner = self.login().await?.owner();
                Ok(self.visit.app.head(url, &owner))
            }

            /// The client with the token of a user of the application, whom it found by this request in a
            /// way of its own: Authlib's `fetch_token(name, request)`. The registry's
            /// [`TokenStore`](authlib_core::store::TokenStore) has the token under the client's name and
            /// this one; [`FnTokenStore`](authlib_core::store::FnTokenStore) makes a store of
            /// two functions, Authlib's `fetch_token` and `update_token`.
            pub fn for_user(&self, user: impl Into<String>) -> $crate::OAuth2Client {
                let app = &self.visit.app;
                let owner = $crate::store::TokenOwner::new(app.name(), user);
                $crate::OAuth2Client::for_owner(app, owner)
            }

            /// The error as a response that suits this request: HTML or JSON.
            #[must_use]
            pub fn error(&self, error: $crate::Error) -> Error {
                Error($crate::login::Failure::new(error, self.visit.accept.as_deref()))
            }
        }

        impl<$($life,)? C> OAuthCallback<$($life,)? C> {
            /// Finishes the login and returns its token; who the user is, is in
            /// [`Token::userinfo`](authlib_core::Token::userinfo).
            ///
            /// # Errors
            ///
            /// Those of [`login::authorize_access_token`](authlib_core::login::authorize_access_token).
            pub async fn authorize_access_token(&self) -> Result<$crate::Token> {
                self.log_in().await.map(|login| login.token)
            }

            /// Finishes the login and returns all of it: the token, where the browser goes next, and
            /// the application's own data.
            ///
            /// # Errors
            ///
            /// Those of [`login::authorize_access_token`](authlib_core::login::authorize_access_token).
            pub async fn log_in(&self) -> Result<$crate::login::LoggedIn> {
                let $crate::login::Visit { app, session, .. } = &self.visit;
                let params = self.params.as_ref().map_err(|failure| Error(failure.clone()))?;
                let login = $crate::login::authorize_access_token(app, session, params).await;
                self.visit.answer(login).map_err(Error)
            }

            /// The registered client itself.
            #[must_use]
            pub fn app(&self) -> &$crate::RegisteredClient {
                &self.visit.app
            }
        }

        impl$(<$life>)? OAuthSession$(<$life>)? {
            /// Who is logged in; nothing when nobody is.
            ///
            /// # Errors
            ///
            /// 500 when the session or the token store fails.
            pub async fn user(&self) -> Result<Option<$crate::login::CurrentUser>> {
                self.answer($crate::login::find_user(&self.oauth, &self.session).await)
            }

            /// Logs out here, and at the provider where it offers that; else goes to `fallback`, a
            /// path of this site.
            ///
            /// # Errors
            ///
            /// Those of [`login::logout_redirect`](authlib_core::login::logout_redirect).
            pub async fn logout_redirect(
                &self,
                options: $crate::LogoutOptions,
                fallback: &str,
            ) -> Result<$Response> {
                let Self { oauth, session, parts } = self;
                let headers = &parts.headers;
                let answer =
                    $crate::login::logout_redirect(oauth, session, headers, options, fallback)
                        .await;
                self.answer(answer).map($response)
            }

            /// Checks that the browser comes back from a logout that it began here.
            ///
            /// # Errors
            ///
            /// Those of [`login::validate_logout_response`](authlib_core::login::validate_logout_response).
            pub async fn validate_logout_response(&self) -> Result<()> {
                let Self { oauth, session, parts } = self;
                let (method, query) = (&parts.method, parts.uri.query());
                let checked =
                    $crate::login::validate_logout_response(oauth, session, method, query).await;
                self.answer(checked).map(|_| ())
            }

            fn answer<T>(&self, result: $crate::Result<T>) -> Result<T> {
                let accept = $crate::login::accept(&self.parts.headers);
                result.map_err(|error| Error($crate::login::Failure::new(error, accept)))
            }
        }

        impl<$($life,)? C> ::std::fmt::Debug for OAuthClient<$($life,)? C> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple("OAuthClient").field(&self.visit.app.name()).finish()
            }
        }

        impl<$($life,)? C> ::std::fmt::Debug for OAuthCallback<$($life,)? C> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple("OAuthCallback").field(&self.visit.app.name()).finish()
            }
        }

        impl$(<$life>)? ::std::fmt::Debug for OAuthSession$(<$life>)? {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct("OAuthSession").finish_non_exhaustive()
            }
        }
    };
}
