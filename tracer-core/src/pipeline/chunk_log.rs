//! Stage 6 of a span's walk: one thread's log of rows, written by that thread alone and read in place by
//! the worker.
//!
//! ```text
//!  Reader: head ──> ┌ Chunk ────────────────┐ next ┌ Chunk ────────────────┐
//!          consumed │ row row row row ░░░░░ │ ───> │ row row ░░░░░░░░░░░░░ │ <── tail :Writer
//!                   │ committed ────┘       │      │ committed ┘           │     position
//!                   └───────────────────────┘      └───────────────────────┘
//! ```
//!
//! The writer writes a row behind `position`, then publishes it with one release store of `committed`. When
//! a chunk has no room it links a new one with a release store of `next`, and never touches the old one
//! again. So no read-modify-write, no lock, no shared line but the one that is handed over, and the rows of
//! an idle thread are read where they lie.
//!
//! The reader loads `next` **before** `committed`: if `next` is set, `committed` is final, and the chunk can be
//! freed behind it. The chain itself belongs to both ends; whichever goes last frees it.
//!
//! # Invariants
//!
//! 1. Only the one [`Writer`] writes bytes, `committed` and `next`, and only of the last chunk.
//! 2. Bytes below `committed` are never written again.
//! 3. Only the one [`Reader`] frees chunks, and only those whose `next` is set; [`Chain`] frees the rest when
//!    both are gone. A freed chunk goes to the [`Pool`], where nobody refers to it.
//! 4. In a writer, `position <= end <=` the size of the last chunk; `end` is below the size only to hold the rest
//!    of a chunk of the reserve back.
//!
//! Checked by the loom models of `chunk_log/models.rs`; `ci/loom` also breaks the log in several ways that they
//! must notice.

#![expect(unsafe_code, reason = "bytes that two threads share without a lock")]

mod bytes;
#[cfg(all(test, tracer_loom))]
mod models;
mod pool;

use std::ptr::{self, NonNull};

use self::bytes::Bytes;
use self::pool::Pool;
use super::budget::{Budget, CHUNK_BYTES, Priority};
use crate::sync::{Arc, AtomicBool, AtomicPtr, AtomicUsize, Ordering};

/// The pool as the logs of all threads hold it.
pub(crate) type SharedPool = Arc<Pool>;

/// The end that appends. One per thread.
#[derive(Debug)]
pub(crate) struct Writer {
    /// The last chunk of the chain; valid while `chain` lives (invariant 3: its `next` is null).
    tail: NonNull<Chunk>,
    /// Where the next row goes; equals the tail's `committed`.
    position: usize,
    /// Where room ends, at most at the chunk's end: at `position` while a chunk of the reserve is held back.
    end: usize,
    /// The last chunk was had from the budget's reserve.
    in_reserve: bool,
    chain: Arc<Chain>,
}

/// Room behind the rows of a log. What is written there counts when it is published.
#[derive(Debug)]
pub(crate) struct Room<'w> {
    writer: &'w mut Writer,
    len_max: usize,
}

/// The end that takes rows out. All readers of a pipeline are the worker's.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The first chunk that is not freed; valid while `chain` lives.
    head: NonNull<Chunk>,
    consumed: usize,
    chain: Arc<Chain>,
}

/// The budget has no room for another chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// What became of an appended row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    Quietly,
    /// Half of the budget is used, and it is for the caller to wake the worker.
    UnderPressure,
}

#[derive(Debug)]
struct Chunk {
    committed: AtomicUsize,
    next: AtomicPtr<Self>,
    bytes: Bytes,
}

/// What both ends own together.
#[derive(Debug)]
struct Chain {
    /// The first chunk that is not freed. Written by the reader only.
    first: AtomicPtr<Chunk>,
    /// The writer is gone. Set after its last row.
    closed: AtomicBool,
    budget: Arc<Budget>,
    pool: Arc<Pool>,
}

// SAFETY: a writer has no thread of its own: whoever owns it is the one writer (invariant 1).
unsafe impl Send for Writer {}
// SAFETY: likewise for the one reader (invariant 3).
unsafe impl Send for Reader {}

/// A log with its two ends.
pub(crate) fn chunk_log(budget: &Arc<Budget>, pool: &Arc<Pool>) -> (Writer, Reader) {
    let first = leak(pool.take(0));
    let chain = Arc::new(Chain {
        first: AtomicPtr::new(first.as_ptr()),
        closed: AtomicBool::new(false),
        budget: Arc::clone(budget),
        pool: Arc::clone(pool),
    });
    let mut writer =
        Writer { tail: first, position: 0, end: 0, in_reserve: false, chain: Arc::clone(&chain) };
    writer.open();
    (writer, Reader { head: first, consumed: 0, chain })
}

impl Writer {
    /// Links a chunk if the last one has no room for a row of `len` bytes.
    ///
    /// A chunk of the reserve is opened for those who may have it, until [`hold_back`](Self::hold_back).
    pub(crate) fn prepare(&mut self, len: usize, priority: Priority) -> Result<Appended, Full> {
        if self.in_reserve && priority == Priority::Ordinary {
            if !self.chain.budget.is_outside_reserve() {
                return Err(Full);
            }
            self.in_reserve = false;
        }
        self.open();
        if self.has_room(len) { Ok(Appended::Quietly) } else { self.grow(len, priority) }
    }

    /// Whether [`prepare`](Self::prepare) would refuse a row for which the last chunk has no room. Told by loads
    /// alone: a dropped span is to cost no more than a kept one.
    #[inline]
    pub(crate) fn is_refused(&self, priority: Priority) -> bool {
        let budget = &self.chain.budget;
        if self.in_reserve {
            // Without a look into the chunk, which may have room for who goes last.
            return priority == Priority::Ordinary && !budget.is_outside_reserve();
        }
        budget.is_spent(self.tail().bytes.len(), priority)
    }

    /// Leaves nothing of a chunk of the reserve to whoever does not ask for it by [`prepare`](Self::prepare).
    pub(crate) fn hold_back(&mut self) {
        if self.in_reserve {
            self.end = self.position;
        }
    }

    /// Whether the last chunk has room for a row of `len` bytes.
    #[inline(always)]
    fn has_room(&self, len: usize) -> bool {
        len <= self.end - self.position
    }

    /// Room for a row of at most `len_max` bytes in the last chunk, if it has that.
    #[inline(always)]
    pub(crate) fn room(&mut self, len_max: usize) -> Option<Room<'_>> {
        if self.has_room(len_max) { Some(Room { writer: self, len_max }) } else { None }
    }

    /// Links a chunk with room for `len` bytes.
    ///
    /// The budget counts the chunk that is left behind, until the reader frees it. The last chunk of a log
    /// is never counted, or idle threads would use the budget up.
    #[cold]
    fn grow(&mut self, len: usize, priority: Priority) -> Result<Appended, Full> {
        let taken = self.chain.budget.reserve(self.tail().bytes.len(), priority).ok_or_else(|| {
            self.hold_back();
            Full
        })?;
        let new = leak(self.chain.pool.take(len));
        self.tail().next.store(new.as_ptr(), Ordering::Release);
        self.tail = new;
        self.position = 0;
        self.in_reserve = taken.from_reserve;
        self.open();
        // Behind the link: a drain that clears the pressure after this sees the chunk.
        let pressed = taken.are_pressing && self.chain.budget.press();
        Ok(if pressed { Appended::UnderPressure } else { Appended::Quietly })
    }

    fn open(&mut self) {
        self.end = self.tail().bytes.len();
    }

    #[inline]
    fn tail(&self) -> &Chunk {
        // SAFETY: the tail is not freed while `chain` lives (invariant 3).
        unsafe { self.tail.as_ref() }
    }
}

impl Room<'_> {
    /// The bytes, whatever they are.
    #[inline(always)]
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the range is behind `committed` (invariant 2) and within the chunk (invariant 4, and `has_room`
        // before this room was made), and nobody else has it (invariant 1): the writer is borrowed meanwhile.
        unsafe { self.writer.tail().bytes.room(self.writer.position, self.len_max) }
    }

    /// Publishes the row that was written into the first `len` bytes.
    #[inline(always)]
    pub(crate) fn publish(self, len: usize) {
        let Self { writer, len_max } = self;
        // Not beyond the room, and so within the chunk (invariant 4).
        let len = len.min(len_max);
        writer.tail().bytes.written(writer.position, len);
        writer.position += len;
        writer.tail().committed.store(writer.position, Ordering::Release);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.chain.closed.store(true, Ordering::Release);
    }
}

impl Reader {
    /// Gives all rows that are published to `take`, in their order; each run is a number of whole rows.
    /// Says whether more can come.
    ///
    /// It ends after as many chunks as fit the budget, so that a writer that never pauses cannot hold it.
    pub(crate) fn drain(&mut self, mut take: impl FnMut(&[u8])) -> bool {
        // Before the rows: a writer that closes after this look may have appended before it.
        let closed = self.chain.closed.load(Ordering::Acquire);
        for _ in 0..=self.chain.budget.chunks_max() {
            // SAFETY: the head is not freed while `chain` lives, but by this reader below (invariant 3).
            let head = unsafe { self.head.as_ref() };
            let next = head.next.load(Ordering::Acquire);
            let committed = head.committed.load(Ordering::Acquire);
            if self.consumed < committed {
                // SAFETY: bytes below `committed` are not written any more (invariant 2).
                unsafe { head.bytes.read(self.consumed, committed, &mut take) };
                self.consumed = committed;
            }
            let Some(next) = NonNull::new(next) else { return !closed };
            self.chain.free_first(self.head, next);
            self.head = next;
            self.consumed = 0;
        }
        true
    }
}

impl Chain {
    /// Frees the first chunk. Called by the reader, for a chunk that the writer has left.
    fn free_first(&self, first: NonNull<Chunk>, next: NonNull<Chunk>) {
        self.first.store(next.as_ptr(), Ordering::Relaxed);
        // SAFETY: its `next` is set, so the writer is done with it (invariant 1), and this is the one
        // reader (invariant 3).
        let chunk = unsafe { Box::from_raw(first.as_ptr()) };
        self.budget.release(chunk.bytes.len());
        self.pool.give_back(chunk);
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let mut next = self.first.load(Ordering::Relaxed);
        while let Some(chunk) = NonNull::new(next) {
            // SAFETY: both ends are gone (this is the last owner), so nobody else knows the chunk.
            let chunk = unsafe { Box::from_raw(chunk.as_ptr()) };
            next = chunk.next.load(Ordering::Relaxed);
            if !next.is_null() {
                self.budget.release(chunk.bytes.len());
            }
            self.pool.give_back(chunk);
        }
    }
}

impl Chunk {
    fn new(size: usize) -> Self {
        Self {
            committed: AtomicUsize::new(0),
            next: AtomicPtr::new(ptr::null_mut()),
            bytes: Bytes::new(size),
        }
    }

    /// Makes it as good as new; its bytes stay whatever they are.
    fn reset(&mut self) {
        self.committed = AtomicUsize::new(0);
        self.next = AtomicPtr::new(ptr::null_mut());
    }
}

/// A chunk that a log links, and that [`Chain`] takes back.
fn leak(chunk: Box<Chunk>) -> NonNull<Chunk> {
    NonNull::from(Box::leak(chunk))
}

#[cfg(all(test, not(tracer_loom)))]
mod tests {
    use super::*;

    fn append(writer: &mut Writer, row: &[u8]) -> Result<Appended, Full> {
        let appended = writer.prepare(row.len(), Priority::Ordinary)?;
        let mut room = writer.room(row.len()).ok_or(Full)?;
        room.bytes().copy_from_slice(row);
        room.publish(row.len());
        Ok(appended)
    }

    fn drained(reader: &mut Reader) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        let more = reader.drain(|rows| bytes.extend_from_slice(rows));
        (bytes, more)
    }

    #[test]
    fn rows_come_out_whole_and_in_order() {
        let budget = Arc::new(Budget::new(1 << 20, 0));
        let (mut writer, mut reader) = chunk_log(&budget, &Arc::default());
        let mut expected = Vec::new();
        let mut seen = Vec::new();
        for n in 0..1_000_usize {
            let row = vec![n.to_le_bytes()[0]; n % 300];
            append(&mut writer, &row).unwrap();
            expected.extend_from_slice(&row);
            if n % 70 == 0 {
                seen.extend(drained(&mut reader).0);
            }
        }
        drop(writer);
        let (rest, more) = drained(&mut reader);
        seen.extend(rest);
        assert_eq!(seen, expected);
        assert!(!more);
        assert_eq!(budget.used_bytes(), 0);
    }

    /// For the thread sanitizer above all: a writer and a reader that never wait for each other.
    #[test]
    fn a_reader_beside_a_writer_sees_every_row() {
        const ROWS: u64 = 200_000;
        let budget = Arc::new(Budget::new(1 << 30, 0));
        let (mut writer, mut reader) = chunk_log(&budget, &Arc::default());
        let appending = std::thread::Builder::new().spawn(move || {
            for row in 0..ROWS {
                append(&mut writer, &row.to_le_bytes()).unwrap();
            }
        });
        let mut expected = 0;
        let mut check = |rows: &[u8]| {
            for row in rows.chunks_exact(8) {
                assert_eq!(row, u64::to_le_bytes(expected));
                expected += 1;
            }
        };
        while reader.drain(&mut check) {}
        appending.unwrap().join().unwrap();
        assert_eq!(expected, ROWS);
    }

    #[test]
    fn a_row_larger_than_a_chunk_gets_its_own() {
        let budget = Arc::new(Budget::new(1 << 20, 0));
        let (mut writer, mut reader) = chunk_log(&budget, &Arc::default());
        append(&mut writer, b"small").unwrap();
        append(&mut writer, &vec![7; 3 * CHUNK_BYTES]).unwrap();
        append(&mut writer, b"after").unwrap();
        assert_eq!(drained(&mut reader).0.len(), 3 * CHUNK_BYTES + 10);
    }

    #[test]
    fn a_full_budget_refuses_whole_rows_and_forgets_none_before() {
        let budget = Arc::new(Budget::new(2 * CHUNK_BYTES, 0));
        let (mut writer, mut reader) = chunk_log(&budget, &Arc::default());
        let row = [1; 1_000];
        let taken = (0..100).filter(|_| append(&mut writer, &row).is_ok()).count();
        assert_eq!(taken, 3 * (CHUNK_BYTES / 1_000));
        assert_eq!(drained(&mut reader).0.len(), taken * 1_000);
        assert!(append(&mut writer, &row).is_ok(), "drained chunks give their room back");
    }

    #[test]
    fn a_chunk_of_the_reserve_takes_no_ordinary_rows_until_there_is_memory() {
        let budget = Arc::new(Budget::new(2 * CHUNK_BYTES, CHUNK_BYTES));
        let (mut writer, mut reader) = chunk_log(&budget, &Arc::default());
        let row = [1; 1_000];
        let append_last = |writer: &mut Writer| {
            let appended = writer.prepare(row.len(), Priority::Last);
            let mut room = writer.room(row.len()).ok_or(Full)?;
            room.bytes().copy_from_slice(&row);
            room.publish(row.len());
            writer.hold_back();
            appended
        };
        let per_chunk = CHUNK_BYTES / row.len();
        let ordinary = (0..100).filter(|_| append(&mut writer, &row).is_ok()).count();
        assert_eq!(ordinary, 2 * per_chunk);
        assert!(writer.is_refused(Priority::Ordinary) && !writer.is_refused(Priority::Last));
        assert!(append_last(&mut writer).is_ok());
        assert!(!writer.has_room(1), "the way without a question is shut");
        assert_eq!(append(&mut writer, &row), Err(Full));
        assert!(writer.is_refused(Priority::Ordinary) && !writer.is_refused(Priority::Last));
        let last = (0..100).filter(|_| append_last(&mut writer).is_ok()).count();
        assert_eq!(last, per_chunk - 1);
        assert!(writer.is_refused(Priority::Ordinary));
        assert_eq!(drained(&mut reader).0.len(), (ordinary + last + 1) * row.len());
        assert!(!writer.is_refused(Priority::Ordinary));
        assert!(append(&mut writer, &row).is_ok(), "there is memory again");
        assert_eq!(drained(&mut reader).0.len(), row.len());
    }

    #[test]
    fn the_chain_is_freed_whichever_end_goes_first() {
        for reader_first in [true, false] {
            let budget = Arc::new(Budget::new(1 << 20, 0));
            let (mut writer, reader) = chunk_log(&budget, &Arc::default());
            (0..100).for_each(|_| assert!(append(&mut writer, &[0; 1_000]).is_ok()));
            assert!(budget.used_bytes() > 0);
            if reader_first {
                drop(reader);
                drop(writer);
            } else {
                drop(writer);
                drop(reader);
            }
            assert_eq!(budget.used_bytes(), 0);
        }
    }
}
