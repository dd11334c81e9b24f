//! Traces for tests, a span a line, times in microseconds.

use std::fmt::Write;
use std::sync::Arc;

use tracer_core::row::wire::{put_bytes, put_varint};
use tracer_core::{Resource, SpanKind, TraceId};

use super::forest::Forest;
use crate::store::span::StoredSpan;
use crate::store::{Source, Trace};

/// Spans of one trace, built one after another.
#[derive(Debug)]
pub(crate) struct Spans {
    service: String,
    spans: Vec<Draft>,
}

#[derive(Debug)]
struct Draft {
    service: String,
    id: u64,
    parent: u64,
    times_us: (u64, u64),
    name: String,
    kind: SpanKind,
    /// More fields.
    more: Vec<u8>,
}

impl Spans {
    pub(crate) fn new(service: &str) -> Self {
        Self { service: service.to_owned(), spans: Vec::new() }
    }

    /// Those that come now are another service's.
    pub(crate) fn service(mut self, service: &str) -> Self {
        service.clone_into(&mut self.service);
        self
    }

    /// A span called `op`; 0 is no parent.
    pub(crate) fn span(self, id: u64, parent: u64, times_us: (u64, u64)) -> Self {
        self.named("op", id, parent, times_us)
    }

    pub(crate) fn named(mut self, name: &str, id: u64, parent: u64, times_us: (u64, u64)) -> Self {
        let (service, name, kind) = (self.service.clone(), name.to_owned(), SpanKind::Internal);
        self.spans.push(Draft { service, id, parent, times_us, name, kind, more: Vec::new() });
        self
    }

    pub(crate) fn kind(mut self, kind: SpanKind) -> Self {
        self.last().kind = kind;
        self
    }

    pub(crate) fn tag(mut self, key: &str, value: &str) -> Self {
        put_bytes(&mut self.last().more, 0x4a, &pair(key, value));
        self
    }

    pub(crate) fn count(mut self, key: &str, value: i64) -> Self {
        let mut number = vec![0x18];
        put_varint(&mut number, value.cast_unsigned());
        let mut pair = Vec::new();
        put_bytes(&mut pair, 0x0a, key.as_bytes());
        put_bytes(&mut pair, 0x12, &number);
        put_bytes(&mut self.last().more, 0x4a, &pair);
        self
    }

    pub(crate) fn error(mut self) -> Self {
        put_bytes(&mut self.last().more, 0x7a, &[0x18, 2]);
        self
    }

    /// The last span follows from its parent.
    pub(crate) fn follows(mut self) -> Self {
        let parent = self.last().parent;
        self.link([1; 16], parent, "follows_from")
    }

    /// The last span has a link to a span of another trace.
    pub(crate) fn links_elsewhere(self) -> Self {
        self.link([2; 16], 1, "follows_from")
    }

    pub(crate) fn log(mut self, at_us: u64, event: &str) -> Self {
        let mut log = vec![0x09];
        log.extend_from_slice(&(at_us * 1_000).to_le_bytes());
        put_bytes(&mut log, 0x12, event.as_bytes());
        put_bytes(&mut self.last().more, 0x5a, &log);
        self
    }

    pub(crate) fn trace(self) -> Trace {
        let spans = self.spans.iter().map(|draft| Arc::new(draft.stored())).collect();
        Trace { id: TraceId::from_bytes([1; 16]), spans: Arc::new(spans) }
    }

    fn link(mut self, trace: [u8; 16], span: u64, ref_type: &str) -> Self {
        let mut link = Vec::new();
        put_bytes(&mut link, 0x0a, &trace);
        put_bytes(&mut link, 0x12, &span.to_be_bytes());
        put_bytes(&mut link, 0x22, &pair("opentracing.ref_type", ref_type));
        put_bytes(&mut self.last().more, 0x6a, &link);
        self
    }

    fn last(&mut self) -> &mut Draft {
        self.spans.last_mut().unwrap()
    }
}

impl Draft {
    fn stored(&self) -> StoredSpan {
        let source = Source::decode(Resource::bare(&self.service).encoded(), &[]).unwrap();
        let mut span = Vec::new();
        put_bytes(&mut span, 0x0a, &[1; 16]);
        put_bytes(&mut span, 0x12, &self.id.to_be_bytes());
        if self.parent != 0 {
            put_bytes(&mut span, 0x22, &self.parent.to_be_bytes());
        }
        put_bytes(&mut span, 0x2a, self.name.as_bytes());
        let kinds =
            [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
        let kind = kinds.iter().position(|kind| *kind == self.kind).unwrap() + 1;
        span.extend_from_slice(&[0x30, u8::try_from(kind).unwrap()]);
        for (key, time_us) in [(0x39, self.times_us.0), (0x41, self.times_us.1)] {
            span.push(key);
            span.extend_from_slice(&(time_us * 1_000).to_le_bytes());
        }
        span.extend_from_slice(&self.more);
        StoredSpan::decode(&Arc::new(source), &span).unwrap()
    }
}

/// Ids, a line each, indented by depth.
pub(crate) fn tree(forest: &Forest<'_>) -> String {
    let mut depths: Vec<usize> = Vec::new();
    forest.nodes().iter().fold(String::new(), |mut text, node| {
        let id = u64::from_be_bytes(node.span_id.to_bytes());
        let depth = node.parent.map_or(0, |parent| depths[parent] + 1);
        depths.push(depth);
        writeln!(text, "{:indent$}{id}", "", indent = 2 * depth).unwrap();
        text
    })
}

fn pair(key: &str, value: &str) -> Vec<u8> {
    let (mut pair, mut text) = (Vec::new(), Vec::new());
    put_bytes(&mut text, 0x0a, value.as_bytes());
    put_bytes(&mut pair, 0x0a, key.as_bytes());
    put_bytes(&mut pair, 0x12, &text);
    pair
}

#[cfg(test)]
mod tests {
    use super::super::{aggregate, compare, critical_path, gaps, graph, red, siblings, warnings};
    use super::*;

    /// All that there is of a trace.
    fn analyse(trace: &Trace) {
        let forest = Forest::of(trace);
        assert_eq!(forest.nodes().len(), trace.spans.len(), "each span stands once");
        critical_path::of(&forest);
        gaps::of(&forest);
        siblings::findings(&forest);
        warnings::Warnings::of(trace);
        let traces = std::slice::from_ref(trace);
        assert!(serde_json::to_string(&compare::compare(trace, trace)).is_ok());
        assert!(serde_json::to_string(&aggregate::aggregate(traces)).is_ok());
        assert!(serde_json::to_string(&graph::graph(traces, (0, u64::MAX))).is_ok());
        assert!(serde_json::to_string(&red::red(traces, None, (0, u64::MAX))).is_ok());
    }

    #[test]
    fn hostile_traces_are_analysed() {
        const LAST_US: u64 = u64::MAX / 1_000;
        let chain = (2..5_000)
            .fold(Spans::new("s").span(1, 0, (0, LAST_US)), |spans, id| spans.span(id, id - 1, (0, LAST_US)));
        analyse(&chain.trace());
        let ring =
            (1..=5_000).fold(Spans::new("s"), |spans, id| spans.span(id, id % 5_000 + 1, (id, LAST_US - id)));
        analyse(&ring.trace());
        let same = (0..5_000).fold(Spans::new("s"), |spans, _| spans.span(1, 1, (0, LAST_US)));
        analyse(&same.trace());
        let fan = (2..5_000).fold(Spans::new("s").span(1, 0, (LAST_US, 0)), |spans, id| {
            spans.span(id, 1, (id % 7, LAST_US - id % 5))
        });
        analyse(&fan.trace());
        analyse(&Spans::new("").trace());
    }
}
