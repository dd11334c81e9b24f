//! A span: one operation, from its start to its finish.
//!
//! Stages 1 to 4 of its walk are the files of this folder: `start`, `tag`, `log`, `finish`.

mod finish;
mod kind;
mod log;
mod shared;
mod start;
mod tag;

use std::sync::Arc;

use crate::context::SpanContext;
use crate::limits::SpanLimits;
use crate::row::body::{Body, cut_text};
use crate::tracer::{Core, Tracer};

pub use self::kind::{SpanKind, StatusCode};
pub use self::shared::SharedSpan;
pub use self::start::SpanBuilder;

/// A running operation. Owned by whoever works on it and changed only through `&mut`; to change one
/// span from several threads see [`SharedSpan`].
///
/// [`finish`](Self::finish) or dropping it ends it. A span that is not recorded takes all calls,
/// does nothing, and still passes its context on.
///
/// ```
/// use tracer_core::testing::TestTracer;
///
/// let test = TestTracer::new("shop");
/// let mut order = test.tracer().span("order").start();
/// order.set_tag("items", 3);
/// order.log("paid", &[("cents", 999.into())]);
/// test.tracer().span("ship").child_of(order.context()).start().finish();
/// order.finish();
/// assert_eq!(test.tree(), "\
/// order items=3
///   · paid cents=999
/// └─ ship
/// ");
/// ```
#[derive(Debug)]
#[must_use = "a span that is dropped is finished"]
pub struct Span {
    context: SpanContext,
    core: Option<Arc<Core>>,
    name: Name,
    kind: SpanKind,
    recording: Option<Recording>,
}

/// What a recorded span gathers until its row is written.
#[derive(Debug)]
struct Recording {
    start_ticks_ns: u64,
    /// What makes unix time of ticks; fixed when first needed, for all times of the span.
    offset_ns: Option<u64>,
    parent_is_remote: bool,
    status: StatusCode,
    status_message: String,
    body: Body,
}

#[derive(Debug)]
enum Name {
    Static(&'static str),
    Owned(Box<str>),
}

impl Name {
    fn copy(name: &str, limits: &SpanLimits) -> Self {
        Self::Owned(cut_text(name, limits.name_bytes_max).into())
    }

    const fn as_str(&self) -> &str {
        match self {
            Self::Static(name) => name,
            Self::Owned(name) => name,
        }
    }
}

impl Span {
    /// A span that records nothing and belongs to no trace.
    pub fn noop() -> Self {
        Self::passing_on(SpanContext::default())
    }

    /// What to pass on, and what children refer to.
    #[must_use]
    pub const fn context(&self) -> &SpanContext {
        &self.context
    }

    /// Whether anything that is set is kept. See also [`set_tag_with`](Self::set_tag_with).
    #[must_use]
    pub const fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// The tracer that started it.
    #[must_use]
    pub fn tracer(&self) -> Tracer {
        self.core.as_ref().map_or(Tracer::noop(), |core| Tracer::from_core(Arc::clone(core)))
    }

    /// Renames the operation, for instance when the route is known. The sampler is not asked again.
    pub fn set_operation_name(&mut self, name: &str) {
        if let (Some(_), Some(core)) = (&self.recording, &self.core) {
            self.name = Name::copy(name, &core.limits);
        }
    }

    /// Sets a baggage item for this span's context and all spans below it that start later.
    pub fn set_baggage_item(&mut self, key: &str, value: &str) {
        self.context = std::mem::take(&mut self.context).with_baggage_item(key, value);
    }

    /// The value of a baggage item: set here, or by any span above, in any process.
    #[must_use]
    pub fn baggage_item(&self, key: &str) -> Option<&str> {
        self.context.baggage_item(key)
    }

    /// A span that records nothing and passes a context on.
    const fn passing_on(context: SpanContext) -> Self {
        Self { context, core: None, name: Name::Static(""), kind: SpanKind::Internal, recording: None }
    }

    /// The parts that a change needs, if the span records.
    fn recorder(&mut self) -> Option<(&mut Recording, &Core)> {
        match (&mut self.recording, &self.core) {
            (Some(recording), Some(core)) => Some((recording, core)),
            _ => None,
        }
    }
}

impl Default for Span {
    fn default() -> Self {
        Self::noop()
    }
}

impl Recording {
    fn offset_ns(&mut self, core: &Core) -> u64 {
        *self.offset_ns.get_or_insert_with(|| core.pipeline.clock().offset_ns())
    }
}
