//! Rows of this process, handed over by its span pipeline.

use std::sync::Arc;
use std::time::Instant;

use tracer_core::{Batch, ExportError, Exported, Exporter};

use crate::store::Store;

/// Hands finished spans of this process to a [`Viewer`](crate::Viewer). Cloning is cheap.
///
/// Spans are kept, and counted, also while nobody serves them any more.
#[derive(Clone, Debug)]
pub struct InProcess {
    store: Arc<Store>,
}

impl InProcess {
    pub(crate) const fn new(store: Arc<Store>) -> Self {
        Self { store }
    }
}

impl Exporter for InProcess {
    fn name(&self) -> &'static str {
        "viewer"
    }

    fn export(&mut self, batch: &Batch<'_>, _deadline: Instant) -> Result<Exported, ExportError> {
        let (resource, scope) = (batch.resource.encoded(), batch.scope.encoded());
        self.store.note_losses(resource, &batch.losses);
        let inserted = self
            .store
            .insert(resource, scope, batch.rows.iter())
            .map_err(|error| ExportError::Failed(error.to_string()))?;
        Ok(Exported::all_but(inserted.invalid + inserted.over_limit))
    }

    fn report_losses(&mut self, batch: &Batch<'_>, _deadline: Instant) -> Result<(), ExportError> {
        self.store.note_losses(batch.resource.encoded(), &batch.losses);
        Ok(())
    }
}
