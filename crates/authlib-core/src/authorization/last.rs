//! [`Last`]: the last result of a computation that usually has the same input again.

use std::sync::{Arc, Mutex, PoisonError};

/// The last result, which a caller uses again if it is for the same input.
#[derive(Debug)]
pub(super) struct Last<T>(Mutex<Option<Arc<T>>>);

impl<T> Last<T> {
    /// The last result, if there is one for which `fits` is true.
    pub(super) fn get(&self, fits: impl FnOnce(&T) -> bool) -> Option<Arc<T>> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        last.filter(|last| fits(last))
    }

    /// Replaces the last result.
    pub(super) fn set(&self, value: T) -> Arc<T> {
        let value = Arc::new(value);
        let old = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(value.clone());
        // Released after the lock.
        drop(old);
        value
    }
}

impl<T> Default for Last<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}
