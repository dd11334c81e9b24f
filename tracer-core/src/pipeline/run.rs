//! What stands in a thread's log: rows, and in front of those of another source than the rows before, a mark.
//!
//! ```text
//! ┌────┬──────────┬─────┬─────┬─────┬────┬──────────┬─────┬─────┬───
//! │ 00 │ source 4 │ row │ row │ row │ 00 │ source 4 │ row │ row │ …
//! └────┴──────────┴─────┴─────┴─────┴────┴──────────┴─────┴─────┴───
//!   a mark: no row   └─ copied at once ─┘
//! ```
//!
//! A mark holds until the next one, also across chunks and drains: so writer and reader each remember a source. A
//! thread whose spans are all of one tracer has one mark in its life.

use crate::row::row_len;

/// What opens a mark. No row does: their tag is another.
const MARK: u8 = 0x00;
/// How long a mark is.
pub(super) const MARK_BYTES: usize = 5;
/// The source before the first mark.
pub(super) const NO_SOURCE: u32 = u32::MAX;

/// About how much is taken out at once. Rows lie where another core wrote them, and the length of each must be there
/// before the next one is found: the copy of one piece fetches the next ones meanwhile.
const PIECE_BYTES: usize = 1024;

/// Writes a mark.
pub(super) fn put_mark(room: &mut [u8], source: u32) -> Option<()> {
    let [a, b, c, d] = source.to_le_bytes();
    *room.first_chunk_mut::<MARK_BYTES>()? = [MARK, a, b, c, d];
    Some(())
}

/// A part of a log that was published, and the source that holds where it begins; then, where it ends.
#[derive(Debug)]
pub(super) struct Run<'a> {
    bytes: &'a [u8],
    source: &'a mut u32,
}

/// Rows of one source that stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowsOf<'a> {
    pub(super) source: u32,
    pub(super) bytes: &'a [u8],
    pub(super) count: usize,
}

/// How much: of a batch, or of what it has room for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    pub(super) spans: usize,
    pub(super) bytes: usize,
}

impl<'a> Run<'a> {
    pub(super) const fn new(bytes: &'a [u8], source: &'a mut u32) -> Self {
        Self { bytes, source }
    }

    /// The models' rows are bytes.
    #[cfg(all(test, tracer_loom))]
    pub(super) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The source of the next row, if there is one.
    pub(super) fn next_source(&mut self) -> Option<u32> {
        while let Some(([MARK, source @ ..], rest)) = self.bytes.split_first_chunk::<MARK_BYTES>() {
            *self.source = u32::from_le_bytes(*source);
            self.bytes = rest;
        }
        (!self.bytes.is_empty()).then_some(*self.source)
    }

    /// Takes some of the next rows of one source out: no more than reach that size.
    pub(super) fn take(&mut self, size: Size) -> Option<RowsOf<'a>> {
        let source = self.next_source()?;
        let bytes_max = size.bytes.min(PIECE_BYTES);
        let mut taken = Size::default();
        while taken.spans < size.spans && taken.bytes < bytes_max {
            let Some(len) = self.bytes.get(taken.bytes..).and_then(row_len) else { break };
            taken.bytes += len;
            taken.spans += 1;
        }
        let (bytes, rest) = self.bytes.split_at_checked(taken.bytes).filter(|_| taken.spans > 0)?;
        self.bytes = rest;
        Some(RowsOf { source, bytes, count: taken.spans })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::ROW_TAG;
    use crate::row::wire::put_varint;

    /// A row with a body of so many bytes.
    fn row(len: usize) -> Vec<u8> {
        let mut row = vec![ROW_TAG];
        put_varint(&mut row, len as u64);
        row.resize(row.len() + len, 7);
        row
    }

    fn mark(source: u32) -> Vec<u8> {
        let mut mark = vec![0; MARK_BYTES];
        put_mark(&mut mark, source).unwrap();
        mark
    }

    fn take<'a>(run: &mut Run<'a>, spans: usize, bytes: usize) -> Option<RowsOf<'a>> {
        run.take(Size { spans, bytes })
    }

    #[test]
    fn rows_come_out_by_source_and_up_to_what_is_wanted() {
        let bytes = [mark(3), row(2), row(200), row(0), mark(9), mark(4), row(1)].concat();
        let mut source = NO_SOURCE;
        let mut run = Run::new(&bytes, &mut source);
        let (first, second) = ([row(2), row(200)].concat(), row(0));
        assert_eq!(take(&mut run, 2, 1_000), Some(RowsOf { source: 3, bytes: &first, count: 2 }));
        assert_eq!(take(&mut run, 9, 1_000), Some(RowsOf { source: 3, bytes: &second, count: 1 }));
        assert_eq!(take(&mut run, 9, 1_000), Some(RowsOf { source: 4, bytes: &row(1), count: 1 }));
        assert_eq!((take(&mut run, 9, 1_000), run.next_source()), (None, None));
        assert_eq!(source, 4, "it holds in the next part");
    }

    #[test]
    fn bytes_are_a_limit_too() {
        let bytes = [row(10), row(10), row(10)].concat();
        let mut source = 5;
        let mut run = Run::new(&bytes, &mut source);
        let mut counts = || take(&mut run, 9, 13).map(|rows| (rows.source, rows.count));
        assert_eq!((counts(), counts(), counts()), (Some((5, 2)), Some((5, 1)), None));
    }

    #[test]
    fn what_is_no_row_ends_a_part() {
        for bytes in [&[7, 7, 7][..], &[ROW_TAG, 200], &[ROW_TAG, 5, 1], &[MARK, 1, 2]] {
            assert_eq!(take(&mut Run::new(bytes, &mut 0), 9, 99), None, "{bytes:?}");
        }
    }
}
