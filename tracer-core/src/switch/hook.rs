//! A tracer's end of its switch: what every start and every tag asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;

use super::names::Names;
use super::rules::{Rules, Subject};
use super::{Switch, texts};

/// A tracer's end of its switch.
#[derive(Debug)]
pub(crate) struct Hook {
    /// What could be off (the lowest bits), under which rules (the others): the name of this hook's rules in
    /// the threads' memories. Without rules only [`STARTS_ARE_SLOW`] may be set.
    stamp: AtomicU64,
    /// How many short attributes a span may have without a closer look: none while tags may be off. So a tag
    /// asks one question for its limit and for this switch.
    short_attributes_max: AtomicU32,
    limit: u32,
    /// The switch's; none without one, and then nothing is off.
    names: Option<Arc<Names>>,
    target: Box<str>,
    /// The switch's; none before there is one.
    layers: RwLock<Vec<Arc<Rules>>>,
}

const TARGET_IS_OFF: u64 = 1;
const OPERATIONS_MAY_BE: u64 = 2;
const TAGS_MAY_BE: u64 = 4;
/// Has nothing to do with rules: so that a start asks one question.
const STARTS_ARE_SLOW: u64 = 8;
const FLAG_BITS: u32 = 4;

/// How long a change of rules is waited for.
pub(super) const CHANGE_MAX: Duration = Duration::from_millis(10);

impl Hook {
    /// Of a tracer of that target. `starts_are_slow`: see [`is_start_usual`](Self::is_start_usual).
    pub(crate) fn new(
        target: &str,
        short_attributes_max: u32,
        starts_are_slow: bool,
        switch: Option<&Switch>,
    ) -> Self {
        Self {
            stamp: AtomicU64::new(if starts_are_slow { STARTS_ARE_SLOW } else { 0 }),
            short_attributes_max: AtomicU32::new(short_attributes_max),
            limit: short_attributes_max,
            names: switch.map(Switch::names),
            target: target.into(),
            layers: RwLock::default(),
        }
    }

    /// The same in a forked process, without rules yet.
    pub(crate) fn heir(&self) -> Self {
        let stamp = self.stamp.load(Ordering::Relaxed) & STARTS_ARE_SLOW;
        Self {
            stamp: AtomicU64::new(stamp),
            short_attributes_max: AtomicU32::new(self.limit),
            limit: self.limit,
            names: self.names.clone(),
            target: self.target.clone(),
            layers: RwLock::default(),
        }
    }

    /// How many short attributes of a span need no closer look.
    #[inline(always)]
    pub(crate) fn short_attributes_max(&self) -> u32 {
        self.short_attributes_max.load(Ordering::Relaxed)
    }

    /// Whether a start asks nothing more: nothing is off, and neither sampler nor open spans are to be told.
    #[inline(always)]
    pub(crate) fn is_start_usual(&self) -> bool {
        self.stamp.load(Ordering::Relaxed) & (TARGET_IS_OFF | OPERATIONS_MAY_BE | STARTS_ARE_SLOW) == 0
    }

    /// Whether spans of a name that is part of the program are off, if that is known without a look at patterns.
    #[inline(always)]
    pub(crate) fn remembers_operation_off(&self, name: &'static str) -> Option<bool> {
        let stamp = self.stamp.load(Ordering::Relaxed);
        if stamp & (TARGET_IS_OFF | OPERATIONS_MAY_BE) == OPERATIONS_MAY_BE {
            return self.names.as_ref()?.get(name);
        }
        Some(stamp & TARGET_IS_OFF != 0)
    }

    /// The same, with a look at patterns if that has to be.
    #[inline]
    pub(crate) fn is_operation_off(&self, name: &'static str) -> bool {
        self.remembers_operation_off(name).unwrap_or_else(|| self.find_out_operation_off(name))
    }

    /// Matches the patterns. A change of rules is waited for, some microseconds; if it does not end, as in a child
    /// that was forked while its parent changed them, the operation is on, and asked for again.
    #[cold]
    #[inline(never)]
    pub(crate) fn find_out_operation_off(&self, name: &'static str) -> bool {
        let Some(layers) = self.layers.try_read_for(CHANGE_MAX) else { return false };
        let off = is_off(&layers, Subject::Operation, name);
        // Before the rules may change.
        if let Some(names) = &self.names {
            names.keep(name, off);
        }
        drop(layers);
        off
    }

    /// The same for a name made while running.
    #[inline]
    pub(crate) fn is_dynamic_operation_off(&self, name: &str) -> bool {
        let stamp = self.stamp.load(Ordering::Relaxed);
        stamp & (TARGET_IS_OFF | OPERATIONS_MAY_BE) != 0
            && (stamp & TARGET_IS_OFF != 0 || self.is_text_off(stamp, Subject::Operation, name))
    }

    /// Whether tags of a key are off.
    #[inline(never)]
    pub(crate) fn is_tag_off(&self, key: &str) -> bool {
        let stamp = self.stamp.load(Ordering::Relaxed);
        stamp & TAGS_MAY_BE != 0 && self.is_text_off(stamp, Subject::Tag, key)
    }

    fn is_text_off(&self, stamp: u64, subject: Subject, text: &str) -> bool {
        // The same text may be a key and an operation: the lowest bit tells them apart.
        let stamp = if subject == Subject::Tag { stamp | TARGET_IS_OFF } else { stamp & !TARGET_IS_OFF };
        texts::get(stamp, text.as_bytes()).unwrap_or_else(|| self.find_out_text_off(stamp, subject, text))
    }

    #[cold]
    #[inline(never)]
    fn find_out_text_off(&self, stamp: u64, subject: Subject, text: &str) -> bool {
        let Some(layers) = self.layers.try_read_for(CHANGE_MAX) else { return false };
        let off = is_off(&layers, subject, text);
        drop(layers);
        texts::keep(stamp, text.as_bytes(), off);
        off
    }

    /// Takes over rules. Who sees the new stamp finds the new rules: both change under the lock.
    pub(super) fn take(&self, layers: &[Arc<Rules>]) {
        static NEXT_STAMP: AtomicU64 = AtomicU64::new(1);
        let mut own = self.layers.write();
        layers.clone_into(&mut own);
        let may_be = |subject| layers.iter().any(|rules| rules.can_turn_off(subject));
        let mut flags = 0;
        let slow = self.stamp.load(Ordering::Relaxed) & STARTS_ARE_SLOW;
        for (flag, is_set) in [
            (TARGET_IS_OFF, is_off(layers, Subject::Target, &self.target)),
            (OPERATIONS_MAY_BE, may_be(Subject::Operation)),
            (TAGS_MAY_BE, may_be(Subject::Tag)),
        ] {
            flags |= if is_set { flag } else { 0 };
        }
        let number = NEXT_STAMP.fetch_add(1, Ordering::Relaxed) << FLAG_BITS;
        self.stamp.store(slow | if flags == 0 { 0 } else { number | flags }, Ordering::Relaxed);
        let short_max = if flags & TAGS_MAY_BE == 0 { self.limit } else { 0 };
        self.short_attributes_max.store(short_max, Ordering::Relaxed);
    }
}

fn is_off(layers: &[Arc<Rules>], subject: Subject, name: &str) -> bool {
    layers.iter().rev().find_map(|rules| rules.state(subject, name)) == Some(false)
}
