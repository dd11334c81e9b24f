//! Jaeger's query API in both generations: `/api/*` and `/api/v3/*`.
//!
//! ```text
//! params.rs   text of a URL -> TraceQuery        filter.rs  TraceQuery, Trace -> does it match
//! convert.rs  Trace -> json::Trace (as Jaeger)   api.rs     one function per address
//! otlp_json.rs  Trace -> OTLP's JSON            v3.rs      the second generation
//! answer.rs   how answers are written             viewer_api.rs  what the page asks beyond Jaeger's
//! ```

mod answer;
pub(crate) mod api;
mod convert;
mod dependencies;
mod duration;
mod filter;
mod json;
mod otlp_json;
mod params;
mod rfc3339;
mod summary;
pub(crate) mod trace_id;
mod v3;
pub(crate) mod value;
mod viewer_api;
