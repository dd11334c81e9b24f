//! How large a span may become.

use crate::row::writer::SHORT_NAME_MAX;

/// Limits of each span, enforced when something is set. What is over them is cut or left out, and
/// counted in the span and in [`Stats`](crate::Stats).
///
/// With any limits a finished span is smaller than 64 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpanLimits {
    /// Tags of a span: 128.
    pub attributes_max: u32,
    /// Logs of a span: 128.
    pub events_max: u32,
    /// Links of a span, further references included: 128.
    pub links_max: u32,
    /// Bytes of a tag's or log field's value: 8,192. An array keeps as many of its first items as fit, a number
    /// of them being 8 bytes, and a text may be cut; a value that is one number is never cut.
    pub value_bytes_max: usize,
    /// Bytes of an operation name, of a key, of a log's event name, of what a status says: 512, and 2,048 at most.
    /// More is taken as 2,048.
    pub name_bytes_max: usize,
    /// Bytes of all encoded tags, logs and links together: 40,960, and no more; more is taken as that.
    pub body_bytes_max: usize,
}

impl SpanLimits {
    pub(crate) const BODY_BYTES_MAX: usize = 40 * 1024;

    /// The same, none above what keeps a row below 64 KiB.
    pub(crate) fn clamped(mut self) -> Self {
        self.body_bytes_max = self.body_bytes_max.min(Self::BODY_BYTES_MAX);
        self.name_bytes_max = self.name_bytes_max.min(2048);
        self
    }
}

/// The limits as a tracer holds them.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) span: SpanLimits,
    /// How many attributes, of those that are too short for any limit of size, need no closer look.
    pub(crate) short_attributes_max: u32,
    /// Likewise, of events.
    pub(crate) short_events_max: u32,
    /// Whether a name that is copied at once may be over its limit.
    pub(crate) cuts_short_names: bool,
}

impl Limits {
    pub(crate) fn new(span: SpanLimits) -> Self {
        /// No short entry is longer.
        const SHORT_MAX: usize = 128;
        let sizes_are_usual = span.value_bytes_max >= SHORT_MAX
            && span.name_bytes_max >= SHORT_MAX
            && span.body_bytes_max == SpanLimits::BODY_BYTES_MAX;
        let short = |max| if sizes_are_usual { max } else { 0 };
        Self {
            short_attributes_max: short(span.attributes_max),
            short_events_max: short(span.events_max),
            cuts_short_names: span.name_bytes_max < SHORT_NAME_MAX,
            span,
        }
    }
}

impl Default for SpanLimits {
    fn default() -> Self {
        Self {
            attributes_max: 128,
            events_max: 128,
            links_max: 128,
            value_bytes_max: 8 * 1024,
            name_bytes_max: 512,
            body_bytes_max: Self::BODY_BYTES_MAX,
        }
    }
}
