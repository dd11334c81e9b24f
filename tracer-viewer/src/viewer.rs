//! The viewer as an application sees it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::page;
use crate::query::api;
use crate::receive::body::Bodies;
use crate::receive::in_process::InProcess;
use crate::receive::{otlp_http, upload, zipkin_http};
use crate::server::accept::Protocol;
use crate::server::guard::{Hosts, guard};
use crate::server::thread::{Served, ServerThread};
use crate::store::stats::Stats;
use crate::store::{Limits, Store};

/// The port of Jaeger's page and query API.
const QUERY_PORT: u16 = 16686;

/// A collector with a page, on a thread of its own. It stops when it is dropped.
///
/// ```
/// # use tracer_viewer::Viewer;
/// let viewer = Viewer::builder().listen("127.0.0.1:0".parse()?).traces_max(1_000).start()?;
/// println!("http://{}/", viewer.local_addr());
/// viewer.stop();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Viewer {
    store: Arc<Store>,
    local_addr: SocketAddr,
    otlp_addr: Option<SocketAddr>,
    zipkin_addr: Option<SocketAddr>,
    #[cfg(feature = "grpc")]
    grpc_addr: Option<SocketAddr>,
    server: ServerThread,
}

/// Settings of a [`Viewer`].
#[must_use = "nothing is served until `start`"]
#[derive(Clone, Debug)]
pub struct ViewerBuilder {
    listen: SocketAddr,
    otlp_listen: Option<SocketAddr>,
    zipkin_listen: Option<SocketAddr>,
    #[cfg(feature = "grpc")]
    grpc_listen: Option<SocketAddr>,
    hosts: Vec<String>,
    limits: Limits,
}

/// Why a viewer did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Its address is in use, or not this machine's.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system gives no thread, or no sockets that do not block.
    #[error("cannot start the viewer's thread: {0}")]
    Thread(#[source] io::Error),
}

impl Viewer {
    /// The settings: 127.0.0.1:16686, no second port, 10,000 traces, 256 MiB.
    pub fn builder() -> ViewerBuilder {
        ViewerBuilder {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, QUERY_PORT)),
            otlp_listen: None,
            zipkin_listen: None,
            #[cfg(feature = "grpc")]
            grpc_listen: None,
            hosts: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// An exporter for the spans of this process. May be called for several pipelines.
    #[must_use]
    pub fn exporter(&self) -> InProcess {
        InProcess::new(Arc::clone(&self.store))
    }

    /// Where the page, the query API, `/v1/traces` (OTLP) and `/api/v2/spans` (Zipkin) are.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Where else `/v1/traces` is, if that was asked for.
    #[must_use]
    pub const fn otlp_addr(&self) -> Option<SocketAddr> {
        self.otlp_addr
    }

    /// Where else `/api/v2/spans` is, if that was asked for.
    #[must_use]
    pub const fn zipkin_addr(&self) -> Option<SocketAddr> {
        self.zipkin_addr
    }

    /// Where OTLP is received over gRPC, if that was asked for.
    #[cfg(feature = "grpc")]
    #[must_use]
    pub const fn grpc_addr(&self) -> Option<SocketAddr> {
        self.grpc_addr
    }

    /// What it was given so far, and what became of it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.store.stats()
    }

    /// Stops serving. Requests that run have two seconds to end.
    pub fn stop(mut self) {
        self.server.stop();
    }
}

impl ViewerBuilder {
    /// Where to serve the page, the query API and OTLP; port 0 takes a free one.
    pub const fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// A second address for OTLP alone, usually port 4318.
    pub const fn otlp_listen(mut self, addr: Option<SocketAddr>) -> Self {
        self.otlp_listen = addr;
        self
    }

    /// A second address for Zipkin's spans alone, usually port 9411.
    pub const fn zipkin_listen(mut self, addr: Option<SocketAddr>) -> Self {
        self.zipkin_listen = addr;
        self
    }

    /// An address for OTLP over gRPC, usually port 4317.
    #[cfg(feature = "grpc")]
    pub const fn grpc_listen(mut self, addr: Option<SocketAddr>) -> Self {
        self.grpc_listen = addr;
        self
    }

    /// One more name under which this machine is asked. Requests for hosts other than loopback
    /// and the listen address are refused, since any web page can make a browser send them.
    pub fn allow_host(mut self, name: &str) -> Self {
        self.hosts.push(name.to_owned());
        self
    }

    /// How many traces are kept, at least 1; the oldest one leaves for a new one.
    pub fn traces_max(mut self, traces: usize) -> Self {
        self.limits.traces_max = traces.max(1);
        self
    }

    /// What all kept spans may take, in bytes.
    pub const fn bytes_max(mut self, bytes: usize) -> Self {
        self.limits.bytes_max = bytes;
        self
    }

    /// How many spans of one trace are kept, at least 1: 50,000. Others are refused and counted.
    pub fn spans_per_trace_max(mut self, spans: usize) -> Self {
        self.limits.spans_per_trace_max = spans.max(1);
        self
    }

    /// Starts serving.
    ///
    /// # Errors
    /// [`StartError::Listen`] if an address is in use, [`StartError::Thread`] if the system gives
    /// no thread.
    pub fn start(self) -> Result<Viewer, StartError> {
        let store = Arc::new(Store::new(self.limits));
        let bodies = Bodies::new(Arc::clone(&store));
        let otlp = otlp_http::router(bodies.clone());
        let zipkin = zipkin_http::router(bodies.clone());
        let all = api::router(Arc::clone(&store)).merge(page::router()).merge(upload::router(bodies.clone()));
        let all = all.merge(otlp.clone()).merge(zipkin.clone());
        let mut servers = Vec::new();
        let mut serve = |addr, protocol, router| -> Result<SocketAddr, StartError> {
            let (listener, addr) = listen(addr)?;
            let router = guarded(router, Hosts::new(addr, &self.hosts));
            servers.push(Served { listener, protocol, router });
            Ok(addr)
        };
        let local_addr = serve(self.listen, Protocol::Http1, all)?;
        let mut second = |addr: Option<SocketAddr>, protocol, router| {
            addr.map(|addr| serve(addr, protocol, router)).transpose()
        };
        let otlp_addr = second(self.otlp_listen, Protocol::Http1, otlp)?;
        let zipkin_addr = second(self.zipkin_listen, Protocol::Http1, zipkin)?;
        #[cfg(feature = "grpc")]
        let grpc_addr = second(self.grpc_listen, Protocol::Http2, crate::receive::grpc::router(bodies))?;
        let server = ServerThread::start(servers).map_err(StartError::Thread)?;
        Ok(Viewer {
            store,
            local_addr,
            otlp_addr,
            zipkin_addr,
            #[cfg(feature = "grpc")]
            grpc_addr,
            server,
        })
    }
}

fn guarded(router: Router, hosts: Hosts) -> Router {
    router.layer(from_fn_with_state(hosts, guard))
}

fn listen(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { addr, source };
    let listener = TcpListener::bind(addr).map_err(failed)?;
    let local_addr = listener.local_addr().map_err(failed)?;
    Ok((listener, local_addr))
}
