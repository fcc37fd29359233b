//! [`LoginCallback`]: the browser's return from the provider.

use std::fmt;

use super::callback_request::CallbackRequest;
use super::response::{empty, see_other};
use super::{LoginError, RequestContext};
use crate::authorization::Turn;
use crate::error::Result;
use crate::login::{
    CallbackParams, CompletedLogin, ConnectedAccount, LoginResult, Session, complete_login,
    connect, log_in, log_in_as, record_connection, record_login_as, used_callback,
};
use crate::oauth2::Token;
use crate::params::Params;
use crate::registry::RegisteredClient;

/// The callback of a login in this browser's session. Nothing in it has been verified yet.
pub struct LoginCallback<S> {
    client: RegisteredClient,
    session: S,
    params: CallbackParams,
    others: Params,
    /// Held until the callback has been processed.
    _turn: Option<Turn>,
}

impl<S: Session> LoginCallback<S> {
    /// Reads a callback request: a GET's query, or a POST's form. `body` is that of a [`FormBody`](super::FormBody).
    ///
    /// Waits for other callbacks of the same session.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidCallback`](crate::ErrorKind::InvalidCallback) if the request is malformed, and those
    /// of the session. Also a response to be sent instead of the handler's, after which the browser
    /// sends the callback once more: to a `form_post` without the session cookie, to a prefetch, and to a
    /// callback whose session has got a new id from another login at the same moment. A callback that was already
    /// used, in a browser that is logged in with the client, is redirected to the `next` of its login, or to the
    /// landing page if another login followed.
    pub async fn read(
        client: RegisteredClient,
        session: S,
        request: &RequestContext,
        body: &[u8],
    ) -> Result<Self, LoginError> {
        if request.is_speculative() {
            let nothing = empty(http::StatusCode::NO_CONTENT);
            return Err(LoginError::respond(
                nothing,
                "a HEAD request or prefetch does not finish a login",
            ));
        }
        let callback = CallbackRequest::read(request, body).map_err(|error| {
            tracing::warn!(client = client.name(), error = %error.report(), "callback rejected");
            error.with_client(client.name()).logged()
        })?;
        if let Some(page) = callback.fragment_page(&client) {
            return Err(page);
        }
        // A malformed `state` is an error of the handler's method, which ends the login.
        let state = client.callback_state(callback.params()).unwrap_or_default();
        // Sessions without an id: the copies of one callback take turns.
        let turn = match session.id().or_else(|| state.clone()) {
            Some(id) => Some(client.session_turns().wait(id).await),
            None => None,
        };
        let outdated = turn.as_ref().is_some_and(|turn| {
            let is_copy = || state.as_ref().is_some_and(|state| client.is_state_used(state));
            turn.is_outdated(client.now()) || (turn.has_waited() && is_copy())
        });
        if outdated && !callback.has_newest_cookie() {
            return Err(callback.with_newest_cookie());
        }
        callback.check_cookie(&client, &session, state.as_deref().unwrap_or_default()).await?;
        let params = callback.into_params();
        if let Some(state) = state
            && let Some(next) = used_callback(&client, &session, &state).await?
        {
            tracing::debug!(client = client.name(), "used callback redirected: already logged in");
            let reason = "the callback was already used, and the user is logged in";
            return Err(LoginError::respond(see_other(&next), reason));
        }
        let params = CallbackParams::new(params, request.missing_cookie.clone());
        let others = params.others();
        Ok(Self { client, session, params, others, _turn: turn })
    }

    /// The registered client.
    #[must_use]
    pub fn client(&self) -> &RegisteredClient {
        &self.client
    }

    /// The other parameters of the callback, from the query or the posted form: the `user` of Apple, which has
    /// the name at the first login only, or the `realmId` of `QuickBooks`. They can be read before and after
    /// the login is finished.
    ///
    /// **Nothing verifies them**, neither `state` nor a signature, even if the login succeeds: whoever makes a
    /// browser open the callback's URL, the user included, chooses them. Never identify a user by them, and use
    /// them only as suggestions, or after a check with the provider's API.
    ///
    /// ```
    /// # fn read(callback: &authlib_core::adapter::LoginCallback<impl authlib_core::login::Session>) {
    /// let company = callback.unverified_params().all("realmId").next();
    /// # let _ = company;
    /// # }
    /// ```
    #[must_use]
    pub fn unverified_params(&self) -> &Params {
        &self.others
    }

    /// Finishes the login: verifies the callback, stores the token, and logs the user in.
    ///
    /// # Errors
    ///
    /// Those of [`login::log_in`](crate::login::log_in).
    pub async fn log_in(&self) -> Result<LoginResult> {
        log_in(&self.client, &self.session, &self.params).await
    }

    /// As [`log_in`](Self::log_in), for `user`, the application's id of the user. The token is stored once, under this
    /// id: all browsers of the user and [`for_user`](super::LoginClient::for_user) in background jobs share one row and
    /// one refresh. A logout ends the login of one browser, and the token stays. If the application finds the user by
    /// the account, it calls [`complete`](Self::complete) and [`record_as`](Self::record_as).
    ///
    /// # Errors
    ///
    /// Those of [`login::log_in_as`](crate::login::log_in_as).
    pub async fn log_in_as(&self, user: impl AsRef<str>) -> Result<LoginResult> {
        log_in_as(&self.client, &self.session, &self.params, user.as_ref()).await
    }

    /// As [`log_in`](Self::log_in), and returns the token. Authlib's name.
    ///
    /// # Errors
    ///
    /// Those of [`log_in`](Self::log_in).
    pub async fn authorize_access_token(&self) -> Result<Token> {
        self.log_in().await?.user.into_token()
    }

    /// Verifies the callback, and neither stores anything nor logs anybody in: for applications with users and
    /// sessions of their own, to decide who may log in, and for a route that is the callback of logins and of
    /// connections. Pass the result to [`record`](Self::record) to log the user in, or to
    /// [`record_connection`](Self::record_connection) to connect the account.
    ///
    /// # Errors
    ///
    /// Those of [`login::complete_login`](crate::login::complete_login).
    pub async fn complete(&self) -> Result<CompletedLogin> {
        complete_login(&self.client, &self.session, &self.params).await
    }

    /// Logs in the user of a [completed](Self::complete) login.
    ///
    /// # Errors
    ///
    /// Those of [`login::record_login`](crate::login::record_login).
    pub async fn record(&self, completed: CompletedLogin) -> Result<LoginResult> {
        crate::login::record_login(&self.session, completed).await
    }

    /// Logs in the user of a [completed](Self::complete) login as `user`, the application's id of the user; see
    /// [`log_in_as`](Self::log_in_as).
    ///
    /// # Errors
    ///
    /// Those of [`login::record_login_as`](crate::login::record_login_as).
    pub async fn record_as(
        &self,
        completed: CompletedLogin,
        user: impl AsRef<str>,
    ) -> Result<LoginResult> {
        record_login_as(&self.session, completed, user.as_ref()).await
    }

    /// Connects the account to `user`, the application's id of the user who is logged in and who started it with
    /// [`AuthorizeOptions::connect`](crate::AuthorizeOptions::connect): verifies the callback, and stores the
    /// token for that user. [`for_user`](super::LoginClient::for_user) calls the API with it. The logins of this
    /// browser stay as they are.
    ///
    /// # Errors
    ///
    /// Those of [`login::connect`](crate::login::connect).
    pub async fn connect(&self, user: impl AsRef<str>) -> Result<ConnectedAccount> {
        connect(&self.client, &self.session, &self.params, user.as_ref()).await
    }

    /// Connects the account of a [completed](Self::complete) callback.
    ///
    /// # Errors
    ///
    /// Those of [`login::record_connection`](crate::login::record_connection).
    pub async fn record_connection(
        &self,
        completed: CompletedLogin,
        user: impl AsRef<str>,
    ) -> Result<ConnectedAccount> {
        record_connection(completed, user.as_ref()).await
    }
}

impl<S> fmt::Debug for LoginCallback<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LoginCallback").field(&self.client.name()).finish()
    }
}
