use proptest::prelude::*;

use super::*;
use crate::numeric_date::from_unix_seconds;

const NOW: u64 = 1_000;

fn polling() -> Polling {
    let expires_at = from_unix_seconds(NOW + 1800);
    Polling { flow: PolledFlow::Device, interval: Duration::from_secs(5), expires_at }
}

fn provider_error(code: &str, status: u16, retry_after: Option<u64>) -> Error {
    let mut error = ProviderError::new(code, None, None);
    error.status = Some(status);
    error.retry_after = retry_after.map(Duration::from_secs);
    Error::new(ErrorKind::InvalidResponse, "rejected").with_provider_error(error)
}

fn code(code: &str) -> Error {
    provider_error(code, 400, None)
}

fn unreachable() -> Error {
    Error::new(ErrorKind::Transport, "unreachable")
}

/// The pauses after these errors, and the kind of the error that ends the polling.
fn pauses(errors: &[Error]) -> (Vec<u64>, Option<ErrorKind>) {
    let mut polling = polling();
    let mut waited = Vec::new();
    for error in errors {
        match polling.after(error, from_unix_seconds(NOW)) {
            PollStep::Wait(pause) => waited.push(pause.as_secs()),
            PollStep::Stop(error) => return (waited, Some(error.kind())),
        }
    }
    (waited, None)
}

#[test]
fn intervals_follow_provider() {
    let pending = || code("authorization_pending");
    let slow = || code("slow_down");
    let pending_with =
        |retry_after| provider_error("authorization_pending", 400, Some(retry_after));
    let busy = provider_error("(no OAuth error)", 503, Some(30));
    let outage = |code| provider_error(code, 500, None);
    let html = Error::new(ErrorKind::InvalidResponse, "html");
    for (errors, expected, end) in [
        (vec![pending(), pending()], vec![5, 5], None),
        (vec![slow(), pending(), slow(), pending()], vec![10, 10, 15, 15], None),
        (vec![pending_with(60), pending()], vec![60, 5], None),
        (vec![provider_error("slow_down", 429, Some(3))], vec![10], None),
        (vec![unreachable(), unreachable(), pending()], vec![10, 20, 20], None),
        (vec![busy, pending()], vec![30, 10], None),
        (vec![pending(), code("access_denied")], vec![5], Some(ErrorKind::AccessDenied)),
        (vec![code("expired_token")], vec![], Some(ErrorKind::Unauthenticated)),
        (vec![code("invalid_grant")], vec![], Some(ErrorKind::InvalidResponse)),
        (vec![html], vec![], Some(ErrorKind::InvalidResponse)),
        // An outage decides nothing, whatever its body says.
        (vec![outage("access_denied"), pending()], vec![10, 10], None),
        (vec![outage("expired_token"), outage("invalid_grant")], vec![10, 20], None),
        (vec![pending_with(u64::MAX)], vec![], Some(ErrorKind::Unauthenticated)),
    ] {
        assert_eq!(pauses(&errors), (expected, end), "{errors:?}");
    }
}

#[test]
fn failures_lengthen_interval_up_to_limit() {
    let errors: Vec<_> = (0..8).map(|_| unreachable()).collect();
    assert_eq!(pauses(&errors).0, [10, 20, 40, 80, 160, 300, 300, 300]);
    let mut slowed = Polling { interval: Duration::from_secs(400), ..polling() };
    assert!(matches!(slowed.after(&unreachable(), from_unix_seconds(NOW)),
        PollStep::Wait(pause) if pause.as_secs() == 400));
}

/// B25: a provider that always sends `slow_down` is polled less and less often, and never after the expiry.
#[test]
fn device_polling_ends_with_device_code() {
    let mut polling = polling();
    let mut now = from_unix_seconds(NOW);
    let mut requests = 0;
    let error = loop {
        match polling.after(&code("slow_down"), now) {
            PollStep::Wait(pause) => now += pause,
            PollStep::Stop(error) => break error,
        }
        assert!(now < polling.expires_at);
        requests += 1;
    };
    assert_eq!(requests, 25);
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("start again"), "{error}");
    // The provider error is kept.
    let denied = polling.after(&provider_error("access_denied", 403, None), now);
    assert!(matches!(denied, PollStep::Stop(error)
        if error.provider_error().unwrap().status == Some(403)));
}

#[test]
fn errors_name_the_flow() {
    for (flow, section) in
        [(PolledFlow::Backchannel, "CIBA Core §11"), (PolledFlow::Device, "RFC 8628 §3.5")]
    {
        let polling = || Polling { flow, ..polling() };
        for end in ["access_denied", "expired_token"] {
            let PollStep::Stop(error) = polling().after(&code(end), from_unix_seconds(NOW)) else {
                panic!()
            };
            assert!(error.to_string().contains(section), "{error}");
        }
        let failed = polling().after(&code("transaction_failed"), from_unix_seconds(NOW));
        assert!(matches!(failed, PollStep::Stop(error) if error.provider_error().is_some()));
    }
}

#[test]
fn first_poll_waits_and_expired_code_is_not_used() {
    let now = from_unix_seconds(NOW);
    assert!(matches!(polling().first(now), PollStep::Wait(pause) if pause.as_secs() == 5));
    let interval = Duration::from_secs(5);
    assert!(matches!(Polling::new(PolledFlow::Device, interval, now).first(now),
        PollStep::Stop(error) if error.kind() == ErrorKind::Unauthenticated));
}

proptest! {
    /// No pause is shorter than the interval before it, and none ends after the expiry.
    #[test]
    fn intervals_stay_within_limit_and_expiry(
        steps in prop::collection::vec((0_usize..5, prop::option::of(any::<u64>())), 0..40)
    ) {
        let mut polling = polling();
        let mut now = from_unix_seconds(NOW);
        for (which, retry_after) in steps {
            let error = match which {
                0 => unreachable(),
                1 => provider_error("slow_down", 400, retry_after),
                2 => provider_error("(no OAuth error)", 503, retry_after),
                3 => provider_error("invalid_grant", 400, retry_after),
                _ => provider_error("authorization_pending", 400, retry_after),
            };
            let least = polling.interval;
            match polling.after(&error, now) {
                PollStep::Wait(pause) => {
                    prop_assert!(pause >= least && polling.interval >= least);
                    now += pause;
                    prop_assert!(now < polling.expires_at);
                }
                PollStep::Stop(_) => break,
            }
        }
    }
}
