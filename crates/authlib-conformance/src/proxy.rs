//! [`Proxy`]: a reverse proxy that removes a path.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A reverse proxy on a free port. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Passes requests below `path` on to `port`, without `path`.
    pub(crate) async fn start(port: u16, path: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let front = listener.local_addr().expect("its address").port();
        let task = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                // The browser opens a connection for each request.
                tokio::spawn(pass_on(browser, port, path));
            }
        });
        Self { port: front, task }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(mut browser: TcpStream, port: u16, path: &str) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n") {
        head.push(browser.read_u8().await.ok()?);
    }
    let line = String::from_utf8(head).ok()?;
    let (method, target) = line.split_once(' ')?;
    let Some(rest) = target.strip_prefix(path) else {
        browser.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await.ok()?;
        return None;
    };
    let slash = if rest.starts_with('/') { "" } else { "/" };
    let mut app = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    app.write_all(format!("{method} {slash}{rest}").as_bytes()).await.ok()?;
    copy_bidirectional(&mut browser, &mut app).await.ok().map(drop)
}
