//! The stores: [`TokenStore`] for tokens, [`PendingLoginStore`] for pending logins. Test an implementation of
//! either with the crate `authlib-store-conformance`.

mod ended_logins;
mod fn_store;
mod indexed_rows;
mod lease;
mod memory;
mod pending_login_store;
mod row_end;
mod stored_token;
mod token_columns;
mod token_row;
mod token_store;
mod unsaved_token;

pub use self::ended_logins::LocalEndedLogins;
pub use self::fn_store::{FnTokenStore, TokenChange};
pub use self::lease::{Lease, LocalLeases};
pub use self::memory::{MemoryPendingLoginStore, MemoryTokenStore};
pub use self::pending_login_store::PendingLoginStore;
pub use self::row_end::{RowEnd, from_unix_millis, millis, unix_millis};
pub use self::stored_token::StoredToken;
pub use self::token_columns::TokenColumns;
pub use self::token_row::{FoundRow, LoginQuery, TokenOwner, TokenRow};
pub use self::token_store::{ReplaceOutcome, TokenStore};
pub use self::unsaved_token::UnsavedToken;
pub use crate::secret::{exposed, exposed_option};
pub use crate::ttl_map::TtlMap;
