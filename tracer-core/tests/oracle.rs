//! Random spans through a real tracer; their rows, decoded by prost, against a plain model of what was set.
//! On the way the reader of rows is held against prost.
#![cfg(not(feature = "recording-off"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may, as tests do")]

#[path = "oracle/model.rs"]
mod model;
#[path = "oracle/pair.rs"]
mod pair;
#[path = "oracle/random.rs"]
mod random;
#[path = "oracle/reader.rs"]
mod reader;

use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use opentelemetry_proto::tonic::trace::v1::{ScopeSpans, Span as OtlpSpan};
use parking_lot::Mutex;
use prost::Message;
use tracer_core::row::record::SpanRecord;
use tracer_core::{Batch, Clock, ExportError, Exported, Exporter, Pipeline, SpanLimits, Tracer};

use self::pair::Expected;
use self::random::Random;

const SOON: Duration = Duration::from_secs(60);
/// Flushes of each test, and spans of each flush.
const FLUSHES: u64 = 24;
const SPANS: usize = 6;

/// Keeps the rows of all batches as they are.
#[derive(Clone, Default)]
struct KeepRows(Arc<Mutex<Vec<u8>>>);

impl Exporter for KeepRows {
    fn name(&self) -> &'static str {
        "rows"
    }

    fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
        let mut kept = self.0.lock();
        kept.extend_from_slice(batch.rows.as_bytes());
        for row in batch.rows.iter() {
            assert!(row.len() < 64 * 1024, "a row of {} bytes", row.len());
        }
        Ok(Exported::ALL)
    }
}

/// Runs random spans and compares each with its model, and the accounts with all models. Gives the sizes of the
/// smallest and the largest row in bytes.
fn compare(seed: u64, limits: &SpanLimits, clock: Option<&Clock>) -> (usize, usize) {
    let rows = KeepRows::default();
    let mut builder = Pipeline::builder().exporter(rows.clone());
    if let Some(clock) = clock {
        builder = builder.clock(clock.clone());
    }
    let pipeline = builder.start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).limits(limits.clone()).build();
    let (mut cut, mut dropped, mut sizes) = (0, 0, (usize::MAX, 0));
    for flush in 0..FLUSHES {
        let mut random = Random::new(seed * FLUSHES + flush);
        let expected: Vec<_> =
            (0..SPANS).map(|_| Expected::run(&mut random, &tracer, limits, clock)).collect();
        pipeline.flush(SOON).unwrap();
        let rows = std::mem::take(&mut *rows.0.lock());
        let spans = ScopeSpans::decode(&*rows).unwrap().spans;
        assert_eq!(spans.len(), expected.len(), "seed {seed}, flush {flush}");
        for ((span, row), expected) in spans.iter().zip(whole_rows(&rows)).zip(expected) {
            cut += expected.model.values_cut();
            dropped += expected.model.entries_dropped();
            sizes = (row.len().min(sizes.0), row.len().max(sizes.1));
            compare_span(span, expected, &format!("seed {seed}, flush {flush}"));
            let read = SpanRecord::decode(row).unwrap();
            // As text, since a NaN is not even equal to itself.
            assert_eq!(
                format!("{read:?}"),
                format!("{:?}", reader::record(span)),
                "seed {seed}, flush {flush}"
            );
        }
    }
    let stats = pipeline.stats();
    let all = FLUSHES * SPANS as u64;
    assert_eq!((stats.finished, stats.exported), (all, all), "seed {seed}");
    assert_eq!((stats.values_cut, stats.entries_dropped), (cut, dropped), "seed {seed}");
    assert!(cut > 0 && dropped > 0, "nothing reached a limit: {stats:?}");
    sizes
}

fn compare_span(span: &OtlpSpan, expected: Expected, place: &str) {
    let Expected { mut model, is_start_now, is_end_now } = expected;
    let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
    // What the machine's clock said is known by its order only.
    assert!(start <= end, "{place}: {start} to {end}");
    if is_start_now {
        model.span.start_time_unix_nano = start;
    }
    if is_end_now {
        model.span.end_time_unix_nano = end;
    }
    for &event in &model.events_now {
        let time = span.events[event].time_unix_nano;
        assert!(time > 0, "{place}");
        assert!(!is_end_now || time <= end, "{place}: {time} after {end}");
        assert!(!is_start_now || time >= start, "{place}: {time} before {start}");
        model.span.events[event].time_unix_nano = time;
    }
    let expected = model.finished();
    // By bytes, since a NaN is not even equal to itself.
    if span.encode_to_vec() != expected.encode_to_vec() {
        assert_eq!(*span, expected, "{place}");
        panic!("{place}: the bytes differ");
    }
}

/// The `Span` messages of rows, split by prost.
fn whole_rows(rows: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut spans) = (rows, Vec::new());
    while let Some((&tag, behind)) = rest.split_first() {
        assert_eq!(tag, 0x12);
        let len = prost::decode_length_delimiter(behind).unwrap();
        let (row, next) = behind[prost::length_delimiter_len(len)..].split_at(len);
        spans.push(row);
        rest = next;
    }
    spans
}

/// A clock that stands until it is moved.
fn some_day() -> Clock {
    Clock::manual(UNIX_EPOCH + Duration::from_secs(1_800_000_000))
}

fn limits(set: impl Fn(&mut SpanLimits)) -> SpanLimits {
    let mut limits = SpanLimits::default();
    set(&mut limits);
    limits
}

#[test]
fn usual_spans_are_what_was_set() {
    let (shortest, longest) = compare(1, &SpanLimits::default(), None);
    // Lengths of one byte and of three, bodies in either kind of memory.
    assert!(shortest < 0x80 && longest > 0x4000, "{shortest} to {longest}");
    compare(2, &SpanLimits::default(), Some(&some_day()));
}

#[test]
fn small_spans_are_what_was_set_within_their_limits() {
    let limits = limits(|limits| {
        (limits.attributes_max, limits.events_max, limits.links_max) = (9, 3, 2);
        (limits.value_bytes_max, limits.name_bytes_max) = (20, 8);
    });
    compare(3, &limits, None);
}

#[test]
fn bodies_stop_at_their_limit() {
    compare(4, &limits(|limits| limits.body_bytes_max = 1_500), None);
    compare(5, &limits(|limits| limits.body_bytes_max = 300), None);
}

#[test]
fn counts_alone_are_limits_of_short_tags_and_logs() {
    let limits = limits(|limits| (limits.attributes_max, limits.events_max, limits.links_max) = (12, 2, 0));
    compare(6, &limits, Some(&some_day()));
}

#[test]
fn limits_above_what_a_row_may_hold_are_lowered() {
    let above = limits(|limits| {
        (limits.attributes_max, limits.value_bytes_max) = (1_000, 100_000);
        (limits.name_bytes_max, limits.body_bytes_max) = (100_000, 100_000);
    });
    compare(7, &above, None);
}
