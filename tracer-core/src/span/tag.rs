//! Stage 2: tags, encoded as they are set.

use super::start::{flags, sampling_priority};
use super::{Span, SpanKind, StatusCode};
use crate::context::SpanContext;
use crate::tags::{self, Key};
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
        if let Some((recording, core)) = self.recorder() {
            recording.status = status;
            recording.status_message = crate::row::body::cut_text(message, core.limits.name_bytes_max).into();
        }
    }

    /// Adds a link to another span that became known late.
    pub fn add_link(&mut self, context: &SpanContext, tags: &[Field<'_>]) {
        if let Some((recording, core)) = self.recorder() {
            recording.body.add_link(context, tags, &core.limits);
        }
    }

    pub(super) fn set_tag_ref(&mut self, key: &str, value: TagRef<'_>) {
        if let Some(priority) = sampling_priority(&(key, value)) {
            self.set_sampling_priority(priority);
        }
        let Some((recording, core)) = self.recorder() else {
            return;
        };
        if key == tags::SPAN_KIND.key()
            && let TagRef::Str(text) = value
            && let Some(kind) = SpanKind::from_tag(text)
        {
            self.kind = kind;
            return;
        }
        if key == tags::ERROR.key()
            && let TagRef::Bool(error) = value
        {
            recording.status = if error { StatusCode::Error } else { StatusCode::Unset };
            return;
        }
        recording.body.set_attribute(key, value, &core.limits);
    }

    fn set_sampling_priority(&mut self, priority: i64) {
        let (wanted, records) = (priority > 0, self.is_recording());
        let Some(core) = &self.core else { return };
        let new_flags = flags(self.context.flags(), wanted, wanted);
        self.context = std::mem::take(&mut self.context).with_flags(new_flags);
        if wanted && !records {
            core.pipeline.accounts().unsampled.sub(1);
            self.begin_recording(None, false);
        } else if !wanted && records {
            self.abandon();
        }
    }
}
