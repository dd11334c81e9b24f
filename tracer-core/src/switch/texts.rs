//! Decisions about texts that are made while running, each thread's own: so that a pattern is matched once per
//! thread, text and set of rules.
//!
//! Entries are found by a few bytes of the text and hold for one stamp: new rules make new stamps, and old
//! entries are never asked for again. Texts are compared, since an address may hold another text tomorrow.

use std::cell::Cell;

const SLOTS: usize = 64;
/// Longer texts are matched each time.
const TEXT_BYTES_MAX: usize = 48;
const TEXT_WORDS: usize = TEXT_BYTES_MAX / 8;

struct ByText {
    /// 0: empty. No rules have that stamp.
    stamp: Cell<u64>,
    len: Cell<usize>,
    off: Cell<bool>,
    /// Of a text that has so many: its whole words.
    words: [Cell<u64>; TEXT_WORDS],
    /// Its last eight bytes, or all there are.
    last: Cell<u64>,
}

impl ByText {
    const fn empty() -> Self {
        Self {
            stamp: Cell::new(0),
            len: Cell::new(0),
            off: Cell::new(false),
            words: [const { Cell::new(0) }; TEXT_WORDS],
            last: Cell::new(0),
        }
    }
}

thread_local! {
    static BY_TEXT: [ByText; SLOTS] = const { [const { ByText::empty() }; SLOTS] };
}

/// Reads or writes an entry. What is done with it is little, so that this dissolves.
#[inline(always)]
fn at<R>(slot: usize, act: impl FnOnce(&ByText) -> R) -> Option<R> {
    BY_TEXT.with(|entries| entries.get(slot).map(act))
}

/// Whether any text is off under that stamp, if that is known.
#[inline(always)]
pub(super) fn get(stamp: u64, text: &[u8]) -> Option<bool> {
    let slot = slot_of(text);
    let is_like = at(slot, |entry| entry.stamp.get() == stamp && entry.len.get() == text.len())?;
    if !is_like || at(slot, |entry| entry.last.get())? != last(text) {
        return None;
    }
    for (index, bytes) in text.chunks_exact(8).enumerate() {
        if at(slot, |entry| entry.words.get(index).map(Cell::get))?? != whole(bytes) {
            return None;
        }
    }
    at(slot, |entry| entry.off.get())
}

/// Keeps a decision.
pub(super) fn keep(stamp: u64, text: &[u8], off: bool) {
    if text.len() > TEXT_BYTES_MAX {
        return;
    }
    at(slot_of(text), |entry| {
        entry.words.iter().zip(text.chunks_exact(8)).for_each(|(to, bytes)| to.set(whole(bytes)));
        entry.last.set(last(text));
        entry.off.set(off);
        entry.len.set(text.len());
        entry.stamp.set(stamp);
    });
}

/// Eight bytes as a number.
#[inline(always)]
fn whole(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// The last eight bytes as a number; of a shorter text all of them, in some order.
#[inline(always)]
fn last(text: &[u8]) -> u64 {
    if let Some(bytes) = text.last_chunk() {
        return u64::from_le_bytes(*bytes);
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
    }
    text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Names that a program uses together differ in their length, or at one of their ends.
#[inline(always)]
fn slot_of(text: &[u8]) -> usize {
    let byte = |found: Option<&u8>| usize::from(found.copied().unwrap_or(0));
    let middle = byte(text.get(text.len() / 2));
    (text.len() ^ byte(text.first()) ^ (byte(text.last()) << 2) ^ (middle << 1)) % SLOTS
}
