//! The common row in one look: it has the head that this family's spans have, no links, no arrays, short keys,
//! lengths of at most two bytes, and at most 2,047 bytes; in the compact protocol also fewer than 15 tags and logs.
//! Any other takes the way of [`transcode`], and what both write is the same.
//!
//! Reading and writing happen in windows ([`window`]). Copies have fixed sizes as well, and what is too much of them
//! is written over by what comes next. The entries of a row are not looked at beforehand: lists are counted while
//! they are written, and their counts are put in afterwards. That all ended where the row ends is asked once.
//!
//! [`transcode`]: super::transcode

mod head;
mod log;
mod pair;
mod window;

pub(super) use self::head::LastIds;
use self::window::To;
pub(super) use self::window::{Padding, Row, TO_BYTES};
use super::ScopeTags;
use super::protocol::{Out, Protocol, Type, put_bool_tag, put_str_tag};
use super::scan::Status;
use crate::encode::names;

/// The tags of the scope are copied as a block of this size, if they are no longer than it.
pub(super) const SCOPE_BLOCK_BYTES: usize = 96;

// Key bytes of entries.
const ATTRIBUTE: u8 = 0x4a;
const EVENT: u8 = 0x5a;
const STATUS: u8 = 0x7a;

/// The most that a tag `span.kind` takes.
const KIND_BLOCK_BYTES: usize = 48;

/// The tag `span.kind` by OTLP's number, and its length; none for "unspecified".
#[derive(Debug)]
pub(super) struct KindTags([([u8; KIND_BLOCK_BYTES], usize); 8]);

impl KindTags {
    pub(super) fn new<P: Protocol>() -> Self {
        let (mut tags, mut tag) = ([([0; KIND_BLOCK_BYTES], 0); 8], Vec::with_capacity(KIND_BLOCK_BYTES));
        for (number, (block, len)) in (0..).zip(&mut tags) {
            tag.clear();
            if let Some(kind) = names::kind(number) {
                put_str_tag::<P>(&mut tag, names::SPAN_KIND.as_bytes(), kind.as_bytes());
            }
            *len = tag.len();
            tag.resize(KIND_BLOCK_BYTES, 0);
            *block = *tag.first_chunk().unwrap_or(block);
        }
        Self(tags)
    }
}

/// What the spans of a batch have in common.
pub(super) struct Shared<'a> {
    pub(super) scope: &'a ScopeTags,
    pub(super) kinds: &'a KindTags,
    pub(super) last_ids: &'a mut LastIds,
}

/// Writes a `Span`, and says how long it is. `None` if the row is not a common one.
#[inline(always)]
pub(super) fn put_span<P: Protocol>(
    row: Row<'_>,
    place: &mut [u8; TO_BYTES],
    shared: Shared<'_>,
) -> Option<usize> {
    let mut to = To::at(place, 0);
    let (kind, entries) = head::put_head::<P>(row, &mut to, shared.last_ids)?;
    P::field(&mut to, 9, 10, Type::List);
    let list = to.open_list::<P>();
    put_scope(&mut to, shared.scope);
    let mut span = Entries { tags: shared.scope.count, logs: 0, first_log: (0, 0), status: 0 };
    span.put_tags::<P>(row, &mut to, entries)?;
    span.put_kind(&mut to, shared.kinds, kind)?;
    if span.status > 0 {
        let (place, at) = to.rest_mut();
        let (tags, end) = put_status::<P>(row, place, at, (entries, span.status))?;
        to.go_to(end);
        span.tags += tags;
    }
    to.set_count::<P>(list, span.tags)?;
    if span.logs > 0 {
        span.put_logs::<P>(row, &mut to)?;
    }
    to.room()?;
    P::stop(&mut to);
    Some(to.len())
}

#[inline(always)]
fn put_scope(to: &mut To<'_>, scope: &ScopeTags) {
    match scope.bytes.len() {
        0 => {}
        len @ ..=SCOPE_BLOCK_BYTES => to.put_first(&scope.block, len),
        _ => to.put_slice(&scope.bytes),
    }
}

/// What is known of a span's entries.
struct Entries {
    tags: usize,
    logs: usize,
    /// Where the first log begins and ends.
    first_log: (usize, usize),
    /// Where the status begins; 0 if there is none.
    status: usize,
}

impl Entries {
    /// Writes attributes; logs and status are kept for later.
    #[inline(always)]
    fn put_tags<P: Protocol>(&mut self, row: Row<'_>, to: &mut To<'_>, mut at: usize) -> Option<()> {
        while at < row.end {
            match row.byte(at) {
                ATTRIBUTE => at = self.put_attributes::<P>(row, to, at)?,
                EVENT => {
                    let log = row.entry(at)?;
                    if self.logs == 0 {
                        self.first_log = log;
                    }
                    self.logs += 1;
                    (_, at) = log;
                }
                STATUS => {
                    self.status = at;
                    (_, at) = row.entry(at)?;
                }
                _ => return None,
            }
        }
        (at == row.end).then_some(())
    }

    /// Writes at least one, and answers where the next entry begins.
    #[inline(always)]
    fn put_attributes<P: Protocol>(&mut self, row: Row<'_>, to: &mut To<'_>, at: usize) -> Option<usize> {
        let (place, to_at) = to.rest_mut();
        let run = pair::put_short_pairs::<P, ATTRIBUTE>(row, place, to_at, at);
        to.go_to(run.to_at);
        self.tags += run.pairs;
        if run.pairs > 0 {
            return Some(run.at);
        }
        self.tags += 1;
        pair::put_any_pair::<P>(row, to, at)
    }

    #[inline(always)]
    fn put_kind(&mut self, to: &mut To<'_>, kinds: &KindTags, kind: u8) -> Option<()> {
        to.room()?;
        let (tag, len) = kinds.0.get(usize::from(kind))?;
        to.put_first(tag, *len);
        self.tags += usize::from(*len > 0);
        Some(())
    }

    #[inline(always)]
    fn put_logs<P: Protocol>(&self, row: Row<'_>, to: &mut To<'_>) -> Option<()> {
        to.room()?;
        P::field(to, 10, 11, Type::List);
        let list = to.open_list::<P>();
        log::put_log::<P>(row, to, self.first_log)?;
        if self.logs > 1 {
            let (place, at) = to.rest_mut();
            let end = put_more_logs::<P>(row, place, at, self.first_log.1)?;
            to.go_to(end);
        }
        to.set_count::<P>(list, self.logs)
    }
}

/// Writes the logs from a place in the row on; answers where they end. Given and answering values, it leaves the
/// caller's own in registers.
#[inline(never)]
fn put_more_logs<P: Protocol>(
    row: Row<'_>,
    place: &mut [u8; TO_BYTES],
    to_at: usize,
    mut at: usize,
) -> Option<usize> {
    let mut to = To::at(place, to_at);
    while at < row.end {
        let (begin, end) = row.entry(at)?;
        if row.byte(at) == EVENT {
            log::put_log::<P>(row, &mut to, (begin, end))?;
        }
        at = end;
    }
    Some(to.len())
}

/// Writes the status that begins at a place, unless the tag `error` is set there; answers how many tags that is,
/// and where they end.
#[inline(never)]
fn put_status<P: Protocol>(
    row: Row<'_>,
    place: &mut [u8; TO_BYTES],
    to_at: usize,
    (entries, status): (usize, usize),
) -> Option<(usize, usize)> {
    let (begin, end) = row.entry(status)?;
    let status = Status::read(row.slice(begin, end)?).ok()?;
    let code = names::status_code(status.code).unwrap_or("");
    let texts = [(names::STATUS_CODE, code.as_bytes()), (names::STATUS_DESCRIPTION, status.message)];
    let (mut to, mut tags) = (To::at(place, to_at), 0);
    for (key, text) in texts {
        if !text.is_empty() {
            put_str_tag::<P>(&mut to, key.as_bytes(), text);
            tags += 1;
        }
    }
    if status.code == 2 && !has_error_tag(row, entries) {
        put_bool_tag::<P>(&mut to, names::ERROR.as_bytes(), true);
        tags += 1;
    }
    to.room()?;
    Some((tags, to.len()))
}

/// Whether an attribute says so already.
fn has_error_tag(row: Row<'_>, mut at: usize) -> bool {
    while let Some((begin, end)) = row.entry(at) {
        if row.byte(at) == ATTRIBUTE && row.key_is(begin, *b"error") {
            return true;
        }
        at = end;
    }
    false
}
