//! What a test knows about a request before it looks at the trace.

use std::ops::RangeInclusive;

/// What is known about one `GET /dispatch` whose trace is checked.
///
/// ```
/// use interop::shape::Expectations;
///
/// let expected = Expectations::of_request("1234-1")
///     .answered_with_driver("T752409C")
///     .redis_errors(2..=3)
///     .time_scale(0.1);
/// assert_eq!(expected.request, "1234-1");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Expectations {
    /// The baggage member `request` that was sent; empty if none was.
    pub request: String,
    /// The field `Driver` of the response, if it was read.
    pub driver: Option<String>,
    /// The response header `traceresponse`, if it was read.
    pub traceresponse: Option<String>,
    /// How many simulated redis errors the trace may hold.
    pub redis_errors: RangeInclusive<usize>,
    /// By what factor the simulated waits were multiplied; 1 is the original's pace.
    pub time_scale: f64,
    /// Whether no other request was being served meanwhile.
    pub alone: bool,
}

impl Expectations {
    /// A lone request at the original's pace that carried `request` as baggage.
    ///
    /// Of ten drivers each may fail twice at most in a request that succeeds, so up to 20
    /// redis errors are allowed until [`Self::redis_errors`] says otherwise.
    #[must_use]
    pub fn of_request(request: impl Into<String>) -> Self {
        Self {
            request: request.into(),
            driver: None,
            traceresponse: None,
            redis_errors: 0..=20,
            time_scale: 1.0,
            alone: true,
        }
    }

    /// The response named this driver.
    #[must_use]
    pub fn answered_with_driver(mut self, driver: impl Into<String>) -> Self {
        self.driver = Some(driver.into());
        self
    }

    /// The response carried this `traceresponse` header.
    #[must_use]
    pub fn answered_with_traceresponse(mut self, header: impl Into<String>) -> Self {
        self.traceresponse = Some(header.into());
        self
    }

    /// So many redis errors are allowed: 2 or 3 for each of the sequential requests after a
    /// fresh start, as every fifth call fails.
    #[must_use]
    pub fn redis_errors(mut self, allowed: RangeInclusive<usize>) -> Self {
        self.redis_errors = allowed;
        self
    }

    /// The simulated waits were multiplied by this factor.
    #[must_use]
    pub fn time_scale(mut self, factor: f64) -> Self {
        self.time_scale = factor;
        self
    }

    /// Other requests were being served at the same time.
    #[must_use]
    pub fn under_load(mut self) -> Self {
        self.alone = false;
        self
    }
}
