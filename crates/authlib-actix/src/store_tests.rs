use std::time::Duration as Std;

use authlib_core::clock::FixedClock;

use super::*;

fn state(text: &str) -> State {
    HashMap::from([("x".to_owned(), text.to_owned())])
}

#[actix_web::test]
async fn a_session_is_found_until_its_end_and_by_its_own_key_only() {
    let clock = Arc::new(FixedClock::new(SystemTime::UNIX_EPOCH));
    let store = MemoryStore::with_clock(clock.clone());
    let key = store.save(state("a"), &Duration::seconds(10)).await.unwrap();
    assert_eq!(store.clone().load(&key).await.unwrap(), Some(state("a")), "clones are one store");
    assert_eq!(store.load(&generate_session_key()).await.unwrap(), None);
    clock.advance(Std::from_secs(9));
    store.update_ttl(&key, &Duration::seconds(10)).await.unwrap();
    clock.advance(Std::from_secs(9));
    assert!(store.load(&key).await.unwrap().is_some());
    clock.advance(Std::from_secs(1));
    assert_eq!(store.load(&key).await.unwrap(), None);
}

#[actix_web::test]
async fn a_deleted_session_does_not_come_back_under_its_old_key() {
    let store = MemoryStore::new();
    let ttl = Duration::days(1);
    let key = store.save(state("a"), &ttl).await.unwrap();
    let key = store.update(key, state("b"), &ttl).await.unwrap();
    assert_eq!(store.load(&key).await.unwrap(), Some(state("b")));
    store.delete(&key).await.unwrap();
    let old: String = key.into();
    let new = store.update(old.clone().try_into().unwrap(), state("c"), &ttl).await.unwrap();
    assert_ne!(new.as_ref(), old);
    assert_eq!(store.load(&old.try_into().unwrap()).await.unwrap(), None);
}

#[actix_web::test]
async fn the_number_of_sessions_has_a_bound_and_those_that_end_first_go_first() {
    let clock = Arc::new(FixedClock::new(SystemTime::UNIX_EPOCH));
    let store = MemoryStore::with_clock(clock);
    let keep = store.save(state("keep"), &Duration::days(7)).await.unwrap();
    for number in 0..MAX_SESSIONS {
        let ttl = Duration::seconds(1 + i64::try_from(number).unwrap());
        store.save(State::new(), &ttl).await.unwrap();
    }
    let count = store.sessions().len();
    assert!(count <= MAX_SESSIONS && count > MAX_SESSIONS / 3, "{count}");
    assert!(store.load(&keep).await.unwrap().is_some());
}
