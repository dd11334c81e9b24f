//! Takes connections, a bounded number at a time, until told to stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How many connections are open at a time; others wait in the system's queue.
const CONNECTIONS_MAX: usize = 256;
/// How long the head of a request may take to come; idle connections end then too.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// What to wait after an accept that failed, as when the process has no file descriptors left.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// How long requests that run may take to end once the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves a listener until `stop` turns true, then lets running requests end.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            () = told(&mut stop) => break,
        };
        while connections.try_join_next().is_some() {}
        if let Some((stream, slot)) = accepted {
            let connection = connection(stream, router.clone(), stop.clone());
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

async fn connection(stream: TcpStream, router: Router, mut stop: watch::Receiver<bool>) {
    // Answers are small and written at once; without it, loopback clients wait for nothing.
    let _ = stream.set_nodelay(true);
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let served = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(served);
    let ended = tokio::select! {
        result = served.as_mut() => Some(result),
        () = told(&mut stop) => None,
    };
    let result = match ended {
        Some(result) => result,
        None => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = result {
        log::debug!("viewer: connection ended: {error}");
    }
}
