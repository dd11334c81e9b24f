//! Traces the requests that a server answers.
//!
//! ```text
//! request ──> TraceLayer: extract the caller's context, start the span ──> inner service
//!                         span active while its future is polled  <─────────┘
//! response <─ TraceLayer: status, `traceresponse`; the body carries the span on to its end
//! ```
//!
//! Without further settings:
//! - The span is a child of the caller's, or the root of a new trace; baggage is kept. A server that
//!   strangers reach should be told so: [`TraceLayer::edge_policy`].
//! - Its name is `GET /users/{id}` where the route is known (axum with the feature `axum`, or a
//!   [`Route`](crate::Route)), else the method alone: paths are without number. With axum, use
//!   `Router::layer`: it runs when the route is known. A handler that learns it later renames the
//!   span: `active::with(|span| span.set_operation_name("GET /late"))`. Calls of gRPC are named
//!   `package.Service/Method`, and `_OTHER` where the answer is `UNIMPLEMENTED`.
//! - A status of 500 and above is an error, and of gRPC's those that are the server's fault.
//! - A request that is given up before the end of its response is tagged `cancelled`.
//!
//! ```
//! use http::{Request, Response};
//! use tower::{Layer, Service, ServiceExt, service_fn};
//! use tracer_core::testing::TestTracer;
//! use tracer_http::server::TraceLayer;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let test = TestTracer::new("shop");
//! let hello = service_fn(async |_: Request<String>| {
//!     tracer_core::active::with(|span| { span.set_tag("greeting", "hello"); });
//!     Ok::<_, std::convert::Infallible>(Response::new(String::new()))
//! });
//! let mut service = TraceLayer::new(test.tracer().clone()).layer(hello);
//!
//! let request = Request::get("/hello?token=secret").body(String::new()).unwrap();
//! let response = service.ready().await.unwrap().call(request).await.unwrap();
//!
//! assert_eq!(test.tree(), "\
//! GET (server) http.request.method=GET url.path=/hello url.query=token=REDACTED url.scheme=http \
//! network.protocol.version=1.1 greeting=hello http.response.status_code=200
//! ");
//! let span = &test.spans()[0];
//! let expected = format!("00-{}-{}-01", span.trace_id, span.span_id);
//! assert_eq!(response.headers()["traceresponse"], expected.as_str());
//! # }
//! ```

mod layer;
mod malformed;
mod service;

pub use self::layer::TraceLayer;
pub use self::malformed::MalformedHeaders;
pub use self::service::Trace;
pub use tracer_propagation::EdgePolicy;
