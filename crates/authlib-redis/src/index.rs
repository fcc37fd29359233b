//! The sets in which rows are found by account and session.
//!
//! A row is added to its sets before it is written, and removed from them after it was deleted: a set may have a member
//! without a row, but no row is missing in its sets. The id of a row is new whenever it is saved, so a late
//! removal does not remove the entry of its successor.

use authlib_core::Result;
use authlib_core::store::{FoundRow, LoginQuery, TokenOwner};

use crate::store::{End, RedisStore};

/// How much longer than its row an entry is kept: the row is written a little later.
const SLACK: i64 = 60_000;

/// What a row is found by, and its id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) id: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) sub: Option<String>,
    pub(crate) sid: Option<String>,
}

/// As a script returns them.
pub(crate) type RawPlaces = (Option<String>, Option<String>, Option<String>, Option<String>);

impl From<RawPlaces> for Places {
    fn from((id, issuer, sub, sid): RawPlaces) -> Self {
        Self { id, issuer, sub, sid }
    }
}

impl Places {
    fn queries(&self, client: &str) -> Vec<LoginQuery> {
        let mut queries = Vec::new();
        if let Some(sub) = self.sub.clone() {
            queries.push(LoginQuery::ClientSubject { client: client.to_owned(), sub });
        }
        if let (Some(issuer), Some(sub)) = (self.issuer.clone(), self.sub.clone()) {
            queries.push(LoginQuery::IssuerSubject { issuer, sub });
        }
        if let (Some(issuer), Some(sid)) = (self.issuer.clone(), self.sid.clone()) {
            queries.push(LoginQuery::Session { issuer, sid });
        }
        queries
    }
}

impl RedisStore {
    /// Adds a row to its sets, or keeps it there for longer.
    pub(crate) async fn add_to_index(
        &self,
        owner: &TokenOwner,
        places: &Places,
        end: End,
    ) -> Result<()> {
        let Some(id) = &places.id else { return Ok(()) };
        let end = End { at: end.at.map(|at| at + SLACK), after: end.after + SLACK };
        let [at, after] = end.arguments();
        for query in places.queries(&owner.client) {
            let (set, member) = (self.key("index", &query.key()), member(owner, id));
            let arguments = [member.as_str(), &at, &after];
            let script = &self.scripts.add_to_index;
            self.connection.run::<()>(script, &[&set], &arguments).await?;
        }
        Ok(())
    }

    pub(crate) async fn remove_from_index(
        &self,
        owner: &TokenOwner,
        places: &Places,
    ) -> Result<()> {
        let Some(id) = &places.id else { return Ok(()) };
        for query in places.queries(&owner.client) {
            let set = self.key("index", &query.key());
            let command = redis::cmd("ZREM").arg(set).arg(member(owner, id)).to_owned();
            self.connection.query::<()>(&command).await?;
        }
        Ok(())
    }

    pub(crate) async fn find(&self, query: &LoginQuery) -> Result<Vec<FoundRow>> {
        let set = self.key("index", &query.key());
        let command = redis::cmd("ZRANGE").arg(set).arg(0).arg(-1).to_owned();
        let members: Vec<String> = self.connection.query(&command).await?;
        let mut found = Vec::new();
        for member in members {
            let Ok((id, client, user)) = serde_json::from_str::<(String, String, String)>(&member)
            else {
                continue;
            };
            let owner = TokenOwner::new(client, user);
            let row = self.owner_key(&owner, "row");
            let command = redis::cmd("HMGET").arg(row).arg(&["id", "is_login"]).to_owned();
            let row: (Option<String>, Option<bool>) = self.connection.query(&command).await?;
            if row.0 == Some(id) {
                found.push(FoundRow::new(owner, row.1.unwrap_or_default()));
            }
        }
        Ok(found)
    }
}

fn member(owner: &TokenOwner, id: &str) -> String {
    serde_json::json!([id, owner.client, owner.user]).to_string()
}
