//! Each thread's memory of decisions, so that a pattern is matched once per thread, name and set of rules.
//!
//! Entries are found by a few bits of the name and hold for one stamp: new rules make new stamps, and old
//! entries are never asked for again. A name that is part of the program is known by its address; any other is
//! compared, since its address may hold another text tomorrow.

use std::cell::{Cell, RefCell};

const SLOTS: usize = 64;
/// Longer texts are matched each time.
const TEXT_BYTES_MAX: usize = 48;

#[derive(Clone, Copy)]
struct ByAddress {
    /// 0: empty. No rules have that stamp.
    stamp: u64,
    address: usize,
    len: usize,
    off: bool,
}

struct ByText {
    stamp: u64,
    len: usize,
    text: [u8; TEXT_BYTES_MAX],
    off: bool,
}

thread_local! {
    static BY_ADDRESS: [Cell<ByAddress>; SLOTS] =
        const { [const { Cell::new(ByAddress { stamp: 0, address: 0, len: 0, off: false }) }; SLOTS] };
    static BY_TEXT: [RefCell<ByText>; SLOTS] = const {
        [const { RefCell::new(ByText { stamp: 0, len: 0, text: [0; TEXT_BYTES_MAX], off: false }) }; SLOTS]
    };
}

/// Whether a name of the program is off; what `decide` cannot tell now is on, and asked again.
#[inline]
pub(super) fn is_static_off(stamp: u64, name: &'static str, decide: impl FnOnce() -> Option<bool>) -> bool {
    let (address, len) = (name.as_ptr() as usize, name.len());
    let slot = (address ^ (address >> 6) ^ len) % SLOTS;
    BY_ADDRESS.with(|slots| {
        let Some(entry) = slots.get(slot) else { return false };
        let found = entry.get();
        if found.stamp == stamp && found.address == address && found.len == len {
            return found.off;
        }
        let decided = decide();
        if let Some(off) = decided {
            entry.set(ByAddress { stamp, address, len, off });
        }
        decided.unwrap_or(false)
    })
}

/// The same for any text.
#[inline]
pub(super) fn is_text_off(stamp: u64, text: &str, decide: impl FnOnce() -> Option<bool>) -> bool {
    let bytes = text.as_bytes();
    BY_TEXT.with(|slots| {
        let mut entry = match slots.get(slot_of(bytes)).map(RefCell::try_borrow_mut) {
            Some(Ok(entry)) if bytes.len() <= TEXT_BYTES_MAX => entry,
            _ => return decide().unwrap_or(false),
        };
        if entry.stamp == stamp && entry.len == bytes.len() && entry.text.get(..bytes.len()) == Some(bytes) {
            return entry.off;
        }
        let Some(off) = decide() else { return false };
        entry.text.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        (entry.stamp, entry.len, entry.off) = (stamp, bytes.len(), off);
        off
    })
}

/// Names that a program uses together differ in their length, or at one of their ends.
#[inline]
fn slot_of(text: &[u8]) -> usize {
    let byte = |found: Option<&u8>| usize::from(found.copied().unwrap_or(0));
    let middle = byte(text.get(text.len() / 2));
    (text.len() ^ byte(text.first()) ^ (byte(text.last()) << 2) ^ (middle << 1)) % SLOTS
}
