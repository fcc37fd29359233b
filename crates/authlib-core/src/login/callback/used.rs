//! [`used_callback`]: a callback that the browser sends again after its login.

use crate::error::Result;
use crate::login::Session;
use crate::registry::RegisteredClient;

/// The path to which a callback leads that was already used, by a reload, the back button or a double click, if this
/// browser is logged in with the client. It logs nobody in and changes nothing. That is the login's own `next`
/// if this login used the callback, and the landing page otherwise: the `next` of a used callback is deleted with it.
/// `None` if the callback is not known to be used, or the user is not logged in with the client.
pub(crate) async fn used_callback(
    client: &RegisteredClient,
    session: &impl Session,
    state: &str,
) -> Result<Option<String>> {
    let session = session.load().await?.unwrap_or_default();
    let (policy, now) = (client.login_policy(), client.now());
    let login = session.login(client.name()).filter(|login| login.ended_by(policy, now).is_none());
    let Some(login) = login.filter(|_| !session.has_pending(state)) else {
        return Ok(None);
    };
    let own = login.callback.as_ref().filter(|callback| callback.is(state));
    Ok(match own {
        Some(callback) => Some(callback.next.clone()),
        None => client.is_state_used(state).then(|| client.base_path().home().to_owned()),
    })
}
