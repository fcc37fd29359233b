//! [`serve`]: an HTTP server that waits for no slow client, and ends without breaking requests off.

use std::error::Error;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use authlib_core::OAuth;
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::time::{Sleep, sleep, timeout};

/// How long the head of a request may take to arrive, and how long its body.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long running requests have after a signal to stop.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(8);

/// Serves until the process is told to stop; running requests and refreshes are finished.
pub async fn serve<S, B>(listener: TcpListener, service: S, oauth: &OAuth)
where
    S: Service<Request<TimedBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(REQUEST_TIMEOUT);
    let connections = GracefulShutdown::new();
    let mut stopped = pin!(stopped());
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => break,
        };
        let Ok((stream, _)) = stream else {
            // There are too many open files.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let service = service.clone();
        let service =
            service_fn(move |request: Request<Incoming>| service.call(request.map(TimedBody::new)));
        let connection = http.serve_connection(TokioIo::new(stream), service);
        // The browser may close the connection at any time.
        tokio::spawn(connections.watch(connection));
    }
    drop(listener);
    let _ = timeout(SHUTDOWN_TIMEOUT, async {
        connections.shutdown().await;
        oauth.shutdown().await;
    })
    .await;
}

/// Waits for Ctrl-C, or for SIGTERM, by which service managers and containers stop a process.
pub async fn stopped() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut terminated) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    // Without a signal handler the process ends anyway.
    let _ = interrupted.await;
}

/// The body of a request. It fails if it has not arrived within [`REQUEST_TIMEOUT`].
#[derive(Debug)]
pub struct TimedBody {
    body: Incoming,
    deadline: Pin<Box<Sleep>>,
}

impl TimedBody {
    fn new(body: Incoming) -> Self {
        Self { body, deadline: Box::pin(sleep(REQUEST_TIMEOUT)) }
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
            Poll::Pending => self
                .deadline
                .as_mut()
                .poll(context)
                .map(|()| Some(Err("the body did not arrive in time".into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
