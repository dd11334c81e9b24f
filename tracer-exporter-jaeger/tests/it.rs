//! The exporter as programs use it, against a collector of the tests' own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may, as tests do")]

#[path = "it/collector.rs"]
mod collector;
#[path = "it/concurrent.rs"]
mod concurrent;
#[path = "it/encoding.rs"]
mod encoding;
#[path = "it/environment.rs"]
mod environment;
#[path = "it/files.rs"]
mod files;
#[path = "it/http_exporters.rs"]
mod http_exporters;
#[path = "it/jaeger_json.rs"]
mod jaeger_json;
#[path = "it/jaeger_model.rs"]
mod jaeger_model;
#[path = "it/jaeger_proto.rs"]
mod jaeger_proto;
#[path = "it/losses.rs"]
mod losses;
#[path = "it/malformed.rs"]
mod malformed;
#[path = "it/otlp_http_json.rs"]
mod otlp_http_json;
#[path = "it/otlp_json.rs"]
mod otlp_json;
#[path = "it/outages.rs"]
mod outages;
#[path = "it/random.rs"]
mod random;
#[path = "it/remote_sampling.rs"]
mod remote_sampling;
#[path = "it/runtime.rs"]
mod runtime;
#[path = "it/spans.rs"]
mod spans;
#[path = "it/thrift.rs"]
mod thrift;
#[path = "it/thrift_reader.rs"]
mod thrift_reader;
#[path = "it/thrift_udp.rs"]
mod thrift_udp;
#[path = "it/transport.rs"]
mod transport;
#[path = "it/zipkin.rs"]
mod zipkin;
