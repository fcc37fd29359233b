//! Clients, owners and pending logins.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use authlib_bench::recorded::{ISSUER, Recorded};
use authlib_bench::{now, registry};
use authlib_core::clock::SystemClock;
use authlib_core::store::{
    MemoryPendingLoginStore, MemoryTokenStore, PendingLoginStore as _, TokenOwner, TokenRow,
    TokenStore as _,
};
use authlib_core::{ClientConfig, OAuth, Token};

use crate::{Line, often, once};

pub(crate) const LINES: [Line; 9] = [
    ("register n clients", |n| once(|| registry(n))),
    ("read n clients from variables", |n| {
        let variables = variables(n);
        once(|| {
            let builder = OAuth::builder().discover_clients().http_client(Recorded::default());
            builder.load_env_from(variables.clone()).build().expect("the settings are valid")
        })
    }),
    ("read n clients from TOML", |n| {
        let text = toml(n);
        once(|| {
            let builder = OAuth::builder().discover_clients().http_client(Recorded::default());
            builder.load_toml(&text).build().expect("the settings are valid")
        })
    }),
    ("find one of n clients", |n| {
        let oauth = registry(n);
        let name = format!("client-{}", n / 2);
        often(|| oauth.client(&name).expect("it is registered"))
    }),
    ("an unknown name, n clients", |n| {
        let oauth = registry(n);
        often(|| oauth.client("nobody").expect_err("it is not registered"))
    }),
    ("load one of n tokens", |n| {
        let store = tokens(n, n);
        let owner = owner(n / 2);
        often(|| now(store.load(&owner)))
    }),
    ("save a token over n, at capacity", |n| {
        let store = tokens(n, n);
        let mut next = n;
        often(|| {
            next += 1;
            now(store.save(&TokenRow::new(owner(next), Token::bearer("at"))))
        })
    }),
    ("keep a pending login beside n", |n| {
        let store = MemoryPendingLoginStore::new();
        // At ten times n, so that the last line is at capacity.
        let mut next = 0;
        let mut insert = || {
            next += 1;
            now(store.insert(&next.to_string(), "{}".to_owned(), Duration::from_secs(600)))
        };
        (0..n * 10).for_each(|_| drop(insert()));
        often(insert)
    }),
    ("a failed refresh beside n", failed_refresh),
];

/// The provider is out of order: the failures of ten times n owners are remembered, up to 10,000, and then those of one more.
fn failed_refresh(n: u32) -> crate::Cost {
    let mut ended = Token::bearer("at");
    ended.expires_at = Some(SystemTime::UNIX_EPOCH);
    ended.refresh_token = Some("rt".into());
    let client = ClientConfig::new("op").client_id("app").client_secret("s").issuer(ISSUER);
    let store = Arc::new(MemoryTokenStore::new());
    let oauth = OAuth::builder().register(client).http_client(Recorded::default());
    let oauth = oauth.token_store(store.clone()).build().expect("the settings are valid");
    let client = oauth.client("op").expect("it is registered");
    let mut next = 0;
    let mut fail = || {
        next += 1;
        let owner = owner(next);
        now(store.save(&TokenRow::new(owner.clone(), ended.clone()))).expect("it is memory");
        now(client.active_token(&owner)).expect_err("the response is empty");
        now(store.delete(&owner)).expect("it is memory");
    };
    (0..n * 10).for_each(|_| fail());
    often(fail)
}

fn variables(count: u32) -> Vec<(String, String)> {
    let of = |number| {
        [("CLIENT_ID", "app"), ("CLIENT_SECRET", "s"), ("ISSUER", ISSUER)]
            .map(|(key, value)| (format!("C{number}_{key}"), value.to_owned()))
    };
    (0..count).flat_map(of).collect()
}

fn toml(count: u32) -> String {
    let table = |number| {
        format!("[oauth.c{number}]\nclient_id = 'app'\nclient_secret = 's'\nissuer = '{ISSUER}'\n")
    };
    (0..count).map(table).collect()
}

fn owner(number: u32) -> TokenOwner {
    TokenOwner::new("op", number.to_string())
}

fn tokens(count: u32, capacity: u32) -> MemoryTokenStore {
    let capacity = usize::try_from(capacity).expect("it is small");
    let store = MemoryTokenStore::on_clock(Arc::new(SystemClock), capacity);
    for number in 0..count {
        now(store.save(&TokenRow::new(owner(number), Token::bearer("at")))).expect("it is memory");
    }
    store
}
