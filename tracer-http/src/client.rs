//! Traces the requests that a client sends.
//!
//! ```text
//! request ──> TraceLayer: start the span, inject its context ──> inner service ──> network
//! response <─ TraceLayer: status; the body carries the span on to its end
//! ```
//!
//! Without further settings:
//! - The span is a child of the active one, and is named after the method; calls of gRPC are named
//!   `package.Service/Method`.
//! - Tracing headers that the request has already, say because it was copied from an incoming one,
//!   are replaced.
//! - Context **and baggage** go to every server; see [`TraceLayer::outgoing_policy`] for strangers.
//! - A status of 400 and above is an error, and of gRPC's every one but `OK`.
//! - The span ends when the response's body has been read. Whoever drops the response before that
//!   gives it up: tag `cancelled`.
//! - A service's error is recorded by what it displays. Where that hides the causes, let the layer
//!   see a boxed error: `.layer(trace).map_err(BoxError::from)`.
//!
//! ```
//! use http::{Request, Response};
//! use tower::{Layer, Service, ServiceExt, service_fn};
//! use tracer_core::testing::TestTracer;
//! use tracer_http::client::TraceLayer;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let test = TestTracer::new("shop");
//! let remote = service_fn(async |request: Request<String>| {
//!     assert!(request.headers().contains_key("traceparent"));
//!     Ok::<_, std::io::Error>(Response::new(String::new()))
//! });
//! let mut client = TraceLayer::new(test.tracer().clone()).layer(remote);
//!
//! let request = Request::get("http://me:pass@stock.internal/items?id=7").body(String::new()).unwrap();
//! client.ready().await.unwrap().call(request).await.unwrap();
//!
//! assert_eq!(test.tree(), "\
//! GET (client) http.request.method=GET url.full=http://stock.internal/items?id=7 \
//! server.address=stock.internal server.port=80 http.response.status_code=200
//! ");
//! # }
//! ```

mod layer;
mod policy;
mod service;

pub use self::layer::TraceLayer;
pub use self::service::Trace;
pub use tracer_propagation::{HostPatternError, OutgoingPolicy, Propagation};
