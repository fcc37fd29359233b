//! The sets in which rows are found by account and session.
//!
//! A row is added to its sets before it is written, and removed from them after it was deleted: a set may have a member
//! without a row, but no row is missing in its sets. The id of a row is new whenever it is saved, so a late
//! removal does not remove the entry of its successor.

use authlib_core::Result;
use authlib_core::store::{FoundRow, LoginQuery, RowEnd, TokenOwner};

use crate::store::RedisStore;
use crate::token_store::arguments_of;

/// How much longer than its row an entry is kept: the row is written a little later.
const SLACK: i64 = 60_000;

/// What a row is found by, and its id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) id: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) sub: Option<String>,
    pub(crate) sid: Option<String>,
    /// [`LoginQuery::fingerprint`] of its token.
    pub(crate) refresh: Option<String>,
}

/// As a script returns them: the fields of a row in this order.
pub(crate) type RawPlaces =
    (Option<String>, Option<String>, Option<String>, Option<String>, Option<String>);

impl From<RawPlaces> for Places {
    fn from((id, issuer, sub, sid, refresh): RawPlaces) -> Self {
        Self { id, issuer, sub, sid, refresh: refresh.filter(|refresh| !refresh.is_empty()) }
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
        if let Some(fingerprint) = self.refresh.clone() {
            queries.push(LoginQuery::RefreshToken { client: client.to_owned(), fingerprint });
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
        mut end: RowEnd,
    ) -> Result<()> {
        let Some(id) = &places.id else { return Ok(()) };
        end.at = end.at.map(|at| at + SLACK);
        end.after += SLACK;
        let [at, after] = arguments_of(end);
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

    /// Takes a row whose refresh token was replaced out of the set of the old one.
    pub(crate) async fn refresh_token_replaced(
        &self,
        owner: &TokenOwner,
        old: &Places,
        new: Option<&String>,
    ) -> Result<()> {
        let refresh = old.refresh.clone().filter(|old| Some(old) != new);
        let places = Places { id: old.id.clone(), refresh, ..Places::default() };
        self.remove_from_index(owner, &places).await
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
            let fields = ["id", "is_login", "refresh"];
            let command = redis::cmd("HMGET").arg(row).arg(&fields).to_owned();
            let (stored_id, is_login, refresh): (Option<String>, Option<bool>, Option<String>) =
                self.connection.query(&command).await?;
            let is_replaced = match query {
                LoginQuery::RefreshToken { fingerprint, .. } => {
                    refresh.as_ref() != Some(fingerprint)
                }
                _ => false,
            };
            if stored_id == Some(id) && !is_replaced {
                found.push(FoundRow::new(owner, is_login.unwrap_or_default()));
            }
        }
        Ok(found)
    }
}

fn member(owner: &TokenOwner, id: &str) -> String {
    serde_json::json!([id, owner.client, owner.user]).to_string()
}
