//! Streaming bodies over real sockets: uploads, downloads, limits, timeouts and broken connections.
#![cfg(feature = "reqwest")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use authlib_core::transport::{Body, ReqwestClient, TransportError};
use authlib_core::{ApiRequest, ClientConfig, ErrorKind, OAuth2Client, Token};
use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Short, because the tests wait for it.
const TIMEOUT: Duration = Duration::from_millis(300);

const MIB: usize = 1 << 20;

/// A server for one connection; `serve` gets it after the request headers.
async fn server<F>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(String::from_utf8(head).unwrap().contains("authorization: Bearer token"));
        serve(stream).await;
    });
    url
}

fn client(url: &str) -> OAuth2Client {
    let config = ClientConfig::new("files").client_id("files").token_endpoint(format!("{url}t"));
    OAuth2Client::builder(config.api_base_url(url))
        .token(Token::bearer("token"))
        .http_client(ReqwestClient::with_timeout(TIMEOUT).unwrap())
        .build()
        .unwrap()
}

/// Reads a chunked body to its end and returns its length.
async fn chunked(stream: &mut TcpStream) -> usize {
    let mut all = 0;
    loop {
        let mut line = String::new();
        while !line.ends_with("\r\n") {
            line.push(char::from(stream.read_u8().await.unwrap()));
        }
        let length = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut piece = vec![0; length + 2];
        stream.read_exact(&mut piece).await.unwrap();
        if length == 0 {
            return all;
        }
        all += length;
    }
}

async fn response(stream: &mut TcpStream, text: &str) {
    let length = text.len();
    let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{text}");
    stream.write_all(response.as_bytes()).await.unwrap();
}

/// `count` chunks, each after a pause; `made` counts the chunks that were polled.
fn pieces(count: usize, size: usize, pause: Duration, made: &Arc<AtomicUsize>) -> Body {
    let made = made.clone();
    Body::stream(stream::unfold(0, move |number| {
        let made = made.clone();
        async move {
            if number == count {
                return None;
            }
            tokio::time::sleep(pause).await;
            made.fetch_add(1, Ordering::Relaxed);
            Some((Ok(vec![b'.'; size]), number + 1))
        }
    }))
}

fn upload(client: &OAuth2Client, body: Body) -> ApiRequest {
    client.post("up").stream("application/octet-stream", body)
}

fn cause(error: &authlib_core::Error) -> &TransportError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error.get_ref());
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref() {
            return found;
        }
        cause = inner.source();
    }
    panic!("{error:?}");
}

#[tokio::test]
async fn upload_is_sent_while_it_is_produced() {
    let (go, wait) = oneshot::channel::<()>();
    let url = server(|mut stream| async move {
        // The server does not read for a while: only the socket buffers are filled.
        wait.await.unwrap();
        let length = chunked(&mut stream).await;
        response(&mut stream, &length.to_string()).await;
    })
    .await;
    let made = Arc::new(AtomicUsize::new(0));
    let body = pieces(64, MIB, Duration::ZERO, &made);
    let sending = tokio::spawn(upload(&client(&url), body).send());
    tokio::time::sleep(TIMEOUT / 2).await;
    let before = made.load(Ordering::Relaxed);
    assert!((1..32).contains(&before), "{before} MiB were made before anybody read");
    go.send(()).unwrap();
    let response = sending.await.unwrap().unwrap();
    assert_eq!(response.body(), (64 * MIB).to_string().as_bytes());
}

/// The limit is on the time without progress: a large body may take longer.
#[tokio::test]
async fn upload_may_exceed_timeout_while_progressing() {
    let url = server(|mut stream| async move {
        let length = chunked(&mut stream).await;
        response(&mut stream, &length.to_string()).await;
    })
    .await;
    let made = Arc::new(AtomicUsize::new(0));
    let body = pieces(12, 1000, TIMEOUT / 4, &made);
    let response = upload(&client(&url), body).send().await.unwrap();
    assert_eq!(response.body(), b"12000");
}

#[tokio::test]
async fn stalled_upload_and_missing_response_time_out() {
    for size in [0, 10] {
        let url = server(|stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await;
        let waits = if size == 0 { TIMEOUT * 100 } else { Duration::ZERO };
        let body = pieces(3, size, waits, &Arc::default());
        let sent = tokio::time::timeout(TIMEOUT * 5, upload(&client(&url), body).send());
        let error = sent.await.expect("it ends").unwrap_err();
        assert!(matches!(cause(&error), TransportError::Timeout), "{error:?}");
    }
}

/// A request's own timeout covers the whole request, and may be longer or shorter than the
/// client's.
#[tokio::test]
async fn request_timeout_overrides_default() {
    let url = server(|mut stream| async move {
        tokio::time::sleep(TIMEOUT * 2).await;
        response(&mut stream, "late").await;
    })
    .await;
    let request = client(&url).get("x").timeout(TIMEOUT * 10);
    let body = request.send_streaming().await.unwrap().into_body();
    assert_eq!(body.bytes(10).await.unwrap(), b"late");

    let url = server(|mut stream| async move {
        chunked(&mut stream).await;
    })
    .await;
    let body = pieces(100, 10, TIMEOUT / 4, &Arc::default());
    let error = upload(&client(&url), body).timeout(TIMEOUT).send().await.unwrap_err();
    assert!(matches!(cause(&error), TransportError::Timeout), "{error:?}");
    // The maximum duration does not panic.
    for streamed in [false, true] {
        let url = server(|mut stream| async move { response(&mut stream, "ok").await }).await;
        let request = client(&url).get("x").timeout(Duration::MAX);
        if streamed {
            assert!(request.send_streaming().await.is_ok());
        } else {
            assert!(request.send().await.is_ok());
        }
    }
    ReqwestClient::with_timeout(Duration::MAX).unwrap();
}

#[tokio::test]
async fn slow_download_arrives_in_chunks() {
    let (go, mut wait) = oneshot::channel::<()>();
    let url = server(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        stream.write_all(b"5\r\nfirst\r\n").await.unwrap();
        // The rest is not sent before the first chunk has arrived.
        (&mut wait).await.unwrap();
        let piece = [b"100000\r\n".as_slice(), &[b'.'; MIB], b"\r\n"].concat();
        for _ in 0..8 {
            stream.write_all(&piece).await.unwrap();
            tokio::time::sleep(TIMEOUT / 5).await;
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    })
    .await;
    // The size limit of buffered responses does not apply to streams.
    let request = client(&url).get("down").max_response_size(10);
    let mut body = request.send_streaming().await.unwrap().into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "first");
    go.send(()).unwrap();
    let mut length = 0;
    while let Some(piece) = body.chunk().await.unwrap() {
        assert!(piece.len() <= MIB);
        length += piece.len();
    }
    assert_eq!(length, 8 * MIB);
}

#[tokio::test]
async fn paused_reader_applies_backpressure() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let url = server(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 67108864\r\n\r\n").await.unwrap();
        for _ in 0..64 {
            if stream.write_all(&[b'.'; MIB]).await.is_err() {
                return;
            }
            counter.fetch_add(1, Ordering::Relaxed);
        }
    })
    .await;
    let body = client(&url).get("down").send_streaming().await.unwrap().into_body();
    tokio::time::sleep(TIMEOUT).await;
    let before = sent.load(Ordering::Relaxed);
    assert!(before < 32, "{before} MiB were sent before anybody read");
    assert_eq!(body.bytes(64 * MIB).await.unwrap().len(), 64 * MIB);
}

#[tokio::test]
async fn truncated_or_stalled_body_is_an_error() {
    for (response, hangs) in [
        ("content-length: 100\r\n\r\nhalf", false),
        ("transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", false),
        ("transfer-encoding: chunked\r\n\r\nff\r\nhalf", false),
        ("content-length: 100\r\n\r\nhalf", true),
    ] {
        for upload in [false, true] {
            let url = server(move |mut stream| async move {
                if upload {
                    chunked(&mut stream).await;
                }
                let response = format!("HTTP/1.1 200 OK\r\n{response}");
                stream.write_all(response.as_bytes()).await.unwrap();
                if hangs {
                    std::future::pending::<()>().await;
                }
            })
            .await;
            let client = client(&url);
            let error = if upload {
                let body = pieces(2, 10, Duration::ZERO, &Arc::default());
                let error = self::upload(&client, body).send().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Transport);
                matches!(cause(&error), TransportError::Timeout)
            } else {
                let body = client.get("down").send_streaming().await.unwrap().into_body();
                let error = body.bytes(1000).await.unwrap_err();
                matches!(error, TransportError::Timeout)
            };
            assert_eq!(error, hangs, "{response:?}");
        }
    }
}

#[tokio::test]
async fn failing_upload_source_is_error_on_both_sides() {
    let (told, heard) = oneshot::channel();
    let url = server(|mut stream| async move {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        let _ = told.send(all.ends_with(b"0\r\n\r\n"));
    })
    .await;
    let broken = TransportError::Broken(authlib_core::transport::Cause::new("the file is gone"));
    let pieces = stream::iter([Ok(vec![b'.'; 10]), Err(broken)]);
    let body = Body::stream(pieces.then(|piece| async {
        tokio::time::sleep(TIMEOUT / 3).await;
        piece
    }));
    let error = upload(&client(&url), body).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(!heard.await.unwrap(), "the server took half a body for a whole one");
}

#[tokio::test]
async fn response_to_upload_is_size_limited() {
    for (limit, fits) in [(1000, true), (999, false)] {
        let url = server(|mut stream| async move {
            chunked(&mut stream).await;
            response(&mut stream, &".".repeat(1000)).await;
        })
        .await;
        let body = pieces(3, MIB, Duration::ZERO, &Arc::default());
        let sent = upload(&client(&url), body).max_response_size(limit).send().await;
        match sent {
            Ok(response) => assert!(fits && response.body().len() == 1000),
            Err(error) => {
                assert!(!fits, "{error:?}");
                assert!(matches!(cause(&error), TransportError::TooLarge { limit: 999 }));
            }
        }
    }
}
