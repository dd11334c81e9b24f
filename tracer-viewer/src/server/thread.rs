//! One thread with its own runtime, so that the application needs none and is never waited for.

use std::io;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use axum::Router;
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::accept::{Protocol, serve};

/// How long `stop` waits for the thread at most.
const JOIN_TIMEOUT: Duration = Duration::from_secs(4);
/// How long requests that compute may go on after that.
const BLOCKING_TIMEOUT: Duration = Duration::from_secs(1);

/// What is served on a port.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) listener: TcpListener,
    pub(crate) protocol: Protocol,
    pub(crate) router: Router,
}

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct ServerThread {
    stop: watch::Sender<bool>,
    /// Behind a lock so that a viewer can be shared; only `stop` looks at it.
    ended: Mutex<mpsc::Receiver<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl ServerThread {
    /// Serves each router on its listener, in its protocol.
    pub(crate) fn start(servers: Vec<Served>) -> io::Result<Self> {
        let runtime =
            Builder::new_current_thread().enable_io().enable_time().max_blocking_threads(4).build()?;
        for served in &servers {
            served.listener.set_nonblocking(true)?;
        }
        let (stop, stopped) = watch::channel(false);
        let (end, ended) = mpsc::sync_channel(1);
        let run = move || {
            if let Err(error) = run(&runtime, servers, &stopped) {
                log::error!("viewer: server ended: {error}");
            }
            runtime.shutdown_timeout(BLOCKING_TIMEOUT);
            let _ = end.send(());
        };
        let thread = thread::Builder::new().name("tracer-viewer".to_owned()).spawn(run)?;
        Ok(Self { stop, ended: Mutex::new(ended), thread: Some(thread) })
    }

    /// Ends the server and waits for it, a few seconds at most.
    pub(crate) fn stop(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        self.stop.send_replace(true);
        match self.ended.get_mut().recv_timeout(JOIN_TIMEOUT) {
            Err(mpsc::RecvTimeoutError::Timeout) => log::warn!("viewer: server did not end in time"),
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => {
                if thread.join().is_err() {
                    log::error!("viewer: server thread panicked");
                }
            }
        }
    }
}

impl Drop for ServerThread {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(runtime: &Runtime, servers: Vec<Served>, stopped: &watch::Receiver<bool>) -> io::Result<()> {
    runtime.block_on(async {
        let mut running = JoinSet::new();
        for Served { listener, protocol, router } in servers {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            running.spawn(serve(listener, protocol, router, stopped.clone()));
        }
        while running.join_next().await.is_some() {}
        Ok(())
    })
}
