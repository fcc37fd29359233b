//! [`Log`]: everything that a test logs.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use tracing::Dispatch;
use tracing_subscriber::fmt::MakeWriter;

/// A copy of the log.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Adds text that is shown elsewhere, to be checked too.
    pub(crate) fn show(&self, shown: &str) {
        self.0.lock().unwrap().extend_from_slice(shown.as_bytes());
    }

    /// Checks that no secret is in it.
    pub(crate) fn check(&self, secrets: &[String], case: &str) {
        let text = self.text();
        for secret in secrets {
            assert!(!secret.is_empty());
            assert!(!text.contains(secret), "{case}: {secret} is in\n{text}");
        }
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// A second dispatcher that lives on. While there is only one, a thread without it that comes to an event first
/// switches the event off for all threads, and the log of a test would lack it.
static SECOND_DISPATCHER: LazyLock<Dispatch> = LazyLock::new(|| {
    let everything = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    Dispatch::new(everything.with_writer(io::sink).finish())
});

/// Logs at `TRACE` in this thread while the guard lives.
pub(crate) fn capture_log() -> (Log, tracing::subscriber::DefaultGuard) {
    LazyLock::force(&SECOND_DISPATCHER);
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}
