//! Arbitrary calls on a span: the record that comes out of the pipeline is what was set, within the
//! limits, and all that was cut, left out or taken out is counted.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use fuzz::expected::Expected;
use fuzz::life::{Life, time};
use libfuzzer_sys::fuzz_target;
use tracer_core::row::record::SpanRecord;
use tracer_core::testing::InMemoryExporter;
use tracer_core::{Pipeline, Span, SpanLimits, Stats, Tracer};

/// A tracer leaves some bytes behind, so there are two for all inputs: one with the usual limits, and
/// one whose limits are all met by short inputs.
static USUAL: LazyLock<Bench> = LazyLock::new(|| Bench::new(SpanLimits::default()));
static TIGHT: LazyLock<Bench> = LazyLock::new(|| Bench::new(tight_limits()));

struct Bench {
    tracer: Tracer,
    exporter: InMemoryExporter,
    limits: SpanLimits,
}

fuzz_target!(|life: Life| {
    let bench = if life.has_tight_limits { &TIGHT } else { &USUAL };
    bench.check(&life);
});

impl Bench {
    fn new(limits: SpanLimits) -> Self {
        let exporter = InMemoryExporter::default();
        let pipeline = Pipeline::builder().exporter(exporter.clone()).start_without_thread();
        let tracer = Tracer::builder("fuzz").limits(limits.clone()).pipeline(&pipeline).build();
        Self { tracer, exporter, limits }
    }

    fn check(&self, life: &Life<'_>) {
        let before = self.tracer.stats();
        let mut expected = Expected::of_start(life, &self.limits);
        let mut span = life.start(&self.tracer);
        for call in &life.calls {
            call.apply(&mut span);
            expected.apply(call);
            assert_eq!(span.is_recording(), expected.is_recording);
        }
        expected.record.trace_id = span.context().trace_id();
        expected.record.span_id = span.context().span_id();
        let record = self.finish(span, life.end_unix_ns);
        check_counts(&before, &self.tracer.stats(), &expected);
        match record {
            Some(record) => check_record(record, expected, life.end_unix_ns),
            None => assert!(!expected.is_recording),
        }
    }

    /// The record that the span became, if it was recording.
    fn finish(&self, span: Span, end_unix_ns: u64) -> Option<SpanRecord> {
        span.finish_at(time(end_unix_ns));
        self.tracer.flush(Duration::from_secs(60)).expect("the exporter takes all rows");
        let mut spans = self.exporter.spans();
        self.exporter.clear();
        let last = spans.pop();
        assert!(spans.is_empty(), "one span makes one row");
        last.map(|finished| finished.span)
    }
}

fn check_record(record: SpanRecord, mut expected: Expected, end_unix_ns: u64) {
    assert!(expected.is_recording);
    if expected.is_start_unknown {
        expected.record.start_unix_ns = record.start_unix_ns;
    }
    expected.end(end_unix_ns);
    let expected = expected.record;
    // By their text, in which NaN is like NaN.
    assert!(
        record == expected || format!("{record:?}") == format!("{expected:?}"),
        "{record:#?}\n{expected:#?}"
    );
}

fn check_counts(before: &Stats, after: &Stats, expected: &Expected) {
    let exported = u64::from(expected.is_recording);
    assert_eq!(after.exported - before.exported, exported);
    assert_eq!(after.dropped.sampling - before.dropped.sampling, expected.abandoned);
    assert_eq!(after.dropped.total() - before.dropped.total(), expected.abandoned);
    assert_eq!(after.unsampled.wrapping_sub(before.unsampled), u64::from(!expected.was_recorded));
    assert_eq!(after.finished - before.finished, exported + expected.abandoned);
    let (cut, left_out) =
        (after.values_cut - before.values_cut, after.entries_dropped - before.entries_dropped);
    if expected.is_recording {
        assert_eq!((cut, left_out), (expected.values_cut(), expected.entries_dropped()));
    } else {
        assert_eq!((cut, left_out), (0, 0), "a span that is taken out counts as one");
    }
}

fn tight_limits() -> SpanLimits {
    let mut limits = SpanLimits::default();
    (limits.attributes_max, limits.events_max, limits.links_max) = (4, 2, 2);
    (limits.name_bytes_max, limits.value_bytes_max, limits.body_bytes_max) = (8, 16, 256);
    limits
}
