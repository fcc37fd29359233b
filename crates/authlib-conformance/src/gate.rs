//! [`Gate`]: a TCP proxy in front of a server, which can stop, slow down and cut what passes.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A TCP proxy on a free port.
///
/// It does not read the protocol: what arrives at once is a message.
#[derive(Debug)]
pub struct Gate {
    port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

/// When a [`Gate`] closes: everything that arrives after this moment waits, on all connections.
#[derive(Clone, Copy, Debug)]
pub struct Trap {
    is_first: fn(&[u8]) -> bool,
    skip: usize,
    at: Moment,
}

impl Trap {
    /// `is_first` tells the message to the server that the trap waits for; `skip` more messages follow it.
    #[must_use]
    pub fn new(is_first: fn(&[u8]) -> bool, skip: usize, at: Moment) -> Self {
        Self { is_first, skip, at }
    }
}

/// A moment of an exchange.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Moment {
    /// Before the server gets the message.
    Request,
    /// After the server has sent its answer, of which this many bytes are delivered.
    Answer(usize),
}

#[derive(Debug)]
struct State {
    inner: Mutex<Inner>,
    is_closed: watch::Sender<bool>,
    /// Changes when all connections are to be cut.
    cuts: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Inner {
    trap: Option<Trap>,
    /// Messages to the server since the trap's first, with it.
    seen: usize,
    delivered: usize,
    delay: Duration,
}

impl Gate {
    /// Passes connections on to this port of the loopback interface.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    pub async fn start(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let state = Arc::new(State {
            inner: Mutex::default(),
            is_closed: watch::Sender::new(false),
            cuts: watch::Sender::new(0),
        });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(pass_on(stream, target, shared.clone()));
            }
        });
        Self { port, state, task }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes when this happens.
    pub fn set_trap(&self, trap: Trap) {
        *self.state.lock() = Inner { trap: Some(trap), ..Inner::default() };
    }

    /// Waits until the trap has closed the gate.
    ///
    /// # Panics
    ///
    /// If that takes longer than 30 seconds.
    pub async fn closed(&self) {
        let mut is_closed = self.state.is_closed.subscribe();
        let closed = is_closed.wait_for(|is_closed| *is_closed);
        let closed = tokio::time::timeout(Duration::from_secs(30), closed).await;
        assert!(closed.is_ok(), "the trap did not close: {:?}", self.state.lock());
    }

    /// Closes the gate, or opens it: what waited is delivered.
    pub fn close(&self, is_closed: bool) {
        self.state.is_closed.send_replace(is_closed);
    }

    /// Delivers each message this much later.
    pub fn delay(&self, delay: Duration) {
        self.state.lock().delay = delay;
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much of a message may pass before the gate closes.
    fn admit(&self, message: &[u8], is_request: bool) -> usize {
        let mut inner = self.lock();
        let Some(trap) = inner.trap else { return message.len() };
        if is_request && (inner.seen > 0 || (trap.is_first)(message)) {
            inner.seen += 1;
        }
        let is_there = inner.seen == trap.skip + 1;
        let admitted = match trap.at {
            Moment::Request if is_request && is_there => 0,
            Moment::Answer(bytes) if !is_request && is_there => {
                let admitted = bytes.saturating_sub(inner.delivered).min(message.len());
                inner.delivered += admitted;
                admitted
            }
            _ => return message.len(),
        };
        if admitted < message.len() {
            inner.trap = None;
            self.is_closed.send_replace(true);
        }
        admitted
    }
}

async fn pass_on(mut client: TcpStream, target: u16, state: Arc<State>) -> io::Result<()> {
    let mut cuts = state.cuts.subscribe();
    opened(&state).await;
    let mut server = TcpStream::connect(("127.0.0.1", target)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
    tokio::select! {
        ended = copy(from_client, to_server, &state, true) => ended,
        ended = copy(from_server, to_client, &state, false) => ended,
        _ = cuts.changed() => Ok(()),
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    state: &State,
    is_request: bool,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        let message = &buffer[..length];
        let delay = state.lock().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        opened(state).await;
        let (first, rest) = message.split_at(state.admit(message, is_request));
        to.write_all(first).await?;
        opened(state).await;
        to.write_all(rest).await?;
    }
}

async fn opened(state: &State) {
    // It fails if the gate is dropped, and then this task is.
    let _ = state.is_closed.subscribe().wait_for(|is_closed| !is_closed).await;
}
