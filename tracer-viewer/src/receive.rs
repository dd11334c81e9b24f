//! Ways in: rows of this process, and OTLP from others.

pub(crate) mod in_process;
pub(crate) mod otlp;
pub(crate) mod otlp_http;
