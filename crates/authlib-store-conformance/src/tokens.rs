//! The cases of [`TokenStore`].

use std::time::{Duration, SystemTime};

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::{CALLERS, Case, SLACK, TTL, Violation, ensure};
use authlib_core::Token;
use authlib_core::clock::Clock;
use authlib_core::store::{
    FoundRow, Lease, LoginQuery, ReplaceOutcome, StoredToken, TokenOwner, TokenRow, TokenStore,
};
use authlib_core::transport::BoxFuture;
use authlib_core::{ErrorKind, Result as CoreResult};

type Run = for<'a> fn(&'a Bench<'a>) -> BoxFuture<'a, Case>;

pub(super) const CASES: &[(&str, Run)] = &[
    ("load returns what save stored", |bench| Box::pin(bench.unchanged())),
    ("owners are compared byte by byte", |bench| Box::pin(bench.owners())),
    ("delete removes the row of one owner", |bench| Box::pin(bench.delete())),
    ("replace compares the stored token", |bench| Box::pin(bench.replace())),
    ("replace without an old token needs an absent one", |bench| Box::pin(bench.first_token())),
    ("one of several concurrent replacements wins", |bench| Box::pin(bench.replace_race())),
    ("a lease is exclusive until it is released", |bench| Box::pin(bench.exclusive())),
    ("one of several concurrent callers acquires the lease", |bench| Box::pin(bench.lease_race())),
    ("a lease expires after its ttl", |bench| Box::pin(bench.lease_expires())),
    ("fencing numbers grow", |bench| Box::pin(bench.fencing())),
    ("replace rejects a lease that was followed by another", |bench| {
        Box::pin(bench.late_replace())
    }),
    ("a late release does not end the next lease", |bench| Box::pin(bench.late_release())),
    ("save and delete need no lease and end none", |bench| Box::pin(bench.without_lease())),
    ("a row is gone after its lifetime", |bench| Box::pin(bench.lifetime())),
    ("replace restarts the lifetime", |bench| Box::pin(bench.lifetime_restarts())),
    ("rows are found by `sub` and `sid`", |bench| Box::pin(bench.rows())),
    ("rows are found by their refresh token", |bench| Box::pin(bench.refresh_token())),
    ("ended logins are remembered by query", |bench| Box::pin(bench.ended())),
    ("ended logins are forgotten after their lifetime", |bench| Box::pin(bench.ended_lifetime())),
];

pub(super) struct Bench<'a> {
    pub(super) store: &'a dyn TokenStore,
    pub(super) clock: &'a dyn Clock,
    pub(super) case: &'a str,
}

impl Bench<'_> {
    async fn unchanged(&self) -> Case {
        let owner = self.owner("user").await?;
        ensure(self.loaded(&owner).await?.is_none(), "a token was loaded that was never saved")?;
        for token in [full_token(), Token::bearer("2"), full_token()] {
            self.save(&owner, &token).await?;
            let loaded = self.store.load(&owner).await?.map(as_json);
            ensure(
                loaded == Some(as_json(token)),
                "the token was changed, lost or not overwritten",
            )?;
        }
        Ok(())
    }

    async fn owners(&self) -> Case {
        let owner = self.owner("user").await?;
        self.save(&owner, &Token::bearer("1")).await?;
        for user in ["USER", "user ", " user", "use", "ùser", "%"] {
            let other = TokenOwner::new(owner.client.clone(), user);
            ensure(self.loaded(&other).await?.is_none(), "another user's token was loaded")?;
        }
        let other = TokenOwner::new(owner.client.to_uppercase(), "user");
        ensure(self.loaded(&other).await?.is_none(), "another client's token was loaded")
    }

    async fn delete(&self) -> Case {
        let (owner, other) = (self.owner("user").await?, self.owner("other").await?);
        self.save(&owner, &Token::bearer("1")).await?;
        self.save(&other, &Token::bearer("2")).await?;
        self.store.delete(&owner).await?;
        self.store.delete(&owner).await?;
        ensure(self.loaded(&owner).await?.is_none(), "the token is still there")?;
        ensure(self.loaded(&other).await?.is_some(), "another owner's token was deleted")
    }

    async fn replace(&self) -> Case {
        let owner = self.owner("user").await?;
        let (first, second, third) = (full_token(), Token::bearer("2"), Token::bearer("3"));
        self.save(&owner, &first).await?;
        let lease = self.acquire(&owner).await?;
        let replaced = self.store.replace(&lease, Some(&first), &second).await?;
        ensure(is_replaced(&replaced), "the stored token was not replaced")?;
        ensure(self.loaded(&owner).await?.as_deref() == Some("2"), "the new token was not stored")?;
        let conflict = self.store.replace(&lease, Some(&first), &third).await?;
        ensure(conflict_with(&conflict) == Some("2"), "the conflict must return the stored token")?;
        ensure(
            self.loaded(&owner).await?.as_deref() == Some("2"),
            "a newer token was overwritten",
        )?;
        self.store.delete(&owner).await?;
        let conflict = self.store.replace(&lease, Some(&second), &third).await?;
        ensure(matches!(conflict, ReplaceOutcome::Conflict(None)), "there is no token to return")?;
        ensure(self.loaded(&owner).await?.is_none(), "a deleted row was created again")?;
        self.store.release(lease).await.map_err(Into::into)
    }

    async fn first_token(&self) -> Case {
        let owner = self.owner("user").await?;
        let lease = self.acquire(&owner).await?;
        ensure(self.loaded(&owner).await?.is_none(), "a lease alone is not a token")?;
        let replaced = self.store.replace(&lease, None, &Token::bearer("1")).await?;
        ensure(is_replaced(&replaced), "the first token was not stored")?;
        ensure(self.loaded(&owner).await?.as_deref() == Some("1"), "the first token was lost")?;
        let conflict = self.store.replace(&lease, None, &Token::bearer("2")).await?;
        ensure(conflict_with(&conflict) == Some("1"), "the stored token was overwritten")?;
        self.store.release(lease).await.map_err(Into::into)
    }

    async fn replace_race(&self) -> Case {
        let owner = self.owner("user").await?;
        let (old, new) = (Token::bearer("old"), Token::bearer("new"));
        self.save(&owner, &old).await?;
        let lease = self.acquire(&owner).await?;
        let race = (0..CALLERS).map(|_| self.store.replace(&lease, Some(&old), &new));
        let outcomes = try_join_all(race).await?;
        let winners = outcomes.iter().filter(|outcome| is_replaced(outcome)).count();
        self.store.release(lease).await?;
        ensure(winners == 1, "comparison and writing must be one step")
    }

    async fn exclusive(&self) -> Case {
        let (owner, other) = (self.owner("user").await?, self.owner("other").await?);
        let lease = self.acquire(&owner).await?;
        let second = self.store.acquire(&owner, TTL).await?;
        ensure(second.is_none(), "the lease was granted twice")?;
        ensure(*lease.owner() == owner, "the lease is another owner's")?;
        let others = self.acquire(&other).await?;
        self.store.release(lease).await?;
        let next = self.acquire(&owner).await?;
        self.store.release(next).await?;
        self.store.release(others).await.map_err(Into::into)
    }

    async fn lease_race(&self) -> Case {
        let owner = self.owner("user").await?;
        let race = (0..CALLERS).map(|_| self.store.acquire(&owner, TTL));
        let leases: Vec<_> = try_join_all(race).await?.into_iter().flatten().collect();
        ensure(leases.len() == 1, "the lease must be granted to one caller")?;
        try_join_all(leases.into_iter().map(|lease| self.store.release(lease))).await?;
        Ok(())
    }

    async fn lease_expires(&self) -> Case {
        let owner = self.owner("user").await?;
        let lost = self.acquire(&owner).await?;
        self.clock.sleep(TTL + SLACK).await;
        let next = self.acquire(&owner).await?;
        self.store.release(next).await?;
        self.store.release(lost).await.map_err(Into::into)
    }

    async fn fencing(&self) -> Case {
        let owner = self.owner("user").await?;
        self.save(&owner, &Token::bearer("1")).await?;
        let mut last = None;
        for round in 0..4 {
            if round == 2 {
                self.store.delete(&owner).await?;
            }
            let lease = self.acquire(&owner).await?;
            let number = Some(lease.fencing_number());
            ensure(number > last, "a later lease needs a greater fencing number")?;
            last = number;
            self.store.release(lease).await?;
        }
        Ok(())
    }

    async fn late_replace(&self) -> Case {
        let owner = self.owner("user").await?;
        let (old, new) = (Token::bearer("old"), Token::bearer("new"));
        self.save(&owner, &old).await?;
        let late = self.acquire(&owner).await?;
        self.clock.sleep(TTL + SLACK).await;
        let next = self.acquire(&owner).await?;
        let conflict = self.store.replace(&late, Some(&old), &new).await?;
        ensure(conflict_with(&conflict) == Some("old"), "a late holder overwrote its successor")?;
        let replaced = self.store.replace(&next, Some(&old), &new).await?;
        ensure(is_replaced(&replaced), "the successor could not store its token")?;
        self.store.release(next).await.map_err(Into::into)
    }

    async fn late_release(&self) -> Case {
        let owner = self.owner("user").await?;
        let late = self.acquire(&owner).await?;
        self.clock.sleep(TTL + SLACK).await;
        let next = self.acquire(&owner).await?;
        self.store.release(late).await?;
        let third = self.store.acquire(&owner, TTL).await?;
        ensure(third.is_none(), "the release of an expired lease ended the next one")?;
        self.store.release(next).await.map_err(Into::into)
    }

    async fn without_lease(&self) -> Case {
        let owner = self.owner("user").await?;
        let (old, new) = (Token::bearer("old"), Token::bearer("new"));
        self.save(&owner, &old).await?;
        let lease = self.acquire(&owner).await?;
        self.save(&owner, &Token::bearer("login")).await?;
        ensure(self.loaded(&owner).await?.as_deref() == Some("login"), "a login was not stored")?;
        let conflict = self.store.replace(&lease, Some(&old), &new).await?;
        ensure(conflict_with(&conflict) == Some("login"), "a login was overwritten by a refresh")?;
        self.store.delete(&owner).await?;
        ensure(self.loaded(&owner).await?.is_none(), "a logout did not delete the token")?;
        let second = self.store.acquire(&owner, TTL).await?;
        ensure(second.is_none(), "a login or a logout ended the lease")?;
        self.store.release(lease).await.map_err(Into::into)
    }

    async fn lifetime(&self) -> Case {
        let (owner, kept) = (self.owner("user").await?, self.owner("kept").await?);
        let row = self.login(&owner, Token::bearer("1"));
        self.store.save(&row).await?;
        self.save(&kept, &Token::bearer("1")).await?;
        ensure(self.loaded(&owner).await?.is_some(), "the row was gone at once")?;
        self.clock.sleep(TTL + SLACK).await;
        ensure(self.loaded(&owner).await?.is_none(), "the row was loaded after its lifetime")?;
        ensure(self.loaded(&kept).await?.is_some(), "a row without a lifetime was dropped")?;
        let query = LoginQuery::ClientSubject { client: owner.client, sub: "sub".to_owned() };
        ensure(self.find(&query).await?.is_none_or(|found| found.is_empty()), "it was found")
    }

    async fn lifetime_restarts(&self) -> Case {
        let owner = self.owner("user").await?;
        let (old, new) = (Token::bearer("old"), Token::bearer("new"));
        let mut row = self.login(&owner, old.clone());
        row.lifetime = Some(TTL * 2);
        self.store.save(&row).await?;
        self.clock.sleep(TTL).await;
        let lease = self.acquire(&owner).await?;
        let replaced = self.store.replace(&lease, Some(&old), &new).await?;
        ensure(is_replaced(&replaced), "the token was not replaced")?;
        self.store.release(lease).await?;
        self.clock.sleep(TTL + SLACK).await;
        ensure(self.loaded(&owner).await?.is_some(), "the lifetime did not restart")?;
        self.clock.sleep(TTL).await;
        ensure(self.loaded(&owner).await?.is_none(), "the row lost its lifetime")
    }

    async fn rows(&self) -> Case {
        let (owner, kept) = (self.owner("user").await?, self.owner("kept").await?);
        let row = self.login(&owner, Token::bearer("1"));
        self.store.save(&row).await?;
        let (client, sub) = (owner.client.clone(), "sub".to_owned());
        let (issuer, sid) = (row.issuer.clone().unwrap_or_default(), "sid".to_owned());
        let same = [
            LoginQuery::ClientSubject { client: client.clone(), sub: sub.clone() },
            LoginQuery::IssuerSubject { issuer: issuer.clone(), sub: sub.clone() },
            LoginQuery::Session { issuer: issuer.clone(), sid: sid.clone() },
        ];
        let other = || "SUB".to_owned();
        let different = [
            LoginQuery::ClientSubject { client, sub: other() },
            LoginQuery::ClientSubject { client: other(), sub: sub.clone() },
            LoginQuery::IssuerSubject { issuer: issuer.clone(), sub: other() },
            LoginQuery::IssuerSubject { issuer: other(), sub },
            LoginQuery::Session { issuer, sid: other() },
            LoginQuery::Session { issuer: other(), sid },
        ];
        for query in &same {
            let found = self.find(query).await?;
            let login = FoundRow::new(owner.clone(), true);
            ensure(found.is_none_or(|found| found == [login]), "a login was not found")?;
        }
        for query in &different {
            let found = self.find(query).await?;
            ensure(found.is_none_or(|found| found.is_empty()), "another login was found")?;
        }
        self.store.delete(&owner).await?;
        self.save(&owner, &Token::bearer("1")).await?;
        for query in &same {
            let found = self.find(query).await?;
            ensure(found.is_none_or(|found| found.is_empty()), "a deleted login was found")?;
        }
        let mut row = self.login(&kept, Token::bearer("1"));
        row.is_login = false;
        self.store.save(&row).await?;
        let lease = self.acquire(&kept).await?;
        self.store.replace(&lease, Some(&row.token), &Token::bearer("2")).await?;
        self.store.release(lease).await?;
        for query in &same {
            let found = self.find(query).await?;
            let row = FoundRow::new(kept.clone(), false);
            ensure(
                found.is_none_or(|found| found == [row]),
                "a user's token was not found as it is",
            )?;
        }
        Ok(())
    }

    async fn refresh_token(&self) -> Case {
        let (owner, other) = (self.owner("user").await?, self.owner("other").await?);
        let token = |access_token: &str, refresh_token: Option<&str>| {
            let mut token = Token::bearer(access_token);
            token.refresh_token = refresh_token.map(Into::into);
            token
        };
        let query = |client: &str, refresh_token: &str| {
            let token = token("", Some(refresh_token));
            let fingerprint = LoginQuery::fingerprint(client, &token).unwrap_or_default();
            LoginQuery::RefreshToken { client: client.to_owned(), fingerprint }
        };
        let found = async |refresh_token: &str, expected: &[&TokenOwner]| {
            let found = self.find(&query(&owner.client, refresh_token)).await?;
            let Some(mut found) = found else { return Ok(()) };
            let mut expected: Vec<_> =
                expected.iter().map(|owner| FoundRow::new((*owner).clone(), false)).collect();
            found.sort_by(|one, other| one.owner.user.cmp(&other.owner.user));
            expected.sort_by(|one, other| one.owner.user.cmp(&other.owner.user));
            ensure(found == expected, "not the rows with a refresh token were found")
        };
        self.save(&owner, &token("1", Some("one"))).await?;
        self.save(&other, &token("2", Some("one"))).await?;
        found("one", &[&owner, &other]).await?;
        found("ONE", &[]).await?;
        let elsewhere = self.find(&query("another client", "one")).await?;
        ensure(
            elsewhere.is_none_or(|found| found.is_empty()),
            "the row of another client was found by its refresh token",
        )?;
        let lease = self.acquire(&owner).await?;
        let (old, new) = (token("1", Some("one")), token("3", Some("two")));
        self.store.replace(&lease, Some(&old), &new).await?;
        found("one", &[&other]).await?;
        found("two", &[&owner]).await?;
        self.store.replace(&lease, Some(&new), &token("4", None)).await?;
        self.store.release(lease).await?;
        found("two", &[]).await?;
        self.store.delete(&other).await?;
        found("one", &[]).await?;
        self.save(&other, &token("5", None)).await?;
        found("one", &[]).await
    }

    async fn ended(&self) -> Case {
        let [ended, other, unknown] = self.queries("ended");
        let second =
            |number: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(number * 1000 + 1);
        if self.end(&ended, second(20)).await?.is_none() {
            return Ok(());
        }
        self.end(&other, second(10)).await?;
        for (queries, expected) in [
            (std::slice::from_ref(&ended), Some(second(20))),
            (std::slice::from_ref(&other), Some(second(10))),
            (&[other.clone(), ended.clone(), unknown.clone()], Some(second(20))),
            (std::slice::from_ref(&unknown), None),
            (&[], None),
        ] {
            let at = self.store.logins_ended_at(queries).await?;
            ensure(at == expected, "the time is not that of the query")?;
        }
        self.end(&ended, second(15)).await?;
        let at = self.store.logins_ended_at(std::slice::from_ref(&ended)).await?;
        ensure(at == Some(second(20)), "an earlier time replaced a later one")?;
        self.end(&ended, second(30)).await?;
        let at = self.store.logins_ended_at(std::slice::from_ref(&ended)).await?;
        ensure(at == Some(second(30)), "a later time was not stored")
    }

    async fn ended_lifetime(&self) -> Case {
        let [ended, ..] = self.queries("lifetime");
        if self.end(&ended, SystemTime::UNIX_EPOCH).await?.is_none() {
            return Ok(());
        }
        self.clock.sleep(TTL + SLACK).await;
        let at = self.store.logins_ended_at(&[ended]).await?;
        ensure(at.is_none(), "it was remembered after its lifetime")
    }

    /// Queries that no other run has used.
    fn queries(&self, name: &str) -> [LoginQuery; 3] {
        let since = self.clock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let issuer = format!("https://{name}-{}.example", since.as_nanos());
        let (sub, sid) = ("id".to_owned(), "id".to_owned());
        [
            LoginQuery::IssuerSubject { issuer: issuer.clone(), sub: sub.clone() },
            LoginQuery::Session { issuer: issuer.clone(), sid },
            LoginQuery::ClientSubject { client: issuer, sub },
        ]
    }

    /// Ends the logins of a query; `None` if the store says that it can't.
    async fn end(&self, query: &LoginQuery, at: SystemTime) -> CoreResult<Option<()>> {
        match self.store.end_logins(query, at, TTL).await {
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
            ended => ended.map(Some),
        }
    }

    /// An owner of this case, without a token.
    async fn owner(&self, user: &str) -> CoreResult<TokenOwner> {
        let owner = TokenOwner::new(format!("conformance-{}", self.case), user);
        self.store.delete(&owner).await?;
        Ok(owner)
    }

    async fn save(&self, owner: &TokenOwner, token: &Token) -> CoreResult<()> {
        self.store.save(&TokenRow::new(owner.clone(), token.clone())).await
    }

    fn login(&self, owner: &TokenOwner, token: Token) -> TokenRow {
        let mut row = TokenRow::new(owner.clone(), token);
        row.is_login = true;
        row.issuer = Some(format!("https://{}.example", self.case));
        (row.sub, row.sid) = (Some("sub".to_owned()), Some("sid".to_owned()));
        row.lifetime = Some(TTL);
        row
    }

    async fn loaded(&self, owner: &TokenOwner) -> CoreResult<Option<String>> {
        let token = self.store.load(owner).await?;
        Ok(token.map(|token| token.access_token.expose().to_owned()))
    }

    async fn acquire(&self, owner: &TokenOwner) -> Result<Lease, Violation> {
        let lease = self.store.acquire(owner, TTL).await?;
        lease.ok_or_else(|| Violation("a free lease was not granted".to_owned()))
    }

    /// The rows that a query finds; `None` if the store says that it has no lookup.
    async fn find(&self, query: &LoginQuery) -> CoreResult<Option<Vec<FoundRow>>> {
        match self.store.find_rows(query).await {
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
            found => found.map(Some),
        }
    }
}

/// A token with every member.
fn full_token() -> Token {
    let stored: Result<StoredToken, _> = serde_json::from_value(json!({
        "access_token": "access-token ' ü",
        "token_type": "Bearer",
        "expires_at": 2_000_000_000,
        "refresh_token": "refresh-token",
        "scope": "openid email",
        "id_token": "a.b.c",
        "token_secret": "token-secret",
        "claims": { "iss": "https://op.example", "sub": "sub" },
        "extra": { "extra": { "nested": [1, "ü"] } },
    }));
    stored.map_or_else(|_| Token::bearer("access-token"), Token::from)
}

fn as_json(token: Token) -> Value {
    serde_json::to_value(StoredToken::from(token)).unwrap_or_default()
}

fn is_replaced(outcome: &ReplaceOutcome) -> bool {
    matches!(outcome, ReplaceOutcome::Replaced)
}

/// The access token that a conflict returned.
fn conflict_with(outcome: &ReplaceOutcome) -> Option<&str> {
    match outcome {
        ReplaceOutcome::Conflict(token) => token.as_ref().map(|token| token.access_token.expose()),
        _ => None,
    }
}
