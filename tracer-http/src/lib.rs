//! Tracing of HTTP and gRPC: [tower](https://docs.rs/tower-layer) layers for servers and clients.
//!
//! [`server::TraceLayer`] and [`client::TraceLayer`] wrap any service of `http` requests and
//! responses: axum, hyper (through `TowerToHyperService`), tonic on both sides; with the feature
//! `reqwest` the client's is a middleware of that.
//!
//! ```text
//! caller                                      network   callee
//! client::TraceLayer ── span (client) ── inject ──> extract ── server::TraceLayer ── span (server)
//!        active while the inner service is polled       active while the inner service is polled
//!        ends with the response's body                  ends with the response's body
//! ```
//!
//! With axum (feature `axum`; see [`client`] and [`server`] for more):
//!
//! ```
//! # #[cfg(feature = "axum")] fn main() {
//! use axum::{Router, routing::get};
//! use tracer_core::Tracer;
//! use tracer_http::server::TraceLayer;
//!
//! let tracer = Tracer::builder("shop").build();
//! let app: Router = Router::new()
//!     .route("/users/{id}", get(async || "hello"))
//!     .layer(TraceLayer::new(tracer));
//! # }
//! # #[cfg(not(feature = "axum"))] fn main() {}
//! ```
//!
//! With tonic, on both sides:
//!
//! ```no_run
//! use tonic::transport::{Channel, Server};
//! use tower::ServiceBuilder;
//! use tracer_core::Tracer;
//! use tracer_http::{client, server};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! # let tracer = Tracer::noop();
//! let server = Server::builder().layer(server::TraceLayer::new(tracer.clone()));
//!
//! let channel = Channel::from_static("http://127.0.0.1:8082").connect_lazy();
//! let channel = ServiceBuilder::new()
//!     .layer(client::TraceLayer::new(tracer).server_address("127.0.0.1", 8082))
//!     .service(channel);
//! // DriverServiceClient::new(channel)
//! # }
//! ```
//!
//! # Metadata by hand
//!
//! tonic's `MetadataMap` is an `http::HeaderMap` behind `as_ref` and `as_mut`, its `-bin` values in
//! base64 as they travel, and so is a carrier as it is:
//!
//! ```
//! use http::HeaderMap;
//! use tracer_core::testing::TestTracer;
//! use tracer_propagation::{Codec, Composite, GrpcTraceBin};
//!
//! let (test, codecs) = (TestTracer::new("shop"), Composite::w3c().with(GrpcTraceBin));
//! let span = test.tracer().span("call").start();
//! let mut request = tonic::Request::new(());
//! let headers: &mut HeaderMap = request.metadata_mut().as_mut();
//! codecs.inject(span.context(), headers)?;
//! assert!(request.metadata().get_bin("grpc-trace-bin").is_some());
//!
//! let headers: &HeaderMap = request.metadata().as_ref();
//! assert_eq!(codecs.extract(headers)?.context.as_ref(), Some(&span.context().clone().into_remote()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where things are
//!
//! A request's walk, by file: `server/service` or `client/service` (extract or inject, start the
//! span), `future` (until the response's head), `body` (until its end); `exchange` is what they hand
//! on. What becomes a tag is in `tags` and `grpc`.
//!
//! # Cost
//!
//! No task, no lock, no boxed future. A request that is not sampled has no tags worked out.

#[cfg(feature = "axum")]
mod axum;
mod body;
pub mod client;
mod exchange;
mod failure;
mod future;
mod grpc;
mod head;
mod percent;
#[cfg(feature = "reqwest")]
pub mod reqwest;
mod response_names;
pub mod server;
mod settings;
mod tags;

pub use self::body::TracedBody;
pub use self::future::ResponseFuture;
pub use self::head::{RequestHead, Route};
pub use self::tags::{PeerAddr, SENSITIVE_QUERY_KEYS};
