//! Takes connections, a bounded number at a time, until told to stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
#[cfg(feature = "grpc")]
use hyper::server::conn::http2;
#[cfg(feature = "grpc")]
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::patience::Patience;

/// How many connections are open at a time; others wait in the system's queue.
const CONNECTIONS_MAX: usize = 256;
/// How long the head of a request may take to come; idle connections end then too.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// What to wait after an accept that failed, as when the process has no file descriptors left.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// How long requests that run may take to end once the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a client may leave what is written to it unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How many requests may run on one connection of HTTP/2.
#[cfg(feature = "grpc")]
const STREAMS_MAX: u32 = 64;
/// How large the headers of one of them may be.
#[cfg(feature = "grpc")]
const HEADER_BYTES_MAX: u32 = 16 << 10;
/// How long an idle connection of HTTP/2 is left alone, and how long it may then take to answer.
#[cfg(feature = "grpc")]
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(20));

/// What is spoken on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    /// HTTP/2 from the first byte on, as clients of gRPC speak it.
    #[cfg(feature = "grpc")]
    Http2,
}

/// Serves a listener until `stop` turns true, then lets running requests end.
pub(crate) async fn serve(
    listener: TcpListener,
    protocol: Protocol,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            () = told(&mut stop) => break,
        };
        while connections.try_join_next().is_some() {}
        if let Some((stream, slot)) = accepted {
            let connection = connection(stream, protocol, router.clone(), stop.clone());
            connections.spawn(async move {
                connection.await;
                drop(slot);
            });
        }
    }
    drop(listener);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    // Those that are left are dropped with the set.
    let _ = tokio::time::timeout(STOP_TIMEOUT, all_ended).await;
}

/// Ends when the server is to stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    // An error means that the viewer is gone.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(error) => {
            log::warn!("viewer: cannot accept a connection: {error}");
            tokio::time::sleep(ACCEPT_RETRY).await;
            None
        }
    }
}

async fn connection(stream: TcpStream, protocol: Protocol, router: Router, stop: watch::Receiver<bool>) {
    // Answers are small and written at once; without it, loopback clients wait for nothing.
    let _ = stream.set_nodelay(true);
    match protocol {
        Protocol::Http1 => {
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
            let stream = TokioIo::new(Patience::new(stream, WRITE_TIMEOUT));
            until_stop(server.serve_connection(stream, TowerToHyperService::new(router)), stop).await;
        }
        #[cfg(feature = "grpc")]
        Protocol::Http2 => {
            // Nothing else ends a connection on which nothing ever comes.
            if !matches!(tokio::time::timeout(HEAD_TIMEOUT, stream.peek(&mut [0])).await, Ok(Ok(1..))) {
                return;
            }
            let mut server = http2::Builder::new(TokioExecutor::new());
            server.timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX);
            server.max_header_list_size(HEADER_BYTES_MAX);
            server.keep_alive_interval(KEEP_ALIVE.0).keep_alive_timeout(KEEP_ALIVE.1);
            let stream = TokioIo::new(Patience::new(stream, WRITE_TIMEOUT));
            until_stop(server.serve_connection(stream, TowerToHyperService::new(router)), stop).await;
        }
    }
}

/// Serves a connection; when the server stops, its running requests end, and others are refused.
async fn until_stop<C>(connection: C, mut stop: watch::Receiver<bool>)
where
    C: GracefulConnection<Error = hyper::Error>,
{
    tokio::pin!(connection);
    let ended = tokio::select! {
        result = connection.as_mut() => Some(result),
        () = told(&mut stop) => None,
    };
    let result = match ended {
        Some(result) => result,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        log::debug!("viewer: connection ended: {error}");
    }
}
