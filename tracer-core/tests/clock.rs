//! A clock for tests that is set, forwards and back.
#![cfg(not(feature = "recording-off"))]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracer_core::Clock;
use tracer_core::testing::TestTracer;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn seconds(unix_ns: u64) -> u64 {
    unix_ns / 1_000_000_000
}

#[test]
fn a_span_across_a_clock_that_is_set_back_has_no_duration() {
    let clock = Clock::manual(at(1_000));
    let test = TestTracer::with_clock("svc", clock.clone());
    let outer = test.tracer().span("outer").start();
    let mut inner = test.tracer().span("inner").child_of(outer.context()).tag("n", 1).start();
    inner.log("before", &[]);
    clock.set(at(400));
    assert_eq!(clock.now(), at(400));
    inner.log("after", &[("n", 1.into())]);
    inner.finish();
    test.tracer().span("next").child_of(outer.context()).start().finish();
    outer.finish_at(at(1));
    let times: Vec<_> = test
        .spans()
        .iter()
        .map(|span| (span.name.clone(), seconds(span.start_unix_ns), seconds(span.end_unix_ns)))
        .collect();
    let expected = [("inner", 1_000, 1_000), ("next", 400, 400), ("outer", 1_000, 1_000)];
    assert_eq!(times, expected.map(|(name, start, end)| (name.to_owned(), start, end)));
    assert_eq!(test.tracer().stats().exported, 3);
}

#[test]
fn a_clock_can_be_set_to_any_time() {
    let clock = Clock::manual(at(1));
    let test = TestTracer::with_clock("svc", clock.clone());
    let before_1970 = UNIX_EPOCH - Duration::from_secs(5);
    for time in [at(u64::MAX / 1_000_000_000), before_1970, at(u32::MAX.into()), at(0)] {
        let span = test.tracer().span("across").start();
        clock.set(time);
        clock.advance(Duration::from_nanos(7));
        span.finish();
    }
    let spans = test.spans();
    assert_eq!(spans.len(), 4);
    assert!(spans.iter().all(|span| span.end_unix_ns >= span.start_unix_ns), "{spans:?}");
    assert_eq!(clock.now(), at(0) + Duration::from_nanos(7));
}
