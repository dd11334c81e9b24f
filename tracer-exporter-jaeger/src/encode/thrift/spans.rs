//! The spans of a batch or packet, one behind the other.

use tracer_core::Scope;
use tracer_core::row::wire::{Field, Fields};

use super::ScopeTags;
use super::fast::{self, KindTags, LastIds, Padding, Row, Shared};
use super::protocol::Protocol;
use super::scan::Scan;
use super::transcode::put_span;

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
        let (begin, len) = match *before {
            [0x12, len @ 0..=0x7f, ..] => (2, usize::from(len)),
            [0x12, low, high @ 0..=0x7f, ..] => (3, usize::from(low & 0x7f) | usize::from(high) << 7),
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

/// Encoded spans, and what all of them share.
///
/// The memory is initialised beyond what is used, so that the fast way writes in place: read back at
/// once, what was just written in small pieces would not be there yet, and the processor would wait.
#[derive(Debug)]
pub(super) struct Spans {
    scope_tags: ScopeTags,
    bytes: Vec<u8>,
    len: usize,
    kind_tags: KindTags,
    last_ids: LastIds,
    /// For the last rows of a batch.
    padding: Padding,
    /// For a span that takes the general way.
    general: Vec<u8>,
}

impl Spans {
    /// Writes into this memory, whose content goes.
    pub(super) fn over<P: Protocol>(bytes: Vec<u8>, scope: &Scope) -> Self {
        Self {
            scope_tags: ScopeTags::new::<P>(scope),
            kind_tags: KindTags::new::<P>(),
            last_ids: LastIds::new::<P>(),
            padding: Padding::default(),
            bytes,
            len: 0,
            general: Vec::new(),
        }
    }

    /// The memory, with what was written.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.len);
        self.bytes
    }

    /// Forgets the spans, for a batch of that scope.
    pub(super) fn begin<P: Protocol>(&mut self, scope: &Scope) {
        self.scope_tags = ScopeTags::new::<P>(scope);
        self.len = 0;
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Forgets what stands behind the first `len` bytes.
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Appends a span, or nothing at all if the row cannot be read. Says which.
    #[inline]
    pub(super) fn put<P: Protocol>(&mut self, row: &FramedRow<'_>) -> bool {
        match self.put_fast::<P>(row) {
            Some(len) => {
                self.len += len;
                true
            }
            None => self.put_general::<P>(row.row),
        }
    }

    /// Writes a common span behind the others, and says how long it is.
    #[inline]
    fn put_fast<P: Protocol>(&mut self, row: &FramedRow<'_>) -> Option<usize> {
        self.make_room(fast::TO_BYTES);
        let place = self.bytes.get_mut(self.len..)?.first_chunk_mut()?;
        let row = Row::new(row.row, row.and_more, &mut self.padding)?;
        let shared =
            Shared { scope: &self.scope_tags, kinds: &self.kind_tags, last_ids: &mut self.last_ids };
        fast::put_span::<P>(row, place, shared)
    }

    /// Appends what is no span.
    pub(super) fn put_raw(&mut self, raw: &[u8]) {
        self.make_room(raw.len());
        if let Some(place) = self.bytes.get_mut(self.len..self.len + raw.len()) {
            place.copy_from_slice(raw);
            self.len += raw.len();
        }
    }

    /// Replaces a part by one of another length.
    pub(super) fn replace(&mut self, range: std::ops::Range<usize>, raw: &[u8]) {
        self.len = self.len - range.len() + raw.len();
        self.bytes.splice(range, raw.iter().copied());
    }

    fn put_general<P: Protocol>(&mut self, row: &[u8]) -> bool {
        let mut general = std::mem::take(&mut self.general);
        general.clear();
        let scanned = Scan::new(row);
        let is_written = scanned.is_ok_and(|scan| put_span::<P>(&mut general, &scan, &self.scope_tags));
        if is_written {
            self.put_raw(&general);
        }
        self.general = general;
        is_written
    }

    #[inline]
    fn make_room(&mut self, room: usize) {
        if self.bytes.len() < self.len + room {
            self.bytes.resize(self.len + 2 * room, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use parking_lot::Mutex;
    use tracer_core::{Batch, ExportError, Exported, Exporter, Pipeline, SpanKind, Tracer};

    use super::super::compact::Compact;
    use super::*;

    #[derive(Clone, Default)]
    struct Rows(Arc<Mutex<Vec<u8>>>);

    impl Exporter for Rows {
        fn name(&self) -> &'static str {
            "rows"
        }

        fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
            self.0.lock().extend_from_slice(batch.rows.as_bytes());
            Ok(Exported::ALL)
        }
    }

    fn rows() -> Vec<u8> {
        let rows = Rows::default();
        let pipeline = Pipeline::builder().exporter(rows.clone()).start_without_thread();
        let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
        let root = tracer.span("GET /users").kind(SpanKind::Server).start();
        for n in [0_i64, 63, 64, 127, 128, 8_191, 8_192, 16_383, 16_384, 1 << 40, 1 << 54, 1 << 55, -1] {
            let mut span = tracer.span("work").kind(SpanKind::Client).child_of(root.context()).start();
            span.set_tag("http.request.method", "GET");
            span.set_tag("n", n);
            span.set_tag("ratio", 0.5);
            span.set_tag("error", n % 2 == 0);
            span.set_tag("a.key.of.more.than.thirty.two.bytes", n);
            span.set_tag("text", "x".repeat(usize::try_from(n).unwrap_or(0).min(120)).as_str());
            span.log("cache miss", &[("key", "ann@example.com".into()), ("retries", n.into())]);
            span.finish();
        }
        root.finish();
        pipeline.flush(Duration::from_secs(20)).unwrap();
        std::mem::take(&mut *rows.0.lock())
    }

    /// What the fast way makes of a row, and the general one.
    fn both<P: Protocol>(row: &FramedRow<'_>, scope: &Scope) -> [Option<Vec<u8>>; 2] {
        let mut spans = Spans::over::<P>(Vec::new(), scope);
        let fast = spans.put_fast::<P>(row).map(|len| spans.bytes[..len].to_vec());
        let general = spans.put_general::<P>(row.row).then(|| spans.as_bytes().to_vec());
        [fast, general]
    }

    #[test]
    fn both_ways_write_the_same_of_rows_that_are_whole_and_of_damaged_ones() {
        let (rows, scope) = (rows(), Scope::new("lib", "1.2"));
        let (mut fields, mut taken) = (Fields::new(&rows), 0);
        while let Some(row) = FramedRow::next(&mut fields) {
            let [fast, general] = both::<Compact>(&row, &scope);
            assert!(general.is_some());
            taken += usize::from(fast.is_some());
            assert!(fast.is_none() || fast == general, "{:x?}", row.row);
            for at in 0..row.row.len() {
                for byte in [0, 5, 0x0a, 0x80, row.row[at] ^ 1] {
                    let mut damaged = row.and_more.to_vec();
                    damaged[at] = byte;
                    let row = FramedRow { row: &damaged[..row.row.len()], and_more: &damaged };
                    let [fast, general] = both::<Compact>(&row, &scope);
                    assert!(fast.is_none() || fast == general, "byte {at} is {byte:#x} in {:x?}", row.row);
                }
            }
        }
        assert!(taken >= 12, "the fast way takes nearly all: {taken}");
    }
}
