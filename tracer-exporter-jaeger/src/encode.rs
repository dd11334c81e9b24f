//! Stage 9 of a span's walk: a batch of rows becomes the body of a request.

pub mod otlp;
