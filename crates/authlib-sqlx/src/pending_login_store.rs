//! [`PendingLoginStore`] of [`SqlxStore`].

use std::time::Duration;

use authlib_core::Result;
use authlib_core::store::{PendingLoginStore, millis};
use authlib_core::transport::BoxFuture;

use crate::pool::args;
use crate::store::SqlxStore;

impl PendingLoginStore for SqlxStore {
    fn insert<'a>(
        &'a self,
        key: &'a str,
        record: String,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let record = self.encryption.seal_pending_login(key, record)?;
            let args = args![key, &record, millis(ttl)];
            self.pool.execute(&self.statements.insert_pending, &self.with_now(args)).await?;
            self.sweep().await;
            Ok(())
        })
    }

    fn take<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async move {
            let sql = &self.statements.take_pending;
            let record = self.pool.text(sql, &self.with_now(args![key])).await?;
            record.map(|record| self.encryption.open_pending_login(key, record)).transpose()
        })
    }
}
