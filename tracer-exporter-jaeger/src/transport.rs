//! Stage 10 of a span's walk: the request goes out, and the answer says what became of the spans.

pub(crate) mod answer;
pub(crate) mod http;
pub(crate) mod retry;
