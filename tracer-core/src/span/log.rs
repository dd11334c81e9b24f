//! Stage 3: logs, moments within a span with fields of their own.

use std::error::Error;
use std::time::SystemTime;

use super::{Span, StatusCode};
use crate::clock::to_unix_ns;
use crate::tags;
use crate::value::{Field, TagRef};

impl Span {
    /// Logs an event with fields, now.
    ///
    /// ```
    /// # let mut span = tracer_core::Span::noop();
    /// # let key = String::from("user:7");
    /// span.log("cache miss", &[("key", (&key).into()), ("retries", 2.into())]);
    /// ```
    #[inline(always)]
    pub fn log(&mut self, event: &str, fields: &[Field<'_>]) -> &mut Self {
        if let Some((body, core)) = self.recorder() {
            let time_ns = body.timeline_or(|| core.timeline()).unix_ns(core.ticks());
            body.add_event(time_ns, event, fields, &core.limits);
        }
        self
    }

    /// Logs an event that happened at another time.
    pub fn log_at(&mut self, time: SystemTime, event: &str, fields: &[Field<'_>]) -> &mut Self {
        if let Some((body, core)) = self.recorder() {
            body.add_event(to_unix_ns(time), event, fields, &core.limits);
        }
        self
    }

    /// Records that the operation failed: logs the error with its causes, and sets the status.
    ///
    /// ```
    /// use tracer_core::{StatusCode, testing::TestTracer};
    ///
    /// let test = TestTracer::new("shop");
    /// let mut span = test.tracer().span("parse").start();
    /// span.record_error(&"x".parse::<i32>().unwrap_err());
    /// span.finish();
    /// let spans = test.spans();
    /// assert_eq!(spans[0].status, StatusCode::Error);
    /// assert_eq!(spans[0].status_message, "invalid digit found in string");
    /// assert_eq!(spans[0].events[0].name, "exception");
    /// ```
    pub fn record_error<E: Error + ?Sized>(&mut self, error: &E) -> &mut Self {
        if !self.is_recording() {
            return self;
        }
        let message = messages(error);
        let error_type = TagRef::Str(std::any::type_name::<E>());
        let fields = [
            (tags::EXCEPTION_TYPE.key(), error_type),
            (tags::EXCEPTION_MESSAGE.key(), TagRef::Str(&message)),
        ];
        self.log("exception", &fields);
        if let Some((body, core)) = self.recorder() {
            body.set_status(StatusCode::Error, &message, &core.limits.span);
        }
        self
    }
}

/// An error's message and those of its causes, joined by colons; a cause that its effect already
/// quotes is not repeated.
fn messages<E: Error + ?Sized>(error: &E) -> String {
    const CAUSES_MAX: usize = 16;
    let mut text = error.to_string();
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    for cause in causes.take(CAUSES_MAX).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.extend([": ", &cause]);
        }
    }
    text
}
