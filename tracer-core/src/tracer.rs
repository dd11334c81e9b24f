//! The tracer: who reports, where to, and what is recorded.

mod builder;
mod core;

use std::sync::Arc;
use std::time::Duration;

pub use self::builder::TracerBuilder;
pub(crate) use self::core::Core;
use crate::clock::Clock;
use crate::fork::Held;
use crate::pipeline::{FlushError, FlushFuture, Pipeline, ShutdownGuard, Stats};
use crate::resource::{Resource, Scope};
use crate::sampler::DebugThrottler;
use crate::span::SpanBuilder;
use crate::switch::Switch;

/// Starts the spans of one service. Cheap to clone, `Send` and `Sync`.
///
/// A span is its pipeline's: it is exported even if its tracer has no handle any more. A pipeline ends with
/// [`shutdown`](Self::shutdown), or with the last handle of it and of the tracers that use it. Spans that finish
/// later are dropped, and counted in [`Dropped::shutdown`](crate::Dropped::shutdown) for as long as anybody can
/// ask; so are those that begin later.
///
/// ```
/// use tracer_core::{Tracer, testing::InMemoryExporter};
///
/// let exporter = InMemoryExporter::default();
/// let tracer = Tracer::builder("greeter").exporter(exporter.clone()).build();
/// let mut span = tracer.span("say-hello").start();
/// span.set_tag("greeting", "Bonjour");
/// span.finish();
/// tracer.flush(std::time::Duration::from_secs(5))?;
/// assert_eq!(exporter.spans()[0].name, "say-hello");
/// # Ok::<(), tracer_core::FlushError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tracer(Option<Arc<Handle>>);

/// What the handles of a tracer share. When the last one goes, so does its hold on the pipeline.
#[derive(Debug)]
struct Handle {
    /// Another one in each forked process.
    core: Held<Core>,
    pipeline: Pipeline,
    /// Elsewhere, since the place of a handle stays as long as the core refers to it.
    settings: Box<Settings>,
}

/// What only a start asks for.
#[derive(Debug)]
struct Settings {
    resource: Resource,
    scope: Scope,
    debug_throttler: Option<DebugThrottler>,
    switch: Option<Switch>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        let core = self.core.get();
        core.sampling.sampler.close();
        if let Some(switch) = &self.settings.switch {
            switch.release(&core.switch);
        }
    }
}

impl Tracer {
    /// The settings of a tracer for a service: everything is recorded, roots and children; nothing
    /// is sent anywhere until an exporter or a pipeline is set.
    pub fn builder(service_name: &str) -> TracerBuilder {
        TracerBuilder::new(Resource::new(service_name))
    }

    /// The same for a service that is described by more than its name.
    pub fn builder_for(resource: Resource) -> TracerBuilder {
        TracerBuilder::new(resource)
    }

    /// A tracer that records nothing. Its spans pass on the context of their parent.
    #[must_use]
    pub const fn noop() -> Self {
        Self(None)
    }

    /// Whether spans of this tracer can be recorded at all.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.0.is_some()
    }

    /// Describes a span that is about to start. For a name made while running see
    /// [`span_with_name`](Self::span_with_name).
    ///
    /// Without a reference, the span's parent is the [active](crate::active) one.
    #[inline]
    pub fn span<'a>(&'a self, operation_name: &'static str) -> SpanBuilder<'a> {
        SpanBuilder::new(self, operation_name, None)
    }

    /// As [`span`](Self::span), with a name that is made while running; it is copied if the span is
    /// recorded. Names should be few: put what varies into tags.
    #[inline]
    pub fn span_with_name<'a>(&'a self, operation_name: &'a str) -> SpanBuilder<'a> {
        SpanBuilder::new(self, "", Some(operation_name))
    }

    /// See [`Pipeline::flush`]. A tracer that records nothing has nothing to flush.
    ///
    /// # Errors
    /// As [`Pipeline::flush`].
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.pipeline().map_or(Ok(()), |pipeline| pipeline.flush(timeout))
    }

    /// See [`Pipeline::shutdown`]. All tracers of the same pipeline end with it.
    ///
    /// # Errors
    /// As [`Pipeline::shutdown`].
    pub fn shutdown(&self, timeout: Duration) -> Result<(), FlushError> {
        self.pipeline().map_or(Ok(()), |pipeline| pipeline.shutdown(timeout))
    }

    /// See [`Pipeline::flush_async`].
    pub fn flush_async(&self, timeout: Duration) -> FlushFuture {
        self.pipeline().map_or_else(|| FlushFuture::ready(Ok(())), |pipeline| pipeline.flush_async(timeout))
    }

    /// See [`Pipeline::shutdown_async`]. All tracers of the same pipeline end with it.
    pub fn shutdown_async(&self, timeout: Duration) -> FlushFuture {
        self.pipeline()
            .map_or_else(|| FlushFuture::ready(Ok(())), |pipeline| pipeline.shutdown_async(timeout))
    }

    /// A guard that flushes and shuts down when it is dropped, at the end of `main`:
    ///
    /// ```
    /// # use tracer_core::Tracer;
    /// fn main() {
    ///     let tracer = Tracer::builder("app").build();
    ///     let _guard = tracer.shutdown_on_drop(std::time::Duration::from_secs(5));
    /// }
    /// ```
    #[must_use = "dropped at once, it shuts the tracer down at once"]
    pub fn shutdown_on_drop(&self, timeout: Duration) -> Option<ShutdownGuard> {
        self.pipeline().map(|pipeline| pipeline.shutdown_on_drop(timeout))
    }

    /// What became of all spans of this tracer's pipeline.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pipeline().map_or_else(Stats::default, Pipeline::stats)
    }

    /// The clock that spans are timed with.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.pipeline().map_or_else(Clock::system, |pipeline| pipeline.clock().clone())
    }

    /// The service's name; empty if this tracer records nothing.
    #[must_use]
    pub fn service_name(&self) -> &str {
        self.0.as_ref().map_or("", |handle| handle.settings.resource.service_name())
    }

    #[inline(always)]
    pub(crate) fn core(&self) -> Option<&'static Core> {
        if cfg!(feature = "recording-off") {
            return None;
        }
        self.0.as_ref().map(|handle| handle.core.get())
    }

    pub(crate) fn debug_throttler(&self) -> Option<&DebugThrottler> {
        self.0.as_ref().and_then(|handle| handle.settings.debug_throttler.as_ref())
    }

    fn pipeline(&self) -> Option<&Pipeline> {
        self.0.as_ref().map(|handle| &handle.pipeline)
    }
}
