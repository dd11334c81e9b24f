//! For tests: spans in memory, and traces as trees of text.
//!
//! Nothing here is global, so tests run in parallel.

mod memory;
mod tree;

pub use self::memory::{FinishedSpan, InMemoryExporter, TestTracer};
pub use self::tree::tree;
