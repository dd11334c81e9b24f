//! The tracer: who reports, where to, and what is recorded.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::baggage_restrictions::BaggageRestrictions;
use crate::clock::{Clock, Counter, Timeline};
use crate::export::Exporter;
use crate::fork::Slot;
use crate::limits::{Limits, SpanLimits};
use crate::open_spans::OpenSpans;
use crate::pipeline::{
    FlushError, FlushFuture, Hub, Pipeline, PipelineBuilder, ShutdownGuard, Source, Stats,
};
use crate::resource::{Resource, Scope};
use crate::sampler::{ConstSampler, DebugThrottler, Sampler};
use crate::span::SpanBuilder;
use crate::switch::{Hook, Switch};

/// Starts the spans of one service. Cheap to clone, `Send` and `Sync`.
///
/// A pipeline ends with the last tracer that uses it; spans that outlive it are counted and dropped.
///
/// ```
/// use tracer_core::{Tracer, testing::InMemoryExporter};
///
/// let exporter = InMemoryExporter::default();
/// let tracer = Tracer::builder("greeter").exporter(exporter.clone()).build();
/// let mut span = tracer.span("say-hello").start();
/// span.set_tag("greeting", "Bonjour");
/// span.finish();
/// tracer.flush(std::time::Duration::from_secs(5))?;
/// assert_eq!(exporter.spans()[0].name, "say-hello");
/// # Ok::<(), tracer_core::FlushError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tracer(Option<Arc<Handle>>);

/// What the handles of a tracer share. When the last one goes, so does its hold on the pipeline.
#[derive(Debug)]
struct Handle {
    /// Another one in each forked process.
    core: Slot<Core>,
    pipeline: Pipeline,
    service_name: String,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(core) = self.core.get() {
            core.sampler.close();
        }
    }
}

/// What all spans of a tracer share. It is never freed, so that a span need not count references: a
/// tracer leaves a few hundred bytes behind.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) hub: Arc<Hub>,
    /// The hub's, here since every span asks for it.
    pub(crate) hub_id: u64,
    /// What rows name their source by.
    pub(crate) source: u32,
    resource: Resource,
    scope: Scope,
    pub(crate) clock: Clock,
    /// The clock's counter, if it has one.
    pub(crate) counter: Option<&'static Counter>,
    pub(crate) sampler: &'static dyn Sampler,
    /// Spans whose parent's decision is known take it over; the sampler is asked for the others.
    pub(crate) follows_parents: bool,
    pub(crate) debug_throttler: Option<DebugThrottler>,
    pub(crate) baggage_restrictions: Option<BaggageRestrictions>,
    pub(crate) limits: Limits,
    pub(crate) open_spans: Option<OpenSpans>,
    /// Whether a start below a parent asks for more than what that decided: a sampler, or open spans are told.
    pub(crate) has_slow_start: bool,
    /// Whether an end asks for more than a row: open spans are told, or short names are cut.
    pub(crate) has_slow_end: bool,
    pub(crate) switch: Hook,
    governor: Option<Switch>,
    handle: OnceLock<Weak<Handle>>,
}

/// All cores, so that tools that look for lost memory see who holds them.
static CORES: Mutex<Vec<&'static Core>> = Mutex::new(Vec::new());

impl Core {
    /// Keeps a core for the rest of the process.
    fn keep(self) -> &'static Self {
        let core: &'static Self = Box::leak(Box::new(self));
        // In a forked process the list may be locked for ever.
        if let Some(mut cores) = CORES.try_lock_for(Duration::from_millis(10)) {
            cores.push(core);
        }
        if let Some(switch) = &core.governor {
            switch.govern(&core.switch);
        }
        core
    }

    /// Itself, or in a forked process what it is there.
    #[inline]
    pub(crate) fn of_this_process(&'static self) -> &'static Self {
        if self.hub.is_inherited() { self.heir() } else { self }
    }

    /// The core of the tracer in a forked process. One that has no handle any more begins no spans.
    #[cold]
    fn heir(&'static self) -> &'static Self {
        let Some(handle) = self.handle.get().and_then(Weak::upgrade) else { return self };
        let last = handle.core.get();
        if let Some(core) = last.filter(|core| !core.hub.is_inherited()) {
            return core;
        }
        let hub = Arc::clone(handle.pipeline.hub());
        let resource = self.resource.of_this_process();
        let core = Self {
            hub_id: hub.id,
            source: hub.add_source(Source { resource: resource.clone(), scope: self.scope.clone() }),
            hub,
            resource,
            scope: self.scope.clone(),
            clock: self.clock.clone(),
            counter: self.counter,
            sampler: self.sampler,
            follows_parents: self.follows_parents,
            debug_throttler: self.debug_throttler.clone(),
            baggage_restrictions: self.baggage_restrictions.clone(),
            limits: Limits::new(self.limits.span.clone()),
            open_spans: self.open_spans.as_ref().map(|_| OpenSpans::default()),
            has_slow_start: self.has_slow_start,
            has_slow_end: self.has_slow_end,
            switch: Hook::new(self.scope.name(), self.limits.short_attributes_max),
            governor: self.governor.clone(),
            handle: self.handle.clone(),
        };
        handle.core.replace(last, core.keep()).0
    }

    /// The tracer, if any handle of it is left.
    pub(crate) fn tracer(&self) -> Tracer {
        Tracer(self.handle.get().and_then(Weak::upgrade))
    }

    /// Now, by the tracer's clock.
    #[inline(always)]
    pub(crate) fn ticks(&self) -> u64 {
        self.counter.map_or_else(|| self.clock.ticks(), Counter::ticks)
    }

    /// How its ticks become unix nanoseconds, from now on.
    #[inline(always)]
    pub(crate) fn timeline(&self) -> Timeline {
        self.counter.and_then(Counter::timeline).unwrap_or_else(|| self.clock.timeline())
    }

    /// Has the worker look at once.
    #[cold]
    pub(crate) fn wake_worker(&self) {
        if let Some(handle) = self.handle.get().and_then(Weak::upgrade) {
            handle.pipeline.wake();
        }
    }
}

/// Settings of a [`Tracer`].
#[must_use = "nothing is traced until `build`"]
#[derive(Debug)]
pub struct TracerBuilder {
    resource: Resource,
    scope: Scope,
    sampler: Box<dyn Sampler>,
    follows_parents: bool,
    debug_throttler: Option<DebugThrottler>,
    baggage_restrictions: Option<BaggageRestrictions>,
    limits: SpanLimits,
    output: Output,
    track_open_spans: bool,
    switch: Option<Switch>,
}

/// Where finished spans go.
#[derive(Debug)]
enum Output {
    Own(PipelineBuilder),
    Shared(Pipeline),
}

impl Tracer {
    /// The settings of a tracer for a service: everything is recorded, roots and children; nothing
    /// is sent anywhere until an exporter or a pipeline is set.
    pub fn builder(service_name: &str) -> TracerBuilder {
        Self::builder_for(Resource::new(service_name))
    }

    /// The same for a service that is described by more than its name.
    pub fn builder_for(resource: Resource) -> TracerBuilder {
        TracerBuilder {
            resource,
            scope: Scope::default(),
            sampler: Box::new(ConstSampler::ON),
            follows_parents: true,
            debug_throttler: None,
            baggage_restrictions: None,
            limits: SpanLimits::default(),
            output: Output::Own(Pipeline::builder()),
            track_open_spans: false,
            switch: None,
        }
    }

    /// A tracer that records nothing. Its spans pass on the context of their parent.
    #[must_use]
    pub const fn noop() -> Self {
        Self(None)
    }

    /// Whether spans of this tracer can be recorded at all.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.0.is_some()
    }

    /// Describes a span that is about to start. For a name made while running see
    /// [`span_with_name`](Self::span_with_name).
    ///
    /// Without a reference, the span's parent is the [active](crate::active) one.
    #[inline]
    pub fn span<'a>(&'a self, operation_name: &'static str) -> SpanBuilder<'a> {
        SpanBuilder::new(self, operation_name, None)
    }

    /// As [`span`](Self::span), with a name that is made while running; it is copied if the span is
    /// recorded. Names should be few: put what varies into tags.
    #[inline]
    pub fn span_with_name<'a>(&'a self, operation_name: &'a str) -> SpanBuilder<'a> {
        SpanBuilder::new(self, "", Some(operation_name))
    }

    /// See [`Pipeline::flush`]. A tracer that records nothing has nothing to flush.
    ///
    /// # Errors
    /// As [`Pipeline::flush`].
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.pipeline().map_or(Ok(()), |pipeline| pipeline.flush(timeout))
    }

    /// See [`Pipeline::shutdown`]. All tracers of the same pipeline end with it.
    ///
    /// # Errors
    /// As [`Pipeline::shutdown`].
    pub fn shutdown(&self, timeout: Duration) -> Result<(), FlushError> {
        self.pipeline().map_or(Ok(()), |pipeline| pipeline.shutdown(timeout))
    }

    /// See [`Pipeline::flush_async`].
    pub fn flush_async(&self, timeout: Duration) -> FlushFuture {
        self.pipeline().map_or_else(|| FlushFuture::ready(Ok(())), |pipeline| pipeline.flush_async(timeout))
    }

    /// See [`Pipeline::shutdown_async`]. All tracers of the same pipeline end with it.
    pub fn shutdown_async(&self, timeout: Duration) -> FlushFuture {
        self.pipeline()
            .map_or_else(|| FlushFuture::ready(Ok(())), |pipeline| pipeline.shutdown_async(timeout))
    }

    /// A guard that flushes and shuts down when it is dropped, at the end of `main`:
    ///
    /// ```
    /// # use tracer_core::Tracer;
    /// fn main() {
    ///     let tracer = Tracer::builder("app").build();
    ///     let _guard = tracer.shutdown_on_drop(std::time::Duration::from_secs(5));
    /// }
    /// ```
    #[must_use = "dropped at once, it shuts the tracer down at once"]
    pub fn shutdown_on_drop(&self, timeout: Duration) -> Option<ShutdownGuard> {
        self.pipeline().map(|pipeline| pipeline.shutdown_on_drop(timeout))
    }

    /// What became of all spans of this tracer's pipeline.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pipeline().map_or_else(Stats::default, Pipeline::stats)
    }

    /// The clock that spans are timed with.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.pipeline().map_or_else(Clock::system, |pipeline| pipeline.clock().clone())
    }

    /// The service's name; empty if this tracer records nothing.
    #[must_use]
    pub fn service_name(&self) -> &str {
        self.0.as_ref().map_or("", |handle| handle.service_name.as_str())
    }

    #[inline(always)]
    pub(crate) fn core(&self) -> Option<&'static Core> {
        if cfg!(feature = "recording-off") {
            return None;
        }
        self.0.as_ref().and_then(|handle| handle.core.get())
    }

    fn pipeline(&self) -> Option<&Pipeline> {
        self.0.as_ref().map(|handle| &handle.pipeline)
    }
}

impl TracerBuilder {
    /// Sends finished spans to an exporter, through a pipeline of this tracer's own. May be called
    /// again for a second exporter. Takes back an earlier [`pipeline`](Self::pipeline).
    pub fn exporter(mut self, exporter: impl Exporter + 'static) -> Self {
        let pipeline = match self.output {
            Output::Own(pipeline) => pipeline,
            Output::Shared(_) => Pipeline::builder(),
        };
        self.output = Output::Own(pipeline.exporter(exporter));
        self
    }

    /// Sends finished spans through a pipeline that other tracers use too.
    pub fn pipeline(mut self, pipeline: &Pipeline) -> Self {
        self.output = Output::Shared(pipeline.clone());
        self
    }

    /// Decides at the root of each trace; spans below follow their parent.
    pub fn sampler(mut self, sampler: impl Sampler + 'static) -> Self {
        self.sampler = Box::new(sampler);
        self.follows_parents = true;
        self
    }

    /// Decides for every span, also against its parent: traces may then have holes.
    pub fn sampler_for_every_span(mut self, sampler: impl Sampler + 'static) -> Self {
        self.sampler = Box::new(sampler);
        self.follows_parents = false;
        self
    }

    /// How often a debug id may force a recording: as often as one comes, without this.
    pub fn debug_throttler(mut self, throttler: &DebugThrottler) -> Self {
        self.debug_throttler = Some(throttler.clone());
        self
    }

    /// Which baggage is let in: all, without this.
    pub fn baggage_restrictions(mut self, restrictions: &BaggageRestrictions) -> Self {
        self.baggage_restrictions = Some(restrictions.clone());
        self
    }

    /// How large a span may become.
    pub fn limits(mut self, limits: SpanLimits) -> Self {
        self.limits = limits.clamped();
        self
    }

    /// The library that makes the spans, if it is not the application itself.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Lets operations, targets and tags be switched off and on while running.
    pub fn switch(mut self, switch: &Switch) -> Self {
        self.switch = Some(switch.clone());
        self
    }

    /// Remembers the names of spans that have not ended, for tests; costs a lock per span.
    pub(crate) const fn track_open_spans(mut self) -> Self {
        self.track_open_spans = true;
        self
    }

    /// The tracer. A pipeline of its own starts now, with its thread.
    ///
    /// With the feature `recording-off` it is [`Tracer::noop`], and nothing starts.
    #[must_use]
    pub fn build(self) -> Tracer {
        if cfg!(feature = "recording-off") {
            return Tracer::noop();
        }
        let pipeline = match self.output {
            Output::Own(builder) => builder.start(),
            Output::Shared(pipeline) => pipeline,
        };
        let service_name = self.resource.service_name().to_owned();
        let hub = Arc::clone(pipeline.hub());
        let limits = Limits::new(self.limits);
        let switch = Hook::new(self.scope.name(), limits.short_attributes_max);
        let core = Core {
            hub_id: hub.id,
            source: hub.add_source(Source { resource: self.resource.clone(), scope: self.scope.clone() }),
            hub,
            resource: self.resource,
            scope: self.scope,
            clock: pipeline.clock().clone(),
            counter: pipeline.clock().counter(),
            sampler: Box::leak(self.sampler),
            follows_parents: self.follows_parents,
            debug_throttler: self.debug_throttler,
            baggage_restrictions: self.baggage_restrictions,
            has_slow_start: self.track_open_spans || !self.follows_parents,
            has_slow_end: self.track_open_spans || limits.cuts_short_names,
            limits,
            open_spans: self.track_open_spans.then(OpenSpans::default),
            switch,
            governor: self.switch,
            handle: OnceLock::new(),
        };
        let core = core.keep();
        let place = Slot::empty();
        place.replace(None, core);
        let handle = Arc::new(Handle { core: place, pipeline, service_name });
        // The cell is new, so this cannot fail.
        let _ = core.handle.set(Arc::downgrade(&handle));
        Tracer(Some(handle))
    }
}
