//! Deleting rows that have ended, without a background task.

use std::sync::atomic::Ordering;

use authlib_core::Result;

use crate::pool::args;
use crate::store::SqlxStore;

/// Each of this many writes sweeps.
const WRITES: u32 = 10;

/// How many rows of a table are deleted at most: more than are written between two sweeps, so that no backlog stays.
const BATCH: i64 = 100;

impl SqlxStore {
    /// Counts a write; the first one and each tenth after it sweeps. A failure is logged, because the write has
    /// succeeded.
    pub(crate) async fn sweep(&self) {
        if !self.writes.fetch_add(1, Ordering::Relaxed).is_multiple_of(WRITES) {
            return;
        }
        match self.sweep_once().await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "rows that had ended were deleted"),
            Err(error) => {
                tracing::warn!(error = %error.report(), "could not delete rows that have ended");
            }
        }
    }

    async fn sweep_once(&self) -> Result<u64> {
        let mut rows = 0;
        for sql in &self.statements.sweep {
            rows += self.pool.execute(sql, &self.with_now(args![BATCH])).await?;
        }
        Ok(rows)
    }
}
