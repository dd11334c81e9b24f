//! What leaves for whom, and what is taken from whom.
//!
//! ```text
//! strangers ── headers ──> EdgePolicy ──> span ──> OutgoingPolicy ──> headers ──> host
//!                          continue                rules by host: all, the trace, ids, nothing
//!                          restart with a link
//!                          ignore
//! ```

mod edge;
mod host_pattern;
mod outgoing;
mod propagation;

pub use self::edge::EdgePolicy;
pub use self::host_pattern::HostPatternError;
pub use self::outgoing::OutgoingPolicy;
pub use self::propagation::Propagation;
