//! The stores of this crate pass, and a store that breaks one promise fails the case of that promise.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use authlib_core::clock::{Clock as _, FixedClock};
use authlib_core::store::{
    FnTokenStore, FoundRow, Lease, LoginQuery, MemoryPendingLoginStore, MemoryTokenStore,
    PendingLoginStore, ReplaceOutcome, TokenOwner, TokenRow, TokenStore, TtlMap,
};
use authlib_core::transport::BoxFuture;
use authlib_core::{Error, ErrorKind, Result, Token};
use authlib_store_conformance::{Violations, check_pending_login_store, check_token_store};

/// A lifetime that the cases outlive.
const SHORT: Duration = Duration::from_secs(2);

fn fixed_clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::new(SystemTime::UNIX_EPOCH))
}

#[tokio::test]
async fn memory_stores_pass() {
    let clock = fixed_clock();
    let store = MemoryTokenStore::on_clock(clock.clone(), 100);
    check_token_store(&store, &*clock).await.unwrap();
    let store = MemoryPendingLoginStore::on_clock(clock.clone());
    check_pending_login_store(&store, &*clock).await.unwrap();
}

#[tokio::test]
async fn fn_store_passes_over_functions_that_enforce_lifetimes() {
    let clock = fixed_clock();
    let rows = Arc::new(Mutex::new(TtlMap::<TokenOwner, (Token, Duration)>::new(100)));
    let (found, loading, saving) = (rows.clone(), clock.clone(), clock.clone());
    let store = FnTokenStore::new(
        move |owner| {
            let row = found.lock().unwrap().get(&owner, loading.now()).map(|row| row.0.clone());
            async { Ok(row) }
        },
        move |change| {
            let (mut rows, now) = (rows.lock().unwrap(), saving.now());
            let before = rows.take(&change.owner, now).filter(|_| change.old.is_some());
            let lifetime = before.map(|row| row.1).or(change.lifetime).unwrap_or(Duration::MAX);
            if let Some(token) = change.token {
                rows.insert(change.owner, (token, lifetime), lifetime, now);
            }
            async { Ok(()) }
        },
    );
    check_token_store(&store.on_clock(clock.clone()), &*clock).await.unwrap();
}

/// One broken promise.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    AcquireIsNotExclusive,
    DeleteDoesNothing,
    DeleteEndsLease,
    EndsAtEarlierTime,
    EndsForEver,
    EndsNothing,
    EndsOtherLogins,
    FindsNothing,
    FindsTooMuch,
    IgnoresCase,
    IgnoresFencing,
    IgnoresLifetime,
    LeaseNeverExpires,
    LosesMembers,
    LosesUse,
    Nothing,
    ReleaseDoesNothing,
    ReleaseEndsEveryLease,
    ReplaceCreatesRow,
    ReplaceDoesNotCompare,
    ReplaceKeepsExpiry,
    RepeatsFencingNumber,
    Unreachable,
}

/// A store in memory with one fault.
struct Faulty {
    inner: MemoryTokenStore,
    fault: Fault,
    held: Mutex<Vec<(TokenOwner, Lease)>>,
}

fn faulty(fault: Fault) -> (Faulty, Arc<FixedClock>) {
    let clock = fixed_clock();
    let inner = MemoryTokenStore::on_clock(clock.clone(), 100);
    (Faulty { inner, fault, held: Mutex::default() }, clock)
}

impl Faulty {
    fn row(&self, owner: &TokenOwner, token: &Token) -> TokenRow {
        let mut row = TokenRow::new(owner.clone(), token.clone());
        if self.fault == Fault::IgnoresCase {
            row.owner.user = row.owner.user.to_lowercase();
        }
        if self.fault == Fault::LosesMembers {
            row.token.token_secret = None;
        }
        row
    }

    /// The inner store's lease for a caller whose lease may be stale.
    fn current(&self, lease: &Lease) -> Lease {
        let held = self.held.lock().unwrap();
        let newest = held.iter().rev().find(|(owner, _)| owner == lease.owner());
        let number =
            newest.map_or_else(|| lease.fencing_number(), |(_, held)| held.fencing_number());
        Lease::new(lease.owner().clone(), number)
    }
}

impl TokenStore for Faulty {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        let owner = self.row(owner, &Token::bearer("")).owner;
        Box::pin(async move { self.inner.load(&owner).await })
    }

    fn save<'a>(&'a self, row: &'a TokenRow) -> BoxFuture<'a, Result<()>> {
        let (mut row, changed) = (row.clone(), self.row(&row.owner, &row.token));
        (row.owner, row.token) = (changed.owner, changed.token);
        if self.fault == Fault::IgnoresLifetime {
            row.lifetime = None;
        }
        row.is_login &= self.fault != Fault::LosesUse;
        Box::pin(async move { self.inner.save(&row).await })
    }

    fn replace<'a>(
        &'a self,
        lease: &'a Lease,
        old: Option<&'a Token>,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<ReplaceOutcome>> {
        Box::pin(async move {
            let stored = self.inner.load(lease.owner()).await?;
            let mut row = self.row(lease.owner(), new);
            match self.fault {
                Fault::ReplaceCreatesRow if stored.is_none() => self.inner.save(&row).await?,
                Fault::ReplaceDoesNotCompare if stored.is_some() => self.inner.save(&row).await?,
                Fault::ReplaceKeepsExpiry if stored.is_some() => {
                    row.lifetime = Some(SHORT);
                    self.inner.save(&row).await?;
                }
                Fault::IgnoresFencing => {
                    return self.inner.replace(&self.current(lease), old, new).await;
                }
                _ => return self.inner.replace(lease, old, new).await,
            }
            Ok(ReplaceOutcome::Replaced)
        })
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match self.fault {
                Fault::Unreachable => {
                    return Err(Error::new(ErrorKind::Store, "connection refused"));
                }
                Fault::DeleteDoesNothing => return Ok(()),
                Fault::DeleteEndsLease => self.held.lock().unwrap().clear(),
                _ => {}
            }
            self.inner.delete(owner).await
        })
    }

    fn find_rows<'a>(&'a self, query: &'a LoginQuery) -> BoxFuture<'a, Result<Vec<FoundRow>>> {
        Box::pin(async move {
            match (self.fault, query) {
                (Fault::FindsNothing, _) => Ok(Vec::new()),
                (Fault::FindsTooMuch, LoginQuery::Session { issuer, .. }) => {
                    let session = LoginQuery::Session { issuer: issuer.clone(), sid: "sid".into() };
                    self.inner.find_rows(&session).await
                }
                _ => self.inner.find_rows(query).await,
            }
        })
    }

    fn end_logins<'a>(
        &'a self,
        query: &'a LoginQuery,
        at: SystemTime,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        match self.fault {
            Fault::EndsNothing => return Box::pin(std::future::ready(Ok(()))),
            Fault::EndsForEver => return self.inner.end_logins(query, at, Duration::MAX),
            _ => {}
        }
        self.inner.end_logins(query, at, lifetime)
    }

    fn logins_ended_at<'a>(
        &'a self,
        queries: &'a [LoginQuery],
    ) -> BoxFuture<'a, Result<Option<SystemTime>>> {
        Box::pin(async move {
            let ended = self.inner.logins_ended_at(queries).await?;
            Ok(match self.fault {
                Fault::EndsAtEarlierTime => ended.map(|at| at - SHORT),
                Fault::EndsOtherLogins => ended.or(Some(SystemTime::UNIX_EPOCH)),
                _ => ended,
            })
        })
    }

    fn acquire<'a>(
        &'a self,
        owner: &'a TokenOwner,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>>> {
        Box::pin(async move {
            let ttl = if self.fault == Fault::LeaseNeverExpires { Duration::MAX } else { ttl };
            let Some(lease) = self.inner.acquire(owner, ttl).await? else {
                let is_open = self.fault == Fault::AcquireIsNotExclusive;
                return Ok(is_open.then(|| Lease::new(owner.clone(), u64::MAX)));
            };
            let number =
                if self.fault == Fault::RepeatsFencingNumber { 1 } else { lease.fencing_number() };
            // The inner lease ends when it is dropped.
            self.held.lock().unwrap().push((owner.clone(), lease));
            Ok(Some(Lease::new(owner.clone(), number)))
        })
    }

    fn release(&self, lease: Lease) -> BoxFuture<'_, Result<()>> {
        let every = self.fault == Fault::ReleaseEndsEveryLease;
        if self.fault != Fault::ReleaseDoesNothing {
            self.held.lock().unwrap().retain(|(owner, held)| {
                owner != lease.owner()
                    || !(every || held.fencing_number() == lease.fencing_number())
            });
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test]
async fn each_fault_of_a_token_store_is_found() {
    let (sound, clock) = faulty(Fault::Nothing);
    check_token_store(&sound, &*clock).await.unwrap();
    let faults = [
        (Fault::AcquireIsNotExclusive, "a lease is exclusive"),
        (Fault::AcquireIsNotExclusive, "one of several concurrent callers"),
        (Fault::DeleteDoesNothing, "delete removes the row"),
        (Fault::DeleteEndsLease, "save and delete need no lease"),
        (Fault::EndsAtEarlierTime, "ended logins"),
        (Fault::EndsForEver, "ended logins are forgotten"),
        (Fault::EndsNothing, "ended logins"),
        (Fault::EndsOtherLogins, "ended logins"),
        (Fault::FindsNothing, "rows are found"),
        (Fault::FindsTooMuch, "rows are found"),
        (Fault::IgnoresCase, "owners are compared"),
        (Fault::IgnoresFencing, "replace rejects a lease"),
        (Fault::IgnoresLifetime, "a row is gone after its lifetime"),
        (Fault::LeaseNeverExpires, "a lease expires"),
        (Fault::LosesMembers, "load returns what save stored"),
        (Fault::LosesUse, "rows are found"),
        (Fault::ReleaseDoesNothing, "a lease is exclusive until it is released"),
        (Fault::ReleaseEndsEveryLease, "a late release"),
        (Fault::ReplaceCreatesRow, "replace compares"),
        (Fault::ReplaceDoesNotCompare, "replace compares"),
        (Fault::ReplaceDoesNotCompare, "replace without an old token"),
        (Fault::ReplaceDoesNotCompare, "one of several concurrent replacements"),
        (Fault::ReplaceKeepsExpiry, "replace restarts the lifetime"),
        (Fault::RepeatsFencingNumber, "fencing numbers grow"),
    ];
    let (unreachable, clock) = faulty(Fault::Unreachable);
    for promise in broken_promises(check_token_store(&unreachable, &*clock).await) {
        let has_fault = faults.iter().any(|(_, start)| promise.starts_with(start));
        assert!(has_fault, "no fault breaks {promise:?}");
    }
    for (fault, promise) in faults {
        let (store, clock) = faulty(fault);
        let broken = broken_promises(check_token_store(&store, &*clock).await);
        let is_found = broken.iter().any(|broken| broken.starts_with(promise));
        assert!(is_found, "{fault:?} does not break {promise:?}: {broken:?}");
    }
}

fn broken_promises(checked: std::result::Result<(), Violations>) -> Vec<String> {
    let report = checked.unwrap_err().to_string();
    report.lines().filter_map(|line| line.strip_prefix("- ").map(str::to_owned)).collect()
}

/// A store of pending logins with one fault.
struct FaultyPending(MemoryPendingLoginStore, &'static str);

impl PendingLoginStore for FaultyPending {
    fn insert<'a>(
        &'a self,
        key: &'a str,
        record: String,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        let ttl = if self.1 == "a record is gone" { Duration::MAX } else { ttl };
        Box::pin(async move { self.0.insert(key, record, ttl).await })
    }

    fn take<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async move {
            let key = if self.1 == "records come back" { key.trim() } else { key };
            let record = self.0.take(key).await?;
            if self.1 == "a record is taken once"
                && let Some(record) = &record
            {
                self.0.insert(key, record.clone(), SHORT).await?;
            }
            Ok(record)
        })
    }
}

#[tokio::test]
async fn each_fault_of_a_pending_login_store_is_found() {
    for promise in ["records come back", "a record is taken once", "a record is gone"] {
        let clock = fixed_clock();
        let store = FaultyPending(MemoryPendingLoginStore::on_clock(clock.clone()), promise);
        let broken = broken_promises(check_pending_login_store(&store, &*clock).await);
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!(broken[0].starts_with(promise), "{broken:?}");
    }
}
