//! The common row in one look: it has the head that this family's spans have, no links, no arrays, fewer
//! than 15 tags, and lengths of at most two bytes. Any other takes the way of [`transcode`], and what
//! both write is the same.
//!
//! [`transcode`]: super::transcode

mod pair;

use self::pair::put_pair;
use super::ScopeTags;
use super::room::Room;
use crate::encode::names;

/// Logs of a span beyond which it is not a common one.
const LOGS_MAX: usize = 8;

/// Tags from which on their count takes more than half a byte.
const TAGS_MAX: usize = 14;

/// A list of structs, with its count to come.
const TAGS_HEAD: u8 = 0x0c;

/// The tags of the scope are copied as a block of this size, if they are no longer than it.
pub(super) const SCOPE_BLOCK_BYTES: usize = 96;

/// The tag `span.kind` by OTLP's number, and its length; none for "unspecified".
const KIND_TAGS: [([u8; 24], usize); 6] = [
    ([0; 24], 0),
    (*b"\x18\x09span.kind\x15\0\x18\x08internal\0", 24),
    (*b"\x18\x09span.kind\x15\0\x18\x06server\0\0\0", 22),
    (*b"\x18\x09span.kind\x15\0\x18\x06client\0\0\0", 22),
    (*b"\x18\x09span.kind\x15\0\x18\x08producer\0", 24),
    (*b"\x18\x09span.kind\x15\0\x18\x08consumer\0", 24),
];

/// Writes a `Span` in the compact protocol, and says how long it is. `None` if the row is not a common
/// one.
pub(super) fn put_span(place: &mut [u8], row: &[u8], scope: &ScopeTags) -> Option<usize> {
    let all = place.len();
    let mut room = Room::new(place);
    let (kind, entries) = put_head(&mut room, row)?;
    let tags_at = all - room.left();
    room.put([TAGS_HEAD])?;
    match scope.bytes.first_chunk::<SCOPE_BLOCK_BYTES>().filter(|_| scope.len <= SCOPE_BLOCK_BYTES) {
        Some(block) => room.put_block(block, scope.len)?,
        None => room.put_slice(scope.bytes.get(..scope.len)?)?,
    }
    let mut span =
        Entries { tags: scope.count, logs: [&[]; LOGS_MAX], logs_count: 0, status: None, has_error: false };
    span.put_tags(&mut room, entries)?;
    span.put_own_tags(&mut room, kind)?;
    span.put_logs(&mut room)?;
    room.put([0])?;
    let len = all - room.left();
    if span.tags > TAGS_MAX {
        return None;
    }
    *place.get_mut(tags_at)? |= u8::try_from(span.tags).ok()? << 4;
    Some(len)
}

/// The fields 1 to 9; answers the kind, and where the entries begin.
#[inline(always)]
fn put_head<'a>(room: &mut Room<'_>, row: &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (head, rest) = row.split_first_chunk::<54>()?;
    let marks = [head[0], head[1], head[18], head[19], head[28], head[37], head[46], head[48], head[49]];
    if marks != [0x0a, 16, 0x12, 8, 0x39, 0x41, 0x30, 0x85, 0x01] {
        return None;
    }
    let (parent, rest) = match rest {
        [0x22, 8, a, b, c, d, e, f, g, h, rest @ ..] => ([*a, *b, *c, *d, *e, *f, *g, *h], rest),
        _ => ([0; 8], rest),
    };
    let [0x2a, name_len @ 0..=0x7f, name @ ..] = rest else { return None };
    let (high, low, span_id) = (eight(head, 2), eight(head, 10), eight(head, 20));
    let (start_ns, end_ns) = (u64::from_le_bytes(eight(head, 29)), u64::from_le_bytes(eight(head, 38)));
    for id in [low, high, span_id, parent] {
        room.put_id_field(0x16, id)?;
    }
    room.put([0x18, *name_len])?;
    room.put_start(name, usize::from(*name_len))?;
    room.put([0x25, (head[50] & 1) << 1])?;
    room.put_i64_field(0x16, micros(start_ns)?)?;
    room.put_i64_field(0x16, micros(end_ns.saturating_sub(start_ns))?)?;
    room.put([0x19])?;
    Some((head[47], name.get(usize::from(*name_len)..)?))
}

/// What is known of a span's entries.
struct Entries<'a> {
    tags: usize,
    logs: [&'a [u8]; LOGS_MAX],
    logs_count: usize,
    status: Option<&'a [u8]>,
    has_error: bool,
}

impl<'a> Entries<'a> {
    /// Writes attributes; logs and status are kept for later.
    #[inline(always)]
    fn put_tags(&mut self, room: &mut Room<'_>, mut rest: &'a [u8]) -> Option<()> {
        while let Some((key, after)) = rest.split_first() {
            let (len, content) = short_len(after)?;
            let (entry, next) = content.split_at_checked(len)?;
            match key {
                0x4a => {
                    self.tags += 1;
                    self.has_error |= matches!(entry, [_, 5, b'e', b'r', b'r', b'o', b'r', ..]);
                    put_pair(room, entry, content)?;
                }
                0x5a => {
                    *self.logs.get_mut(self.logs_count)? = entry;
                    self.logs_count += 1;
                }
                0x7a => self.status = Some(entry),
                _ => return None,
            }
            rest = next;
        }
        Some(())
    }

    /// Writes what kind and status become.
    #[inline(always)]
    fn put_own_tags(&mut self, room: &mut Room<'_>, kind: u8) -> Option<()> {
        if let Some((tag, len)) = KIND_TAGS.get(usize::from(kind)) {
            room.put_block(tag, *len)?;
            self.tags += usize::from(*len > 0);
        }
        match self.status {
            Some(status) => self.put_status(room, status),
            None => Some(()),
        }
    }

    fn put_status(&mut self, room: &mut Room<'_>, status: &[u8]) -> Option<()> {
        let status = super::scan::Status::read(status).ok()?;
        let code = names::status_code(status.code).unwrap_or("");
        let texts = [(names::STATUS_CODE, code.as_bytes()), (names::STATUS_DESCRIPTION, status.message)];
        for (key, text) in texts {
            if !text.is_empty() {
                put_text(room, key, text)?;
                self.tags += 1;
            }
        }
        if status.code == 2 && !self.has_error {
            room.put([0x18, 5, b'e', b'r', b'r', b'o', b'r', 0x15, 4, 0x31, 0])?;
            self.tags += 1;
        }
        Some(())
    }

    #[inline(always)]
    fn put_logs(&self, room: &mut Room<'_>) -> Option<()> {
        let logs = self.logs.get(..self.logs_count)?;
        if logs.is_empty() {
            return Some(());
        }
        room.put([0x19, u8::try_from(logs.len()).ok()? << 4 | TAGS_HEAD])?;
        logs.iter().try_for_each(|log| put_log(room, log))
    }
}

/// A log as this family writes it: time, name, fields.
#[inline(always)]
fn put_log(room: &mut Room<'_>, event: &[u8]) -> Option<()> {
    let (time, rest) = event.split_first_chunk::<9>()?;
    let [0x12, name_len @ 0..=0x7f, name @ ..] = rest else { return None };
    let [0x09, time_ns @ ..] = *time else { return None };
    room.put_i64_field(0x16, micros(u64::from_le_bytes(time_ns))?)?;
    let pairs = name.get(usize::from(*name_len)..)?;
    let mut count = u8::from(*name_len > 0);
    let mut rest = pairs;
    while let [0x1a, len @ 0..=0x7f, content @ ..] = rest {
        // Such a field takes the name's place.
        if matches!(content, [_, 5, b'e', b'v', b'e', b'n', b't', ..]) {
            return None;
        }
        count += 1;
        rest = content.get(usize::from(*len)..)?;
    }
    if !rest.is_empty() || usize::from(count) > TAGS_MAX {
        return None;
    }
    room.put([0x19, count << 4 | TAGS_HEAD])?;
    if *name_len > 0 {
        room.put([0x18, 5, b'e', b'v', b'e', b'n', b't', 0x15, 0, 0x18, *name_len])?;
        room.put_start(name, usize::from(*name_len))?;
        room.put([0])?;
    }
    rest = pairs;
    while let [0x1a, len, content @ ..] = rest {
        let (pair, next) = content.split_at_checked(usize::from(*len))?;
        put_pair(room, pair, content)?;
        rest = next;
    }
    room.put([0])
}

/// A text under a name of ours.
#[inline(always)]
fn put_text(room: &mut Room<'_>, key: &str, text: &[u8]) -> Option<()> {
    let len = u8::try_from(text.len()).ok().filter(|len| *len < 0x80)?;
    room.put([0x18, u8::try_from(key.len()).ok()?])?;
    room.put_slice(key.as_bytes())?;
    room.put([0x15, 0, 0x18, len])?;
    room.put_slice(text)?;
    room.put([0])
}

/// A length of one or two bytes, and what stands behind it.
#[inline(always)]
const fn short_len(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [len @ 0..=0x7f, rest @ ..] => Some((*len as usize, rest)),
        [low, high @ 0..=0x7f, rest @ ..] => Some(((*low & 0x7f) as usize | (*high as usize) << 7, rest)),
        _ => None,
    }
}

#[inline(always)]
fn eight(head: &[u8; 54], at: usize) -> [u8; 8] {
    let bytes = head.get(at..at + 8).and_then(<[u8]>::first_chunk);
    bytes.copied().unwrap_or_default()
}

#[inline(always)]
fn micros(ns: u64) -> Option<i64> {
    i64::try_from(ns / 1000).ok()
}
