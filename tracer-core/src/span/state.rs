//! What is true of a span, in one byte.

/// A set of facts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct State(u8);

impl State {
    /// Nothing is kept.
    pub(super) const OFF: Self = Self(0);
    /// What is set is kept.
    pub(super) const RECORDING: Self = Self(1);
    /// The parent is in another process.
    pub(super) const PARENT_IS_REMOTE: Self = Self(1 << 1);
    /// The start was given, in unix nanoseconds.
    pub(super) const START_IS_UNIX: Self = Self(1 << 2);
    /// `sampling.priority` = 0 ended its recording: it is counted there, not as unsampled.
    pub(super) const TAKEN_OUT: Self = Self(1 << 3);
    /// Its operation or target is off: the context is its parent's.
    pub(super) const SWITCHED_OFF: Self = Self(1 << 4);

    /// `fact` if it is true.
    #[inline(always)]
    pub(super) const fn when(self, is_true: bool) -> Self {
        if is_true { self } else { Self::OFF }
    }

    #[inline(always)]
    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline(always)]
    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    #[inline(always)]
    pub(super) const fn has(self, fact: Self) -> bool {
        self.0 & fact.0 != 0
    }
}
