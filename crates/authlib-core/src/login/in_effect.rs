//! Whether a login is in effect that has no row of its own, because its token is in the row of a user or not kept, and its
//! end. A login with a row is in effect as long as the row is there.

use std::time::{Duration, SystemTime};

use super::Login;
use super::session_state::TokenPlace;
use crate::error::Result;
use crate::registry::RegisteredClient;
use crate::store::{LoginQuery, TokenStore};

impl Login {
    /// Keeps the token in the row of a user of the application instead of one of the login's own.
    pub(super) fn share_row_of(&mut self, user: &str) {
        self.id = Some(std::mem::replace(&mut self.user, user.to_owned()));
        self.place = TokenPlace::UserRow;
    }

    fn own_query(&self) -> LoginQuery {
        let id = self.id.as_ref().unwrap_or(&self.user).clone();
        LoginQuery::Login { client: self.client.clone(), id }
    }

    /// The queries that select this login.
    fn queries(&self) -> Vec<LoginQuery> {
        let mut queries = vec![self.own_query()];
        if let Some(sub) = &self.sub {
            let (client, sub) = (self.client.clone(), sub.clone());
            queries.push(LoginQuery::ClientSubject { client, sub });
        }
        if let (Some(issuer), Some(sub)) = (&self.issuer, &self.sub) {
            let (issuer, sub) = (issuer.clone(), sub.clone());
            queries.push(LoginQuery::IssuerSubject { issuer, sub });
        }
        if let (Some(issuer), Some(sid)) = (&self.issuer, &self.sid) {
            let (issuer, sid) = (issuer.clone(), sid.clone());
            queries.push(LoginQuery::Session { issuer, sid });
        }
        queries
    }

    /// Whether the login was ended. Always false for a login with a row of its own.
    pub(super) async fn is_over(&self, client: &RegisteredClient) -> Result<bool> {
        if self.place == TokenPlace::LoginRow {
            return Ok(false);
        }
        let began = self.logged_in_at();
        let ended = client.token_store().logins_ended_at(&self.queries()).await?;
        Ok(ended.is_some_and(|ended| began <= ended))
    }

    /// Ends this login, and no other one. The session no longer has it; a copy of the session may.
    pub(super) async fn end(&self, client: &RegisteredClient) {
        self.end_in(client.token_store(), client.now(), client.login_lifetime()).await;
    }

    /// As [`end`](Self::end), for a login that stays in the session.
    ///
    /// # Errors
    ///
    /// Those of the token store.
    pub(super) async fn try_end(&self, client: &RegisteredClient) -> Result<()> {
        self.try_end_in(client.token_store(), client.now(), client.login_lifetime()).await
    }

    /// As [`end`](Self::end), also if its client is no longer registered.
    pub(super) async fn end_in(
        &self,
        tokens: &dyn TokenStore,
        now: SystemTime,
        lifetime: Duration,
    ) {
        if let Err(error) = self.try_end_in(tokens, now, lifetime).await {
            let message = match self.place {
                TokenPlace::LoginRow => "token not deleted",
                _ => "login not ended in the token store",
            };
            tracing::warn!(client = self.client, error = %error.report(), "{message}");
        }
    }

    async fn try_end_in(
        &self,
        tokens: &dyn TokenStore,
        now: SystemTime,
        lifetime: Duration,
    ) -> Result<()> {
        if self.place == TokenPlace::LoginRow {
            return tokens.delete(&self.owner()).await;
        }
        // Not before it began by the clock of another host.
        let at = now.max(self.logged_in_at());
        tokens.end_logins(&self.own_query(), at, lifetime).await
    }
}
