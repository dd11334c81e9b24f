//! How much memory, how often, how large; and how large a span may become.

use std::time::Duration;

use tracer_core::{Pipeline, PipelineBuilder, SpanLimits};

use crate::note::Origin;
use crate::parse;
use crate::setting::{
    ATTRIBUTES_MAX, BATCH_SPANS, EVENTS_MAX, EXPORT_TIMEOUT, INTERVAL, LINKS_MAX, MEMORY_BYTES, QUEUE_SPANS,
    SHUTDOWN_TIMEOUT, Setting, VALUE_BYTES_MAX,
};
use crate::sources::Sources;

/// What a span on its way takes, with some tags.
const SPAN_BYTES: usize = 512;
const MEMORY_BYTES_DEFAULT: usize = 32 << 20;
const MEMORY_BYTES_MIN: usize = 64 << 10;
const BATCH_BYTES: usize = 512 << 10;

/// A pipeline's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) interval: Duration,
    pub(crate) export_timeout: Duration,
    pub(crate) batch_spans_max: usize,
    pub(crate) memory_bytes_max: usize,
    pub(crate) shutdown_timeout: Duration,
}

pub(super) fn plan(sources: &mut Sources) -> Plan {
    let mut duration = |setting, default| {
        let found = sources.find(setting, |text, _| parse::duration(text));
        found.map_or(default, |found| found.value)
    };
    let interval = duration(&INTERVAL, Duration::from_secs(1));
    let export_timeout = duration(&EXPORT_TIMEOUT, Duration::from_secs(10));
    let shutdown_timeout = duration(&SHUTDOWN_TIMEOUT, Duration::from_secs(5));
    let batch = sources.find(&BATCH_SPANS, |text, _| parse::number(text, 1, 1 << 20));
    let batch_spans_max = batch.map_or(8192, |found| found.value);
    Plan { interval, export_timeout, batch_spans_max, memory_bytes_max: memory(sources), shutdown_timeout }
}

fn memory(sources: &mut Sources) -> usize {
    let bytes = sources
        .find(&MEMORY_BYTES, |text, _| parse::number(text, MEMORY_BYTES_MIN, isize::MAX.unsigned_abs()));
    let spans =
        sources.find(&QUEUE_SPANS, |text, _| parse::number(text, 1, isize::MAX.unsigned_abs() / SPAN_BYTES));
    if let Some(spans) = &spans {
        let wanted = spans.value.saturating_mul(SPAN_BYTES);
        let is_weaker = bytes.as_ref().is_some_and(|bytes| bytes.strength() >= spans.strength());
        if wanted > MEMORY_BYTES_DEFAULT && !is_weaker {
            sources.amend(&MEMORY_BYTES, wanted.to_string(), spans.origin.clone());
            return wanted;
        }
        let used = bytes.as_ref().map_or(MEMORY_BYTES_DEFAULT, |bytes| bytes.value);
        let reason = "memory is bounded in bytes, and that would be less or is said otherwise";
        let (text, instead) = (spans.value.to_string(), format!("a bound of {used} bytes"));
        sources.ignore(&QUEUE_SPANS, (&text, &spans.origin), reason, &instead);
        sources.amend(&QUEUE_SPANS, (used / SPAN_BYTES).to_string(), Origin::Default);
    }
    bytes.map_or(MEMORY_BYTES_DEFAULT, |found| found.value)
}

impl Plan {
    pub(crate) fn builder(&self) -> PipelineBuilder {
        Pipeline::builder()
            .interval(self.interval)
            .export_timeout(self.export_timeout)
            .batch_max(BATCH_BYTES, self.batch_spans_max)
            .memory_bytes_max(self.memory_bytes_max)
    }
}

/// How large a span may become.
pub(super) fn limits(sources: &mut Sources) -> SpanLimits {
    let mut limits = SpanLimits::default();
    let mut count = |setting: &'static Setting, default: u32| {
        let found = sources.find(setting, |text, _| parse::number(text, 0, u32::MAX as usize));
        found.map_or(default, |found| u32::try_from(found.value).unwrap_or(u32::MAX))
    };
    limits.attributes_max = count(&ATTRIBUTES_MAX, limits.attributes_max);
    limits.events_max = count(&EVENTS_MAX, limits.events_max);
    limits.links_max = count(&LINKS_MAX, limits.links_max);
    let bytes = sources.find(&VALUE_BYTES_MAX, |text, _| parse::number(text, 0, usize::MAX));
    limits.value_bytes_max = bytes.map_or(limits.value_bytes_max, |found| found.value);
    limits
}
