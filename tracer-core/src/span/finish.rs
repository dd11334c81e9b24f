//! Stage 4: a span ends, and becomes one row of bytes.
//!
//! ```text
//! finish ──(nothing was set)────────────> finish_plain ─┐
//!   └─> drop ──(tags, logs)─────────────> end ──────────┼─> row in this thread's log
//!         └─(status, late name, …)──────> end_with_rest ┘   or, with a look at everything, append
//! ```

use std::mem::ManuallyDrop;
use std::time::SystemTime;

use super::{Span, StatusCode};
use crate::clock::to_unix_ns;
use crate::context::SpanContext;
use crate::pipeline::local::{Current, Local};
use crate::row::body::{Body, Rest, cut_text, otlp_flags};
use crate::row::writer::Row;
use crate::tracer::Core;

impl Span {
    /// Ends the span now. The same as dropping it.
    // Not inlined: a span is moved into a call without being copied.
    #[cfg_attr(not(feature = "recording-off"), inline(never))]
    #[cfg_attr(feature = "recording-off", inline(always))]
    pub fn finish(mut self) {
        let owns_nothing = self.body.is_none() && !self.context.has_extra();
        let is_done = owns_nothing && (!self.is_recording() || self.finish_plain().is_some());
        if !is_done {
            self.finish_tagged();
        }
        // Nothing is owned any more, and so nothing is left to be dropped.
        let _empty = ManuallyDrop::new(self);
    }

    /// Ends the span at another time; one before its start counts as its start.
    pub fn finish_at(mut self, time: SystemTime) {
        if let Some(core) = self.core.filter(|_| self.recording) {
            self.end(core, to_unix_ns(time));
        }
    }

    /// Stops recording; the row is counted as dropped, since somebody asked for that.
    pub(super) fn abandon(&mut self) {
        let Some(core) = self.core.filter(|_| self.recording) else { return };
        self.recording = false;
        self.sampled_by = None;
        core.hub.with_local(|local| {
            local.counters.finished.add(1);
            local.counters.dropped_sampling.add(1);
        });
        give_back(core, self.body.take());
        self.forget_open(core);
    }

    /// Ends a span on which nothing was set. `None`, and nothing is done, where anything is unusual.
    #[inline(always)]
    fn finish_plain(&self) -> Option<()> {
        let core = self.core.filter(|core| core.open_spans.is_none() && self.sampled_by.is_none())?;
        let row = self.row(core, self.timeline.tsc_unix_ns()?, self.name, &[]);
        let mut current = Current::take(core.hub_id)?;
        let appended = append_quickly(core, current.local()?, &row);
        current.put_back();
        appended
    }

    /// Ends a span, and gives up all that it owns.
    #[inline(never)]
    fn finish_tagged(&mut self) {
        self.end_now();
        if self.context.has_extra() {
            self.context = SpanContext::default();
        }
    }

    #[inline(always)]
    fn end_now(&mut self) {
        if let Some(core) = self.core.filter(|_| self.is_recording()) {
            self.end(core, core.clock.unix_ns(self.timeline));
        }
    }

    #[inline(always)]
    fn end(&mut self, core: &'static Core, end_unix_ns: u64) {
        self.recording = false;
        let has_rest = self.body.as_ref().is_some_and(|body| body.rest().is_some());
        if has_rest || self.context.has_extra() || core.open_spans.is_some() {
            return self.end_with_rest(core, end_unix_ns);
        }
        if self.end_quickly(core, end_unix_ns).is_none() {
            self.end_slowly(core, end_unix_ns);
        }
    }

    /// Appends the row, and keeps the body for another span of this thread.
    #[inline(always)]
    fn end_quickly(&mut self, core: &'static Core, end_unix_ns: u64) -> Option<()> {
        let mut current = Current::take(core.hub_id)?;
        let local = current.local()?;
        let appended = append_quickly(core, local, &self.row(core, end_unix_ns, self.name, self.entries()));
        if let Some(body) = self.body.take_if(|_| appended.is_some()) {
            local.give_back(body);
        }
        current.put_back();
        appended
    }

    #[cold]
    #[inline(never)]
    fn end_slowly(&mut self, core: &'static Core, end_unix_ns: u64) {
        append(core, &self.row(core, end_unix_ns, self.name, self.entries()));
        give_back(core, self.body.take());
    }

    /// What was set, or what the sampler left where nothing was.
    #[inline(always)]
    fn entries(&self) -> &[u8] {
        match (&self.body, self.sampled_by) {
            (Some(body), _) => body.as_bytes(),
            (None, Some(tags)) => tags.encoded(),
            (None, None) => &[],
        }
    }

    /// Ends a span that has what most have not: a status, a late name, tracestate, or something left out.
    #[cold]
    fn end_with_rest(&mut self, core: &'static Core, end_unix_ns: u64) {
        let mut body = self.body.take().unwrap_or_else(|| super::new_body(core, self.sampled_by.take()));
        body.close(self.context.trace_state());
        if let Some(rest) = body.rest() {
            count_limits(core, rest);
        }
        let name = body.rest().and_then(Rest::name).unwrap_or(self.name);
        let is_error = body.rest().is_some_and(|rest| rest.status == StatusCode::Error);
        let row = Row { is_error, ..self.row(core, end_unix_ns, name, body.as_bytes()) };
        append(core, &row);
        give_back(core, Some(body));
        self.forget_open(core);
    }

    #[inline(always)]
    fn row<'a>(&'a self, core: &Core, end_unix_ns: u64, name: &'a str, entries: &'a [u8]) -> Row<'a> {
        Row {
            source: core.source,
            context: &self.context,
            start_unix_ns: self.start_unix_ns,
            end_unix_ns: end_unix_ns.max(self.start_unix_ns),
            kind: self.kind.to_otlp(),
            flags: otlp_flags(&self.context, self.parent_is_remote),
            name: cut_text(name, core.limits.span.name_bytes_max).as_bytes(),
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
    fn drop(&mut self) {
        self.end_now();
    }
}

/// Appends a row where nothing unusual is in the way; drops and counts it if the memory is used up. `None`, and
/// nothing is done, in any other case.
#[inline(always)]
fn append_quickly(core: &'static Core, local: &mut Local, row: &Row<'_>) -> Option<()> {
    if core.hub.is_closed() || !row.is_usual() {
        return None;
    }
    let len = row.len();
    if !local.writer.has_room(len.total) {
        return append_to_next_chunk(core, local, row);
    }
    row.write(len, local.writer.room(len.total)?)?;
    local.writer.publish(len.total);
    local.counters.finished.add(1);
    Some(())
}

#[cold]
#[inline(never)]
fn append_to_next_chunk(core: &'static Core, local: &mut Local, row: &Row<'_>) -> Option<()> {
    local.counters.finished.add(1);
    if core.hub.append(local, row) {
        core.wake_worker();
    }
    Some(())
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

fn count_limits(core: &Core, rest: &Rest) {
    let dropped = rest.dropped;
    let entries = dropped.attributes + dropped.events + dropped.links;
    core.hub.with_local(|local| {
        local.counters.entries_dropped.add(entries.into());
        local.counters.values_cut.add(rest.values_cut.into());
    });
}
