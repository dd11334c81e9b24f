//! The services' log: each line goes to the active span, and with `-v` to stderr too.
//!
//! So the lines of requests that run side by side, mixed up on stderr, stand apart in their traces.

pub(crate) mod stderr;

use tracer_core::{Field, active};

/// The log of one service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Logger {
    service: &'static str,
    component: Option<&'static str>,
    verbose: bool,
}

impl Logger {
    /// The log of a service; `verbose` writes it to stderr too.
    pub(crate) const fn new(service: &'static str, verbose: bool) -> Self {
        Self { service, component: None, verbose }
    }

    /// The log of a part of the service.
    pub(crate) const fn component(&self, component: &'static str) -> Self {
        Self { service: self.service, component: Some(component), verbose: self.verbose }
    }

    /// What went as it should.
    pub(crate) fn info(&self, message: &str, fields: &[Field<'_>]) {
        self.log("info", message, fields);
    }

    /// What did not.
    pub(crate) fn error(&self, message: &str, fields: &[Field<'_>]) {
        self.log("error", message, fields);
    }

    fn log(&self, level: &'static str, message: &str, fields: &[Field<'_>]) {
        let mut all = Vec::with_capacity(fields.len() + 1);
        all.extend_from_slice(fields);
        all.push(("level", level.into()));
        active::log(message, &all);
        if self.verbose {
            stderr::write(&self.line(level, message, fields));
        }
    }

    /// One line of `key=value`.
    fn line(&self, level: &str, message: &str, fields: &[Field<'_>]) -> String {
        let mut line = stderr::Line::new(level);
        line.field("service", self.service.into());
        if let Some(component) = self.component {
            line.field("component", component.into());
        }
        if let Some(context) = active::context().filter(|context| context.is_valid()) {
            line.field("trace_id", (&context.trace_id().to_string()).into());
            line.field("span_id", (&context.span_id().to_string()).into());
        }
        line.field("message", message.into());
        for (key, value) in fields {
            line.field(key, *value);
        }
        line.into_string()
    }
}

#[cfg(test)]
mod tests {
    use tracer_core::testing::TestTracer;

    use super::*;

    #[test]
    fn a_line_goes_to_the_active_span_with_its_level() {
        let test = TestTracer::new("frontend");
        let span = test.tracer().span("/dispatch").start_active();
        Logger::new("frontend", false).info("Getting customer", &[("customer_id", 123.into())]);
        Logger::new("frontend", false).error("request failed", &[]);
        span.finish();
        assert_eq!(
            test.tree(),
            "/dispatch\n  · Getting customer customer_id=123 level=info\n  · request failed level=error\n"
        );
    }

    #[test]
    fn a_line_names_its_span() {
        let test = TestTracer::new("driver");
        let span = test.tracer().span("FindNearest").start_active();
        let logger = Logger::new("driver", true).component("redis");
        let line = logger.line("info", "Found\ndrivers", &[("drivers", "[a b]".into()), ("n", 2.into())]);
        let context = span.context();
        let end = format!(
            "level=info service=driver component=redis trace_id={} span_id={} message=\"Found\\ndrivers\" \
             drivers=\"[a b]\" n=2",
            context.trace_id(),
            context.span_id()
        );
        assert!(line.ends_with(&end), "{line}");
        assert!(line.starts_with("time="), "{line}");
    }
}
