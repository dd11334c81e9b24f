//! Stage 4: a span ends, and becomes one row of bytes.

use std::time::SystemTime;

use super::{Span, StatusCode};
use crate::clock::to_unix_ns;
use crate::row::body::{Body, cut_text, otlp_flags};
use crate::row::body_pool;
use crate::row::head::{Fixed, Head};
use crate::row::wire::{bytes_field_len, put_bytes, put_key_len, put_varint};
use crate::tracer::Core;

impl Span {
    /// Ends the span now. The same as dropping it.
    #[inline]
    pub fn finish(self) {
        drop(self);
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
        core.hub.with_local(|local| {
            local.counters.finished.add(1);
            local.counters.dropped_sampling.add(1);
        });
        if let Some(body) = self.body.take() {
            body_pool::give_back(body);
        }
        self.forget_open(core);
    }

    #[inline]
    fn end(&mut self, core: &'static Core, end_unix_ns: u64) {
        self.recording = false;
        match self.body.take() {
            None => self.append(core, end_unix_ns, self.name, [&[], &self.tracestate_tail()]),
            Some(body) => {
                let mut tail = self.tracestate_tail();
                if !body.is_plain() {
                    put_rare(&mut tail, &body);
                    count_limits(core, &body);
                }
                let name = if body.name().is_empty() { self.name } else { body.name() };
                self.append(core, end_unix_ns, name, [body.as_bytes(), &tail]);
                body_pool::give_back(body);
            }
        }
        self.forget_open(core);
    }

    #[inline]
    fn append(&self, core: &'static Core, end_unix_ns: u64, name: &str, [entries, tail]: [&[u8]; 2]) {
        let name = cut_text(name, core.limits.name_bytes_max).as_bytes();
        let fixed = Fixed {
            source: core.source,
            context: &self.context,
            start_unix_ns: self.start_unix_ns,
            end_unix_ns: end_unix_ns.max(self.start_unix_ns),
            kind: self.kind.to_otlp(),
            flags: otlp_flags(&self.context, self.parent_is_remote),
        };
        let head = Head::new(&fixed, name.len(), entries.len() + tail.len());
        let wake = core.hub.with_local(|local| {
            local.counters.finished.add(1);
            core.hub.append(local, &[head.as_bytes(), name, entries, tail])
        });
        if wake {
            core.wake_worker();
        }
    }

    /// The `tracestate` field; empty, and without any allocation, for almost every span.
    fn tracestate_tail(&self) -> Vec<u8> {
        let mut tail = Vec::new();
        if let Some(state) = self.context.trace_state() {
            put_bytes(&mut tail, 0x1a, state.as_str().as_bytes());
        }
        tail
    }

    #[inline]
    fn forget_open(&self, core: &Core) {
        if let Some(open_spans) = &core.open_spans {
            open_spans.remove(self.context.span_id());
        }
    }
}

impl Drop for Span {
    #[inline]
    fn drop(&mut self) {
        if let Some(core) = self.core.filter(|_| self.recording) {
            let end_unix_ns = core.clock.unix_ns(self.timeline);
            self.end(core, end_unix_ns);
        }
    }
}

/// The fields behind the entries: what was left out, and the status.
#[cold]
fn put_rare(tail: &mut Vec<u8>, body: &Body) {
    let dropped = body.dropped();
    for (key, count) in [(0x50, dropped.attributes), (0x60, dropped.events), (0x70, dropped.links)] {
        if count > 0 {
            tail.push(key);
            put_varint(tail, u64::from(count));
        }
    }
    if body.status() != StatusCode::Unset {
        let message = body.status_message();
        put_key_len(tail, 0x7a, 2 + if message.is_empty() { 0 } else { bytes_field_len(message.len()) });
        if !message.is_empty() {
            put_bytes(tail, 0x12, message.as_bytes());
        }
        tail.extend_from_slice(&[0x18, body.status().to_otlp()]);
    }
}

#[cold]
fn count_limits(core: &Core, body: &Body) {
    let dropped = body.dropped();
    let entries = dropped.attributes + dropped.events + dropped.links;
    core.hub.with_local(|local| {
        local.counters.entries_dropped.add(entries.into());
        local.counters.values_cut.add(body.values_cut().into());
    });
}
