//! Who reports: a service and what describes its process, encoded once.

use std::sync::Arc;

use crate::row::key_value::put_key_value;
use crate::row::record::{Value, key_value};
use crate::row::wire::{Field, Fields, put_bytes};
use crate::value::TagRef;

/// The key of the service's name.
const SERVICE_NAME: &str = "service.name";
const PROCESS_PID: &str = "process.pid";

/// The tags of a process that reports spans. Cloning shares it.
///
/// ```
/// use tracer_core::Resource;
///
/// let resource = Resource::new("checkout").with_tag("service.version", "1.2.0");
/// assert_eq!(resource.service_name(), "checkout");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource(Arc<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    service_name: String,
    /// An OTLP `Resource` message.
    encoded: Vec<u8>,
}

impl Resource {
    /// A service by name, with what is known of this process: `telemetry.sdk.*`, `host.name`,
    /// `os.type` and `process.pid`.
    #[must_use]
    pub fn new(service_name: &str) -> Self {
        let this = Self::bare(service_name)
            .with_tag("telemetry.sdk.name", "tracer-core")
            .with_tag("telemetry.sdk.language", "rust")
            .with_tag("telemetry.sdk.version", env!("CARGO_PKG_VERSION"))
            .with_tag("os.type", std::env::consts::OS)
            .with_tag(PROCESS_PID, std::process::id());
        match host_name() {
            Some(name) => this.with_tag("host.name", &name),
            None => this,
        }
    }

    /// A service by name, and nothing else.
    #[must_use]
    pub fn bare(service_name: &str) -> Self {
        let mut encoded = Vec::with_capacity(256);
        put_key_value(&mut encoded, 0x0a, SERVICE_NAME, TagRef::Str(service_name));
        Self(Arc::new(Inner { service_name: service_name.to_owned(), encoded }))
    }

    /// The service that the variable `OTEL_SERVICE_NAME` names, else `default_name`.
    #[must_use]
    pub fn from_env(default_name: &str) -> Self {
        let named = std::env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.trim().is_empty());
        Self::new(named.as_deref().map_or(default_name, str::trim))
    }

    /// The same with one more tag.
    #[must_use]
    pub fn with_tag<'v>(mut self, key: &str, value: impl Into<TagRef<'v>>) -> Self {
        put_key_value(&mut Arc::make_mut(&mut self.0).encoded, 0x0a, key, value.into());
        self
    }

    /// The same in a process that was forked from the one it was made in.
    pub(crate) fn of_this_process(&self) -> Self {
        let mut encoded = Vec::with_capacity(self.0.encoded.len() + 8);
        for field in Fields::new(self.encoded()) {
            let Ok((1, Field::Bytes(message))) = field else { continue };
            match key_value(message) {
                Ok((key, _)) if key == PROCESS_PID => {
                    put_key_value(&mut encoded, 0x0a, PROCESS_PID, std::process::id().into());
                }
                _ => put_bytes(&mut encoded, 0x0a, message),
            }
        }
        Self(Arc::new(Inner { service_name: self.0.service_name.clone(), encoded }))
    }

    /// The service's name.
    #[must_use]
    pub fn service_name(&self) -> &str {
        &self.0.service_name
    }

    /// The OTLP `Resource` message.
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        &self.0.encoded
    }

    /// All tags, the service's name first.
    #[must_use]
    pub fn tags(&self) -> Vec<(String, Value)> {
        let messages = Fields::new(self.encoded()).filter_map(|field| match field {
            Ok((1, Field::Bytes(message))) => Some(message),
            _ => None,
        });
        messages.filter_map(|message| key_value(message).ok()).collect()
    }
}

/// Which library made the spans, and its version (OTLP's instrumentation scope).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    name: String,
    encoded: Vec<u8>,
}

impl Scope {
    /// A library by name and version; the version may be empty.
    #[must_use]
    pub fn new(name: &str, version: &str) -> Self {
        let mut encoded = Vec::new();
        put_bytes(&mut encoded, 0x0a, name.as_bytes());
        if !version.is_empty() {
            put_bytes(&mut encoded, 0x12, version.as_bytes());
        }
        Self { name: name.to_owned(), encoded }
    }

    /// The library's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The OTLP `InstrumentationScope` message.
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self::new("tracer-core", env!("CARGO_PKG_VERSION"))
    }
}

fn host_name() -> Option<String> {
    let from_kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let from_env = || std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok();
    from_kernel.or_else(from_env).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}
