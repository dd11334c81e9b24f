//! The spans that have not ended, by name: what a test asks for when one was forgotten.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::context::SpanId;

#[derive(Debug, Default)]
pub(crate) struct OpenSpans(Mutex<BTreeMap<SpanId, String>>);

impl OpenSpans {
    pub(crate) fn insert(&self, span_id: SpanId, operation_name: &str) {
        self.0.lock().insert(span_id, operation_name.to_owned());
    }

    pub(crate) fn remove(&self, span_id: SpanId) {
        self.0.lock().remove(&span_id);
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.0.lock().values().cloned().collect();
        names.sort();
        names
    }
}
