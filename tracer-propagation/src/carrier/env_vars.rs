//! Environment variables: how a context gets from a program to those that it starts, such as the
//! steps of a build.
//!
//! ```text
//! traceparent ─> TRACEPARENT     x-b3-traceid ─> X_B3_TRACEID     0x ─> _0X
//! ```
//! (OpenTelemetry, "Environment variables as context propagation carriers".) Upper case, an underscore
//! for what is no letter or digit, and one before a digit that a name would begin with.

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::process::Command;

use super::{Extractor, Field, Injector, SetError};

/// A set of variables, to be read and written: those of this process, of one to be started, or any.
///
/// ```
/// use tracer_propagation::{Codec, Composite, EnvVars};
///
/// let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let extracted = Composite::w3c().extract(&EnvVars::from_iter([("TRACEPARENT", parent)]))?;
/// assert!(extracted.context.is_some_and(|context| context.is_sampled()));
/// // Those that this process was started with:
/// let extracted = Composite::w3c().extract(&EnvVars::of_process());
/// # drop(extracted);
/// # Ok::<(), tracer_propagation::ExtractError>(())
/// ```
///
/// The other way a [`Command`] is written to, or variables that will be a command's:
///
/// ```
/// use std::process::Command;
/// # use tracer_propagation::{Codec, Composite, EnvVars};
/// # let context = tracer_core::SpanContext::default();
///
/// let mut step = Command::new("make");
/// Composite::w3c().inject(&context, &mut step)?;
///
/// let mut variables = EnvVars::of_process();
/// Composite::w3c().inject(&context, &mut variables)?;
/// let mut step = Command::new("make");
/// step.env_clear().envs(variables.iter());
/// # Ok::<(), tracer_propagation::InjectError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct EnvVars(Vec<Variable>);

#[derive(Clone, Debug)]
struct Variable {
    name: OsString,
    value: OsString,
    /// The header that it may stand for, as far as that can be told: hyphens for underscores. Variables
    /// whose names have other characters than upper-case letters, digits and underscores stand for none.
    header: Option<String>,
}

impl EnvVars {
    /// All variables of this process, as they are now.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The variables, names first: for [`Command::envs`].
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|variable| (variable.name.as_os_str(), variable.value.as_os_str()))
    }

    /// Those that stand for headers.
    fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().filter_map(|of| Some((of.header.as_deref()?, of.value.as_encoded_bytes())))
    }

    fn retain(&mut self, keep: impl Fn(&[u8]) -> bool) {
        self.0.retain(|variable| keep(variable.name.as_encoded_bytes()));
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for EnvVars {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variable = |(name, value): (N, V)| {
            let name = name.into();
            let header = name.to_str().and_then(header);
            Variable { name, value: value.into(), header }
        };
        Self(variables.into_iter().map(variable).collect())
    }
}

impl Extractor for EnvVars {
    fn visit_values<'c>(&'c self, field: &Field, visit: &mut dyn FnMut(&'c [u8]) -> ControlFlow<()>) {
        let mut values = self.headers().filter(|(name, _)| variable(name).eq(variable(field.name())));
        let _ = values.try_for_each(|(_, value)| visit(value));
    }

    fn visit_all<'c>(&'c self, visit: &mut dyn FnMut(&'c str, &'c [u8]) -> ControlFlow<()>) {
        let _ = self.headers().try_for_each(|(name, value)| visit(name, value));
    }
}

impl Injector for EnvVars {
    fn set(&mut self, field: &Field, value: &[u8]) -> Result<(), SetError> {
        self.set_named(field.name(), value)
    }

    fn set_named(&mut self, name: &str, value: &[u8]) -> Result<(), SetError> {
        let name = variable_name(name);
        self.retain(|other| other != name.as_bytes());
        let value = text(value)?.into();
        self.0.push(Variable { header: header(&name), name: name.into(), value });
        Ok(())
    }

    fn remove(&mut self, field: &Field) {
        let name = variable_name(field.name());
        self.retain(|other| other != name.as_bytes());
    }

    fn remove_prefix(&mut self, prefix: &str) {
        let prefix = variable_name(prefix);
        self.retain(|name| !name.starts_with(prefix.as_bytes()));
    }
}

impl Injector for Command {
    fn set(&mut self, field: &Field, value: &[u8]) -> Result<(), SetError> {
        self.set_named(field.name(), value)
    }

    fn set_named(&mut self, name: &str, value: &[u8]) -> Result<(), SetError> {
        let name = variable_name(name);
        match text(value) {
            Ok(value) => self.env(name, value),
            Err(error) => {
                self.env_remove(name);
                return Err(error);
            }
        };
        Ok(())
    }

    /// Also keeps a variable of this process from the other.
    fn remove(&mut self, field: &Field) {
        self.env_remove(variable_name(field.name()));
    }

    fn remove_prefix(&mut self, prefix: &str) {
        let prefix = variable_name(prefix);
        let is_of_prefix = |name: &OsStr| name.as_encoded_bytes().starts_with(prefix.as_bytes());
        let own = self.get_envs().map(|(name, _)| name.to_owned());
        let all = own.chain(std::env::vars_os().map(|(name, _)| name));
        let removed: Vec<_> = all.filter(|name| is_of_prefix(name)).collect();
        for name in removed {
            self.env_remove(name);
        }
    }
}

/// What a variable can hold everywhere.
fn text(value: &[u8]) -> Result<&str, SetError> {
    std::str::from_utf8(value).ok().filter(|value| !value.contains('\0')).ok_or(SetError::Value)
}

fn variable_name(header: &str) -> String {
    variable(header).map(char::from).collect()
}

/// The name of the variable that stands for a header, byte by byte.
fn variable(header: &str) -> impl Iterator<Item = u8> {
    let begins_with_digit = header.bytes().next().is_some_and(|first| first.is_ascii_digit());
    begins_with_digit.then_some(b'_').into_iter().chain(header.bytes().map(variable_byte))
}

/// The name of a header that a variable stands for, if it may stand for one.
fn header(variable: &str) -> Option<String> {
    let is_variable = variable.bytes().all(|byte| byte == variable_byte(byte));
    is_variable.then(|| variable.to_ascii_lowercase().replace('_', "-"))
}

const fn variable_byte(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte.to_ascii_uppercase() } else { b'_' }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;
    use crate::{B3, Composite, Found, Jaeger, TraceContext};

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
    fn a_context_goes_through_a_set_of_variables() {
        let of_process =
            [("PATH", "/"), ("http_proxy", "p"), ("TRACEPARENT", "stale"), ("UBERCTX_A", "stale")];
        let mut variables = EnvVars::from_iter(of_process);
        variables.set_named("tracestate", b"stale=1").unwrap();
        let codecs = Composite::w3c().with(Jaeger);
        let baggage = tracer_core::Baggage::new().with_item("k", "v");
        let context = TraceContext.extract(&EnvVars::from_iter([("TRACEPARENT", PARENT)])).unwrap().context;
        let context = context.unwrap().with_baggage(baggage);
        codecs.inject(&context, &mut variables).unwrap();
        let jaeger = "4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:1";
        let expected = [
            ("PATH", "/"),
            ("http_proxy", "p"),
            ("TRACEPARENT", PARENT),
            ("BAGGAGE", "k=v"),
            ("UBER_TRACE_ID", jaeger),
            ("UBERCTX_K", "v"),
        ];
        assert_eq!(variables.iter().collect::<Vec<_>>(), expected.map(|(n, v)| (n.as_ref(), v.as_ref())));
        assert_eq!(codecs.extract(&variables).unwrap().parent(), Some(context));

        let mut command = Command::new("true");
        command.env_clear().envs(variables.iter());
        assert_eq!(command.get_envs().count(), expected.len());
        assert_eq!(variables.set_named("traceparent", b"\xff"), Err(SetError::Value));
        assert_eq!(variables.iter().count(), expected.len() - 1);
    }

    #[test]
    fn a_name_never_begins_with_a_digit() {
        static FIELD: Field = Field::new("0x-a");
        let mut variables = EnvVars::default();
        variables.set(&FIELD, b"1").unwrap();
        assert_eq!(variables.iter().next(), Some(("_0X_A".as_ref(), "1".as_ref())));
        assert_eq!(variables.find(&FIELD), Found::Once(b"1"));
        Injector::remove(&mut variables, &FIELD);
        assert_eq!(variables.iter().count(), 0);
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
