//! The rows of a batch, one by one, each with what stands behind it: the fast way reads whole windows.

use tracer_core::row::wire::{Field, Fields};

/// A row, and the same with all that stands behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct FramedRow<'a> {
    pub(super) row: &'a [u8],
    pub(super) and_more: &'a [u8],
}

impl<'a> FramedRow<'a> {
    /// A row without anything behind it.
    pub(super) const fn alone(row: &'a [u8]) -> Self {
        Self { row, and_more: row }
    }

    /// The next row, if there is one.
    #[inline]
    pub(super) fn next(rows: &mut Fields<'a>) -> Option<Self> {
        let before = rows.rest();
        // Nearly all lengths take one byte or two.
        let (begin, len) = match before.first_chunk() {
            Some([0x12, len @ 0..=0x7f, _]) => (2, usize::from(*len)),
            Some([0x12, low, high @ 0..=0x7f]) => (3, usize::from(low & 0x7f) | usize::from(*high) << 7),
            _ => return Self::any_next(rows),
        };
        let and_more = before.get(begin..)?;
        let (row, rest) = and_more.split_at_checked(len)?;
        *rows = Fields::new(rest);
        Some(Self { row, and_more })
    }

    #[cold]
    fn any_next(rows: &mut Fields<'a>) -> Option<Self> {
        let before = rows.rest();
        let Ok((_, Field::Bytes(row))) = rows.next()? else { return None };
        let begin = before.len() - rows.rest().len() - row.len();
        Some(Self { row, and_more: before.get(begin..)? })
    }
}
