//! The start of a login that an API requires, and the end of a loop of such logins.

use std::time::Duration;

use super::{Session, SessionState, client_user};
use crate::authorization::{AuthorizeOptions, with_scope};
use crate::error::{Error, Result};
use crate::oauth2::StepUp;
use crate::registry::RegisteredClient;

/// A login that is younger than this comes from the API's previous requirement: the browser has just returned to the page.
const JUST_LOGGED_IN: Duration = Duration::from_secs(60);

/// How many such logins may follow each other, for an API that reports its requirements one by one.
const MAX_IN_A_ROW: usize = 3;

/// Prepares a login that an API requires. Returns the requirements for which it and those just before it were started, as
/// digests; none for any other login, for which the session is not loaded.
///
/// # Errors
///
/// Those of the session, the token store and [`step_ups`].
pub(super) async fn prepare_step_up(
    client: &RegisteredClient,
    session: &impl Session,
    options: &mut AuthorizeOptions,
) -> Result<Vec<String>> {
    let Some(required) = &options.step_up else { return Ok(Vec::new()) };
    let state = session.load().await?.unwrap_or_default();
    let step_ups = step_ups(client, &state, required)?;
    keep_granted_scope(client, session, options).await?;
    Ok(step_ups)
}

/// Adds the scope that the user has granted before to a login that an API requires: the new token replaces the one that
/// has it.
async fn keep_granted_scope(
    client: &RegisteredClient,
    session: &impl Session,
    options: &mut AuthorizeOptions,
) -> Result<()> {
    let user = client_user(client, session).await?;
    let granted = user.as_ref().and_then(|user| user.scope()).unwrap_or_default();
    // A provider that separates scopes by commas would not understand them as one scope.
    let granted = granted.split_ascii_whitespace().filter(|scope| !scope.contains(','));
    let scope = options.scope.as_deref().unwrap_or(&client.settings().scope);
    options.scope = Some(with_scope(scope, granted));
    Ok(())
}

/// The requirements for which this login and those just before it were started, as digests.
///
/// # Errors
///
/// That of [`StepUp::kind`] if the API has refused the token of a login
/// that was started for the same requirement, or [`MAX_IN_A_ROW`] logins were not enough.
fn step_ups(
    client: &RegisteredClient,
    state: &SessionState,
    required: &StepUp,
) -> Result<Vec<String>> {
    let digest = required.digest();
    let login = state.login(client.name());
    let login = login.filter(|login| login.is_younger_than(JUST_LOGGED_IN, client.now()));
    let mut earlier = login.map(|login| login.step_ups.clone()).unwrap_or_default();
    if earlier.contains(&digest) || earlier.len() >= MAX_IN_A_ROW {
        let check = "the API refused the token of the new login too";
        return Err(Error::new(required.kind(), check)
            .with_hint(
                "compare what the API requires (`acr_values`, `max_age`, `scope`) with what the provider \
                 put into the token",
            )
            .with_page_text("Your new login is not sufficient for this page either."));
    }
    earlier.push(digest);
    Ok(earlier)
}
