//! The accounts that are connected to a user of the application: their list, and their end.

use crate::error::{ErrorKind, Result};
use crate::registry::{OAuth, RegisteredClient};
use crate::store::TokenOwner;

impl OAuth {
    /// The clients with which a user of the application has a token: the connected accounts. `user` is the
    /// application's id of the user. Clients of a [`ClientSource`](crate::ClientSource) are not listed, because a source
    /// can't list them.
    ///
    /// # Errors
    ///
    /// Those of the token store, which is asked once for each client.
    pub async fn connected_clients(&self, user: &str) -> Result<Vec<RegisteredClient>> {
        let mut connected = Vec::new();
        for client in self.clients() {
            let owner = TokenOwner::new(client.name(), user);
            if self.token_store().load(&owner).await?.is_some() {
                connected.push(client);
            }
        }
        Ok(connected)
    }
}

impl RegisteredClient {
    /// Disconnects the account of a user of the application: revokes the token and deletes it. Returns whether
    /// there was one.
    ///
    /// The token is deleted whatever the provider answers; a revocation that fails is logged, and not made if the
    /// provider has no revocation endpoint.
    ///
    /// # Errors
    ///
    /// Those of the token store.
    pub async fn disconnect(&self, user: &str) -> Result<bool> {
        match self.revoke_token(&TokenOwner::new(self.name(), user)).await {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Unauthenticated => return Ok(false),
            Err(error) if error.kind() == ErrorKind::Store => return Err(error),
            // The provider has no revocation endpoint, as with OAuth 1.0a.
            Err(error) if error.kind() == ErrorKind::Unsupported => {}
            Err(error) => {
                let error = error.report();
                tracing::warn!(client = self.name(), %error, "token deleted, but not revoked");
            }
        }
        tracing::info!(client = self.name(), "account disconnected");
        Ok(true)
    }
}
