//! What a trace, or many, tell: computed from snapshots of the store, without sockets or JSON text.
//!
//! ```text
//! forest.rs  Trace -> parents before children, each span once, whatever was sent
//!   critical_path.rs  what the end waited for          paths.rs  the same call path of many traces
//!   gaps.rs           time that nothing accounts for     compare.rs    of two traces
//!   siblings.rs       one after the other; never more    aggregate.rs  of a group
//!                     than k at once                   graph.rs, red.rs, attribution.rs
//!   clock_skew.rs     clocks that are off, taken away if asked; warnings.rs says what is odd
//! ```
//!
//! Nothing here calls itself: a trace may be a chain of as many spans as it may have.

pub(crate) mod aggregate;
pub(crate) mod attribution;
pub(crate) mod clock_skew;
pub(crate) mod compare;
pub(crate) mod critical_path;
pub(crate) mod forest;
pub(crate) mod gaps;
pub(crate) mod graph;
pub(crate) mod paths;
pub(crate) mod percentiles;
pub(crate) mod red;
pub(crate) mod self_time;
pub(crate) mod shared_ids;
pub(crate) mod siblings;
pub(crate) mod warnings;

#[cfg(test)]
mod testing;
