//! [`check_account`]: one account at a provider belongs to one user of the application.

use super::delete_token;
use crate::error::{Error, ErrorKind, Result};
use crate::registry::RegisteredClient;
use crate::store::{LoginQuery, TokenOwner, TokenRow};
use crate::tokens::identity;

/// Checks that the account of a user's row is no other user's, and that the user has no other account with the
/// client, whose token it would overwrite. Returns the rows of other users from which the account is moved, if
/// the [`LinkPolicy`](crate::LinkPolicy) says so.
pub(super) async fn check_account(
    client: &RegisteredClient,
    row: &TokenRow,
) -> Result<Vec<TokenOwner>> {
    let present = client.tokens().find_token(&row.owner).await?;
    if let Some(present) = present
        && let (Some(present), Some(new)) = (identity(&present), identity(&row.token))
        && present != new
    {
        let check =
            "the user has another account with this client, whose token would be overwritten";
        return Err(Error::new(ErrorKind::Conflict, check)
            .with_hint("disconnect it first")
            .with_page_text("Another account is connected already. Please disconnect it first."));
    }
    let others = users_of(client, row).await?;
    if others.is_empty() || client.link_policy().moves_accounts {
        return Ok(others);
    }
    let check = "the account at the provider belongs to another user of the application";
    Err(Error::new(ErrorKind::Conflict, check)
        .with_hint("the other user must disconnect it first, or set `LinkPolicy::move_accounts`")
        .with_page_text("This account is connected to another user."))
}

/// Stores a user's row, and deletes the rows of other users from which its account [moves](check_account).
pub(super) async fn save_account(
    client: &RegisteredClient,
    row: &mut TokenRow,
    moved: Vec<TokenOwner>,
) -> Result<()> {
    client.tokens().save_row(row).await?;
    for owner in moved {
        delete_token(client.token_store(), &owner).await;
    }
    Ok(())
}

/// The rows of the account under other users, with any client of its issuer.
async fn users_of(client: &RegisteredClient, row: &TokenRow) -> Result<Vec<TokenOwner>> {
    let Some(sub) = row.sub.clone() else { return Ok(Vec::new()) };
    let query = match row.issuer.clone() {
        Some(issuer) => LoginQuery::IssuerSubject { issuer, sub },
        None => LoginQuery::ClientSubject { client: client.name().to_owned(), sub },
    };
    let found = client.token_store().find_rows(&query).await?;
    let others =
        found.into_iter().filter(|found| !found.is_login && found.owner.user != row.owner.user);
    Ok(others.map(|found| found.owner).collect())
}
