//! [`PendingLoginStore`] of [`RedisStore`].

use std::time::Duration;

use authlib_core::Result;
use authlib_core::store::{PendingLoginStore, millis};
use authlib_core::transport::BoxFuture;

use crate::store::RedisStore;

impl PendingLoginStore for RedisStore {
    fn insert<'a>(
        &'a self,
        key: &'a str,
        record: String,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let record = self.encryption.seal_pending_login(key, record)?;
            let mut command = redis::cmd("SET");
            command.arg(self.key("pending", key)).arg(record).arg("PX").arg(millis(ttl).max(1));
            self.connection.query(&command).await
        })
    }

    fn take<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async move {
            let command = redis::cmd("GETDEL").arg(self.key("pending", key)).to_owned();
            let record: Option<String> = self.connection.query(&command).await?;
            record.map(|record| self.encryption.open_pending_login(key, record)).transpose()
        })
    }
}
