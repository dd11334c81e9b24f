//! What the program itself says, and whom it asks besides.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use tracer_core::{Exporter, PipelineBuilder, Sampler};
use tracer_propagation::Composite;

use crate::configuration::Configuration;
use crate::detect::Detect;
use crate::environment::Environment;
use crate::file::FileError;
use crate::note::Note;
use crate::setting::{
    CONFIG_FILE, DETECTORS, EXPORTERS, INTERVAL, MEMORY_BYTES, OTLP_ENDPOINT, PROPAGATORS, SAMPLER,
    SAMPLER_ARG, SERVICE_NAME, SHUTDOWN_TIMEOUT, Setting,
};
use crate::tracing::Tracing;

/// What is wrong with what the program says; the environment and the file that it names are never errors, but
/// noted and logged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No setting has that key.
    #[error("no setting has the key {0:?}")]
    UnknownKey(String),
    /// A value of the builder's cannot be used.
    #[error("{0}")]
    Malformed(Note),
    /// The builder's file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The global tracer is set already.
    #[error("the global tracer is set already")]
    AlreadyGlobal,
}

/// Adds an exporter of the program's own.
pub(crate) type AddExporter = Box<dyn FnOnce(PipelineBuilder) -> PipelineBuilder + Send>;

/// A sampler of the program's own.
#[derive(Debug)]
pub(crate) struct OwnSampler {
    pub(crate) sampler: Box<dyn Sampler>,
}

/// Settings by the program, which go before the environment's and the file's.
///
/// ```
/// use tracer_config::{Configuration, Environment};
///
/// let tracing = Configuration::builder("shop")
///     .environment(Environment::default()) // nothing from outside
///     .tag("service.version", "1.2.0")
///     .sampler_name("parentbased_traceidratio", "0.1")
///     .set("limits.events_max", "32")
///     .exporters("none")
///     .start()?;
/// assert_eq!(tracing.tracer().service_name(), "shop");
/// # Ok::<(), tracer_config::ConfigError>(())
/// ```
#[must_use = "nothing is set up without `start`"]
pub struct ConfigurationBuilder {
    pub(crate) default_service: String,
    pub(crate) values: BTreeMap<&'static str, String>,
    pub(crate) unknown: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) environment: Option<Environment>,
    pub(crate) exporters: Vec<AddExporter>,
    pub(crate) sampler: Option<OwnSampler>,
    pub(crate) propagator: Option<Composite>,
    pub(crate) detect: Detect,
}

impl ConfigurationBuilder {
    pub(crate) fn new(default_service: &str) -> Self {
        Self {
            default_service: default_service.to_owned(),
            values: BTreeMap::new(),
            unknown: None,
            tags: Vec::new(),
            environment: None,
            exporters: Vec::new(),
            sampler: None,
            propagator: None,
            detect: Detect::default(),
        }
    }

    /// Sets anything by its key, as [the table](crate#settings) has them and the file too. Empty text takes
    /// it back.
    pub fn set(mut self, key: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        match Setting::by_key(key) {
            Some(setting) if value.trim().is_empty() => {
                self.values.remove(setting.key);
            }
            Some(setting) => {
                self.values.insert(setting.key, value.trim().to_owned());
            }
            None => self.unknown = self.unknown.or_else(|| Some(key.to_owned())),
        }
        self
    }

    /// The service, whatever the environment says.
    pub fn service_name(self, name: impl Into<String>) -> Self {
        self.set(SERVICE_NAME.key, name)
    }

    /// A tag of the process, as `service.version`.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// What is found out about the process: a list of detectors, `all`, or `none`.
    pub fn resource_detectors(self, list: impl Into<String>) -> Self {
        self.set(DETECTORS.key, list)
    }

    /// A file of settings, instead of the one that `TRACER_CONFIG_FILE` names.
    pub fn file(self, path: impl Into<PathBuf>) -> Self {
        self.set(CONFIG_FILE.key, path.into().to_string_lossy().into_owned())
    }

    /// Other variables than the process's own.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Where spans go: a list of `otlp`, `jaeger`, `zipkin`, `console`, or `none`.
    pub fn exporters(self, list: impl Into<String>) -> Self {
        self.set(EXPORTERS.key, list)
    }

    /// An exporter beside those that are chosen by name; with `exporters("none")`, the only one.
    pub fn exporter(mut self, exporter: impl Exporter + 'static) -> Self {
        self.exporters.push(Box::new(move |pipeline| pipeline.exporter(exporter)));
        self
    }

    /// The receiver of OTLP.
    pub fn otlp_endpoint(self, url: impl Into<String>) -> Self {
        self.set(OTLP_ENDPOINT.key, url)
    }

    /// A sampler by OpenTelemetry's name for it, and its argument, which may be empty.
    pub fn sampler_name(self, name: impl Into<String>, argument: impl Into<String>) -> Self {
        self.set(SAMPLER.key, name).set(SAMPLER_ARG.key, argument)
    }

    /// A sampler of the program's own, asked at the roots of traces, whatever the environment says.
    pub fn sampler(mut self, sampler: impl Sampler + 'static) -> Self {
        self.sampler = Some(OwnSampler { sampler: Box::new(sampler) });
        self
    }

    /// Headers' formats by name: `tracecontext,baggage`.
    pub fn propagators(self, list: impl Into<String>) -> Self {
        self.set(PROPAGATORS.key, list)
    }

    /// Headers' formats as the program has put them together, whatever the environment says.
    pub fn propagator(mut self, propagator: Composite) -> Self {
        self.propagator = Some(propagator);
        self
    }

    /// How long a span waits for others at most.
    pub fn interval(self, interval: Duration) -> Self {
        self.set(INTERVAL.key, interval.as_millis().to_string())
    }

    /// Bounds the memory for spans on their way.
    pub fn memory_bytes_max(self, bytes: usize) -> Self {
        self.set(MEMORY_BYTES.key, bytes.to_string())
    }

    /// How long the last spans may take at the end of the program.
    pub fn shutdown_timeout(self, timeout: Duration) -> Self {
        self.set(SHUTDOWN_TIMEOUT.key, timeout.as_millis().to_string())
    }

    /// Puts all layers together, and starts nothing.
    ///
    /// # Errors
    /// If what the builder itself says cannot be used.
    pub fn resolve(self) -> Result<Configuration, ConfigError> {
        Configuration::resolve(self)
    }

    /// Puts all layers together, logs what is not used, and starts the pipeline.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve).
    pub fn start(self) -> Result<Tracing, ConfigError> {
        Ok(self.resolve()?.start())
    }

    /// [`start`](Self::start)s, and makes the tracer the [global](tracer_core::global) one.
    ///
    /// # Errors
    /// As [`start`](Self::start), and if there is a global tracer already; then nothing goes on running.
    pub fn init(self) -> Result<Tracing, ConfigError> {
        let tracing = self.start()?;
        let set = tracer_core::global::set_tracer(tracing.tracer().clone());
        set.map(|()| tracing).map_err(|_| ConfigError::AlreadyGlobal)
    }
}

/// By key; values may be secret.
impl std::fmt::Debug for ConfigurationBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigurationBuilder")
            .field("default_service", &self.default_service)
            .field("keys", &self.values.keys())
            .field("own_exporters", &self.exporters.len())
            .finish_non_exhaustive()
    }
}
