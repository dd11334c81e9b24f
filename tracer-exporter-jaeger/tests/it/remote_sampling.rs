//! The remote sampler against an end point of the tests' own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracer_core::sampler::{Sampler, SamplingParams, Strategy};
use tracer_core::{ConstSampler, Pipeline, TraceId, Tracer};
use tracer_exporter_jaeger::{
    HttpStrategies, RemoteSampler, RemoteSamplerStats, StrategyError, StrategySource,
};

use crate::collector::{Collector, Reply, answer, nobody};

const ALL: &str = r#"{"strategyType":0,"probabilisticSampling":{"samplingRate":1}}"#;
const NONE: &str = r#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0}}"#;
const SOON: Duration = Duration::from_secs(60);

fn json(body: &str) -> Reply {
    Reply::Bytes(answer("200 OK", &["content-type: application/json"], body.as_bytes()))
}

/// What an end point answers, until it is told otherwise.
#[derive(Clone)]
struct Script(Arc<Mutex<String>>);

impl Script {
    fn new(body: &str) -> Self {
        Self(Arc::new(Mutex::new(body.to_owned())))
    }

    fn say(&self, body: &str) {
        body.clone_into(&mut self.0.lock());
    }

    fn serve(&self) -> Collector {
        let script = self.clone();
        Collector::start(move |_| {
            let body = script.0.lock().clone();
            if body.is_empty() { Reply::Bytes(answer("503 Busy", &[], b"later")) } else { json(&body) }
        })
    }
}

fn sampler(collector: &Collector, initial: ConstSampler) -> RemoteSampler {
    let source = HttpStrategies::builder().endpoint(collector.url()).build().unwrap();
    let builder = RemoteSampler::builder("a shop/é", source).initial(initial);
    builder.interval(Duration::from_millis(20)).start().unwrap()
}

fn is_sampled(sampler: &RemoteSampler) -> bool {
    sampler.sample(&SamplingParams::root(TraceId::from_bytes([7; 16]), "op")).is_sampled()
}

/// Waits for what is to come.
fn wait_until(sampler: &RemoteSampler, reached: impl Fn(RemoteSamplerStats) -> bool) {
    let end = Instant::now() + SOON;
    while !reached(sampler.stats()) {
        assert!(Instant::now() < end, "{:?}", sampler.stats());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn wait(is_so: impl Fn() -> bool) {
    let end = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < end, "it does not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn strategies_are_followed_as_they_change() {
    let script = Script::new(ALL);
    let collector = script.serve();
    let sampler = sampler(&collector, ConstSampler::OFF);
    wait_until(&sampler, |stats| stats.changes == 1);
    assert!(is_sampled(&sampler));
    script.say(NONE);
    wait_until(&sampler, |stats| stats.changes == 2);
    assert!(!is_sampled(&sampler));
    script.say(r#"{"operationSampling":{"perOperationStrategies":[{"operation":"op","probabilisticSampling":{"samplingRate":1}}]}}"#);
    wait_until(&sampler, |stats| stats.changes == 3);
    assert!(is_sampled(&sampler));
    let answered = sampler.stats().answered;
    wait_until(&sampler, |stats| stats.answered > answered + 2);
    assert_eq!((sampler.stats().changes, sampler.stats().failed), (3, 0));
    assert!(sampler.shutdown(SOON));
    let requests = collector.requests();
    assert_eq!(requests[0].line, "GET /api/sampling?service=a%20shop%2F%C3%A9 HTTP/1.1");
    assert_eq!(requests[0].header("accept"), Some("application/json"));
    assert_eq!((requests[0].header("content-type"), requests[0].body.len()), (None, 0));
    assert_eq!(collector.connections(), 1);
}

#[test]
fn the_initial_sampler_decides_until_the_first_answer_and_the_last_strategy_stays() {
    let script = Script::new("");
    let collector = script.serve();
    let sampler = sampler(&collector, ConstSampler::ON);
    wait_until(&sampler, |stats| stats.failed > 1);
    assert!(is_sampled(&sampler));
    script.say(NONE);
    wait_until(&sampler, |stats| stats.answered > 0);
    assert!(!is_sampled(&sampler));
    for malformed in [
        "{",
        "{}",
        r#"{"probabilisticSampling":{"samplingRate":1.5}}"#,
        r#"{"rateLimitingSampling":{"maxTracesPerSecond":-1}}"#,
        r#"{"operationSampling":{"perOperationStrategies":[{"operation":"op","probabilisticSampling":{"samplingRate":7}}]}}"#,
    ] {
        let failed = sampler.stats().failed;
        script.say(malformed);
        wait_until(&sampler, |stats| stats.failed > failed + 1);
        assert!(!is_sampled(&sampler), "{malformed}");
    }
    assert_eq!(sampler.stats().changes, 1);
}

#[test]
fn an_answer_that_is_too_large_is_refused() {
    let script = Script::new(&format!("{}{ALL}", " ".repeat(1 << 20)));
    let collector = script.serve();
    let mut source = HttpStrategies::builder().endpoint(collector.url()).build().unwrap();
    let error = source.fetch("shop", Instant::now() + SOON).unwrap_err();
    let expected = format!(
        "the answer of {}/api/sampling cannot be read: it is larger than 1048576 bytes",
        collector.url()
    );
    assert_eq!(error.to_string(), expected);
    // Thousands of operations are none too many.
    let operation = |n| {
        format!(
            r#"{{"operation":"GET /a/rather/long/name/{n}","probabilisticSampling":{{"samplingRate":0.5}}}}"#
        )
    };
    let operations: Vec<_> = (0..5_000).map(operation).collect();
    script
        .say(&format!(r#"{{"operationSampling":{{"perOperationStrategies":[{}]}}}}"#, operations.join(",")));
    let strategy = source.fetch("shop", Instant::now() + SOON).unwrap();
    assert!(matches!(strategy, Strategy::PerOperation(strategies) if strategies.operations.len() == 5_000));
}

#[test]
fn who_does_not_answer_is_told_by_name_and_without_credentials() {
    let url = format!("http://me:secret@{}/x?key=secret", nobody());
    let mut source = HttpStrategies::builder().endpoint(url).bearer_token("secret").build().unwrap();
    let error = source.fetch("shop", Instant::now() + SOON).unwrap_err();
    assert!(matches!(&error, StrategyError::Unanswered(_)), "{error:?}");
    assert!(error.to_string().starts_with("cannot reach http://127.0.0.1:"), "{error}");
    assert!(!format!("{error}{error:?}{source:?}").contains("secret"));
}

#[test]
fn a_query_of_the_end_point_is_kept() {
    let collector = Script::new(ALL).serve();
    let url = format!("{}/sampling?tenant=7", collector.url());
    let mut source = HttpStrategies::builder().endpoint(url).header("x-a", "b").build().unwrap();
    assert_eq!(source.fetch("shop", Instant::now() + SOON), Ok(Strategy::Probabilistic(1.0)));
    let request = &collector.requests()[0];
    assert_eq!(request.line, "GET /sampling?tenant=7&service=shop HTTP/1.1");
    assert_eq!(request.header("x-a"), Some("b"));
}

#[test]
fn who_hangs_is_left_at_the_deadline() {
    let collector = Collector::start(|_| Reply::Hang);
    let source = HttpStrategies::builder().endpoint(collector.url()).timeout(Duration::from_millis(50));
    let sampler = RemoteSampler::builder("shop", source.build().unwrap()).start().unwrap();
    wait_until(&sampler, |stats| stats.failed > 0);
    assert!(sampler.shutdown(SOON));
}

/// Counts its threads by its own life.
#[derive(Debug)]
struct Counting {
    asked: Arc<AtomicUsize>,
    panics: bool,
}

impl StrategySource for Counting {
    fn fetch(&mut self, service_name: &str, _: Instant) -> Result<Strategy, StrategyError> {
        assert_eq!(service_name, "shop");
        self.asked.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics || self.asked.load(Ordering::SeqCst) > 1, "on purpose");
        Ok(Strategy::RateLimiting(0.0))
    }
}

#[test]
fn the_thread_ends_with_its_last_handle() {
    let asked = Arc::new(AtomicUsize::new(0));
    let source = Counting { asked: Arc::clone(&asked), panics: false };
    let sampler = RemoteSampler::builder("shop", source).start().unwrap();
    let again = sampler.clone();
    wait_until(&sampler, |stats| stats.answered == 1);
    drop(sampler);
    again.refresh();
    wait_until(&again, |stats| stats.answered == 2);
    drop(again);
    wait(|| Arc::strong_count(&asked) == 1);
}

#[test]
fn the_thread_ends_with_the_tracer_that_asks() {
    let asked = [0; 2].map(|_| Arc::new(AtomicUsize::new(0)));
    let [alone, part] = asked.each_ref().map(|asked| {
        let source = Counting { asked: Arc::clone(asked), panics: false };
        RemoteSampler::builder("shop", source).interval(Duration::from_millis(10)).start().unwrap()
    });
    let pipeline = Pipeline::builder().start_without_thread();
    // Nobody else has a handle of the samplers, and one is part of another.
    let tracers = [Box::new(alone) as Box<dyn Sampler>, Box::new(ConstSampler::ON.and(part))]
        .map(|sampler| Tracer::builder("shop").pipeline(&pipeline).sampler(sampler).build());
    let span = tracers[0].span("open").start();
    let others = tracers.clone();
    drop(tracers);
    let before = asked.each_ref().map(|asked| asked.load(Ordering::SeqCst));
    wait(|| asked.iter().zip(before).all(|(asked, before)| asked.load(Ordering::SeqCst) > before + 1));
    drop(others);
    wait(|| asked.iter().all(|asked| Arc::strong_count(asked) == 1));
    // What is open stays usable.
    assert!(span.context().is_valid());
    span.finish();
}

#[test]
fn a_source_that_panics_has_failed_and_is_asked_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let source = Counting { asked: Arc::clone(&asked), panics: true };
    let sampler = RemoteSampler::builder("shop", source).interval(Duration::from_millis(10)).start().unwrap();
    wait_until(&sampler, |stats| stats.answered > 0);
    assert_eq!(sampler.stats().failed, 1);
    assert!(sampler.shutdown(SOON) && sampler.shutdown(SOON));
    sampler.refresh();
}
