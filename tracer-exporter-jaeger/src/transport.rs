//! Stage 10 of a span's walk: bytes go out, and what became of them comes back.

pub(crate) mod answer;
pub(crate) mod compression;
#[cfg(feature = "grpc")]
pub(crate) mod grpc;
pub(crate) mod http;
pub(crate) mod retry;
pub(crate) mod sender;
#[cfg(feature = "tls")]
pub(crate) mod tls;
pub(crate) mod udp;
