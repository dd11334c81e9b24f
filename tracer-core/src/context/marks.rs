//! What a context says in bits, in one word: it is copied and asked with every child.

use super::TraceFlags;

/// The flags (the lowest byte), whether both ids are set, and whether the context came from another process.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks(u32);

const FLAGS: u32 = 0xff;
const VALID: u32 = 1 << 8;
const REMOTE: u32 = 1 << 9;

impl Marks {
    /// Of a context in this process.
    #[inline(always)]
    pub(super) const fn new(flags: TraceFlags, is_valid: bool) -> Self {
        Self(flags.bits() as u32 | if is_valid { VALID } else { 0 })
    }

    #[inline(always)]
    pub(super) const fn with_flags(self, flags: TraceFlags) -> Self {
        Self(self.0 & !FLAGS | flags.bits() as u32)
    }

    pub(super) const fn into_remote(self) -> Self {
        Self(self.0 | REMOTE)
    }

    /// Of a context below, in this process.
    #[inline(always)]
    pub(super) const fn of_child(self, flags: TraceFlags) -> Self {
        Self(self.0 & VALID | flags.bits() as u32)
    }

    #[inline(always)]
    pub(super) const fn flags(self) -> TraceFlags {
        TraceFlags::from_bits(self.0.to_le_bytes()[0])
    }

    #[inline(always)]
    pub(super) const fn is_valid(self) -> bool {
        self.0 & VALID != 0
    }

    #[inline(always)]
    pub(super) const fn is_remote(self) -> bool {
        self.0 & REMOTE != 0
    }

    /// Whether both ids are set and the decision is not left to whoever comes next.
    #[inline(always)]
    pub(super) const fn is_decided(self) -> bool {
        const DEFERRED: u32 = TraceFlags::DEFERRED.bits() as u32;
        self.0 & (VALID | DEFERRED) == VALID
    }
}

impl std::fmt::Debug for Marks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut marks = f.debug_struct("Marks");
        marks
            .field("flags", &self.flags())
            .field("valid", &self.is_valid())
            .field("remote", &self.is_remote());
        marks.finish()
    }
}
