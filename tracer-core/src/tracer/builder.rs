//! The settings of a tracer.

use std::sync::{Arc, OnceLock};

use super::{Core, Handle, Settings, Tracer};
use crate::baggage_restrictions::BaggageRestrictions;
use crate::export::Exporter;
use crate::fork::Held;
use crate::limits::{Limits, SpanLimits};
use crate::pipeline::{Pipeline, PipelineBuilder, Source};
use crate::resource::{Resource, Scope};
use crate::sampler::{ConstSampler, DebugThrottler, Sampler, Sampling};
use crate::switch::{Hook, Switch};

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

impl TracerBuilder {
    pub(super) fn new(resource: Resource) -> Self {
        Self {
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
        let hub = Arc::clone(pipeline.hub());
        let limits = Limits::new(self.limits);
        let starts_are_slow = self.track_open_spans || !self.follows_parents;
        let source = Source { resource: self.resource.clone(), scope: self.scope.clone() };
        let core = Core {
            hub_id: hub.id,
            source: hub.add_source(source),
            hub,
            clock: pipeline.clock().clone(),
            counter: pipeline.clock().counter(),
            sampling: Sampling::new(self.sampler, self.follows_parents),
            baggage_restrictions: self.baggage_restrictions,
            has_slow_end: self.track_open_spans || limits.cuts_short_names,
            switch: Hook::new(
                self.scope.name(),
                limits.short_attributes_max,
                starts_are_slow,
                self.switch.as_ref(),
            ),
            limits,
            open_spans: self.track_open_spans.then(Box::default),
            handle: OnceLock::new(),
        };
        let core = core.keep(self.switch.as_ref());
        let handle = Arc::new(Handle {
            core: Held::new(core),
            pipeline,
            settings: Box::new(Settings {
                resource: self.resource,
                scope: self.scope,
                debug_throttler: self.debug_throttler,
                switch: self.switch,
            }),
        });
        // The cell is new, so this cannot fail.
        let _ = core.handle.set(Arc::downgrade(&handle));
        Tracer(Some(handle))
    }
}
