//! A collector that speaks gRPC, on OpenTelemetry's generated types, and answers as the test tells it.

use std::net::SocketAddr;
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use parking_lot::Mutex;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tonic::metadata::MetadataMap;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tracer_exporter_jaeger::OtlpGrpc;

/// What the n-th call, from 0, is answered.
type Script = Box<dyn FnMut(usize) -> Result<ExportTraceServiceResponse, Status> + Send>;

#[derive(Clone)]
pub(crate) struct Service {
    script: Arc<Mutex<Script>>,
    pub(crate) calls: Arc<Mutex<Vec<(MetadataMap, ExportTraceServiceRequest)>>>,
}

/// A running server; it ends when it is dropped.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    pub(crate) service: Service,
    stop: Option<oneshot::Sender<()>>,
    runtime: Runtime,
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let index = {
            let mut calls = self.calls.lock();
            calls.push((metadata, message));
            calls.len() - 1
        };
        let answer = (self.script.lock())(index);
        if answer.as_ref().is_err_and(|status| status.message() == HANG) {
            std::future::pending::<()>().await;
        }
        answer.map(Response::new)
    }
}

/// A status that is never sent.
pub(crate) const HANG: &str = "hang";

impl Receiver {
    pub(crate) fn start(
        script: impl FnMut(usize) -> Result<ExportTraceServiceResponse, Status> + Send + 'static,
    ) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), script)
    }

    pub(crate) fn start_at(
        address: SocketAddr,
        script: impl FnMut(usize) -> Result<ExportTraceServiceResponse, Status> + Send + 'static,
    ) -> Self {
        Self::serve(Server::builder(), address, script)
    }

    /// On a server as it was set up.
    pub(crate) fn serve(
        mut server: Server,
        address: SocketAddr,
        script: impl FnMut(usize) -> Result<ExportTraceServiceResponse, Status> + Send + 'static,
    ) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let service = Service { script: Arc::new(Mutex::new(Box::new(script))), calls: Arc::default() };
        let (stop, stopped) = oneshot::channel::<()>();
        let entered = runtime.enter();
        let incoming = TcpIncoming::bind(address).unwrap();
        let address = incoming.local_addr().unwrap();
        drop(entered);
        let server = server.add_service(TraceServiceServer::new(service.clone()));
        let until = async { drop(stopped.await) };
        runtime.spawn(server.serve_with_incoming_shutdown(incoming, until));
        Self { address, service, stop: Some(stop), runtime }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn exporter(&self) -> OtlpGrpc {
        OtlpGrpc::builder().endpoint(self.url()).build().unwrap()
    }

    pub(crate) fn calls(&self) -> usize {
        self.service.calls.lock().len()
    }

    /// Ends it with all its connections.
    pub(crate) fn stop(mut self) -> SocketAddr {
        drop(self.stop.take());
        self.runtime.shutdown_background();
        self.address
    }
}

/// An answer that all is well.
pub(crate) fn ok(_: usize) -> Result<ExportTraceServiceResponse, Status> {
    Ok(ExportTraceServiceResponse::default())
}
