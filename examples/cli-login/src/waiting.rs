//! Waiting for the user, with a time limit and a countdown.

use std::future::Future;
use std::io::{self, IsTerminal as _, Write as _};
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, interval, sleep_until};

/// Waits for `work`, at most for `limit`. On a terminal, a line shows the remaining time.
pub(crate) async fn wait<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    let line = Line { shown: io::stderr().is_terminal() };
    let mut seconds = interval(Duration::from_secs(1));
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Some(done),
            () = sleep_until(deadline) => return None,
            _ = seconds.tick(), if line.shown => line.show(deadline.saturating_duration_since(Instant::now())),
        }
    }
}

/// The line on the terminal. It is erased on drop.
struct Line {
    shown: bool,
}

impl Line {
    fn show(&self, left: Duration) {
        let (minutes, seconds) = (left.as_secs() / 60, left.as_secs() % 60);
        let _ = write!(io::stderr(), "\rWaiting, {minutes}:{seconds:02} left ");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }
}
