//! Decisions about names that are part of the program, all threads': so that a pattern is matched once per name
//! and set of rules, and what is off costs a look at one word.
//!
//! ```text
//! 63    62 … 48   47 … 0
//! ┌────┬─────────┬─────────┐
//! │off │ length  │ address │    0: nothing is known
//! └────┴─────────┴─────────┘
//! ```
//!
//! A name is known by its address and length, which are another name's never. New rules forget all.

use std::sync::atomic::{AtomicU64, Ordering};

const SLOTS: usize = 64;
const OFF: u64 = 1 << 63;
const ADDRESS_BITS: u32 = 48;
const LEN_BITS: u32 = 15;

/// What is known of names.
#[derive(Debug)]
pub(super) struct Names([AtomicU64; SLOTS]);

impl Names {
    /// Whether a name is off, if that is known.
    #[inline(always)]
    pub(super) fn get(&self, name: &'static str) -> Option<bool> {
        let key = key(name)?;
        let found = self.slot(name)?.load(Ordering::Relaxed);
        (found & !OFF == key).then_some(found & OFF != 0)
    }

    /// Keeps a decision; whoever does has the rules locked, so that they do not change meanwhile.
    pub(super) fn keep(&self, name: &'static str, off: bool) {
        if let (Some(key), Some(slot)) = (key(name), self.slot(name)) {
            slot.store(if off { key | OFF } else { key }, Ordering::Relaxed);
        }
    }

    /// Forgets all, for new rules.
    pub(super) fn forget(&self) {
        self.0.iter().for_each(|slot| slot.store(0, Ordering::Relaxed));
    }

    /// Names of a program lie close together, a few bytes apart.
    #[inline(always)]
    fn slot(&self, name: &'static str) -> Option<&AtomicU64> {
        let address = name.as_ptr() as usize;
        self.0.get((address ^ (address >> 6)) % SLOTS)
    }
}

impl Default for Names {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; SLOTS])
    }
}

/// Address and length in one; a name of 32 KiB, or on a machine with longer addresses, is matched each time.
#[inline(always)]
fn key(name: &'static str) -> Option<u64> {
    let (address, len) = (name.as_ptr() as u64, name.len() as u64);
    (address >> ADDRESS_BITS == 0 && len >> LEN_BITS == 0).then_some(len << ADDRESS_BITS | address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_name_are_other_names() {
        const NAME: &str = "abcdefgh";
        let names = Names::default();
        names.keep(NAME, true);
        assert_eq!((names.get(NAME), names.get(&NAME[..7]), names.get(&NAME[1..])), (Some(true), None, None));
        names.keep(&NAME[..7], false);
        assert_eq!((names.get(NAME), names.get(&NAME[..7])), (None, Some(false)));
        names.forget();
        assert_eq!(names.get(&NAME[..7]), None);
    }

    #[test]
    fn a_name_that_is_too_long_is_not_kept() {
        static TEXT: [u8; 1 << LEN_BITS] = [b'n'; 1 << LEN_BITS];
        let name = std::str::from_utf8(&TEXT).unwrap();
        let names = Names::default();
        names.keep(name, true);
        assert_eq!(names.get(name), None);
        names.keep(&name[1..], true);
        assert_eq!((names.get(name), names.get(&name[1..])), (None, Some(true)));
    }
}
