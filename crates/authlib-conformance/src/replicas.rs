//! [`Replicas`]: three processes of an example app behind a round-robin proxy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::app::App;
use crate::fixture::Fixture;

/// Three processes of an example app. Each connection to their common base URL goes to the next one; a
/// [`Browser`](crate::Browser) opens one for each request.
#[derive(Debug)]
pub struct Replicas {
    /// The first process, with the provider. Its base URL is that of the proxy.
    pub fixture: Fixture,
    others: [App; 2],
    connections: Arc<AtomicUsize>,
    proxy: JoinHandle<()>,
}

impl Replicas {
    /// Starts them with settings as in [`Fixture::configured`].
    ///
    /// # Panics
    ///
    /// If one of them doesn't start.
    pub async fn start(package: &str, config: &str, vars: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let front = listener.local_addr().expect("its address").port();
        let fixture = Fixture::behind(front, package, config, vars).await;
        let others = [
            fixture.replica(package, config, vars).await,
            fixture.replica(package, config, vars).await,
        ];
        let ports = [fixture.app.port(), others[0].port(), others[1].port()];
        let connections = Arc::new(AtomicUsize::new(0));
        let next = connections.clone();
        let proxy = tokio::spawn(async move {
            while let Ok((mut browser, _)) = listener.accept().await {
                let port = ports[next.fetch_add(1, Ordering::Relaxed) % ports.len()];
                tokio::spawn(async move {
                    let mut app = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
                    copy_bidirectional(&mut browser, &mut app).await.ok()
                });
            }
        });
        Self { fixture, others, connections, proxy }
    }

    /// The three processes, in the order of the proxy.
    #[must_use]
    pub fn apps(&self) -> [&App; 3] {
        [&self.fixture.app, &self.others[0], &self.others[1]]
    }

    /// How many connections the proxy has passed on: the next one goes to the process of this number, modulo three.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Replicas {
    fn drop(&mut self) {
        self.proxy.abort();
    }
}
