//! The flags of a span context.

/// What is decided about a trace. The two low bits are those of W3C `traceparent`
/// (Trace Context Level 2, section 3.2.2.5); the others come from Jaeger and B3.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct TraceFlags(u8);

impl TraceFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// The trace is recorded.
    pub const SAMPLED: Self = Self(0x01);
    /// The trace id's lower 56 bits are random (W3C Level 2).
    pub const RANDOM: Self = Self(0x02);
    /// The trace is recorded whatever samplers say; nothing on the way may drop it.
    pub const DEBUG: Self = Self(0x04);
    /// Jaeger's firehose: the back end does not index the trace.
    pub const FIREHOSE: Self = Self(0x08);
    /// Nothing is decided yet (B3's "defer"): whoever starts the next span decides.
    pub const DEFERRED: Self = Self(0x10);

    /// The flags of a W3C `traceparent` byte; bits that the specification reserves are dropped.
    #[must_use]
    pub const fn from_w3c(byte: u8) -> Self {
        Self(byte & 0x03)
    }

    /// The byte that goes into a W3C `traceparent`.
    #[must_use]
    pub const fn to_w3c(self) -> u8 {
        self.0 & 0x03
    }

    /// One bit a flag.
    #[inline(always)]
    pub(super) const fn bits(self) -> u8 {
        self.0
    }

    #[inline(always)]
    pub(super) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// Whether all flags of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags and those of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These flags without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the trace is recorded.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.contains(Self::SAMPLED)
    }
}
