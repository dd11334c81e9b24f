//! The same workloads on tracer-core and on its peers.
//!
//! `workload` says what is done, `peers/` does it with each library. `measure` takes nanoseconds and
//! allocations, `export` the whole way to a collector, `callgrind` counts instructions. One program of
//! `benches/` for each of the three. `codec` is about headers, with two programs of its own.

pub mod callgrind;
pub mod codec;
pub mod export;
pub mod measure;
pub mod peers;
pub mod workload;
