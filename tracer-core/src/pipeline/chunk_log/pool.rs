//! Chunks that were read to their end, kept for the next log that grows: so that in a steady state the memory of
//! spans goes round, and no thread frees what another allocated.

use super::{CHUNK_BYTES, Chunk};
use crate::sync::{Mutex, lock, try_lock};

/// How many chunks are kept: 1 MiB, twice what the worker is woken for.
const KEPT_MAX: usize = 128;

/// The chunks of a pipeline that nobody uses. Nobody waits for its lock: who finds it taken does without.
#[derive(Debug)]
pub(crate) struct Pool(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    #[expect(clippy::vec_box, reason = "logs link boxes")]
    chunks: Vec<Box<Chunk>>,
    max: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self(Mutex::new(Kept { chunks: Vec::new(), max: KEPT_MAX }))
    }
}

impl Pool {
    /// An empty chunk with room for `len` bytes at least.
    pub(super) fn take(&self, len: usize) -> Box<Chunk> {
        let kept =
            if len <= CHUNK_BYTES { try_lock(&self.0).and_then(|mut kept| kept.chunks.pop()) } else { None };
        kept.unwrap_or_else(|| Box::new(Chunk::new(len.max(CHUNK_BYTES))))
    }

    /// Lets all chunks go, and keeps none from now on.
    pub(crate) fn forget(&self) {
        *lock(&self.0) = Kept { chunks: Vec::new(), max: 0 };
    }

    /// Keeps a chunk that nobody refers to any more.
    pub(super) fn give_back(&self, mut chunk: Box<Chunk>) {
        if chunk.bytes.len() != CHUNK_BYTES {
            return;
        }
        if let Some(mut kept) = try_lock(&self.0).filter(|kept| kept.chunks.len() < kept.max) {
            chunk.reset();
            kept.chunks.push(chunk);
        }
    }
}
