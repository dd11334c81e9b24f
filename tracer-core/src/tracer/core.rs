//! What the spans of a tracer share.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::{Handle, Tracer};
use crate::baggage_restrictions::BaggageRestrictions;
use crate::clock::{Clock, Counter, Timeline};
use crate::limits::Limits;
use crate::open_spans::OpenSpans;
use crate::pipeline::{Hub, Source};
use crate::sampler::Sampling;
use crate::switch::{Hook, Switch};

/// What all spans of a tracer share. It is never freed, so that a span need not count references; what only a
/// start asks for goes with the last [`Handle`].
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) hub: Arc<Hub>,
    /// The hub's, here since every span asks for it.
    pub(crate) hub_id: u64,
    /// What rows name their source by.
    pub(crate) source: u32,
    pub(crate) clock: Clock,
    /// The clock's counter, if it has one.
    pub(crate) counter: Option<&'static Counter>,
    pub(crate) sampling: Sampling,
    pub(crate) baggage_restrictions: Option<BaggageRestrictions>,
    pub(crate) limits: Limits,
    pub(crate) open_spans: Option<Box<OpenSpans>>,
    /// Whether an end asks for more than a row: open spans are told, or short names are cut.
    pub(crate) has_slow_end: bool,
    pub(crate) switch: Hook,
    pub(super) handle: OnceLock<Weak<Handle>>,
}

/// All cores, so that tools that look for lost memory see who holds them.
static CORES: Mutex<Vec<&'static Core>> = Mutex::new(Vec::new());

impl Core {
    /// Keeps a core for the rest of the process.
    pub(super) fn keep(self, governor: Option<&Switch>) -> &'static Self {
        let core: &'static Self = Box::leak(Box::new(self));
        // In a forked process the list may be locked for ever.
        if let Some(mut cores) = CORES.try_lock_for(Duration::from_millis(10)) {
            cores.push(core);
        }
        if let Some(switch) = governor {
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
        if !last.hub.is_inherited() {
            return last;
        }
        let hub = Arc::clone(handle.pipeline.hub());
        let settings = &handle.settings;
        let resource = settings.resource.of_this_process();
        let core = Self {
            hub_id: hub.id,
            source: hub.add_source(Source { resource, scope: settings.scope.clone() }),
            hub,
            clock: self.clock.clone(),
            counter: self.counter,
            sampling: self.sampling,
            baggage_restrictions: self.baggage_restrictions.clone(),
            limits: Limits::new(self.limits.span.clone()),
            open_spans: self.open_spans.as_ref().map(|_| Box::default()),
            has_slow_end: self.has_slow_end,
            switch: self.switch.heir(),
            handle: self.handle.clone(),
        };
        handle.core.replace(last, core.keep(settings.switch.as_ref()))
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
