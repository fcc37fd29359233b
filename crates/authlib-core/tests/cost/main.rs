//! What one call of the library costs: the number of its allocations, which is exact and the same on every machine.
//! `cargo xtask bench` measures the same cases in time and in instructions, beside other libraries.

#[expect(clippy::expect_used, reason = "the cases are test code in functions without `#[test]`")]
mod cases;

use allocation_counter::measure;

/// The most allocations of each case. An improvement lowers an entry, and a higher one needs a reason.
const LIMITS: &[(&str, u64)] = &[
    ("verify ID token RS256", 26),
    ("verify ID token PS256", 26),
    ("verify ID token ES256", 26),
    ("verify ID token EdDSA", 26),
    ("verify ID token HS256", 25),
    ("authorization URL", 11),
    ("OAuth 1.0a request", 51),
    ("OAuth 1.0a request, unsigned", 35),
    ("token request, basic", 54),
    ("token request, ES256 assertion", 66),
    ("token request, EdDSA assertion", 63),
    ("API call", 30),
    ("API call, without a token", 23),
    ("profile", 15),
    ("profile, the session alone", 6),
    // Eight of them: the memory store's index of refresh tokens; two: the fingerprint in the pending login.
    ("login", 286),
    ("unknown client of 1,000", 14),
];

#[test]
fn no_case_allocates_more_than_its_limit() {
    let mut problems = Vec::new();
    let known: Vec<&str> = LIMITS.iter().map(|(name, _)| *name).collect();
    assert_eq!(cases::names(), known);
    for (name, limit) in LIMITS {
        let case = cases::find(name).unwrap();
        // The first call fills caches.
        case.run();
        let count = measure(|| case.run()).count_total;
        if count > *limit {
            problems.push(format!("{name}: {count} allocations, the limit is {limit}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
