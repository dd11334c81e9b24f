//! Jaeger's query API: `/api/*`.
//!
//! ```text
//! params.rs   text of a URL -> TraceQuery        filter.rs  TraceQuery, Trace -> does it match
//! convert.rs  Trace -> json::Trace (as Jaeger)   api.rs     one function per address
//! ```

pub(crate) mod api;
mod convert;
mod dependencies;
mod duration;
mod filter;
mod json;
mod params;
mod summary;
mod trace_id;
mod value;
