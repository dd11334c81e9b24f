//! The traces that are kept: a bounded number, in bounded memory.
//!
//! ```text
//! traces: trace id -> Trace { spans }       order: arrival -> trace id      the oldest goes first
//! sources: (resource, scope) -> Source      operations: service -> name -> how many spans
//! ```
//!
//! A span is kept as the bytes it came in, with the few values that searches look at first. Readers
//! are given snapshots, so that nothing is decoded or written while the lock is held.

mod operations;
mod senders;
mod sources;
pub(crate) mod span;
pub(crate) mod stats;

use std::collections::hash_map::{Entry, RandomState};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use parking_lot::RwLock;
use tracer_core::TraceId;
use tracer_core::row::wire::WireError;

use self::operations::Operations;
pub(crate) use self::senders::Sender;
use self::senders::{Losses, Senders};
pub(crate) use self::sources::Source;
use self::sources::Sources;
use self::span::StoredSpan;
use self::stats::Stats;

/// How many spans are decoded between two times that the lock is taken.
const CHUNK_SPANS: usize = 256;

/// How much a store may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) traces_max: usize,
    pub(crate) bytes_max: usize,
    pub(crate) spans_per_trace_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { traces_max: 10_000, bytes_max: 256 << 20, spans_per_trace_max: 50_000 }
    }
}

/// The traces, shared between receivers and readers.
#[derive(Debug)]
pub(crate) struct Store {
    limits: Limits,
    /// Keyed, so that no sender can make two different spans look the same.
    hasher: RandomState,
    state: RwLock<State>,
}

/// A trace as it was at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) id: TraceId,
    pub(crate) spans: Arc<Vec<Arc<StoredSpan>>>,
}

/// What became of the spans of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inserted {
    /// Without valid ids, or not well-formed.
    pub(crate) invalid: usize,
    /// Beyond what one trace may hold.
    pub(crate) over_limit: usize,
}

#[derive(Debug, Default)]
struct State {
    traces: HashMap<TraceId, Kept>,
    order: BTreeMap<u64, TraceId>,
    next_arrival: u64,
    /// Counts what is kept: the time by which traces grew.
    changes: u64,
    senders: Senders,
    sources: Sources,
    operations: Operations,
    /// Of spans; those of sources are counted by `sources`.
    span_bytes: usize,
    stats: Stats,
}

#[derive(Debug, Default)]
struct Kept {
    bytes: usize,
    /// When it grew last.
    changed: u64,
    spans: Arc<Vec<Arc<StoredSpan>>>,
    contents: HashSet<u64>,
}

impl Store {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, hasher: RandomState::new(), state: RwLock::default() }
    }

    /// Keeps spans of one resource and scope, given as OTLP messages.
    ///
    /// A span that is not well-formed or lacks an id is counted and left out.
    ///
    /// # Errors
    /// If the resource or the scope is not well-formed; the spans are counted as rejected.
    pub(crate) fn insert<'a>(
        &self,
        resource: &[u8],
        scope: &[u8],
        spans: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Inserted, WireError> {
        let mut spans = spans.into_iter();
        let source = match Source::decode(resource, scope) {
            Ok(source) => {
                let losses = Losses::of(&source);
                let mut state = self.state.write();
                losses.into_iter().for_each(|losses| state.senders.note(losses));
                state.sources.acquire(source)
            }
            Err(error) => {
                let count = spans.count();
                let mut state = self.state.write();
                state.stats.received += count as u64;
                state.stats.rejected += count as u64;
                return Err(error);
            }
        };
        let mut inserted = Inserted::default();
        loop {
            let chunk: Vec<_> =
                spans.by_ref().take(CHUNK_SPANS).map(|span| self.prepare(&source, span)).collect();
            if chunk.is_empty() {
                break;
            }
            self.insert_chunk(chunk, &mut inserted);
        }
        self.state.write().sources.release(&source);
        Ok(inserted)
    }

    /// The trace of that id, if it is kept.
    pub(crate) fn trace(&self, id: TraceId) -> Option<Trace> {
        let state = self.state.read();
        state.traces.get(&id).map(|kept| Trace { id, spans: Arc::clone(&kept.spans) })
    }

    /// All traces, the one that came last first.
    pub(crate) fn traces(&self) -> Vec<Trace> {
        let state = self.state.read();
        let newest_first = state.order.values().rev();
        newest_first
            .filter_map(|id| {
                state.traces.get(id).map(|kept| Trace { id: *id, spans: Arc::clone(&kept.spans) })
            })
            .collect()
    }

    /// Traces that came or grew after a moment, the last that did first, and the moment now.
    pub(crate) fn latest(&self, since: Option<u64>, limit: usize) -> (String, Vec<Trace>) {
        let state = self.state.read();
        let mut grown: Vec<_> =
            state.traces.iter().filter(|(_, kept)| since.is_none_or(|since| kept.changed > since)).collect();
        grown.sort_unstable_by_key(|(_, kept)| std::cmp::Reverse(kept.changed));
        grown.truncate(limit);
        let traces = grown.into_iter().map(|(id, kept)| Trace { id: *id, spans: Arc::clone(&kept.spans) });
        (format!("{:x}-{}", self.epoch(), state.changes), traces.collect())
    }

    /// The moment that a cursor tells; nothing if it is of another store, `None` if it is none.
    pub(crate) fn parse_cursor(&self, cursor: &str) -> Option<Option<u64>> {
        let (epoch, moment) = cursor.split_once('-')?;
        let (epoch, moment) = (u64::from_str_radix(epoch, 16).ok()?, moment.parse().ok()?);
        Some((epoch == self.epoch()).then_some(moment))
    }

    /// What senders said that they lost, and how many senders were too many to note.
    pub(crate) fn senders(&self) -> (Vec<Sender>, u64) {
        self.state.read().senders.list()
    }

    /// The names of all services, sorted.
    pub(crate) fn services(&self) -> Vec<String> {
        self.state.read().operations.services()
    }

    /// Names and kinds (`""` where the sender named none) of a service's operations, sorted.
    pub(crate) fn operations(&self, service: &str) -> Vec<(String, &'static str)> {
        self.state.read().operations.of(service)
    }

    pub(crate) fn stats(&self) -> Stats {
        let state = self.state.read();
        Stats {
            traces: state.traces.len() as u64,
            bytes: state.bytes() as u64,
            traces_max: self.limits.traces_max as u64,
            bytes_max: self.limits.bytes_max as u64,
            ..state.stats
        }
    }

    /// Counts a request that could not be read.
    pub(crate) fn count_malformed_request(&self) {
        self.state.write().stats.malformed_requests += 1;
    }

    /// Differs from that of any other store, likely.
    fn epoch(&self) -> u64 {
        self.hasher.hash_one("epoch")
    }

    /// Decodes a span; with it the hash of its content.
    fn prepare(&self, source: &Arc<Source>, bytes: &[u8]) -> Option<(StoredSpan, u64)> {
        let span = StoredSpan::decode(source, bytes).ok()?;
        let content = self.hasher.hash_one((source.resource(), source.scope(), bytes));
        Some((span, content))
    }

    fn insert_chunk(&self, chunk: Vec<Option<(StoredSpan, u64)>>, inserted: &mut Inserted) {
        let mut state = self.state.write();
        for span in chunk {
            state.stats.received += 1;
            let Some((span, content)) = span else {
                state.stats.rejected += 1;
                inserted.invalid += 1;
                continue;
            };
            if !state.insert(span, content, &self.limits) {
                state.stats.over_limit += 1;
                inserted.over_limit += 1;
            }
        }
    }
}

impl State {
    /// Whether the span is there now.
    fn insert(&mut self, span: StoredSpan, content: u64, limits: &Limits) -> bool {
        let (trace_id, cost) = (span.trace_id, span.cost_bytes());
        let trace = match self.traces.entry(trace_id) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(_) if cost > limits.bytes_max => return false,
            Entry::Vacant(entry) => {
                self.order.insert(self.next_arrival, trace_id);
                self.next_arrival += 1;
                entry.insert(Kept::default())
            }
        };
        if trace.contents.contains(&content) {
            self.stats.duplicates += 1;
            return true;
        }
        if trace.spans.len() >= limits.spans_per_trace_max || trace.bytes + cost > limits.bytes_max {
            return false;
        }
        self.sources.acquire_again(&span.source);
        self.operations.add(&span);
        self.span_bytes += cost;
        self.stats.spans += 1;
        trace.bytes += cost;
        trace.contents.insert(content);
        self.changes += 1;
        trace.changed = self.changes;
        Arc::make_mut(&mut trace.spans).push(Arc::new(span));
        self.evict_down_to(limits, trace_id);
        true
    }

    /// Evicts the oldest traces, but not `current`, until the limits hold.
    fn evict_down_to(&mut self, limits: &Limits, current: TraceId) {
        while self.traces.len() > limits.traces_max || self.bytes() > limits.bytes_max {
            let Some((&arrival, &id)) = self.order.iter().find(|(_, id)| **id != current) else {
                return;
            };
            self.order.remove(&arrival);
            self.evict(id);
        }
    }

    fn evict(&mut self, id: TraceId) {
        let Some(trace) = self.traces.remove(&id) else {
            return;
        };
        for span in trace.spans.iter() {
            self.operations.remove(span);
            self.sources.release(&span.source);
        }
        self.span_bytes -= trace.bytes;
        self.stats.spans -= trace.spans.len() as u64;
        self.stats.spans_evicted += trace.spans.len() as u64;
        self.stats.traces_evicted += 1;
    }

    const fn bytes(&self) -> usize {
        self.span_bytes + self.sources.bytes()
    }
}

#[cfg(test)]
mod tests {
    use tracer_core::Resource;
    use tracer_core::row::wire::put_bytes;

    use super::*;

    /// A span that differs from all others by its id and takes so many bytes more.
    fn span(trace: u8, id: u64, more_bytes: usize) -> Vec<u8> {
        let mut span = Vec::new();
        put_bytes(&mut span, 0x0a, &[trace; 16]);
        put_bytes(&mut span, 0x12, &id.to_be_bytes());
        put_bytes(&mut span, 0x1a, &vec![b'x'; more_bytes]);
        span
    }

    fn insert(store: &Store, service: &str, spans: &[Vec<u8>]) -> Inserted {
        let resource = Resource::bare(service);
        store.insert(resource.encoded(), &[], spans.iter().map(Vec::as_slice)).unwrap()
    }

    fn assert_balanced(store: &Store) {
        let stats = store.stats();
        let gone = stats.rejected + stats.over_limit + stats.duplicates + stats.spans_evicted;
        assert_eq!(stats.received, gone + stats.spans, "{stats:?}");
    }

    #[test]
    fn memory_stays_within_its_bound_whatever_comes() {
        let limits = Limits { bytes_max: 64 << 10, ..Limits::default() };
        let store = Store::new(limits);
        for round in 0..200_u64 {
            let trace = u8::try_from(round % 50).unwrap() + 1;
            let spans: Vec<_> = (0..20).map(|id| span(trace, 1 + round * 20 + id, 100)).collect();
            insert(&store, &format!("service {round}"), &spans);
            assert!(store.stats().bytes <= 64 << 10, "{:?}", store.stats());
        }
        assert!(store.stats().traces_evicted > 100);
        assert_balanced(&store);
    }

    #[test]
    fn what_is_larger_than_everything_is_refused() {
        let store = Store::new(Limits { bytes_max: 4_000, ..Limits::default() });
        assert_eq!(insert(&store, "s", &[span(1, 1, 5_000)]).over_limit, 1);
        assert_eq!(store.stats().traces, 0, "no empty trace is left behind");
        let spans: Vec<_> = (1..=100).map(|id| span(2, id, 100)).collect();
        let inserted = insert(&store, "s", &spans);
        assert!(inserted.over_limit > 50, "one trace cannot take more than all");
        assert_balanced(&store);
    }

    #[test]
    fn nothing_remains_of_an_evicted_trace() {
        let store = Store::new(Limits { traces_max: 1, ..Limits::default() });
        insert(&store, "first", &[span(1, 1, 0)]);
        let bytes = store.stats().bytes;
        insert(&store, "other", &[span(2, 1, 0)]);
        assert_eq!(store.services(), ["other"]);
        assert_eq!(store.stats().bytes, bytes, "as much as before");
        assert_balanced(&store);
    }

    #[test]
    fn the_trace_that_grows_is_not_the_one_that_leaves() {
        let store = Store::new(Limits { traces_max: 2, ..Limits::default() });
        insert(&store, "s", &[span(1, 1, 0), span(2, 1, 0), span(1, 2, 0), span(3, 1, 0)]);
        let ids: Vec<_> = store.traces().iter().map(|trace| trace.id.to_bytes()[0]).collect();
        assert_eq!(ids, [3, 2], "newest first; the first that came has left");
    }

    #[test]
    fn a_snapshot_does_not_change() {
        let store = Store::new(Limits::default());
        insert(&store, "s", &[span(1, 1, 0)]);
        let before = store.trace(TraceId::from_bytes([1; 16])).unwrap();
        insert(&store, "s", &[span(1, 2, 0)]);
        assert_eq!(before.spans.len(), 1);
        assert_eq!(store.trace(before.id).unwrap().spans.len(), 2);
    }

    #[test]
    fn spans_of_a_source_that_cannot_be_read_are_counted() {
        let store = Store::new(Limits::default());
        let spans = [span(1, 1, 0), span(1, 2, 0)];
        assert!(store.insert(&[0x0a, 9], &[], spans.iter().map(Vec::as_slice)).is_err());
        assert_eq!((store.stats().received, store.stats().rejected), (2, 2));
        assert_eq!(store.stats().bytes, 0);
    }
}
