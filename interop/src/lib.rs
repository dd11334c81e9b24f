//! Tests with real peers: our programs, the original HotROD and the real Jaeger, started,
//! asked and compared.
//!
//! - [`shape`] says what must hold of a HotROD trace; [`jaeger_json`] reads such a trace from
//!   Jaeger's query API, or from anything that answers like it. These two are always there.
//! - With the feature `runner` (on by default) come what the program `interop` is made of:
//!   `process`, `http` and `browser` underneath, `peers` that are started, `suites` of tests on them,
//!   and the `report`.

#[cfg(feature = "runner")]
pub mod browser;
#[cfg(feature = "runner")]
pub mod http;
pub mod jaeger_json;
#[cfg(feature = "runner")]
pub mod peers;
#[cfg(feature = "runner")]
pub mod poll;
#[cfg(feature = "runner")]
pub mod process;
#[cfg(feature = "runner")]
pub mod report;
pub mod shape;
#[cfg(feature = "runner")]
pub mod suites;
