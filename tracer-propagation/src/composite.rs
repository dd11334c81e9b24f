//! Several formats at once: what wins when reading, what is cleared when writing.
//!
//! ```text
//! extract   in order: the first context wins, with its decision; without any context the first
//!           decision and the first debug id count; baggage is apart: all of it, the first of a key
//! inject    all fields of all codecs are owned: each writing codec sees to its own, and those of
//!           codecs that only read are removed, so that nothing stale goes out
//! ```

mod names;

use std::sync::Arc;

use tracer_core::{Baggage, SpanContext};

use crate::carrier::{Extractor, Field, Injector};
use crate::codec::w3c::{TraceContext, W3cBaggage};
use crate::codec::{Codec, ExtractError, Extracted, InjectError};

pub use self::names::UnknownFormat;

/// An ordered list of codecs for each direction. Cheap enough to clone once a service.
///
/// A malformed header falls through to the next codec; the first such error stands in
/// [`Extracted::error`], and [`Codec::extract_reporting`] tells all of them, so that they can be counted.
///
/// ```
/// use tracer_propagation::{Composite, TraceContext, W3cBaggage};
///
/// let usual = Composite::w3c();
/// // Towards strangers: the trace, no baggage, and none of the baggage that came in either.
/// let outside = Composite::new().with(TraceContext).with_extract(W3cBaggage);
/// # drop((usual, outside));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Composite {
    reading: Vec<Arc<dyn Codec>>,
    writing: Vec<Arc<dyn Codec>>,
    /// Of all codecs.
    fields: Vec<&'static Field>,
    prefixes: Vec<&'static str>,
    /// Of codecs that only read: to be removed on inject.
    unwritten_fields: Vec<&'static Field>,
    unwritten_prefixes: Vec<&'static str>,
}

impl Composite {
    /// No codec: reads and writes nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            reading: Vec::new(),
            writing: Vec::new(),
            fields: Vec::new(),
            prefixes: Vec::new(),
            unwritten_fields: Vec::new(),
            unwritten_prefixes: Vec::new(),
        }
    }

    /// W3C Trace Context and W3C Baggage, both ways.
    #[must_use]
    pub fn w3c() -> Self {
        Self::new().with(TraceContext).with(W3cBaggage)
    }

    /// Adds a codec to both directions.
    #[must_use]
    pub fn with(mut self, codec: impl Codec + 'static) -> Self {
        let codec: Arc<dyn Codec> = Arc::new(codec);
        self.reading.push(Arc::clone(&codec));
        self.writing.push(codec);
        self.with_ownership()
    }

    /// Adds a codec that only reads.
    #[must_use]
    pub fn with_extract(mut self, codec: impl Codec + 'static) -> Self {
        self.reading.push(Arc::new(codec));
        self.with_ownership()
    }

    /// Adds a codec that only writes. No two codecs that write may share a field.
    #[must_use]
    pub fn with_inject(mut self, codec: impl Codec + 'static) -> Self {
        self.writing.push(Arc::new(codec));
        self.with_ownership()
    }

    /// Works out once what every inject needs to know.
    fn with_ownership(mut self) -> Self {
        self.fields = distinct(self.codecs().flat_map(|codec| codec.fields()));
        self.prefixes = distinct(self.codecs().flat_map(|codec| codec.prefixes()));
        let written = |name: &str| self.writing.iter().any(|codec| owns(&**codec, name));
        self.unwritten_fields = self.fields.iter().copied().filter(|field| !written(field.name())).collect();
        self.unwritten_prefixes = self.prefixes.iter().copied().filter(|prefix| !written(prefix)).collect();
        self
    }

    fn write(
        &self,
        carrier: &mut dyn Injector,
        write: impl Fn(&dyn Codec, &mut dyn Injector) -> Result<(), InjectError>,
    ) -> Result<(), InjectError> {
        for field in &self.unwritten_fields {
            carrier.remove(field);
        }
        for prefix in &self.unwritten_prefixes {
            carrier.remove_prefix(prefix);
        }
        let mut result = Ok(());
        for codec in &self.writing {
            let written = write(&**codec, carrier);
            result = result.and(written);
        }
        result
    }

    fn codecs(&self) -> impl Iterator<Item = &Arc<dyn Codec>> {
        self.writing.iter().chain(&self.reading)
    }
}

impl Codec for Composite {
    fn extract(&self, carrier: &dyn Extractor) -> Result<Extracted, ExtractError> {
        let all = self.extract_reporting(carrier, &mut |_| {});
        match all.error {
            Some(error) if all.is_empty() => Err(error),
            _ => Ok(all),
        }
    }

    fn extract_reporting(&self, carrier: &dyn Extractor, report: &mut dyn FnMut(ExtractError)) -> Extracted {
        let mut all = Extracted::default();
        for codec in &self.reading {
            merge(&mut all, codec.extract_reporting(carrier, report));
        }
        all
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        self.write(carrier, |codec, carrier| codec.inject(context, carrier))
    }

    fn forward(&self, extracted: &Extracted, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        self.write(carrier, |codec, carrier| codec.forward(extracted, carrier))
    }

    fn fields(&self) -> &[&'static Field] {
        &self.fields
    }

    fn prefixes(&self) -> &[&'static str] {
        &self.prefixes
    }
}

fn merge(all: &mut Extracted, next: Extracted) {
    all.error = all.error.or(next.error);
    if next.is_empty() {
        return;
    }
    if all.context.is_none() {
        let has_more_to_say = next.context.is_some() || all.decision.is_none();
        all.decision = if has_more_to_say { next.decision } else { all.decision };
        all.context = next.context;
    }
    all.debug_id = all.debug_id.take().or(next.debug_id);
    all.baggage = merged(&all.baggage, next.baggage);
}

/// Both; of a key that is in both, the first.
fn merged(first: &Baggage, second: Baggage) -> Baggage {
    if first.is_empty() {
        return second;
    }
    let mut items: Vec<_> = first.iter().collect();
    items.reverse();
    items.into_iter().fold(second, |baggage, item| {
        baggage.with_item_and_properties(item.key, item.value, item.properties.to_vec())
    })
}

fn owns(codec: &dyn Codec, name: &str) -> bool {
    codec.fields().iter().any(|field| field.name() == name) || codec.prefixes().contains(&name)
}

fn distinct<'a, T: Copy + PartialEq + 'a>(items: impl Iterator<Item = &'a T>) -> Vec<T> {
    items.fold(Vec::new(), |mut seen, item| {
        if !seen.contains(item) {
            seen.push(*item);
        }
        seen
    })
}
