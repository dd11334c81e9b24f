//! The spans of a batch or packet, one behind the other.

use tracer_core::Scope;

use super::ScopeTags;
use super::fast::{self, KindTags, LastIds, Padding, Row, Shared};
use super::framed_row::FramedRow;
use super::protocol::Protocol;
use super::scan::Scan;
use super::transcode::put_span;

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
        if self.bytes.len() - self.len < fast::TO_BYTES {
            self.make_room(fast::TO_BYTES);
        }
        let row = Row::new(row.row, row.and_more, &mut self.padding)?;
        let place = self.bytes.get_mut(self.len..)?.first_chunk_mut()?;
        let shared = Shared { scope: &self.scope_tags, kinds: &self.kind_tags, last_ids: &mut self.last_ids };
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

    #[cold]
    fn make_room(&mut self, room: usize) {
        if self.bytes.len() < self.len + room {
            self.bytes.resize(self.len + 2 * room, 0);
        }
    }
}

#[cfg(test)]
#[path = "../../../tests/it/random.rs"]
mod random;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use parking_lot::Mutex;
    use tracer_core::row::wire::Fields;
    use tracer_core::{
        Batch, ExportError, Exported, Exporter, Pipeline, SpanContext, SpanKind, StatusCode, Tracer,
    };

    use super::super::binary::Binary;
    use super::super::compact::Compact;
    use super::random::Random;
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

    /// The rows of what a closure does.
    fn rows(make: impl FnOnce(&Tracer)) -> Vec<u8> {
        let rows = Rows::default();
        let pipeline = Pipeline::builder().exporter(rows.clone()).start_without_thread();
        make(&Tracer::builder("svc").pipeline(&pipeline).build());
        pipeline.flush(Duration::from_secs(20)).unwrap();
        std::mem::take(&mut *rows.0.lock())
    }

    /// Spans with numbers of all lengths.
    fn some_spans(tracer: &Tracer) {
        let root = tracer.span("GET /users").kind(SpanKind::Server).start();
        for n in [0_i64, 63, 64, 127, 128, 8_191, 8_192, 16_383, 16_384, 1 << 40, 1 << 54, 1 << 62, -1] {
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
    }

    /// A span that is likely to be a common one: few tags, short texts.
    fn finish_common_span(random: &mut Random, tracer: &Tracer, parent: &SpanContext) {
        let text = |random: &mut Random| {
            "kéy.of.a.tag, or a text of some length; ".repeat(3)[..]
                .chars()
                .take(random.below(45))
                .collect::<String>()
        };
        let name = text(random);
        let mut builder = tracer.span_with_name(&name).kind(random.one_of(&[
            SpanKind::Internal,
            SpanKind::Server,
            SpanKind::Client,
            SpanKind::Producer,
            SpanKind::Consumer,
        ]));
        if random.below(4) > 0 {
            builder = builder.child_of(parent);
        }
        let mut span = builder.start();
        for n in 0..random.one_of(&[0, 1, 4, 5, 10, 13, 14]) {
            let (key, text) = (format!("{n}{}", text(random)), text(random));
            match random.below(6) {
                0 => span.set_tag(&key, random.below(2) == 0),
                1 => span.set_tag(&key, random.integer()),
                2 => span.set_tag(&key, random.float()),
                3 => span.set_tag(&key, random.integer() & 0x000f_ffff >> random.below(20)),
                _ => span.set_tag(&key, &text),
            };
            if random.below(8) == 0 {
                let event = random.one_of(&["", "retry", "cache miss"]);
                span.log(
                    event,
                    &[(random.one_of(&["event", "n", "key"]), (n as i64).into())][..random.below(2)],
                );
            }
        }
        match random.below(6) {
            0 => span.set_status(StatusCode::Error, &text(random)),
            1 => {
                span.set_tag("error", "disk full").set_status(StatusCode::Error, "");
            }
            2 => span.set_status(StatusCode::Ok, ""),
            _ => {}
        }
        span.finish();
    }

    /// What the fast way makes of a row, and the general one.
    fn both<P: Protocol>(spans: &mut Spans, row: &FramedRow<'_>) -> [Option<Vec<u8>>; 2] {
        spans.truncate(0);
        let fast = spans.put_fast::<P>(row).map(|len| spans.bytes[..len].to_vec());
        let general = spans.put_general::<P>(row.row).then(|| spans.as_bytes().to_vec());
        [fast, general]
    }

    /// Compares what both ways make of rows; answers how many of these are common ones.
    fn compare<P: Protocol>(rows: &[u8], check: impl Fn(&mut Spans, &FramedRow<'_>)) -> usize {
        let (mut fields, mut common) = (Fields::new(rows), 0);
        let mut spans = Spans::over::<P>(Vec::new(), &Scope::new("lib", "1.2"));
        while let Some(row) = FramedRow::next(&mut fields) {
            let [fast, general] = both::<P>(&mut spans, &row);
            assert!(general.is_some());
            common += usize::from(fast.is_some());
            assert!(fast.is_none() || fast == general, "{:x?}", row.row);
            check(&mut spans, &row);
        }
        common
    }

    /// Each byte of a row is replaced by others, one at a time.
    fn damage<P: Protocol>(spans: &mut Spans, row: &FramedRow<'_>) {
        for at in 0..row.row.len() {
            for byte in [0, 5, 0x0a, 0x80, row.row[at] ^ 1] {
                let mut damaged = row.and_more.to_vec();
                damaged[at] = byte;
                let row = FramedRow { row: &damaged[..row.row.len()], and_more: &damaged };
                let [fast, general] = both::<P>(spans, &row);
                assert!(fast.is_none() || fast == general, "byte {at} is {byte:#x} in {:x?}", row.row);
            }
        }
    }

    #[test]
    fn both_ways_write_the_same_of_rows_that_are_whole_and_of_damaged_ones() {
        let rows = rows(some_spans);
        let common =
            [compare::<Compact>(&rows, damage::<Compact>), compare::<Binary>(&rows, damage::<Binary>)];
        assert_eq!(common, [14, 14]);
    }

    #[test]
    fn both_ways_write_the_same_of_spans_made_at_random() {
        let rows = rows(|tracer| {
            let mut random = Random(0x2545_f491_4f6c_dd1d);
            let parents = [random.context(), random.context()];
            for n in 0..2_000 {
                finish_common_span(&mut random, tracer, &parents[n / 4 % 2]);
                if n % 10 == 0 {
                    random.finish_span(tracer);
                }
            }
        });
        let nothing = |_: &mut Spans, _: &FramedRow<'_>| {};
        let common = [compare::<Compact>(&rows, nothing), compare::<Binary>(&rows, nothing)];
        assert!(common[0] > 500 && common[1] > common[0], "many are common: {common:?}");
    }

    #[test]
    fn a_row_is_common_wherever_it_stands_in_a_batch() {
        let rows = rows(some_spans);
        let mut spans = Spans::over::<Compact>(Vec::new(), &Scope::default());
        let row = FramedRow::next(&mut Fields::new(&rows)).unwrap();
        let [among_others, _] = both::<Compact>(&mut spans, &row);
        let [last, _] = both::<Compact>(&mut spans, &FramedRow::alone(row.row));
        assert!(among_others.is_some() && among_others == last);
    }
}
