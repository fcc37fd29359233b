//! The rules that the tests of ID tokens, logout tokens and signed user info share (OpenID Connect Core 1.0 §3.1.3.7).

use std::sync::LazyLock;
use std::time::Duration;

use super::id_token::Rules;
use crate::jose::Algorithm;
use crate::numeric_date::from_unix_seconds;
use crate::oauth2::issuers::Issuers;

pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const ISSUER: &str = "https://op.example";

static ISSUERS: LazyLock<Issuers> = LazyLock::new(|| Issuers::of(ISSUER));

/// The rules for a client `client` at [`ISSUER`], [`NOW`].
pub(crate) fn rules() -> Rules<'static> {
    Rules {
        issuers: &ISSUERS,
        client_id: "client",
        algorithms: &[Algorithm::Rs256],
        nonce: None,
        max_age: None,
        access_token: None,
        asked_at: from_unix_seconds(0),
        now: from_unix_seconds(NOW),
        clock_skew: Duration::from_secs(60),
        front_channel: None,
    }
}
