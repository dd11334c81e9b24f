//! Jaeger's query API: `/api/*`.
//!
//! ```text
//! params.rs   text of a URL -> TraceQuery        filter.rs  TraceQuery, Trace -> does it match
//! convert.rs  Trace -> json::Trace (as Jaeger)   api.rs     one function per address
//! answer.rs   how answers are written             viewer_api.rs  what the page asks beyond Jaeger's
//! ```

mod answer;
pub(crate) mod api;
mod convert;
mod dependencies;
mod duration;
mod filter;
mod json;
mod params;
mod summary;
pub(crate) mod trace_id;
pub(crate) mod value;
mod viewer_api;
