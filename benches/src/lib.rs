//! The same workloads on tracer-core and on its peers.
//!
//! `workload` says what is done, `peers/` does it with each library, `measure` takes the figures, and
//! `cargo bench --bench peers` prints them side by side, all from one run.

pub mod codec;
pub mod measure;
pub mod peers;
pub mod workload;
