//! Samplers and what overrules them.
#![cfg(not(feature = "recording-off"))]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tracer_core::row::record::Value;
use tracer_core::sampler::{AdjustableSampler, ParentBased, Rule, RulesSampler};
use tracer_core::testing::{InMemoryExporter, TestTracer};
use tracer_core::{
    ConstSampler, Decision, Pipeline, ProbabilisticSampler, Sampler, SamplingParams, SpanContext, SpanId,
    TraceFlags, TraceId, Tracer, tags,
};

#[test]
fn an_unsampled_span_has_ids_and_passes_them_on() {
    let test = TestTracer::with_sampler("svc", ConstSampler::OFF);
    let root = test.tracer().span("root").start();
    let child = test.tracer().span("child").child_of(root.context()).start();
    assert!(root.context().is_valid() && !root.context().is_sampled());
    assert_eq!(child.context().trace_id(), root.context().trace_id());
    assert_ne!(child.context().span_id(), root.context().span_id());
    drop((root, child));
    assert!(test.spans().is_empty());
}

#[test]
fn a_parent_decides_for_everything_below_it() {
    let all = TestTracer::new("svc");
    let none = TestTracer::with_sampler("svc", ConstSampler::OFF);
    let context = |flags| SpanContext::new(TraceId::from_bytes([1; 16]), SpanId::from_bytes([1; 8]), flags);
    let unsampled = all.tracer().span("a").child_of(&context(TraceFlags::NONE)).start();
    let sampled = none.tracer().span("b").child_of(&context(TraceFlags::SAMPLED)).start();
    assert!(!unsampled.is_recording() && sampled.is_recording());
}

#[test]
fn the_sampler_is_named_on_roots_only() {
    let test = TestTracer::with_sampler("svc", ProbabilisticSampler::new(1.0).unwrap());
    let root = test.tracer().span("root").start();
    test.tracer().span("child").child_of(root.context()).start().finish();
    root.finish();
    let spans = test.spans();
    assert_eq!(spans[0].attribute("sampler.type"), None);
    assert_eq!(spans[1].attribute("sampler.type"), Some(&Value::Str("probabilistic".into())));
    assert_eq!(spans[1].attribute("sampler.param"), Some(&Value::F64(1.0)));
}

#[test]
fn a_probabilistic_sampler_keeps_its_share_and_agrees_with_itself() {
    let test = TestTracer::with_sampler("svc", ProbabilisticSampler::new(0.2).unwrap());
    let again = ProbabilisticSampler::new(0.2).unwrap();
    let mut kept = 0;
    for _ in 0..20_000 {
        let span = test.tracer().span("root").start();
        let params = SamplingParams::root(span.context().trace_id(), "root");
        assert_eq!(again.sample(&params).is_sampled(), span.is_recording());
        kept += u32::from(span.is_recording());
    }
    // 4,000 expected, standard deviation 57.
    assert!((3_770..4_230).contains(&kept), "{kept}");
}

#[test]
fn sampling_priority_overrules_at_the_start() {
    let off = TestTracer::with_sampler("svc", ConstSampler::OFF);
    let wanted = off.tracer().span("wanted").tag(tags::SAMPLING_PRIORITY, 1).start();
    assert!(wanted.context().flags().contains(TraceFlags::SAMPLED.with(TraceFlags::DEBUG)));
    let on = TestTracer::new("svc");
    assert!(!on.tracer().span("unwanted").tag(tags::SAMPLING_PRIORITY, 0).start().is_recording());
}

#[test]
fn sampling_priority_starts_and_stops_a_running_span() {
    let off = TestTracer::with_sampler("svc", ConstSampler::OFF);
    let mut span = off.tracer().span("late").start();
    span.set_tag("lost", 1).set_tag(tags::SAMPLING_PRIORITY, 1).set_tag("kept", 2);
    assert!(span.context().is_sampled());
    span.finish();
    assert_eq!(off.tree(), "late sampling.priority=1 kept=2\n");
    assert_eq!((off.tracer().stats().unsampled, off.tracer().stats().started), (0, 1));

    let on = TestTracer::new("svc");
    let mut span = on.tracer().span("dropped").start();
    span.set_tag(tags::SAMPLING_PRIORITY, 0);
    assert!(!span.context().is_sampled());
    span.finish();
    assert!(on.spans().is_empty());
    assert_eq!(on.tracer().stats().dropped.sampling, 1);
    assert_eq!(on.tracer().stats().open, 0);
}

#[test]
fn a_span_taken_out_and_wanted_again_is_counted_once_for_each() {
    let test = TestTracer::new("svc");
    let mut span = test.tracer().span("again").start();
    span.set_tag(tags::SAMPLING_PRIORITY, 0).set_tag(tags::SAMPLING_PRIORITY, 1);
    assert_eq!(test.unfinished(), ["again"]);
    span.finish();
    assert_eq!(test.spans().len(), 1);
    let stats = test.tracer().stats();
    assert_eq!(
        (stats.unsampled, stats.dropped.sampling, stats.exported, stats.open),
        (0, 1, 1, 0),
        "{stats:?}"
    );
}

/// What no sampler wanted has no sampler's tags; a span that was taken out has nothing of its first life.
#[test]
fn a_span_that_records_late_is_nobodys_choice_but_the_priority_s() {
    for sampler in [ConstSampler::OFF, ConstSampler::ON] {
        let exporter = InMemoryExporter::default();
        let pipeline = Pipeline::builder().exporter(exporter.clone()).start_without_thread();
        let tracer = Tracer::builder("svc").pipeline(&pipeline).sampler(sampler).build();
        for builder in [tracer.span("late"), tracer.span("late").tag("early", 1)] {
            let mut span = builder.start();
            span.set_tag(tags::SAMPLING_PRIORITY, 0).set_tag(tags::SAMPLING_PRIORITY, 1);
        }
        pipeline.flush(Duration::from_secs(60)).unwrap();
        for finished in exporter.spans() {
            let keys: Vec<_> = finished.span.attributes.iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!(keys, ["sampling.priority"], "{sampler:?}");
        }
    }
}

#[test]
fn a_span_that_records_late_still_knows_its_parent_to_be_remote() {
    let test = TestTracer::new("svc");
    let parent = SpanContext::new(TraceId::from_bytes([1; 16]), SpanId::from_bytes([1; 8]), TraceFlags::NONE);
    let mut span = test.tracer().span("late").child_of(&parent.into_remote()).start();
    span.set_tag(tags::SAMPLING_PRIORITY, 1);
    span.finish();
    assert_eq!(test.spans()[0].flags & 0x300, 0x300);
}

#[test]
fn of_two_priorities_at_the_start_the_last_decides_and_nothing_is_lost() {
    let test = TestTracer::new("svc");
    let builder = test.tracer().span("wanted").tag("early", 1).tag(tags::SAMPLING_PRIORITY, 0);
    builder.tag(tags::SAMPLING_PRIORITY, 1).start().finish();
    assert_eq!(test.tree(), "wanted early=1 sampling.priority=1\n");
    assert_eq!(test.tracer().stats().dropped.sampling, 0);
}

#[test]
fn a_debug_parent_is_recorded_whatever_the_sampler_says() {
    let test = TestTracer::build("svc", tracer_core::Clock::system(), |builder| {
        builder.sampler_for_every_span(ConstSampler::OFF)
    });
    let flags = TraceFlags::SAMPLED.with(TraceFlags::DEBUG);
    let debug = SpanContext::new(TraceId::from_bytes([1; 16]), SpanId::from_bytes([1; 8]), flags);
    let span = test.tracer().span("debugged").child_of(&debug).start();
    assert!(span.is_recording() && span.context().flags().contains(TraceFlags::DEBUG));
    assert!(
        !test.tracer().span("other").child_of(&debug.with_flags(TraceFlags::SAMPLED)).start().is_recording()
    );
}

#[test]
fn a_sampler_sees_the_tags_set_before_the_start() {
    #[derive(Debug)]
    struct OnlyVip;
    impl Sampler for OnlyVip {
        fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
            Decision::new(params.operation_name == "order" && params.tags.contains(&("vip", true.into())))
        }
    }

    let test = TestTracer::with_sampler("svc", OnlyVip);
    assert!(test.tracer().span("order").tag("vip", true).start().is_recording());
    assert!(!test.tracer().span("order").tag("vip", false).start().is_recording());
    assert!(!test.tracer().span_with_name("else").tag("vip", true).start().is_recording());
}

#[test]
fn a_sampler_is_told_when_the_last_handle_of_its_tracer_goes() {
    #[derive(Clone, Debug, Default)]
    struct Told(Arc<AtomicUsize>);
    impl Sampler for Told {
        fn sample(&self, _: &SamplingParams<'_>) -> Decision<'_> {
            Decision::UNDECIDED
        }

        fn close(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let told = Told::default();
    let count = || told.0.load(Ordering::SeqCst);
    let rules = RulesSampler::new().rule(Rule::operation("a"), told.clone()).rule(Rule::any(), told.clone());
    let adjustable = AdjustableSampler::new(ParentBased::new(told.clone()));
    let sampler = Box::new(told.clone().and(told.clone()).or(rules).or_else(adjustable));
    let pipeline = Pipeline::builder().start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).sampler(sampler).build();
    let again = tracer.clone();
    drop(tracer);
    let span = again.span("open").start();
    assert_eq!(count(), 0);
    drop(again);
    assert_eq!(count(), 5);
    drop(span);
    assert_eq!(count(), 5);
}
