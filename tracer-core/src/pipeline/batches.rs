//! Batches that are being filled, one for each source.

use std::sync::Arc;

use super::Settings;
use super::hub::{Hub, Source};
use super::run::{RowsOf, Size};
use crate::export::Batch;
use crate::row::Rows;

/// Rows of one source.
#[derive(Debug)]
pub(super) struct OpenBatch {
    source_index: u32,
    source: Arc<Source>,
    rows: Vec<u8>,
    count: usize,
}

#[derive(Debug, Default)]
pub(super) struct OpenBatches {
    open: Vec<OpenBatch>,
    /// Empty buffers that kept their memory.
    spares: Vec<Vec<u8>>,
}

impl OpenBatch {
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    pub(super) fn bytes(&self) -> usize {
        self.rows.len()
    }

    pub(super) const fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The batch as exporters see it.
    pub(super) fn view(&self) -> Batch<'_> {
        Batch::new(&self.source.resource, &self.source.scope, Rows::new(&self.rows, self.count))
    }

    fn size(&self) -> Size {
        Size { spans: self.count, bytes: self.rows.len() }
    }

    fn is_full(&self, settings: &Settings) -> bool {
        self.count >= settings.batch_spans_max || self.rows.len() >= settings.batch_bytes_max
    }
}

impl OpenBatches {
    /// How many rows of a source fill its batch.
    pub(super) fn room(&self, source: u32, settings: &Settings) -> Size {
        let open = self.open.iter().find(|batch| batch.source_index == source);
        let used = open.map_or_else(Size::default, OpenBatch::size);
        Size { spans: settings.batch_spans_max - used.spans, bytes: settings.batch_bytes_max - used.bytes }
    }

    /// Adds rows for which there is [`room`](Self::room), and gives their batch back if it is full now.
    pub(super) fn put(&mut self, rows: &RowsOf<'_>, hub: &Hub, settings: &Settings) -> Option<OpenBatch> {
        let position = self.open.iter().position(|batch| batch.source_index == rows.source);
        let index = position.map_or_else(|| self.begin(rows.source, hub), Some)?;
        let batch = self.open.get_mut(index)?;
        batch.rows.extend_from_slice(rows.bytes);
        batch.count += rows.count;
        let full = batch.is_full(settings);
        full.then(|| self.open.swap_remove(index))
    }

    /// The rows in all of them.
    pub(super) fn count(&self) -> usize {
        self.open.iter().map(OpenBatch::count).sum()
    }

    /// Takes some batch out, until there is none.
    pub(super) fn pop(&mut self) -> Option<OpenBatch> {
        self.open.pop()
    }

    /// Keeps the memory of a batch for the next one, unless so many are kept already.
    pub(super) fn reuse(&mut self, mut batch: OpenBatch, spares_max: usize) {
        batch.rows.clear();
        if self.spares.len() < spares_max {
            self.spares.push(batch.rows);
        } else if let Some(smallest) = self.spares.iter_mut().min_by_key(|spare| spare.capacity()) {
            if smallest.capacity() < batch.rows.capacity() {
                *smallest = batch.rows;
            }
        }
    }

    fn begin(&mut self, source_index: u32, hub: &Hub) -> Option<usize> {
        let source = hub.source(source_index)?;
        let rows = self.spares.pop().unwrap_or_default();
        self.open.push(OpenBatch { source_index, source, rows, count: 0 });
        Some(self.open.len() - 1)
    }
}
