//! Stage 4: a span ends, and becomes one row of bytes.
//!
//! ```text
//! drop ──(nothing was set)─> end_plain ──┐
//!   └─(tags, logs)─────────> end_tagged ─┼─> row in this thread's log
//!       └─(anything else)──> end ────────┘
//! ```

use std::mem::ManuallyDrop;
use std::time::SystemTime;

use super::state::State;
use super::{Span, StatusCode};
use crate::clock::{Timeline, to_unix_ns};
use crate::context::SpanContext;
use crate::pipeline::Priority;
use crate::pipeline::local::{Current, Local};
use crate::row::body::{Body, Rest, cut_text, otlp_flags};
use crate::row::writer::{Row, SHORT_ENTRIES_MAX, SHORT_NAME_MAX};
use crate::tracer::Core;

impl Span {
    /// Ends the span now. The same as dropping it.
    // Not inlined: a span is moved into a call without being copied.
    #[cfg_attr(not(feature = "recording-off"), inline(never))]
    #[cfg_attr(feature = "recording-off", inline(always))]
    pub fn finish(mut self) {
        self.end_unless_over();
        // Nothing is left to be done by a drop.
        let _ended = ManuallyDrop::new(self);
    }

    /// Ends the span at another time; one before its start counts as its start.
    pub fn finish_at(mut self, time: SystemTime) {
        if let Some(core) = self.core.filter(|_| self.is_recording()) {
            self.end(core, self.timeline(core), to_unix_ns(time));
        }
    }

    /// Stops recording; the row is counted as dropped, since somebody asked for that.
    pub(super) fn abandon(&mut self) {
        let Some(core) = self.core.filter(|_| self.is_recording()) else { return };
        self.state = self.state.without(State::RECORDING);
        self.sampled_by = None;
        core.hub.with_local(|local| {
            local.counters.finished.add(1);
            local.counters.dropped_sampling.add(1);
        });
        give_back(core, self.body.take());
        self.forget_open(core);
    }

    /// Ends the span if it records, and gives up all that it owns if it owns anything.
    #[inline(always)]
    fn end_unless_over(&mut self) {
        if cfg!(feature = "recording-off") {
            // It owns no more than that.
            *self.context = SpanContext::default();
        } else if self.is_recording() || self.context.has_extra() {
            self.end_by_body();
        }
    }

    #[inline(always)]
    fn end_by_body(&mut self) {
        match (&*self.body, self.sampled_by) {
            (None, None) => self.end_plain(),
            _ => self.end_tagged(),
        }
    }

    /// Ends a span on which nothing was set.
    #[inline(never)]
    fn end_plain(&mut self) {
        self.end_by(Self::end_plain_in);
    }

    #[inline(always)]
    fn end_plain_in(&mut self, current: &mut Current) -> Option<()> {
        let core = self.core?;
        let local = current.local(core.hub_id)?;
        self.append_quickly(core, local, None, &[])
    }

    /// Ends a span with tags and logs, and keeps their memory for another span of this thread.
    #[inline(never)]
    fn end_tagged(&mut self) {
        self.end_by(Self::end_tagged_in);
    }

    #[inline(always)]
    fn end_tagged_in(&mut self, current: &mut Current) -> Option<()> {
        let core = self.core?;
        let local = current.local(core.hub_id)?;
        let timeline = match &*self.body {
            Some(body) if body.rest().is_some() => return None,
            Some(body) => body.timeline(),
            None => None,
        };
        self.append_quickly(core, local, timeline, self.entries())?;
        if let Some(body) = self.body.take() {
            local.give_back(body);
        }
        Some(())
    }

    /// Ends a span by a quick way, and slowly where that is not open.
    #[inline(always)]
    fn end_by(&mut self, quick: impl FnOnce(&mut Self, &mut Current) -> Option<()>) {
        // First of all: for the compiler this is a call, across which registers are kept.
        let Some(mut current) = Current::take() else { return self.end_slowly() };
        let ended = quick(self, &mut current);
        current.put_back();
        if ended.is_none() {
            self.end_slowly();
        }
    }

    /// Appends the row of a span whose times are told by the counter, if the last chunk has room for it and there is
    /// nothing more to do.
    #[inline(always)]
    fn append_quickly(
        &self,
        core: &'static Core,
        local: &mut Local,
        timeline: Option<Timeline>,
        entries: &[u8],
    ) -> Option<()> {
        // Read once, so that all lengths below are known to be short.
        let name = self.name;
        if self.is_unusual(core) || name.len() > SHORT_NAME_MAX || entries.len() > SHORT_ENTRIES_MAX {
            return None;
        }
        let counter = core.counter?;
        let timeline = match timeline {
            Some(timeline) => timeline,
            None => counter.timeline()?,
        };
        let times_ns = (timeline.unix_ns(self.start), timeline.unix_ns(counter.ticks()));
        if local.append(&self.row(core, times_ns, name, entries)).is_none() {
            return self.append_slowly(core, local, times_ns, entries);
        }
        local.counters.finished.add(1);
        Some(())
    }

    /// Appends the row where the last chunk has no room for it, or drops it and counts that: at no more cost. Or the
    /// thread's last row was another tracer's.
    #[cold]
    #[inline(never)]
    fn append_slowly(
        &self,
        core: &'static Core,
        local: &mut Local,
        times_ns: (u64, u64),
        entries: &[u8],
    ) -> Option<()> {
        local.counters.finished.add(1);
        if !local.needs_mark(core.source) && local.writer.is_refused(self.priority()) {
            local.counters.dropped_memory.add(1);
            return Some(());
        }
        self.append_after_all(core, local, times_ns, entries)
    }

    #[inline(never)]
    fn append_after_all(
        &self,
        core: &'static Core,
        local: &mut Local,
        times_ns: (u64, u64),
        entries: &[u8],
    ) -> Option<()> {
        if core.hub.append(local, &self.row(core, times_ns, self.name, entries)) {
            core.wake_worker();
        }
        Some(())
    }

    /// Of a span without a status.
    fn priority(&self) -> Priority {
        let is_local_root = !self.context.parent_id().is_valid() || self.state.has(State::PARENT_IS_REMOTE);
        if is_local_root { Priority::Last } else { Priority::Ordinary }
    }

    /// Whether there is more to do than to write a row and to count it.
    #[inline(always)]
    fn is_unusual(&self, core: &Core) -> bool {
        !self.is_recording()
            || self.context.has_extra()
            || self.state.has(State::START_IS_UNIX)
            || core.has_slow_end
            || core.hub.is_closed()
    }

    #[cold]
    #[inline(never)]
    fn end_slowly(&mut self) {
        if let Some(core) = self.core.filter(|_| self.is_recording()) {
            let timeline = self.timeline(core);
            self.end(core, timeline, timeline.unix_ns(core.ticks()));
        }
        *self.context = SpanContext::default();
    }

    /// Ends a span, whatever it is.
    fn end(&mut self, core: &'static Core, timeline: Timeline, end_unix_ns: u64) {
        let is_unix = self.state.has(State::START_IS_UNIX);
        let start_unix_ns = if is_unix { self.start } else { timeline.unix_ns(self.start) };
        if self.context.trace_state().is_some() && self.body.is_none() {
            *self.body = Some(super::new_body(core, self.sampled_by.take()));
        }
        self.state = self.state.without(State::RECORDING);
        if let Some(body) = &mut *self.body {
            body.close(self.context.trace_state());
        }
        let rest = self.body.as_ref().and_then(|body| body.rest());
        if let Some(rest) = rest {
            count_limits(core, rest);
        }
        let name = rest.and_then(Rest::name).unwrap_or_else(|| cut_name(core, self.name));
        let is_error = rest.is_some_and(|rest| rest.status == StatusCode::Error);
        append(core, &Row { is_error, ..self.row(core, (start_unix_ns, end_unix_ns), name, self.entries()) });
        give_back(core, self.body.take());
        self.forget_open(core);
    }

    /// What the span's times are told by.
    fn timeline(&self, core: &Core) -> Timeline {
        self.body.as_ref().and_then(|body| body.timeline()).unwrap_or_else(|| core.timeline())
    }

    /// What was set, or what the sampler left where nothing was.
    #[inline(always)]
    fn entries(&self) -> &[u8] {
        match (&*self.body, self.sampled_by) {
            (Some(body), _) => body.as_bytes(),
            (None, Some(tags)) => tags.encoded(),
            (None, None) => &[],
        }
    }

    #[inline(always)]
    fn row<'a>(
        &'a self,
        core: &Core,
        (start_unix_ns, end_unix_ns): (u64, u64),
        name: &'a str,
        entries: &'a [u8],
    ) -> Row<'a> {
        Row {
            source: core.source,
            context: &self.context,
            start_unix_ns,
            end_unix_ns: end_unix_ns.max(start_unix_ns),
            kind: self.kind.number(),
            flags: otlp_flags(&self.context, self.state.has(State::PARENT_IS_REMOTE)),
            name: name.as_bytes(),
            is_error: false,
            entries,
        }
    }

    fn forget_open(&self, core: &Core) {
        if let Some(open_spans) = &core.open_spans {
            open_spans.remove(self.context.span_id());
        }
    }
}

impl Drop for Span {
    #[inline]
    fn drop(&mut self) {
        self.end_unless_over();
    }
}

/// Appends a row, or drops it and counts why.
fn append(core: &'static Core, row: &Row<'_>) {
    let wake = core.hub.with_local(|local| {
        local.counters.finished.add(1);
        core.hub.append(local, row)
    });
    if wake {
        core.wake_worker();
    }
}

fn give_back(core: &Core, body: Option<Box<Body>>) {
    if let Some(body) = body {
        core.hub.with_local(|local| local.give_back(body));
    }
}

/// A name that is part of the program, within its limit.
fn cut_name<'a>(core: &Core, name: &'a str) -> &'a str {
    let cut = cut_text(name, core.limits.span.name_bytes_max);
    if cut.len() < name.len() {
        core.hub.with_local(|local| local.counters.values_cut.add(1));
    }
    cut
}

fn count_limits(core: &Core, rest: &Rest) {
    let dropped = rest.dropped;
    let entries = dropped.attributes + dropped.events + dropped.links;
    core.hub.with_local(|local| {
        local.counters.entries_dropped.add(entries.into());
        local.counters.values_cut.add(rest.values_cut.into());
    });
}
