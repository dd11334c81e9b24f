//! Carrying a context over `spawn`, thread pools and channels.

use super::scope::attach;
use crate::context::SpanContext;

/// Wraps a closure so that it runs under the context that is active now: for `thread::spawn`,
/// `spawn_blocking` and thread pools.
///
/// ```
/// use tracer_core::{active, testing::TestTracer};
///
/// let test = TestTracer::new("shop");
/// let tracer = test.tracer().clone();
/// let scope = tracer.span("request").start_active();
/// let thread = std::thread::spawn(active::carry({
///     let tracer = tracer.clone();
///     move || tracer.span("work").start().finish()
/// }));
/// thread.join().unwrap();
/// scope.finish();
/// assert_eq!(test.tree(), "request\n└─ work\n");
/// ```
pub fn carry<R>(run: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let carried = Carried::new(run);
    move || carried.run(|run| run())
}

/// A value with the context that was active where it was made: for channels and queues.
#[derive(Clone, Debug)]
pub struct Carried<T> {
    value: T,
    context: Option<SpanContext>,
}

impl<T> Carried<T> {
    /// Adds the active context to a value.
    pub fn new(value: T) -> Self {
        Self { value, context: super::context() }
    }

    /// The context, to refer to: a batch consumer follows from several.
    #[must_use]
    pub const fn context(&self) -> Option<&SpanContext> {
        self.context.as_ref()
    }

    /// Uses the value under its context.
    pub fn run<R>(self, work: impl FnOnce(T) -> R) -> R {
        let _scope = self.context.map(attach);
        work(self.value)
    }

    /// The value alone.
    pub fn into_value(self) -> T {
        self.value
    }
}
