//! Variables as they were at one time.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Variables by name. A program reads them once, from its process; a test makes up its own.
///
/// ```
/// use tracer_config::Environment;
///
/// let environment: Environment = [("OTEL_SERVICE_NAME", "shop")].into_iter().collect();
/// assert_eq!(environment.get("OTEL_SERVICE_NAME"), Some("shop"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, Value>);

/// A value, or that it is not Unicode.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    NotUnicode,
}

impl Environment {
    /// The process's own. Names that are not Unicode are left out.
    #[must_use]
    pub fn of_process() -> Self {
        let variables = std::env::vars_os();
        variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect()
    }

    /// A variable's value. One that is empty counts as not set, as OpenTelemetry has it, and so does one
    /// that is not Unicode.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Value::Text(text) if !text.trim().is_empty() => Some(text.trim()),
            _ => None,
        }
    }

    /// Whether a variable is set to what is not Unicode.
    pub(crate) fn is_not_unicode(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::NotUnicode)
    }

    /// The names of all that are set and not empty.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|name| self.get(name).is_some() || self.is_not_unicode(name))
    }
}

impl<K: Into<String>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let value = |value: OsString| value.into_string().map_or(Value::NotUnicode, Value::Text);
        Self(variables.into_iter().map(|(name, text)| (name.into(), value(text.into()))).collect())
    }
}

/// Without the values, which may be secret.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
