//! Ways in: rows of this process, and spans of others by OTLP, Zipkin's format, or from a file.
//!
//! ```text
//! in_process.rs                                    rows ──────────────────────────────┐
//! grpc.rs         OTLP over gRPC                   ┐                                  │
//! otlp_http.rs    OTLP in protobuf or JSON         ├─> body.rs ─> *_json.rs, zipkin.rs ─> otlp.rs ─> store
//! zipkin_http.rs  Zipkin's second format           │   (limits)   (-> span_writer.rs)
//! upload.rs       files of Jaeger, or OTLP's JSON  ┘
//! ```

pub(crate) mod body;
#[cfg(feature = "grpc")]
pub(crate) mod grpc;
pub(crate) mod in_process;
mod jaeger_json;
mod numbers;
pub(crate) mod otlp;
pub(crate) mod otlp_http;
mod otlp_json;
mod request;
pub(crate) mod span_writer;
pub(crate) mod upload;
mod zipkin;
pub(crate) mod zipkin_http;

#[cfg(test)]
mod mutations;
