//! [`TokenStore`] of [`RedisStore`].

use std::time::{Duration, SystemTime};

use authlib_core::store::{
    FoundRow, Lease, LoginQuery, ReplaceOutcome, RowEnd, TokenOwner, TokenRow, TokenStore,
    from_unix_millis, millis, unix_millis,
};
use authlib_core::transport::BoxFuture;
use authlib_core::{Result, RowEncryption, Token, random_token};

use crate::index::{Places, RawPlaces};
use crate::store::RedisStore;

/// How long the last fencing number is kept after its lease.
const KEPT_FOR_FENCE: &str = "60000";

/// The fields of a row.
pub(crate) struct Row {
    pub(crate) text: String,
    places: Places,
    lifetime: Option<i64>,
    /// How long it is kept.
    left: i64,
}

type RawRow = (
    String,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    i64,
);

impl TokenStore for RedisStore {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        Box::pin(async move {
            let Some(row) = self.row(owner).await? else { return Ok(None) };
            let token = self.encryption.open_token(owner, &row.text)?;
            if row.lifetime.is_none() {
                self.touch(owner, &token, &row).await;
            }
            Ok(Some(token))
        })
    }

    fn save<'a>(&'a self, row: &'a TokenRow) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (owner, token) = (&row.owner, &row.token);
            let places = Places {
                id: Some(random_token()?.expose().to_owned()),
                issuer: row.issuer.clone(),
                sub: row.sub.clone(),
                sid: row.sid.clone(),
                refresh: LoginQuery::fingerprint(&owner.client, token),
            };
            let end = RowEnd::of(token, row.lifetime, self.unused_for);
            let is_login = if row.is_login { "1" } else { "0" };
            let mut fields = self.fields(owner, token)?;
            fields.push(("is_login", is_login.to_owned()));
            let lifetime = row.lifetime.map(|lifetime| millis(lifetime).to_string());
            let Places { id, issuer, sub, sid, refresh: _ } = places.clone();
            let optional = [
                ("id", id),
                ("issuer", issuer),
                ("sub", sub),
                ("sid", sid),
                ("lifetime", lifetime),
            ];
            fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
            self.add_to_index(owner, &places, end).await?;
            let [at, after] = arguments_of(end);
            let mut arguments = vec![at.as_str(), &after];
            arguments.extend(flat(&fields));
            let key = self.owner_key(owner, "row");
            let old: RawPlaces =
                self.connection.run(&self.scripts.save, &[&key], &arguments).await?;
            self.remove_from_index(owner, &old.into()).await
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
            let end = RowEnd::of(new, None, self.unused_for);
            let refresh = LoginQuery::fingerprint(&owner.client, new);
            let row = self.row(owner).await?;
            if let Some(row) = &row {
                let lifetime = row.lifetime.and_then(|millis| u64::try_from(millis).ok());
                let lifetime = lifetime.map(Duration::from_millis);
                let places = Places { refresh: refresh.clone(), ..row.places.clone() };
                let end = RowEnd::of(new, lifetime, self.unused_for);
                self.add_to_index(owner, &places, end).await?;
            }
            let old = old.map(RowEncryption::fingerprint).unwrap_or_default();
            let (number, [at, after]) = (lease.fencing_number().to_string(), arguments_of(end));
            let fields = self.fields(owner, new)?;
            let mut arguments = vec![number.as_str(), &old, &at, &after];
            arguments.extend(flat(&fields));
            let keys = [self.owner_key(owner, "row"), self.owner_key(owner, "fence")];
            let keys = keys.each_ref().map(String::as_str);
            let is_replaced: bool =
                self.connection.run(&self.scripts.replace, &keys, &arguments).await?;
            if is_replaced {
                if let Some(row) = row {
                    self.refresh_token_replaced(owner, &row.places, refresh.as_ref()).await?;
                }
                return Ok(ReplaceOutcome::Replaced);
            }
            Ok(ReplaceOutcome::Conflict(self.load(owner).await?.map(Box::new)))
        })
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let key = self.owner_key(owner, "row");
            let old: RawPlaces = self.connection.run(&self.scripts.delete, &[&key], &[]).await?;
            self.remove_from_index(owner, &old.into()).await
        })
    }

    fn find_rows<'a>(&'a self, query: &'a LoginQuery) -> BoxFuture<'a, Result<Vec<FoundRow>>> {
        Box::pin(self.find(query))
    }

    fn end_logins<'a>(
        &'a self,
        query: &'a LoginQuery,
        at: SystemTime,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let key = self.key("ended", &query.key());
            let (at, lifetime) = (unix_millis(at).to_string(), millis(lifetime).max(1).to_string());
            self.connection.run(&self.scripts.end_logins, &[&key], &[&at, &lifetime]).await
        })
    }

    fn logins_ended_at<'a>(
        &'a self,
        queries: &'a [LoginQuery],
    ) -> BoxFuture<'a, Result<Option<SystemTime>>> {
        Box::pin(async move {
            let mut latest = None;
            for query in queries {
                let command = redis::cmd("GET").arg(self.key("ended", &query.key())).to_owned();
                let ended: Option<i64> = self.connection.query(&command).await?;
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
            let keys = [self.owner_key(owner, "lease"), self.owner_key(owner, "fence")];
            let keys = keys.each_ref().map(String::as_str);
            let ttl = millis(ttl).max(1).to_string();
            let arguments = [ttl.as_str(), KEPT_FOR_FENCE];
            let number: Option<u64> =
                self.connection.run(&self.scripts.acquire, &keys, &arguments).await?;
            Ok(number.map(|number| Lease::new(owner.clone(), number)))
        })
    }

    fn release(&self, lease: Lease) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let key = self.owner_key(lease.owner(), "lease");
            let number = lease.fencing_number().to_string();
            self.connection.run(&self.scripts.release, &[&key], &[&number]).await
        })
    }
}

impl RedisStore {
    async fn row(&self, owner: &TokenOwner) -> Result<Option<Row>> {
        let key = self.owner_key(owner, "row");
        let row: Option<RawRow> = self.connection.run(&self.scripts.load, &[&key], &[]).await?;
        Ok(row.map(|(text, lifetime, id, issuer, sub, sid, refresh, left)| Row {
            text,
            places: (id, issuer, sub, sid, refresh).into(),
            lifetime,
            left,
        }))
    }

    /// The fields of a row that a refresh changes, with its owner.
    fn fields(&self, owner: &TokenOwner, token: &Token) -> Result<Vec<(&'static str, String)>> {
        Ok(vec![
            ("token", self.encryption.seal_token(owner, token)?),
            ("hash", RowEncryption::fingerprint(token)),
            ("refresh", LoginQuery::fingerprint(&owner.client, token).unwrap_or_default()),
            ("client", owner.client.clone()),
            ("user", owner.user.clone()),
        ])
    }

    /// Notes that a token was used, if the last use was a while ago. If it can't be noted, the token is valid all the
    /// same.
    async fn touch(&self, owner: &TokenOwner, token: &Token, row: &Row) {
        let end = RowEnd::of(token, None, self.unused_for);
        if end.at.is_some() || row.left > end.noted_below() {
            return;
        }
        let noted = async {
            self.add_to_index(owner, &row.places, end).await?;
            let (key, after) = (self.owner_key(owner, "row"), end.after.to_string());
            let id = row.places.id.as_deref().unwrap_or_default();
            self.connection.run::<()>(&self.scripts.touch, &[&key], &[id, &after]).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(client = owner.client, error = %error.report(), "could not record the use of a token");
        }
    }
}

/// The two arguments of a script that say when a row ends.
pub(crate) fn arguments_of(end: RowEnd) -> [String; 2] {
    [end.at.map(|at| at.to_string()).unwrap_or_default(), end.after.to_string()]
}

fn flat<'a>(fields: &'a [(&'static str, String)]) -> impl Iterator<Item = &'a str> {
    fields.iter().flat_map(|(name, value)| [*name, value.as_str()])
}
