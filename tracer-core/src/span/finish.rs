//! Stage 4: a span ends, and becomes one row of bytes.

use std::time::SystemTime;

use super::Span;
use crate::clock::to_unix_ns;
use crate::row::body::{Body, Rest, cut_text, otlp_flags};
use crate::row::body_pool;
use crate::row::writer::Row;
use crate::tracer::Core;

impl Span {
    /// Ends the span now. The same as dropping it.
    // Not inlined: a span is moved into a call without being copied.
    #[inline(never)]
    pub fn finish(self) {}

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
        core.hub.with_local(|local| {
            local.counters.finished.add(1);
            local.counters.dropped_sampling.add(1);
        });
        if let Some(body) = self.body.take() {
            body_pool::give_back(body);
        }
        if let Some(open_spans) = &core.open_spans {
            open_spans.remove(self.context.span_id());
        }
    }

    #[inline(always)]
    fn end(&mut self, core: &'static Core, end_unix_ns: u64) {
        self.recording = false;
        let body = self.body.take();
        if self.context.has_extra() || body.as_ref().is_some_and(|body| body.rest().is_some()) {
            return self.end_with_rest(core, end_unix_ns, body);
        }
        match body {
            None => {
                let entries = self.sampled_by.map_or(&[][..], |tags| tags.encoded().as_bytes());
                self.append(core, end_unix_ns, self.name, entries);
            }
            Some(body) => {
                self.append(core, end_unix_ns, self.name, body.as_bytes());
                body_pool::give_back(body);
            }
        }
    }

    /// Ends a span that has what most have not: a status, a late name, tracestate, or something left out.
    #[cold]
    fn end_with_rest(&mut self, core: &'static Core, end_unix_ns: u64, body: Option<Box<Body>>) {
        let mut body = body.unwrap_or_else(|| super::new_body(self.sampled_by.take()));
        body.close(self.context.trace_state());
        if let Some(rest) = body.rest() {
            count_limits(core, rest);
        }
        let name = body.rest().and_then(Rest::name).unwrap_or(self.name);
        self.append(core, end_unix_ns, name, body.as_bytes());
        body_pool::give_back(body);
    }

    #[inline]
    fn append(&self, core: &'static Core, end_unix_ns: u64, name: &str, entries: &[u8]) {
        let row = Row {
            source: core.source,
            context: &self.context,
            start_unix_ns: self.start_unix_ns,
            end_unix_ns: end_unix_ns.max(self.start_unix_ns),
            kind: self.kind.to_otlp(),
            flags: otlp_flags(&self.context, self.parent_is_remote),
            name: cut_text(name, core.limits.span.name_bytes_max).as_bytes(),
            entries,
        };
        let wake = core.hub.with_local(|local| {
            local.counters.finished.add(1);
            core.hub.append(local, &row)
        });
        if wake {
            core.wake_worker();
        }
        if let Some(open_spans) = &core.open_spans {
            open_spans.remove(self.context.span_id());
        }
    }

    #[inline(never)]
    fn finish_now(&mut self, core: &'static Core) {
        let end_unix_ns = core.clock.unix_ns(self.timeline);
        self.end(core, end_unix_ns);
    }
}

impl Drop for Span {
    #[inline]
    fn drop(&mut self) {
        if let Some(core) = self.core.filter(|_| self.recording) {
            self.finish_now(core);
        }
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
