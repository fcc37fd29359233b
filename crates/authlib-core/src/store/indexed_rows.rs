//! [`IndexedRows`]: the rows of a [`MemoryTokenStore`](super::MemoryTokenStore), found by account and session without a
//! look at the others.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use super::{FoundRow, LoginQuery, TokenOwner, TokenRow};
use crate::ttl_map::TtlMap;

/// Rows by owner, and the owners by each query that selects them. An expired row stays in both until it is replaced, removed
/// or evicted.
pub(super) struct IndexedRows {
    rows: TtlMap<TokenOwner, TokenRow>,
    owners: HashMap<LoginQuery, HashSet<TokenOwner>>,
}

debug_fields!(IndexedRows { rows });

impl IndexedRows {
    pub(super) fn new(capacity: usize) -> Self {
        Self { rows: TtlMap::new(capacity), owners: HashMap::new() }
    }

    pub(super) fn get(&self, owner: &TokenOwner, now: SystemTime) -> Option<&TokenRow> {
        self.rows.get(owner, now)
    }

    pub(super) fn put(&mut self, row: TokenRow, now: SystemTime) {
        self.remove(&row.owner);
        for evicted in self.rows.make_room(now, |_| true) {
            self.forget(&evicted);
        }
        for query in queries(&row) {
            self.owners.entry(query).or_default().insert(row.owner.clone());
        }
        let lifetime = row.lifetime.unwrap_or(Duration::MAX);
        self.rows.put(row.owner.clone(), row, lifetime, now);
    }

    pub(super) fn remove(&mut self, owner: &TokenOwner) {
        if let Some(row) = self.rows.pull(owner) {
            self.forget(&row);
        }
    }

    /// The rows that the query selects: the same as [`LoginQuery::matches`] of each.
    pub(super) fn find(&self, query: &LoginQuery, now: SystemTime) -> Vec<FoundRow> {
        let found = |owner: &TokenOwner| {
            let row = self.rows.get(owner, now).filter(|row| query.matches(row))?;
            Some(FoundRow::new(owner.clone(), row.is_login))
        };
        match query {
            LoginQuery::Login { client, id } => {
                found(&TokenOwner::new(client, id)).into_iter().collect()
            }
            _ => self.owners.get(query).into_iter().flatten().filter_map(found).collect(),
        }
    }

    fn forget(&mut self, row: &TokenRow) {
        for query in queries(row) {
            if let Some(owners) = self.owners.get_mut(&query) {
                owners.remove(&row.owner);
                if owners.is_empty() {
                    self.owners.remove(&query);
                }
            }
        }
    }
}

/// The queries that select a row, except that of its own key.
fn queries(row: &TokenRow) -> impl Iterator<Item = LoginQuery> + use<> {
    let TokenRow { owner, issuer, sub, sid, .. } = row;
    let client = || owner.client.clone();
    let by_client = sub.clone().map(|sub| LoginQuery::ClientSubject { client: client(), sub });
    let by_issuer = issuer.clone().zip(sub.clone());
    let by_issuer = by_issuer.map(|(issuer, sub)| LoginQuery::IssuerSubject { issuer, sub });
    let by_session = issuer.clone().zip(sid.clone());
    let by_session = by_session.map(|(issuer, sid)| LoginQuery::Session { issuer, sid });
    let by_refresh_token = LoginQuery::fingerprint(&owner.client, &row.token)
        .map(|fingerprint| LoginQuery::RefreshToken { client: client(), fingerprint });
    [by_client, by_issuer, by_session, by_refresh_token].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth2::Token;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn row(number: u64) -> TokenRow {
        let part = |modulus: u64| (number % modulus).to_string();
        let owner = TokenOwner::new(part(2), part(40));
        let mut row = TokenRow::new(owner, Token::bearer("at"));
        row.is_login = number.is_multiple_of(5);
        (row.issuer, row.sub) =
            (Some(part(3)), Some(part(7)).filter(|_| !number.is_multiple_of(11)));
        row.sid = Some(part(4)).filter(|_| !number.is_multiple_of(3));
        row.lifetime = Some(Duration::from_secs(1 + number % 50));
        row.token.refresh_token = Some(part(6).into()).filter(|_| !number.is_multiple_of(4));
        row
    }

    fn all_queries() -> Vec<LoginQuery> {
        let mut all: Vec<_> = (0..1000).flat_map(|number| queries(&row(number))).collect();
        let login = |id: u32| {
            let (client, id) = ((id % 2).to_string(), id.to_string());
            LoginQuery::Login { client, id }
        };
        all.extend((0..40).map(login));
        all
    }

    /// As a look at each row, whatever was replaced, removed, evicted or has expired.
    #[test]
    fn index_finds_what_the_queries_match() {
        let mut rows = IndexedRows::new(25);
        for number in 0_u64..1000 {
            let now = at(number / 10);
            rows.put(row(number.wrapping_mul(2_654_435_761) % 1000), now);
            if number.is_multiple_of(3) {
                rows.remove(&row(number).owner);
            }
        }
        let now = at(100);
        for query in all_queries() {
            let mut found: Vec<_> =
                rows.find(&query, now).into_iter().map(|row| row.owner.user).collect();
            let live = rows.rows.iter(now).filter(|(_, row)| query.matches(row));
            let mut expected: Vec<_> = live.map(|(owner, _)| owner.user.clone()).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{query:?}");
        }
        assert!(rows.rows.iter(now).count() > 5);
    }

    #[test]
    fn removed_and_evicted_rows_leave_nothing_in_the_index() {
        let mut rows = IndexedRows::new(10);
        for number in 0..1000 {
            rows.put(row(number), at(0));
        }
        assert!(rows.owners.values().map(HashSet::len).sum::<usize>() <= 40);
        for number in 0..1000 {
            rows.remove(&row(number).owner);
        }
        assert!(rows.owners.is_empty());
    }
}
