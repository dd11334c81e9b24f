//! The spans of a batch or packet, one behind the other.

use tracer_core::Scope;

use super::protocol::Protocol;
use super::scan::Scan;
use super::transcode::put_span;
use super::{ScopeTags, fast};

/// What a span takes beside its entries, and a copy of fixed size may go beyond it.
const ROOM_BYTES: usize = 384;

/// Encoded spans, and what all of them share.
///
/// The memory is initialised beyond what is used, so that the fast way writes in place: read back at
/// once, what was just written in small pieces would not be there yet, and the processor would wait.
#[derive(Debug, Default)]
pub(super) struct Spans {
    scope_tags: ScopeTags,
    bytes: Vec<u8>,
    len: usize,
    /// For a span that takes the general way.
    general: Vec<u8>,
}

impl Spans {
    /// Writes into this memory, whose content goes.
    pub(super) fn over<P: Protocol>(mut bytes: Vec<u8>, scope: &Scope) -> Self {
        bytes.resize(bytes.capacity(), 0);
        Self { scope_tags: ScopeTags::new::<P>(scope), bytes, ..Self::default() }
    }

    /// The memory, with what was written.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.len);
        self.bytes
    }

    /// Forgets the spans, for a batch of that scope.
    pub(super) fn begin<P: Protocol>(&mut self, scope: &Scope) {
        self.scope_tags = ScopeTags::new::<P>(scope);
        self.len = 0;
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Forgets what stands behind the first `len` bytes.
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Appends a span, or nothing at all if the row cannot be read. Says which.
    pub(super) fn put<P: Protocol>(&mut self, row: &[u8]) -> bool {
        self.make_room(ROOM_BYTES + 2 * row.len() + self.scope_tags.bytes.len());
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        let fast = if P::HAS_FAST_WAY { fast::put_span(room, row, &self.scope_tags) } else { None };
        match fast {
            Some(len) => {
                self.len += len;
                true
            }
            None => self.put_general::<P>(row),
        }
    }

    /// Appends what is no span.
    pub(super) fn put_raw(&mut self, raw: &[u8]) {
        self.make_room(raw.len());
        if let Some(place) = self.bytes.get_mut(self.len..self.len + raw.len()) {
            place.copy_from_slice(raw);
            self.len += raw.len();
        }
    }

    /// Replaces a part by one of another length.
    pub(super) fn replace(&mut self, range: std::ops::Range<usize>, raw: &[u8]) {
        self.len = self.len - range.len() + raw.len();
        self.bytes.splice(range, raw.iter().copied());
    }

    fn put_general<P: Protocol>(&mut self, row: &[u8]) -> bool {
        let mut general = std::mem::take(&mut self.general);
        general.clear();
        let scanned = Scan::new(row);
        let is_written = scanned.is_ok_and(|scan| put_span::<P>(&mut general, &scan, &self.scope_tags));
        if is_written {
            self.put_raw(&general);
        }
        self.general = general;
        is_written
    }

    fn make_room(&mut self, room: usize) {
        if self.bytes.len() < self.len + room {
            self.bytes.resize((self.len + room).next_power_of_two(), 0);
        }
    }
}
