//! [`TokenStore`] of [`SqlxStore`].

use std::time::{Duration, SystemTime};

use authlib_core::store::{
    FoundRow, Lease, LoginQuery, ReplaceOutcome, RowEnd, TokenOwner, TokenRow, TokenStore,
    from_unix_millis, millis, unix_millis,
};
use authlib_core::transport::BoxFuture;
use authlib_core::{Error, ErrorKind, Result, RowEncryption, Token};

use crate::pool::args;
use crate::statements::KEPT_FOR_FENCE;
use crate::store::SqlxStore;

/// How many keys one statement looks up.
const KEYS: usize = 4;

impl TokenStore for SqlxStore {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        Box::pin(async move {
            let unused = RowEnd::of(&Token::bearer(""), None, self.unused_for);
            let args = args![&owner.client, &owner.user, unused.noted_below()];
            let row =
                self.pool.text_and_number(&self.statements.load, &self.with_now(args)).await?;
            let Some((text, is_due)) = row else { return Ok(None) };
            let token = self.encryption.open_token(owner, &text)?;
            let end = RowEnd::of(&token, None, self.unused_for);
            if is_due != 0 && end.at.is_none() {
                self.touch(owner, &token, end).await;
            }
            Ok(Some(token))
        })
    }

    fn save<'a>(&'a self, row: &'a TokenRow) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let TokenRow { owner, token, is_login, issuer, sub, sid, lifetime, .. } = row;
            let text = self.encryption.seal_token(owner, token)?;
            let hash = RowEncryption::fingerprint(token);
            let refresh_hash = LoginQuery::fingerprint(&owner.client, token);
            let end = RowEnd::of(token, *lifetime, self.unused_for);
            let args = args![
                &owner.client,
                &owner.user,
                &text,
                &hash,
                &refresh_hash,
                *is_login,
                issuer,
                sub,
                sid,
                lifetime.map(millis),
                end.at,
                end.after,
            ];
            self.pool.execute(&self.statements.save, &self.with_now(args)).await?;
            self.sweep().await;
            Ok(())
        })
    }

    fn replace<'a>(
        &'a self,
        lease: &'a Lease,
        old: Option<&'a Token>,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<ReplaceOutcome>> {
        Box::pin(async move {
            let owner = lease.owner();
            let text = self.encryption.seal_token(owner, new)?;
            let (hash, old) =
                (RowEncryption::fingerprint(new), old.map(RowEncryption::fingerprint));
            let refresh_hash = LoginQuery::fingerprint(&owner.client, new);
            let end = RowEnd::of(new, None, self.unused_for);
            let fence = number_of(lease)?;
            let args = args![
                &owner.client,
                &owner.user,
                &text,
                &hash,
                &refresh_hash,
                end.at,
                end.after,
                fence,
            ];
            let mut args = self.with_now(args);
            let sql = match &old {
                Some(old) => {
                    args.push(old.into());
                    &self.statements.replace
                }
                None => &self.statements.replace_absent,
            };
            if self.pool.execute(sql, &args).await? > 0 {
                return Ok(ReplaceOutcome::Replaced);
            }
            Ok(ReplaceOutcome::Conflict(self.load(owner).await?.map(Box::new)))
        })
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let args = args![&owner.client, &owner.user, KEPT_FOR_FENCE];
            self.pool.execute(&self.statements.delete, &self.with_now(args)).await?;
            Ok(())
        })
    }

    fn find_rows<'a>(&'a self, query: &'a LoginQuery) -> BoxFuture<'a, Result<Vec<FoundRow>>> {
        Box::pin(async move {
            let (sql, of, id) = match query {
                LoginQuery::ClientSubject { client, sub } => {
                    (&self.statements.find_client_sub, client, sub)
                }
                LoginQuery::IssuerSubject { issuer, sub } => {
                    (&self.statements.find_issuer_sub, issuer, sub)
                }
                LoginQuery::Session { issuer, sid } => {
                    (&self.statements.find_issuer_sid, issuer, sid)
                }
                LoginQuery::RefreshToken { client, fingerprint } => {
                    (&self.statements.find_refresh_token, client, fingerprint)
                }
                _ => return Err(Error::new(ErrorKind::Unsupported, "the lookup is not known")),
            };
            let rows = self.pool.found(sql, &self.with_now(args![of, id])).await?;
            let found = rows.into_iter().map(|(client, user, is_login)| {
                FoundRow::new(TokenOwner::new(client, user), is_login)
            });
            Ok(found.collect())
        })
    }

    fn end_logins<'a>(
        &'a self,
        query: &'a LoginQuery,
        at: SystemTime,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let key = query.key();
            let args = args![&key, unix_millis(at), millis(lifetime)];
            self.pool.execute(&self.statements.end_logins, &self.with_now(args)).await?;
            self.sweep().await;
            Ok(())
        })
    }

    fn logins_ended_at<'a>(
        &'a self,
        queries: &'a [LoginQuery],
    ) -> BoxFuture<'a, Result<Option<SystemTime>>> {
        Box::pin(async move {
            let mut latest = None;
            for queries in queries.chunks(KEYS) {
                let mut keys = queries.iter().map(|query| Some(query.key()));
                let keys: [Option<String>; KEYS] = std::array::from_fn(|_| keys.next().flatten());
                let args = self.with_now(&keys.each_ref().map(Into::into));
                let ended = self.pool.number(&self.statements.logins_ended_at, &args).await?;
                latest = latest.max(ended);
            }
            Ok(latest.and_then(from_unix_millis))
        })
    }

    fn acquire<'a>(
        &'a self,
        owner: &'a TokenOwner,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>>> {
        Box::pin(async move {
            let args = args![&owner.client, &owner.user, millis(ttl), KEPT_FOR_FENCE];
            let fence = self.pool.number(&self.statements.acquire, &self.with_now(args)).await?;
            self.sweep().await;
            let fence = fence.and_then(|fence| u64::try_from(fence).ok());
            Ok(fence.map(|fence| Lease::new(owner.clone(), fence)))
        })
    }

    fn release(&self, lease: Lease) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let (owner, fence) = (lease.owner(), number_of(&lease)?);
            let args = args![&owner.client, &owner.user, fence];
            self.pool.execute(&self.statements.release, args).await?;
            Ok(())
        })
    }
}

impl SqlxStore {
    /// Notes that a token was used. If it can't be noted, the token is valid all the same.
    async fn touch(&self, owner: &TokenOwner, token: &Token, end: RowEnd) {
        let hash = RowEncryption::fingerprint(token);
        let args = args![&owner.client, &owner.user, end.after, &hash];
        let noted = self.pool.execute(&self.statements.touch, &self.with_now(args)).await;
        if let Err(error) = noted {
            tracing::warn!(client = owner.client, error = %error.report(), "could not record the use of a token");
        }
    }
}

fn number_of(lease: &Lease) -> Result<i64> {
    let number = i64::try_from(lease.fencing_number());
    number.map_err(|_| Error::new(ErrorKind::Store, "the lease belongs to another store"))
}
