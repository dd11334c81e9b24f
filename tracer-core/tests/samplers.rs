//! The samplers by their statistics, and by what tracers make of them. Seeds are fixed: what passes once passes
//! always.
#![cfg(not(feature = "recording-off"))]
#![expect(clippy::cast_precision_loss, reason = "counts of traces are small")]

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tracer_core::row::record::Value;
use tracer_core::sampler::{
    AdjustableSampler, DebugThrottler, GuaranteedThroughputSampler, OPERATIONS_MAX, OperationStrategies,
    RateLimitingSampler, Rule, RulesSampler, Strategy,
};
use tracer_core::testing::{FinishedSpan, TestTracer};
use tracer_core::{
    Clock, ConstSampler, ProbabilisticSampler, Sampler, SamplingParams, SpanKind, TraceId, tags,
};

/// Trace ids of a seed.
fn trace_ids(seed: u64) -> impl Iterator<Item = TraceId> {
    let mut random = SmallRng::seed_from_u64(seed);
    std::iter::repeat_with(move || {
        let mut bytes = [0; 16];
        random.fill_bytes(&mut bytes);
        TraceId::from_bytes(bytes)
    })
}

/// How many of so many traces of an operation are recorded.
fn kept(sampler: &impl Sampler, operation: &str, seed: u64, traces: usize) -> usize {
    let sampled = |trace_id: &TraceId| sampler.sample(&SamplingParams::root(*trace_id, operation)).sampled;
    trace_ids(seed).take(traces).filter(sampled).count()
}

/// Within five standard deviations of what chance should keep.
fn assert_share(kept: usize, traces: usize, probability: f64, what: &str) {
    let expected = traces as f64 * probability;
    let deviation = (expected * (1.0 - probability)).sqrt();
    assert!((kept as f64 - expected).abs() <= 5.0 * deviation, "{what}: {kept} of {traces}, not {expected}");
}

fn clock() -> Clock {
    Clock::manual(UNIX_EPOCH + Duration::from_secs(1_000))
}

fn sampler_tags(span: &FinishedSpan) -> (Option<Value>, Option<Value>) {
    (span.attribute("sampler.type").cloned(), span.attribute("sampler.param").cloned())
}

fn tagged(sampler_type: &str, param: f64) -> (Option<Value>, Option<Value>) {
    (Some(Value::Str(sampler_type.into())), Some(Value::F64(param)))
}

#[test]
fn shares_are_kept_at_all_probabilities() {
    for (seed, probability) in [(1, 0.5), (2, 0.1), (3, 0.01), (4, 0.001), (5, 0.9), (6, 0.333)] {
        let sampler = ProbabilisticSampler::new(probability).unwrap();
        assert_share(kept(&sampler, "op", seed, 200_000), 200_000, probability, "probabilistic");
        let adjustable = AdjustableSampler::new(ConstSampler::OFF);
        adjustable.apply(&Strategy::Probabilistic(probability)).unwrap();
        // The same traces, not only as many.
        for trace_id in trace_ids(seed).take(10_000) {
            let params = SamplingParams::root(trace_id, "op");
            assert_eq!(sampler.sample(&params).sampled, adjustable.sample(&params).sampled);
        }
    }
}

#[test]
fn each_operation_has_its_share_and_its_lower_bound() {
    let strategies = OperationStrategies::new(0.001, 2.0).operation("often", 0.2);
    let clock = clock();
    let sampler = GuaranteedThroughputSampler::with_clock(&strategies, clock.clone()).unwrap();
    // All at one moment: the bound lets two more through at most.
    let often = kept(&sampler, "often", 11, 100_000);
    assert_share(often, 100_000, 0.2, "often");
    let seldom = kept(&sampler, "seldom", 12, 3);
    assert_eq!(seldom, 2);
    clock.advance(Duration::from_secs(10));
    assert_eq!(kept(&sampler, "seldom", 13, 3), 2);
}

#[test]
fn a_lower_bound_counts_what_chance_records() {
    let sampler =
        GuaranteedThroughputSampler::with_clock(&OperationStrategies::new(1.0, 5.0), clock()).unwrap();
    assert_eq!(kept(&sampler, "op", 14, 100), 100);
    sampler.apply(&OperationStrategies::new(0.0, 5.0)).unwrap();
    assert_eq!(kept(&sampler, "op", 15, 100), 0);
}

#[test]
fn an_upper_bound_holds_chance_down() {
    let strategies = OperationStrategies::new(0.5, 0.0).upper_bound(10.0);
    let clock = clock();
    let sampler = GuaranteedThroughputSampler::with_clock(&strategies, clock.clone()).unwrap();
    for second in 0..10 {
        assert_eq!(kept(&sampler, "op", 100 + second, 1_000), 10);
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(kept(&sampler, "another", 120, 1_000), 10);
}

#[test]
fn more_operations_than_can_be_kept_share_one_bound() {
    let sampler =
        GuaranteedThroughputSampler::with_clock(&OperationStrategies::new(0.0, 1.0), clock()).unwrap();
    for n in 0..OPERATIONS_MAX {
        assert_eq!(kept(&sampler, &n.to_string(), 16, 2), 1, "{n}");
    }
    let others: usize = (0..50).map(|n| kept(&sampler, &format!("other {n}"), 17, 2)).sum();
    assert_eq!(others, 1);
    let all_named = (0..=OPERATIONS_MAX).fold(OperationStrategies::new(0.0, 1.0), |strategies, n| {
        strategies.operation(format!("other {n}"), 1.0)
    });
    assert_eq!(sampler.apply(&all_named), Ok(OPERATIONS_MAX + 1));
}

#[test]
fn an_operation_that_is_named_no_more_has_the_default_again() {
    let sampler = AdjustableSampler::new(ConstSampler::OFF);
    let apply = |strategies| sampler.apply(&Strategy::PerOperation(strategies)).unwrap();
    apply(OperationStrategies::new(0.0, 0.0).operation("a", 1.0).operation("b", 0.5));
    assert_eq!((kept(&sampler, "a", 18, 100), kept(&sampler, "c", 18, 100)), (100, 0));
    assert_share(kept(&sampler, "b", 18, 10_000), 10_000, 0.5, "b");
    apply(OperationStrategies::new(0.0, 0.0).operation("b", 0.1));
    assert_eq!(kept(&sampler, "a", 19, 100), 0);
    assert_share(kept(&sampler, "b", 19, 10_000), 10_000, 0.1, "b");
}

#[test]
fn a_strategy_follows_another_and_a_malformed_one_changes_nothing() {
    let clock = clock();
    let sampler = AdjustableSampler::with_clock(ConstSampler::ON, clock);
    assert_eq!(kept(&sampler, "op", 20, 10), 10);
    sampler.apply(&Strategy::RateLimiting(3.0)).unwrap();
    assert_eq!(kept(&sampler, "op", 20, 10), 3);
    for malformed in [
        Strategy::Probabilistic(1.1),
        Strategy::Probabilistic(f64::NAN),
        Strategy::RateLimiting(-1.0),
        Strategy::PerOperation(OperationStrategies::new(-0.1, 1.0)),
        Strategy::PerOperation(OperationStrategies::new(0.1, f64::INFINITY)),
        Strategy::PerOperation(OperationStrategies::new(0.1, 1.0).upper_bound(-1.0)),
        Strategy::PerOperation(OperationStrategies::new(1.0, 1.0).operation("x", 2.0)),
    ] {
        assert!(sampler.apply(&malformed).is_err(), "{malformed:?}");
        assert_eq!(kept(&sampler, "op", 20, 10), 0, "{malformed:?}");
    }
    let error =
        sampler.apply(&Strategy::PerOperation(OperationStrategies::new(1.0, 1.0).operation("x", 2.0)));
    assert_eq!(
        error.unwrap_err().to_string(),
        "operation \"x\": sampling probability 2 is not between 0 and 1"
    );
    sampler.apply(&Strategy::Probabilistic(1.0)).unwrap();
    assert_eq!(kept(&sampler, "op", 20, 10), 10);
}

/// What threads see while a strategy changes is one strategy or the other.
#[test]
fn strategies_change_under_the_eyes_of_threads() {
    let sampler = AdjustableSampler::new(ConstSampler::ON);
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let sampler = &sampler;
            scope.spawn(move || assert_eq!(kept(sampler, "op", thread, 50_000), 50_000));
        }
        for _ in 0..200 {
            sampler.apply(&Strategy::Probabilistic(1.0)).unwrap();
            let named = OperationStrategies::new(1.0, 0.0).operation("op", 1.0);
            sampler.apply(&Strategy::PerOperation(named)).unwrap();
            sampler.apply(&Strategy::PerOperation(OperationStrategies::new(1.0, 0.0))).unwrap();
        }
    });
}

#[test]
fn roots_are_tagged_with_what_decided_then() {
    let sampler = Arc::new(AdjustableSampler::with_clock(ConstSampler::OFF, clock()));
    let test = TestTracer::with_sampler("svc", Arc::clone(&sampler));
    let start = |strategy: &Strategy| {
        sampler.apply(strategy).unwrap();
        test.tracer().span("root").start()
    };
    let first = start(&Strategy::Probabilistic(1.0));
    let second = start(&Strategy::RateLimiting(2.5));
    let third = start(&Strategy::PerOperation(OperationStrategies::new(0.0, 1.0)));
    let mut fourth = {
        sampler.apply(&Strategy::Probabilistic(1.0)).unwrap();
        test.tracer().span_with_name("named").kind(SpanKind::Server).tag("early", 1).start()
    };
    sampler.apply(&Strategy::Probabilistic(0.25)).unwrap();
    fourth.set_tag("late", 2);
    test.tracer().span("child").child_of(first.context()).start().finish();
    first.finish();
    second.finish();
    third.finish();
    fourth.finish();
    let spans = test.spans();
    assert_eq!(sampler_tags(&spans[0]), (None, None));
    assert_eq!(sampler_tags(&spans[1]), tagged("probabilistic", 1.0));
    assert_eq!(sampler_tags(&spans[2]), tagged("ratelimiting", 2.5));
    assert_eq!(sampler_tags(&spans[3]), tagged("lowerbound", 0.0));
    assert_eq!(sampler_tags(&spans[4]), tagged("probabilistic", 1.0));
    let keys: Vec<_> = spans[4].attributes.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["sampler.type", "sampler.param", "early", "late"]);
}

#[test]
fn a_root_taken_out_has_no_sampler_s_tags_when_it_comes_back() {
    let test = TestTracer::with_sampler("svc", RateLimitingSampler::new(1000.0).unwrap());
    let mut span = test.tracer().span("root").start();
    span.set_tag(tags::SAMPLING_PRIORITY, 0).set_tag(tags::SAMPLING_PRIORITY, 1);
    span.finish();
    assert_eq!(sampler_tags(&test.spans()[0]), (None, None));
}

#[test]
fn combinators_keep_what_their_parts_say() {
    let both =
        ProbabilisticSampler::new(0.5).unwrap().and(RateLimitingSampler::with_clock(10.0, clock()).unwrap());
    assert_eq!(kept(&both, "op", 21, 1_000), 10);
    let either =
        ProbabilisticSampler::new(0.0).unwrap().or(RateLimitingSampler::with_clock(10.0, clock()).unwrap());
    assert_eq!(kept(&either, "op", 22, 1_000), 10);
    let rules = RulesSampler::new()
        .rule(Rule::operation("GET /health*"), ConstSampler::OFF)
        .rule(Rule::operation("GET *"), ProbabilisticSampler::new(0.25).unwrap())
        .or_else(ConstSampler::ON);
    assert_eq!(kept(&rules, "GET /healthz", 23, 1_000), 0);
    assert_share(kept(&rules, "GET /a", 24, 100_000), 100_000, 0.25, "rule");
    assert_eq!(kept(&rules, "PUT /a", 25, 1_000), 1_000);
}

#[test]
fn a_tracer_records_nothing_that_nobody_decides() {
    let test = TestTracer::with_sampler("svc", RulesSampler::new());
    assert!(!test.tracer().span("root").start().is_recording());
    assert!(!test.tracer().span("root").tag("a", 1).start().is_recording());
}

#[test]
fn a_builder_asks_the_throttler_of_its_tracer() {
    let throttler = DebugThrottler::with_clock(100.0, clock()).unwrap().per_operation(1.0).unwrap();
    let test = TestTracer::build("svc", Clock::system(), |builder| builder.debug_throttler(&throttler));
    let allowed = |name| (0..3).filter(|_| test.tracer().span_with_name(name).allows_debug()).count();
    assert_eq!((allowed("a"), allowed("b")), (1, 1));
    assert_eq!((throttler.allowed(), throttler.refused()), (2, 4));
    assert!(TestTracer::new("other").tracer().span("a").allows_debug());
}
