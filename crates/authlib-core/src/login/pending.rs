//! Where a pending login is kept between the redirect and the callback: in the session, or in the
//! registry's [`PendingLoginStore`](crate::store::PendingLoginStore) with a reference in the session.

use super::SessionState;
use super::session_state::{Pending, PendingRef};
use crate::authorization::{PENDING_TTL, PendingLogin};
use crate::error::{Error, ErrorKind, Result};
use crate::registry::RegisteredClient;

/// Adds the pending login to the session's state, which the caller saves.
pub(super) async fn store_pending(
    client: &RegisteredClient,
    state: &mut SessionState,
    pending: PendingLogin,
) -> Result<()> {
    let pending = match client.pending_login_store() {
        None => Pending::Inline(Box::new(pending)),
        Some(store) => {
            let reference = PendingRef {
                client: pending.client.clone(),
                state: pending.state.clone(),
                started_at: pending.started_at,
            };
            let record = serde_json::to_string(&pending)
                .map_err(|cause| Error::new(ErrorKind::Store, cause))?;
            store.insert(pending.state.expose(), record, PENDING_TTL).await?;
            Pending::Stored(reference)
        }
    };
    state.add_pending(pending, client.now());
    Ok(())
}

/// The record of a pending login that was removed from the session. `None` if the store does not have it;
/// a stolen reference or a stolen record alone is useless.
pub(super) async fn take_pending(
    client: &RegisteredClient,
    pending: Pending,
) -> Result<Option<PendingLogin>> {
    match (pending, client.pending_login_store()) {
        (Pending::Inline(pending), _) => Ok(Some(*pending)),
        (Pending::Stored(_), None) => Ok(None),
        (Pending::Stored(reference), Some(store)) => {
            let record = store.take(reference.state.expose()).await?;
            Ok(record.and_then(|record| serde_json::from_str::<PendingLogin>(&record).ok()).filter(
                |record| record.client == reference.client && record.state == reference.state,
            ))
        }
    }
}
