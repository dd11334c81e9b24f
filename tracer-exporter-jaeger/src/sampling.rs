//! Jaeger's remote sampling: a back end says which traces are recorded, while the program runs.
//!
//! ```text
//! Jaeger ── /api/sampling, or gRPC ──> source.rs ──> json.rs | proto.rs ──> Strategy
//!                                         ^                                    │
//!            poller.rs, a thread ─────────┘                     AdjustableSampler, without a lock
//! ```
//!
//! Jaeger serves strategies from a file, or calculates them from what it sees (adaptive sampling): for that
//! roots must have the tags `sampler.type` and `sampler.param`, which our samplers leave.

mod baggage;
pub(crate) mod json;
mod poller;
pub(crate) mod proto;
mod source;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tracer_core::sampler::AdjustableSampler;
use tracer_core::{ConstSampler, Decision, ProbabilisticSampler, Sampler, SamplingParams};

pub use self::baggage::{BaggageRestrictionsError, baggage_restrictions_from_json};
use self::poller::Poller;
pub use self::poller::RemoteSamplerStats;
#[cfg(feature = "grpc")]
pub use self::source::GrpcStrategies;
pub use self::source::{HttpStrategies, StrategyError, StrategySource};

/// How often a Jaeger is asked unless it is said otherwise, as its own clients do.
const INTERVAL: Duration = Duration::from_secs(60);
/// A shorter interval would only make work.
const INTERVAL_MIN: Duration = Duration::from_millis(10);
const INTERVAL_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The share that is recorded before the first answer, as in Jaeger's own clients.
const INITIAL_PROBABILITY: f64 = 0.001;

/// A sampler that follows what a Jaeger says. Cloning shares it.
///
/// A thread of its own asks at an interval, with jitter; each answer is applied without a lock. What cannot be
/// had, or not be read, changes nothing: the last good strategy stays, and before the first one another
/// sampler decides. While Jaeger is away it is asked again after a second, two, four, up to the interval. That
/// is logged once when it goes, and once when it is back.
///
/// The thread ends by [`shutdown`](Self::shutdown), or when the last clone is gone; a clone that a tracer asks goes
/// with the tracer's last handle. In a forked process there is no such thread: the strategy stays as it was at the
/// fork.
///
/// ```no_run
/// use std::time::Duration;
/// use tracer_core::Tracer;
/// use tracer_exporter_jaeger::{HttpStrategies, RemoteSampler};
///
/// let jaeger = HttpStrategies::builder().endpoint("http://jaeger.example:5778").build()?;
/// let sampler = RemoteSampler::builder("shop", jaeger).interval(Duration::from_secs(30)).start()?;
/// let tracer = Tracer::builder("shop").sampler(sampler.clone()).build();
/// tracer.span("order").start().finish();
/// sampler.shutdown(Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RemoteSampler {
    sampler: Arc<AdjustableSampler>,
    /// `None` once it is closed.
    poller: Mutex<Option<Arc<Poller>>>,
}

/// Settings of a [`RemoteSampler`].
#[must_use = "nobody is asked before `start`"]
#[derive(Debug)]
pub struct RemoteSamplerBuilder {
    service_name: String,
    source: Box<dyn StrategySource>,
    initial: Box<dyn Sampler>,
    interval: Duration,
}

impl RemoteSampler {
    /// Settings: whose strategies, and who has them.
    pub fn builder(service_name: &str, source: impl StrategySource + 'static) -> RemoteSamplerBuilder {
        RemoteSamplerBuilder {
            service_name: service_name.to_owned(),
            source: Box::new(source),
            initial: initial(),
            interval: INTERVAL,
        }
    }

    /// Asks now, and not only when the interval has passed. Does not wait for the answer.
    pub fn refresh(&self) {
        if let Some(poller) = self.poller() {
            poller.refresh();
        }
    }

    /// How often it was asked, and with what result.
    #[must_use]
    pub fn stats(&self) -> RemoteSamplerStats {
        self.poller().map(|poller| poller.stats()).unwrap_or_default()
    }

    /// Ends the thread, and waits for that. The last strategy stays. Says whether the thread ended in time: one
    /// that waits for an answer does so until its own deadline.
    pub fn shutdown(&self, timeout: Duration) -> bool {
        self.poller().is_none_or(|poller| poller.shutdown(timeout))
    }

    fn poller(&self) -> Option<Arc<Poller>> {
        self.poller.lock().clone()
    }
}

impl Sampler for RemoteSampler {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        self.sampler.sample(params)
    }

    fn close(&self) {
        self.poller.lock().take();
    }
}

impl Clone for RemoteSampler {
    fn clone(&self) -> Self {
        Self { sampler: Arc::clone(&self.sampler), poller: Mutex::new(self.poller()) }
    }
}

impl RemoteSamplerBuilder {
    /// Who decides until the first answer: a thousandth is recorded.
    pub fn initial(mut self, sampler: impl Sampler + 'static) -> Self {
        self.initial = Box::new(sampler);
        self
    }

    /// How often to ask: every 60 seconds, a tenth more or less at random; from 10
    /// milliseconds to a day.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.clamp(INTERVAL_MIN, INTERVAL_MAX);
        self
    }

    /// The sampler. Its thread asks for the first time at once.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(self) -> std::io::Result<RemoteSampler> {
        let sampler = Arc::new(AdjustableSampler::new(self.initial));
        let poller = Poller::start(self.service_name, self.source, self.interval, Arc::clone(&sampler))?;
        Ok(RemoteSampler { sampler, poller: Mutex::new(Some(Arc::new(poller))) })
    }
}

fn initial() -> Box<dyn Sampler> {
    match ProbabilisticSampler::new(INITIAL_PROBABILITY) {
        Ok(sampler) => Box::new(sampler),
        Err(_) => Box::new(ConstSampler::OFF),
    }
}
