//! A span as it is kept: its bytes, and what searches look at before they decode them.

use std::sync::Arc;

use tracer_core::row::record::SpanRecord;
use tracer_core::row::wire::{Fields, WireError};
use tracer_core::{SpanId, SpanKind, StatusCode, TraceId};

use super::Source;

/// A span that is well-formed and has ids.
#[derive(Debug)]
pub(crate) struct StoredSpan {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    /// Not valid in a root.
    pub(crate) parent_span_id: SpanId,
    /// `None` if the sender did not say.
    pub(crate) kind: Option<SpanKind>,
    pub(crate) status: StatusCode,
    pub(crate) start_unix_ns: u64,
    pub(crate) end_unix_ns: u64,
    pub(crate) name: Box<str>,
    pub(crate) source: Arc<Source>,
    pub(crate) has_events: bool,
    pub(crate) has_links: bool,
    /// An OTLP `Span` message.
    bytes: Box<[u8]>,
}

/// Why a span is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidSpan {
    #[error(transparent)]
    Malformed(#[from] WireError),
    #[error("trace id is not 16 bytes, or all zero")]
    TraceId,
    #[error("span id is not 8 bytes, or all zero")]
    SpanId,
    #[error("parent span id is not 8 bytes")]
    ParentSpanId,
}

impl StoredSpan {
    /// Checks an OTLP `Span` message and takes a copy.
    pub(crate) fn decode(source: &Arc<Source>, bytes: &[u8]) -> Result<Self, InvalidSpan> {
        let record = SpanRecord::decode(bytes)?;
        let unread = Unread::of(bytes)?;
        if !record.trace_id.is_valid() {
            return Err(InvalidSpan::TraceId);
        }
        if !record.span_id.is_valid() {
            return Err(InvalidSpan::SpanId);
        }
        if !matches!(unread.parent_len, 0 | 8) {
            return Err(InvalidSpan::ParentSpanId);
        }
        Ok(Self {
            trace_id: record.trace_id,
            span_id: record.span_id,
            parent_span_id: record.parent_span_id,
            kind: unread.has_kind.then_some(record.kind),
            status: record.status,
            start_unix_ns: record.start_unix_ns,
            end_unix_ns: record.end_unix_ns,
            name: record.name.into_boxed_str(),
            source: Arc::clone(source),
            has_events: !record.events.is_empty(),
            has_links: !record.links.is_empty(),
            bytes: bytes.into(),
        })
    }

    /// All of it.
    pub(crate) fn record(&self) -> SpanRecord {
        // The bytes were decoded once, when the span came.
        SpanRecord::decode(&self.bytes).unwrap_or_default()
    }

    /// Its OTLP `Span` message.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// 0 if it ended before it started.
    pub(crate) const fn duration_ns(&self) -> u64 {
        self.end_unix_ns.saturating_sub(self.start_unix_ns)
    }

    pub(crate) fn is_error(&self) -> bool {
        self.status == StatusCode::Error
    }

    pub(crate) fn is_root(&self) -> bool {
        !self.parent_span_id.is_valid()
    }

    /// What it takes in memory, indexes included.
    pub(crate) fn cost_bytes(&self) -> usize {
        const FIXED_BYTES: usize = size_of::<StoredSpan>() + 64;
        FIXED_BYTES + self.bytes.len() + 2 * self.name.len()
    }
}

/// What [`SpanRecord`] does not tell.
struct Unread {
    has_kind: bool,
    parent_len: usize,
}

impl Unread {
    fn of(span: &[u8]) -> Result<Self, WireError> {
        let mut unread = Self { has_kind: false, parent_len: 0 };
        for field in Fields::new(span) {
            match field? {
                (4, field) => unread.parent_len = field.bytes()?.len(),
                (6, field) => unread.has_kind = (1..=5).contains(&field.varint()?),
                _ => {}
            }
        }
        Ok(unread)
    }
}
