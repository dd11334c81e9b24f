//! Stage 4: a span ends, and becomes one row of bytes.

use std::sync::Arc;
use std::time::SystemTime;

use super::{Recording, Span, StatusCode};
use crate::clock::to_unix_ns;
use crate::context::SpanContext;
use crate::row::ROW_TAG;
use crate::row::body::otlp_flags;
use crate::row::wire::{bytes_field_len, put_bytes, put_key_len, put_varint, varint_len};
use crate::tracer::Core;

impl Span {
    /// Ends the span now. The same as dropping it.
    pub fn finish(self) {
        drop(self);
    }

    /// Ends the span at another time; one before its start counts as its start.
    pub fn finish_at(mut self, time: SystemTime) {
        self.end(Some(time));
    }

    /// Stops recording; the row is counted as dropped, since somebody asked for that.
    pub(super) fn abandon(&mut self) {
        let (Some(_), Some(core)) = (self.recording.take(), &self.core) else {
            return;
        };
        let accounts = core.pipeline.accounts();
        accounts.finished.add(1);
        accounts.dropped_sampling.add(1);
        self.forget_open(core);
    }

    fn end(&mut self, time: Option<SystemTime>) {
        let (Some(mut recording), Some(core)) = (self.recording.take(), &self.core) else {
            return;
        };
        let offset_ns = recording.offset_ns(core);
        let start_ns = recording.start_ticks_ns.wrapping_add(offset_ns);
        let end_ns = match time {
            None => core.pipeline.clock().ticks_ns().wrapping_add(offset_ns),
            Some(time) => to_unix_ns(time),
        };
        let row = self.row(&recording, start_ns, end_ns.max(start_ns));
        count(&recording, core);
        self.forget_open(core);
        core.pipeline.append(&core.source, row);
    }

    fn row(&self, recording: &Recording, start_ns: u64, end_ns: u64) -> Vec<u8> {
        let (context, name) = (&self.context, self.name.as_str());
        let tail = Tail::of(context, recording);
        let body = recording.body.as_bytes();
        let parent_len = if context.parent_id().is_valid() { 10 } else { 0 };
        let fixed_len = 18 + 10 + 9 + 9 + 2 + 6;
        let len = fixed_len + parent_len + bytes_field_len(name.len()) + body.len() + tail.len();
        let mut row = Vec::with_capacity(bytes_field_len(len));
        put_key_len(&mut row, ROW_TAG, len);
        put_bytes(&mut row, 0x0a, &context.trace_id().to_bytes());
        put_bytes(&mut row, 0x12, &context.span_id().to_bytes());
        row.push(0x39);
        row.extend_from_slice(&start_ns.to_le_bytes());
        row.push(0x41);
        row.extend_from_slice(&end_ns.to_le_bytes());
        row.extend_from_slice(&[0x30, self.kind.to_otlp(), 0x85, 0x01]);
        row.extend_from_slice(&otlp_flags(context, recording.parent_is_remote).to_le_bytes());
        if parent_len > 0 {
            put_bytes(&mut row, 0x22, &context.parent_id().to_bytes());
        }
        put_bytes(&mut row, 0x2a, name.as_bytes());
        row.extend_from_slice(body);
        tail.put(&mut row);
        row
    }

    fn forget_open(&self, core: &Core) {
        if let Some(open_spans) = &core.open_spans {
            open_spans.remove(self.context.span_id());
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        self.end(None);
    }
}

fn count(recording: &Recording, core: &Arc<Core>) {
    let accounts = core.pipeline.accounts();
    accounts.finished.add(1);
    let dropped = recording.body.dropped();
    let entries = dropped.attributes + dropped.events + dropped.links;
    if entries > 0 {
        accounts.entries_dropped.add(entries.into());
    }
    if recording.body.values_cut() > 0 {
        accounts.values_cut.add(recording.body.values_cut().into());
    }
}

/// What follows the entries, all of it rare.
struct Tail<'a> {
    /// Keys and values of the three `dropped_*_count` fields.
    dropped: [(u8, u32); 3],
    trace_state: &'a str,
    status: StatusCode,
    message: &'a str,
}

impl<'a> Tail<'a> {
    fn of(context: &'a SpanContext, recording: &'a Recording) -> Self {
        let dropped = recording.body.dropped();
        Self {
            dropped: [(0x50, dropped.attributes), (0x60, dropped.events), (0x70, dropped.links)],
            trace_state: context.trace_state().map_or("", |state| state.as_str()),
            status: recording.status,
            message: &recording.status_message,
        }
    }

    fn len(&self) -> usize {
        let dropped = self.dropped.iter().filter(|(_, count)| *count > 0);
        let dropped: usize = dropped.map(|(_, count)| 1 + varint_len(u64::from(*count))).sum();
        let state = if self.trace_state.is_empty() { 0 } else { bytes_field_len(self.trace_state.len()) };
        let status = if self.has_status() { bytes_field_len(self.status_len()) } else { 0 };
        dropped + state + status
    }

    fn put(&self, row: &mut Vec<u8>) {
        for (key, count) in self.dropped.iter().filter(|(_, count)| *count > 0) {
            row.push(*key);
            put_varint(row, u64::from(*count));
        }
        if !self.trace_state.is_empty() {
            put_bytes(row, 0x1a, self.trace_state.as_bytes());
        }
        if self.has_status() {
            put_key_len(row, 0x7a, self.status_len());
            if !self.message.is_empty() {
                put_bytes(row, 0x12, self.message.as_bytes());
            }
            row.extend_from_slice(&[0x18, self.status.to_otlp()]);
        }
    }

    fn has_status(&self) -> bool {
        self.status != StatusCode::Unset
    }

    const fn status_len(&self) -> usize {
        2 + if self.message.is_empty() { 0 } else { bytes_field_len(self.message.len()) }
    }
}
