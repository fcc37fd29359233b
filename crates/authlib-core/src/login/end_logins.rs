//! Ending logins on the server: of one user, of one session at the provider, or by a logout token. A login is in effect as
//! long as its row is in the token store, or the store does not say that it ended; so it ends in every browser and on every
//! replica.

use super::{Identity, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::oidc::logout_token::LogoutToken;
use crate::params::Params;
use crate::registry::{OAuth, RegisteredClient};
use crate::store::{LoginQuery, TokenOwner, TokenStore};

/// The longest `sid` of a front-channel logout request, in bytes.
const MAX_SID: usize = 512;

impl OAuth {
    /// The logins of a user that have a row of their own, in all browsers: the keys of their tokens. Logins by
    /// [`log_in_as`](crate::adapter::LoginCallback::log_in_as), and logins without a token
    /// ([`keep_token`](crate::ClientConfig::keep_token)), are in the browsers' sessions only.
    ///
    /// # Errors
    ///
    /// Those of [`TokenStore::find_rows`](crate::store::TokenStore::find_rows).
    pub async fn logins_of(&self, identity: &Identity) -> Result<Vec<TokenOwner>> {
        find_logins(self.token_store(), &self.query_of(identity).await?).await
    }

    async fn query_of(&self, identity: &Identity) -> Result<LoginQuery> {
        let (name, sub) = (identity.issuer.clone(), identity.subject.clone());
        // An identity without an issuer has the client's name. A URL is an issuer, for which no source is asked.
        let client = match name.contains("://") {
            true => self.client(&name),
            false => self.find_client(&name).await,
        };
        match client.as_ref().map_err(Error::kind) {
            Ok(_) | Err(ErrorKind::Config) => Ok(LoginQuery::ClientSubject { client: name, sub }),
            Err(ErrorKind::UnknownClient) => Ok(LoginQuery::IssuerSubject { issuer: name, sub }),
            Err(_) => client.map(|_| LoginQuery::ClientSubject { client: name, sub }),
        }
    }

    /// Ends all logins of a user, in all browsers and on all replicas: "log out everywhere", or a ban. Returns
    /// how many rows of logins were deleted. Their tokens are not revoked at the provider. The tokens of the
    /// application's users stay, for background jobs:
    /// [`disconnect`](crate::RegisteredClient::disconnect) deletes one.
    ///
    /// # Errors
    ///
    /// Those of [`logins_of`](Self::logins_of) and of the token store.
    pub async fn end_logins(&self, identity: &Identity) -> Result<usize> {
        let query = self.query_of(identity).await?;
        let (tokens, lifetime) = (self.token_store(), self.login_lifetime());
        tokens.end_logins(&query, self.now(), lifetime).await?;
        let keeps = |client: RegisteredClient| client.settings().kept_claims.is_none();
        let keep_tokens = || self.has_client_source() || self.clients().any(keeps);
        let logins = match find_logins(tokens, &query).await {
            Err(error) if has_no_lookup(&error) && !keep_tokens() => Vec::new(),
            found => found?,
        };
        delete_all(tokens, &logins).await?;
        tracing::info!(logins = logins.len(), "all logins of a user ended");
        Ok(logins.len())
    }
}

/// Ends the logins that a verified logout token names (OpenID Connect Back-Channel Logout 1.0 §2.7): those of its
/// `sid`, or without one those of its `sub`. Returns how many ended.
///
/// # Errors
///
/// [`ErrorKind::InvalidIdToken`] if the token was used before, and those of the token store.
pub async fn back_channel_logout(client: &RegisteredClient, token: &LogoutToken) -> Result<usize> {
    let issuer = token.issuer.clone();
    let query = match (&token.sid, &token.sub) {
        (Some(sid), _) => LoginQuery::Session { issuer, sid: sid.clone() },
        (None, sub) => LoginQuery::IssuerSubject { issuer, sub: sub.clone().unwrap_or_default() },
    };
    let tokens = client.token_store();
    if client.is_logout_token_used(token) {
        let check = "the logout token was used before (`jti`, Back-Channel Logout §2.6 step 7)";
        return Err(Error::new(ErrorKind::InvalidIdToken, check));
    }
    let logins = find_logins_of(client, &query).await?;
    tokens.end_logins(&query, client.now(), client.login_lifetime()).await?;
    delete_all(tokens, &logins).await?;
    // Only now: the provider may repeat a request that failed.
    client.mark_logout_token_used(token);
    tracing::info!(client = client.name(), logins = logins.len(), "back-channel logout");
    Ok(logins.len())
}

/// Ends the logins of a session at the provider (OpenID Connect Front-Channel Logout 1.0 §3): the query has `iss`
/// and `sid`, which are those of this browser's login or, because browsers send no `Lax` cookie from a frame
/// of another site, of a login in the token store. Returns how many ended.
///
/// # Errors
///
/// [`ErrorKind::InvalidRequest`] if `iss` or `sid` is missing or repeated, as any site could log the user out without
/// them, if `iss` is not the client's issuer, or `sid` longer than 512 bytes. [`ErrorKind::Store`] if there are too many
/// requests for sessions in which no login is found: each is remembered, and anybody can send them. Those of the session
/// and the token store.
pub async fn front_channel_logout(
    client: &RegisteredClient,
    session: &impl Session,
    query: Option<&str>,
) -> Result<usize> {
    let params = Params::parse(query.unwrap_or_default());
    let required = |name| {
        let value =
            params.only(name).map_err(|cause| Error::new(ErrorKind::InvalidRequest, cause))?;
        value.filter(|value| !value.is_empty()).map(str::to_owned).ok_or_else(|| {
            let check = format!("the front-channel logout request has no `{name}`");
            Error::new(ErrorKind::InvalidRequest, check).with_hint(
                "register `frontchannel_logout_session_required` as true at the provider",
            )
        })
    };
    let (issuer, sid) = (required("iss")?, required("sid")?);
    let issuers = &client.settings().issuers;
    let refused = |check: &str| Err(Error::new(ErrorKind::InvalidRequest, check));
    if !issuers.is_provider(&issuer) {
        return refused("`iss` of the front-channel logout request is not the client's issuer");
    }
    if sid.len() > MAX_SID {
        return refused("`sid` of the front-channel logout request is longer than 512 bytes");
    }
    let issuer = issuers.canonical(&issuer).to_owned();
    let state = session.load().await?.unwrap_or_default();
    let own = state
        .login(client.name())
        .filter(|login| login.issuer.as_ref() == Some(&issuer) && login.sid.as_ref() == Some(&sid));
    let tokens = client.token_store();
    let ended = match own {
        Some(login) => {
            login.try_end(client).await?;
            1
        }
        None => {
            let query = LoginQuery::Session { issuer, sid };
            let logins = find_logins_of(client, &query).await?;
            if logins.is_empty() && !client.unknown_sessions().admit(client.now()) {
                let check = "too many front-channel logout requests for sessions without a login";
                return Err(Error::new(ErrorKind::Store, check)
                    .with_hint("use back-channel logout, whose requests are signed"));
            }
            tokens.end_logins(&query, client.now(), client.login_lifetime()).await?;
            delete_all(tokens, &logins).await?;
            logins.len()
        }
    };
    tracing::info!(client = client.name(), logins = ended, "front-channel logout");
    Ok(ended)
}

/// The rows of logins that the query selects. The tokens of the application's users stay.
async fn find_logins(tokens: &dyn TokenStore, query: &LoginQuery) -> Result<Vec<TokenOwner>> {
    let found = tokens.find_rows(query).await?;
    Ok(found.into_iter().filter(|row| row.is_login).map(|row| row.owner).collect())
}

/// The rows of logins that the query selects. A client that keeps no tokens does not need a store with a lookup.
async fn find_logins_of(client: &RegisteredClient, query: &LoginQuery) -> Result<Vec<TokenOwner>> {
    match find_logins(client.token_store(), query).await {
        Err(error) if has_no_lookup(&error) && client.settings().kept_claims.is_some() => {
            Ok(Vec::new())
        }
        found => found,
    }
}

fn has_no_lookup(error: &Error) -> bool {
    error.kind() == ErrorKind::Unsupported
}

async fn delete_all(tokens: &dyn TokenStore, logins: &[TokenOwner]) -> Result<()> {
    for login in logins {
        tokens.delete(login).await?;
    }
    Ok(())
}
