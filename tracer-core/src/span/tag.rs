//! Stage 2: tags, encoded as they are set.

use super::start::{Begun, flags, sampling_priority};
use super::state::State;
use super::{Span, SpanKind, StatusCode};
use crate::context::SpanContext;
use crate::row::body::Body;
use crate::tags::{self, Key};
use crate::tracer::Core;
use crate::value::{Field, TagRef};

impl Span {
    /// Sets a tag; a later one of the same key replaces it.
    ///
    /// Three tags do more. `span.kind` sets the kind, and `error` the status. `sampling.priority`
    /// above 0 makes a span record that does not yet, from this moment on, and marks its trace as
    /// wanted; 0 takes the span out. (A name that was made while running is not kept by a span that
    /// does not record: it is then `unnamed` until it is renamed.)
    ///
    /// ```
    /// use tracer_core::{tags, testing::TestTracer};
    ///
    /// let test = TestTracer::new("shop");
    /// let mut span = test.tracer().span("query").start();
    /// span.set_tag("rows", 17).set_tag("shards", &["a", "b"][..]);
    /// span.set_tag(tags::ERROR, true);
    /// span.finish();
    /// assert_eq!(test.tree(), "query [error] rows=17 shards=[\"a\", \"b\"]\n");
    /// ```
    #[inline(always)]
    pub fn set_tag<'k, 'v, V: Into<TagRef<'v>>>(&mut self, key: impl Key<'k, V>, value: V) -> &mut Self {
        self.set_tag_ref(key.into_str(), value.into());
        self
    }

    /// Sets a tag whose value is worked out only if the span records.
    pub fn set_tag_with<'k, 'v, V: Into<TagRef<'v>>>(
        &mut self,
        key: impl Key<'k, V>,
        value: impl FnOnce() -> V,
    ) -> &mut Self {
        if self.is_recording() {
            self.set_tag_ref(key.into_str(), value().into());
        }
        self
    }

    /// Sets a tag to what a value displays, if the span records:
    /// `span.set_tag_display("user", &user_id)`.
    pub fn set_tag_display(&mut self, key: &str, value: &dyn std::fmt::Display) -> &mut Self {
        if self.is_recording() {
            self.set_tag_ref(key, TagRef::Str(&value.to_string()));
        }
        self
    }

    /// Sets the kind.
    pub fn set_kind(&mut self, kind: SpanKind) {
        self.kind = kind;
    }

    /// Sets how the operation ended, and why. The last call holds.
    pub fn set_status(&mut self, status: StatusCode, message: &str) {
        if let Some((body, core)) = self.recorder() {
            body.set_status(status, message, &core.limits.span);
        }
    }

    /// Adds a link to another span that became known late.
    pub fn add_link(&mut self, context: &SpanContext, tags: &[Field<'_>]) {
        if let Some((body, core)) = self.recorder() {
            body.add_link(context, tags, &core.limits.span);
        }
    }

    #[inline(always)]
    pub(super) fn set_tag_ref(&mut self, key: &str, value: TagRef<'_>) {
        if cfg!(feature = "recording-off") {
            return;
        }
        // The three tags that do more are told by their lengths first: with a constant key that costs nothing.
        if matches!(key.len(), 5 | 9 | 17) && self.set_special(key, value) {
            return;
        }
        let Some((body, core)) = self.recorder() else { return };
        if body.set_short_attribute(key, value, core.switch.short_attributes_max()) {
            return;
        }
        if core.switch.is_tag_off(key) {
            return;
        }
        // In parts: a value that is passed whole has to be put together in memory before it is known that it will
        // be passed.
        match value {
            TagRef::Str(text) => set_any(body, core, key, text),
            TagRef::Bool(truth) => set_any(body, core, key, truth),
            TagRef::I64(number) => set_any(body, core, key, number),
            TagRef::U64(number) => set_any(body, core, key, number),
            TagRef::F64(number) => set_any(body, core, key, number),
            other => set_any(body, core, key, other),
        }
    }

    /// Whether the tag was one that is no attribute.
    #[inline]
    fn set_special(&mut self, key: &str, value: TagRef<'_>) -> bool {
        if let Some(priority) = sampling_priority(&(key, value)) {
            self.set_sampling_priority(priority);
            return false;
        }
        match value {
            TagRef::Str(kind) if key == tags::SPAN_KIND.key() => {
                let kind = SpanKind::from_tag(kind);
                kind.inspect(|kind| self.kind = *kind).is_some()
            }
            TagRef::Bool(error) if key == tags::ERROR.key() => {
                if let Some((body, _)) = self.recorder() {
                    body.set_status_code(if error { StatusCode::Error } else { StatusCode::Unset });
                }
                true
            }
            _ => false,
        }
    }

    fn set_sampling_priority(&mut self, priority: i64) {
        let wanted = priority > 0;
        let Some(core) = self.core.filter(|_| !self.state.has(State::SWITCHED_OFF)) else { return };
        let new_flags = flags(self.context.flags(), wanted, wanted);
        *self.context = std::mem::take(&mut *self.context).with_flags(new_flags);
        if wanted && !self.state.has(State::RECORDING) {
            if !self.state.has(State::TAKEN_OUT) {
                core.hub.with_local(|local| local.counters.unsampled.sub(1));
            }
            if self.name.is_empty() {
                self.name = "unnamed";
            }
            let (core, begun) = Begun::anywhere(core, true);
            self.core = Some(core);
            self.start = begun.start_ticks;
            self.state = self.state.with(State::RECORDING).without(State::START_IS_UNIX);
            if let Some(open_spans) = &core.open_spans {
                open_spans.insert(self.context.span_id(), self.name);
            }
        } else if !wanted && self.state.has(State::RECORDING) {
            self.state = self.state.with(State::TAKEN_OUT);
            self.abandon();
        }
    }
}

#[cold]
#[inline(never)]
fn set_any<'v, V: Into<TagRef<'v>>>(body: &mut Body, core: &Core, key: &str, value: V) {
    let value = value.into();
    // It was not tried if other tags are off.
    if !body.set_short_attribute(key, value, core.limits.short_attributes_max) {
        body.set_attribute(key, value, &core.limits.span);
    }
}

/// Sets any attribute that is not switched off.
pub(super) fn set_attribute(body: &mut Body, core: &Core, key: &str, value: TagRef<'_>) {
    if !core.switch.is_tag_off(key) {
        body.set_attribute(key, value, &core.limits.span);
    }
}
