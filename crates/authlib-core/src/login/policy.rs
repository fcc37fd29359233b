//! The registry's policy for logins, applied whenever one is read: absolute lifetime, idle timeout, and
//! revalidation at the provider.

use std::time::{Duration, SystemTime};

use super::{Login, Session};
use crate::config::LoginPolicy;
use crate::error::Result;
use crate::oauth2::Token;
use crate::registry::RegisteredClient;

/// How old the recorded time of the last request may become before it is written again.
const USE_RESOLUTION: Duration = Duration::from_secs(60);

impl Login {
    /// Why the login is over by `now`; `None` if it is not.
    pub(super) fn ended_by(&self, policy: &LoginPolicy, now: SystemTime) -> Option<&'static str> {
        if age(self.logged_in_at(), now) >= policy.lifetime {
            return Some("the user logged in longer ago than `login_lifetime`");
        }
        let idle = age(self.last_used_at(), now);
        policy
            .idle_timeout
            .is_some_and(|limit| idle >= limit)
            .then_some("its last request was longer ago than `login_idle_timeout`")
    }

    /// Whether the provider has to be asked again for this login.
    pub(super) fn is_to_be_revalidated(&self, client: &RegisteredClient) -> bool {
        self.due_for_revalidation(client).is_some()
    }

    /// The time since when the login must have been revalidated, if it is older than that.
    fn due_for_revalidation(&self, client: &RegisteredClient) -> Option<SystemTime> {
        let due = client.now().checked_sub(client.login_policy().revalidate_after?);
        due.filter(|due| self.logged_in_at() <= *due)
    }

    fn last_used_at(&self) -> SystemTime {
        let used_at = Duration::from_millis(self.used_at);
        let used_at = SystemTime::UNIX_EPOCH.checked_add(used_at);
        used_at.unwrap_or(SystemTime::UNIX_EPOCH).max(self.logged_in_at())
    }
}

/// The token of a login that is not over by time, revalidated at the provider if that is due. `None` if the
/// login is over.
pub(super) async fn revalidated(
    client: &RegisteredClient,
    login: &Login,
    token: Token,
) -> Result<Option<Token>> {
    match login.due_for_revalidation(client) {
        Some(due) => client.tokens().validated_since(&login.owner(), token, due).await,
        None => Ok(Some(token)),
    }
}

/// Records that the session is in use, if there is an idle timeout: at most once a minute. A failure is logged:
/// the logins only end earlier.
pub(super) async fn record_use(client: &RegisteredClient, session: &impl Session, login: &Login) {
    let policy = client.login_policy();
    let Some(limit) = policy.idle_timeout else { return };
    let now = client.now();
    let resolution = USE_RESOLUTION.min(limit / 4);
    if age(login.last_used_at(), now) < resolution {
        return;
    }
    let recorded: Result<()> = async {
        // Loaded again and saved at once: another tab may have logged in or out.
        let mut state = session.load().await?.unwrap_or_default();
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let in_use = state.logins.iter_mut().filter(|login| login.ended_by(policy, now).is_none());
        for login in in_use {
            login.used_at = u64::try_from(since.as_millis()).unwrap_or_default();
            state.logins_changed = true;
        }
        if state.logins_changed { session.save(&state).await } else { Ok(()) }
    }
    .await;
    if let Err(error) = recorded {
        tracing::warn!(client = client.name(), error = %error.report(), "use of a login not recorded");
    }
}

impl Login {
    /// Whether the user logged in less than `age` ago.
    pub(super) fn is_younger_than(&self, age: Duration, now: SystemTime) -> bool {
        self.logged_in_at().checked_add(age).is_some_and(|until| until > now)
    }
}

/// The time since `then`; none if the clock was set back.
fn age(then: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(then).unwrap_or_default()
}
