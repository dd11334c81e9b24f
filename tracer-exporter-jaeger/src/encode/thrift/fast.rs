//! The common row in one look: it has the head that this family's spans have, no links, no arrays, fewer
//! than 15 tags, short keys, lengths of at most two bytes, and at most 2,047 bytes. Any other takes the way of
//! [`transcode`], and what both write is the same.
//!
//! Reading and writing happen in windows of fixed sizes, at positions that a mask keeps in their lower half: so the
//! compiler sees that no access is out of bounds, and asks nothing. Copies have fixed sizes as well, and what is too
//! much of them is written over by what comes next. That no position ever went beyond its mask is asked once, at
//! the end.
//!
//! [`transcode`]: super::transcode

mod log;
mod pair;
mod window;

use self::window::{FROM_BYTES, From, ROW_BYTES_MAX, To};
pub(super) use self::window::{LastTrace, TO_BYTES};
use super::ScopeTags;
use crate::encode::names;

/// Logs of a span beyond which it is not a common one.
const LOGS_MAX: usize = 8;

/// The tags of the scope are copied as a block of this size, if they are no longer than it.
pub(super) const SCOPE_BLOCK_BYTES: usize = 96;

/// The fields of a root before its name.
const HEAD_BYTES: usize = 54;

/// The tag `span.kind` by OTLP's number, and its length; none for "unspecified".
const KIND_TAGS: [([u8; 32], usize); 8] = [
    ([0; 32], 0),
    (*b"\x18\x09span.kind\x15\0\x18\x08internal\0\0\0\0\0\0\0\0\0", 24),
    (*b"\x18\x09span.kind\x15\0\x18\x06server\0\0\0\0\0\0\0\0\0\0\0", 22),
    (*b"\x18\x09span.kind\x15\0\x18\x06client\0\0\0\0\0\0\0\0\0\0\0", 22),
    (*b"\x18\x09span.kind\x15\0\x18\x08producer\0\0\0\0\0\0\0\0\0", 24),
    (*b"\x18\x09span.kind\x15\0\x18\x08consumer\0\0\0\0\0\0\0\0\0", 24),
    ([0; 32], 0),
    ([0; 32], 0),
];

/// What the spans of a batch have in common.
pub(super) struct Shared<'a> {
    pub(super) scope: &'a ScopeTags,
    pub(super) last_trace: &'a mut LastTrace,
}

/// Writes a `Span` in the compact protocol, and says how long it is. `None` if the row, which `rows` begins with, is
/// not a common one.
pub(super) fn put_span(place: &mut [u8], rows: &[u8], row_len: usize, shared: Shared<'_>) -> Option<usize> {
    if row_len > ROW_BYTES_MAX {
        return None;
    }
    let mut padded;
    let bytes = match rows.first_chunk::<FROM_BYTES>() {
        Some(bytes) => bytes,
        // The last rows of a batch.
        None => {
            padded = [0; FROM_BYTES];
            padded.get_mut(..row_len)?.copy_from_slice(rows.get(..row_len)?);
            &padded
        }
    };
    let (from, mut to) = (From { bytes, end: row_len }, To::at(place.first_chunk_mut()?, 0));
    let (kind, entries) = put_head(from, &mut to, shared.last_trace)?;
    let scope = shared.scope;
    let tags_at = to.put_list_head();
    put_scope(&mut to, scope)?;
    let mut span =
        Entries { tags: scope.count, logs: [0; LOGS_MAX], logs_count: 0, status: 0, has_error: false };
    span.put_tags(from, &mut to, entries)?;
    span.put_own_tags(from, &mut to, kind)?;
    if span.logs_count > 0 {
        span.put_logs(from, &mut to)?;
    }
    to.put(&[0]);
    to.set_count(tags_at, span.tags)?;
    to.len()
}

/// The fields 1 to 9; answers the kind, and where the entries begin.
#[inline(always)]
fn put_head(from: From<'_>, to: &mut To<'_>, last_trace: &mut LastTrace) -> Option<(u8, usize)> {
    let head: &[u8; HEAD_BYTES + 12] = from.array(0);
    let two = |at| *from.array::<2>(at);
    let marks = [two(0), two(18), two(48), [head[28], head[37]], [head[46], 0]];
    let (trace_id, span_id) = (from.array::<16>(2), from.eight(20));
    if from.end < HEAD_BYTES
        || marks != [[0x0a, 16], [0x12, 8], [0x85, 0x01], [0x39, 0x41], [0x30, 0]]
        || *trace_id == [0; 16]
        || span_id == [0; 8]
    {
        return None;
    }
    let has_parent = head[54] == 0x22 && head[55] == 8;
    let parent = if has_parent { from.eight(56) } else { [0; 8] };
    let name_at = if has_parent { 64 } else { HEAD_BYTES };
    let (start_ns, end_ns) = (u64::from_le_bytes(from.eight(29)), u64::from_le_bytes(from.eight(38)));
    to.put_trace(trace_id, last_trace);
    to.put_id_field(0x16, span_id);
    to.put_id_field(0x16, parent);
    let [0x2a, name_len @ 0..=0x7f] = *from.array(name_at) else { return None };
    let name_len = usize::from(name_len);
    to.put(&[0x18, from.byte(name_at + 1)]);
    to.copy(from, name_at + 2, name_len);
    to.put(&[0x25, (head[50] & 1) << 1]);
    to.put_micros_field(0x16, start_ns);
    to.put_micros_field(0x16, end_ns.saturating_sub(start_ns));
    to.put(&[0x19]);
    let entries = name_at + 2 + name_len;
    (entries <= from.end).then_some((head[47], entries))
}

#[inline(always)]
fn put_scope(to: &mut To<'_>, scope: &ScopeTags) -> Option<()> {
    if scope.len == 0 {
        return Some(());
    }
    match scope.bytes.first_chunk::<SCOPE_BLOCK_BYTES>().filter(|_| scope.len <= SCOPE_BLOCK_BYTES) {
        Some(block) => to.put_block(block, scope.len),
        None => to.put_slice(scope.as_bytes())?,
    }
    Some(())
}

/// What is known of a span's entries.
struct Entries {
    tags: usize,
    /// Where they begin.
    logs: [usize; LOGS_MAX],
    logs_count: usize,
    /// Where it begins; 0 if there is none.
    status: usize,
    has_error: bool,
}

impl Entries {
    /// Writes attributes; logs and status are kept for later.
    #[inline(always)]
    fn put_tags(&mut self, from: From<'_>, to: &mut To<'_>, mut at: usize) -> Option<()> {
        while at < from.end {
            let (entry, end) = from.entry(at)?;
            match from.byte(at) {
                0x4a => {
                    self.tags += 1;
                    self.has_error |= from.key_is(entry, *b"error");
                    pair::put_pair(from, to, entry, end)?;
                }
                0x5a => {
                    *self.logs.get_mut(self.logs_count)? = at;
                    self.logs_count += 1;
                }
                0x7a => self.status = at,
                _ => return None,
            }
            at = end;
        }
        Some(())
    }

    /// Writes what kind and status become.
    #[inline(always)]
    fn put_own_tags(&mut self, from: From<'_>, to: &mut To<'_>, kind: u8) -> Option<()> {
        if kind > 7 {
            return None;
        }
        let (tag, len) = &KIND_TAGS[usize::from(kind & 7)];
        to.put_block(tag, *len);
        self.tags += usize::from(*len > 0);
        if self.status > 0 {
            let (rest, at) = to.rest_mut();
            let (tags, end) = put_status(from, rest, at, (self.status, self.has_error))?;
            to.skip(end - at);
            self.tags += tags;
        }
        Some(())
    }

    #[inline(always)]
    fn put_logs(&self, from: From<'_>, to: &mut To<'_>) -> Option<()> {
        to.put(&[0x19]);
        let list = to.put_list_head();
        for log in self.logs.get(..self.logs_count)? {
            log::put_log(from, to, *log)?;
        }
        to.set_count(list, self.logs_count)
    }
}

/// Writes the status that begins at a place, unless the tag `error` is set there; answers how many tags that is,
/// and where they end. Given and answering values, it leaves the caller's own in registers.
#[inline(never)]
fn put_status(
    from: From<'_>,
    place: &mut [u8; TO_BYTES],
    at: usize,
    (status_at, has_error): (usize, bool),
) -> Option<(usize, usize)> {
    let (begin, end) = from.entry(status_at)?;
    let status = super::scan::Status::read(from.bytes.get(begin..end)?).ok()?;
    let code = names::status_code(status.code).unwrap_or("");
    let texts = [(names::STATUS_CODE, code.as_bytes()), (names::STATUS_DESCRIPTION, status.message)];
    let (mut to, mut tags) = (To::at(place, at), 0);
    for (key, text) in texts {
        if !text.is_empty() {
            to.put_text_tag(key.as_bytes(), text)?;
            tags += 1;
        }
    }
    if status.code == 2 && !has_error {
        to.put(b"\x18\x05error\x15\x04\x31\0");
        tags += 1;
    }
    Some((tags, to.len()?))
}
