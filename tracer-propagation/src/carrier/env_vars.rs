//! Environment variables: how a context gets from a program to those that it starts, such as the
//! steps of a build.
//!
//! ```text
//! traceparent ─> TRACEPARENT     x-b3-traceid ─> X_B3_TRACEID
//! ```
//! (OpenTelemetry, "Environment variables as context propagation carriers".) Upper case, and an
//! underscore for what is no letter or digit.

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::process::Command;

use super::{Extractor, Field, Injector, SetError};

/// Variables, to be read.
///
/// ```
/// use tracer_propagation::{Codec, Composite, EnvVars};
///
/// let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let extracted = Composite::w3c().extract(&EnvVars::from_iter([("TRACEPARENT", parent)]))?;
/// assert!(extracted.context.is_some_and(|context| context.is_sampled()));
/// // Those of this process:
/// let extracted = Composite::w3c().extract(&EnvVars::of_process());
/// # drop(extracted);
/// # Ok::<(), tracer_propagation::ExtractError>(())
/// ```
///
/// The other way a [`Command`] is written to:
///
/// ```
/// # use tracer_propagation::{Codec, Composite};
/// # let context = tracer_core::SpanContext::default();
/// let mut step = std::process::Command::new("make");
/// Composite::w3c().inject(&context, &mut step)?;
/// # Ok::<(), tracer_propagation::InjectError>(())
/// ```
#[derive(Clone, Debug, Default)]
// By the names of headers, as far as these can be told: hyphens for underscores.
pub struct EnvVars(Vec<(String, Vec<u8>)>);

impl EnvVars {
    /// All variables of this process, as they are now.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for EnvVars {
    /// Variables whose names have other characters than upper-case letters, digits and underscores are
    /// left out: no field has such a name.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let text = |(name, value): (N, V)| {
            let name = header(&name.into().into_string().ok()?)?;
            Some((name, value.into().into_encoded_bytes()))
        };
        Self(variables.into_iter().filter_map(text).collect())
    }
}

impl Extractor for EnvVars {
    fn visit_values<'c>(&'c self, field: &Field, visit: &mut dyn FnMut(&'c [u8]) -> ControlFlow<()>) {
        let mut values = self.0.iter().filter(|(name, _)| is_header(name, field.name()));
        let _ = values.try_for_each(|(_, value)| visit(value));
    }

    fn visit_all<'c>(&'c self, visit: &mut dyn FnMut(&'c str, &'c [u8]) -> ControlFlow<()>) {
        let _ = self.0.iter().try_for_each(|(name, value)| visit(name, value));
    }
}

impl Injector for Command {
    fn set(&mut self, field: &Field, value: &[u8]) -> Result<(), SetError> {
        self.set_named(field.name(), value)
    }

    fn set_named(&mut self, name: &str, value: &[u8]) -> Result<(), SetError> {
        let name = variable(name);
        let value = std::str::from_utf8(value).ok().filter(|value| !value.contains('\0'));
        let Some(value) = value else {
            self.env_remove(name);
            return Err(SetError::Value);
        };
        self.env(name, value);
        Ok(())
    }

    /// Also keeps a variable of this process from the other.
    fn remove(&mut self, field: &Field) {
        self.env_remove(variable(field.name()));
    }

    fn remove_prefix(&mut self, prefix: &str) {
        let prefix = variable(prefix);
        let is_of_prefix = |name: &OsStr| name.as_encoded_bytes().starts_with(prefix.as_bytes());
        let own = self.get_envs().map(|(name, _)| name.to_owned());
        let all = own.chain(std::env::vars_os().map(|(name, _)| name));
        let removed: Vec<_> = all.filter(|name| is_of_prefix(name)).collect();
        for name in removed {
            self.env_remove(name);
        }
    }
}

fn variable(name: &str) -> String {
    name.bytes().map(|byte| char::from(variable_byte(byte))).collect()
}

/// The name of the header that a variable stands for.
fn header(variable: &str) -> Option<String> {
    let is_variable = variable.bytes().all(|byte| byte == variable_byte(byte));
    is_variable.then(|| variable.to_ascii_lowercase().replace('_', "-"))
}

/// Whether such a name is a field's.
fn is_header(header: &str, field: &str) -> bool {
    header.len() == field.len() && header.bytes().map(variable_byte).eq(field.bytes().map(variable_byte))
}

const fn variable_byte(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte.to_ascii_uppercase() } else { b'_' }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;
    use crate::{B3, Composite, Jaeger};

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    /// What a command's program would see of what was set or removed.
    fn changed(command: &Command) -> Vec<(String, Option<String>)> {
        let text = |text: &OsStr| text.to_str().unwrap().to_owned();
        command.get_envs().map(|(name, value)| (text(name), value.map(text))).collect()
    }

    #[test]
    fn a_context_goes_through_variables() {
        let incoming = [("TRACEPARENT", PARENT), ("TRACESTATE", "a=1"), ("BAGGAGE", "k=v"), ("PATH", "/")];
        let parent = Composite::w3c().extract(&EnvVars::from_iter(incoming)).unwrap().parent().unwrap();
        let mut command = Command::new("true");
        command.env("BAGGAGE", "stale=1");
        Composite::w3c().inject(&parent, &mut command).unwrap();
        let expected = [("BAGGAGE", "k=v"), ("TRACEPARENT", PARENT), ("TRACESTATE", "a=1")];
        let expected = expected.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
        assert_eq!(changed(&command), expected);
    }

    #[test]
    fn hyphens_are_underscores_and_lower_case_is_another_name() {
        let ids = [("X_B3_TRACEID", "00000000000000ff"), ("X_B3_SPANID", "00000000000000fe")];
        assert!(B3::multi().extract(&EnvVars::from_iter(ids)).unwrap().context.is_some());
        let jaeger = [("UBER_TRACE_ID", "1:2:0:1"), ("UBERCTX_KEY", "v")];
        let jaeger = Jaeger.extract(&EnvVars::from_iter(jaeger)).unwrap().parent().unwrap();
        assert_eq!((jaeger.is_valid(), jaeger.baggage_item("key")), (true, Some("v")));
        let lower = EnvVars::from_iter([("traceparent", PARENT), ("TRACE_PARENT", PARENT)]);
        assert!(Composite::w3c().extract(&lower).unwrap().is_empty());
        for other in ["X.B3.TRACEID", "X-B3-TRACEID", "X B3 TRACEID"] {
            let ids = [(other, "00000000000000ff"), ("X_B3_SPANID", "00000000000000fe")];
            assert!(B3::multi().extract(&EnvVars::from_iter(ids)).is_err(), "{other}");
        }
    }

    #[test]
    fn what_is_not_written_is_kept_from_the_program() {
        let mut command = Command::new("true");
        command.env("UBERCTX_A", "stale");
        Composite::w3c().inject(&tracer_core::SpanContext::default(), &mut command).unwrap();
        command.remove_prefix("uberctx-");
        let names = ["BAGGAGE", "TRACEPARENT", "TRACESTATE", "UBERCTX_A"];
        assert_eq!(changed(&command), names.map(|name| (name.to_owned(), None)));
        assert_eq!(command.set_named("a", b"\xff"), Err(SetError::Value));
        assert_eq!(command.set_named("a", b"1\0"), Err(SetError::Value));
    }
}
