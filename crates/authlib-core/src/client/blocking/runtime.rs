//! Blocking calls of async code, and the HTTP client that runs their requests.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::error::Result;
use crate::transport::{HttpClient, ReqwestClient, Tls, client_for};

/// Wakes a parked thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Makes the HTTP client of a blocking client: one with a runtime of its own.
pub(super) fn http_client_with_runtime(tls: &Tls) -> Result<Arc<dyn HttpClient>> {
    client_for(tls, ReqwestClient::with_background_runtime)
}

/// Waits for `future` on this thread.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            // A wake between the poll and this line is not lost: then the thread does not park.
            Poll::Pending => thread::park(),
        }
    }
}
