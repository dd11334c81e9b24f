//! The layers put together: builder before environment before file before defaults.

pub(crate) mod exporters;
mod pipeline;
mod propagators;
mod resource;
pub(crate) mod sampler;

use std::path::Path;

use tracer_core::{Pipeline, Resource, SpanLimits, Switch, Tracer};
use tracer_propagation::Composite;

use crate::builder::{AddExporter, ConfigError, ConfigurationBuilder, OwnSampler};
use crate::environment::Environment;
use crate::file::{self, FileError};
use crate::note::{Findings, Note, Origin};
use crate::parse;
use crate::setting::{CONFIG_FILE, DISABLED, PROPAGATORS, SAMPLER, SWITCH};
use crate::sources::Sources;
use crate::tracing::{Running, Tracing};

/// All settings, put together; nothing runs yet.
pub struct Configuration {
    is_disabled: bool,
    pub(crate) resource: Resource,
    pub(crate) exporters: Vec<exporters::Plan>,
    own_exporters: Vec<AddExporter>,
    pub(crate) pipeline: pipeline::Plan,
    limits: SpanLimits,
    sampler: sampler::Plan,
    own_sampler: Option<OwnSampler>,
    propagator: Composite,
    switch: Option<String>,
    findings: Findings,
}

impl Configuration {
    /// Settings by the program; the service's name is the default, if nobody else says one.
    pub fn builder(default_service: &str) -> ConfigurationBuilder {
        ConfigurationBuilder::new(default_service)
    }

    /// What the settings came to, and which are not used as they are.
    #[must_use]
    pub const fn findings(&self) -> &Findings {
        &self.findings
    }

    /// Whether nothing is recorded.
    #[must_use]
    pub const fn is_disabled(&self) -> bool {
        self.is_disabled
    }

    /// Whom the sampler asks, if it asks anybody.
    pub(crate) fn remote(&self) -> Option<&sampler::Remote> {
        if self.own_sampler.is_some() { None } else { self.sampler.remote() }
    }

    pub(crate) fn resolve(builder: ConfigurationBuilder) -> Result<Self, ConfigError> {
        if let Some(key) = builder.unknown {
            return Err(ConfigError::UnknownKey(key));
        }
        let environment = builder.environment.unwrap_or_else(Environment::of_process);
        let mut sources = Sources::new(builder.values, environment);
        read_file(&mut sources)?;
        let is_disabled =
            sources.find(&DISABLED, |text, _| parse::truth(text)).is_some_and(|found| found.value);
        let resource = resource::plan(&mut sources, &builder.default_service, &builder.tags, &builder.detect);
        let propagator = match builder.propagator {
            Some(own) => own_one(&mut sources, &PROPAGATORS, own),
            None => propagators::plan(&mut sources),
        };
        let sampler = sampler::plan(&mut sources);
        if builder.sampler.is_some() {
            sources.amend(&SAMPLER, "the program's own", Origin::Builder("sampler"));
        }
        let switch = sources.find(&SWITCH, |rules, _| {
            Switch::new().set(rules).map(|()| rules.to_owned()).map_err(|error| error.to_string())
        });
        let exporters = exporters::plan(&mut sources);
        let pipeline = pipeline::plan(&mut sources);
        let limits = pipeline::limits(&mut sources);
        sources.note_the_rest();
        note_unusable_keys(&mut sources);
        if let Some(note) = sources.notes.iter().find(|note| note.is_malformed && note.is_builders) {
            return Err(ConfigError::Malformed(note.clone()));
        }
        Ok(Self {
            is_disabled,
            resource,
            exporters,
            own_exporters: builder.exporters,
            pipeline,
            limits,
            sampler,
            own_sampler: builder.sampler,
            propagator,
            switch: switch.map(|found| found.value),
            findings: Findings { values: sources.effective, notes: sources.notes },
        })
    }

    /// Logs what is not used, once, and starts the pipeline.
    #[must_use = "dropped, it ends the pipeline"]
    pub fn start(self) -> Tracing {
        for note in &self.findings.notes {
            log::warn!("{note}");
        }
        if self.is_disabled {
            return Tracing::new(Tracer::noop(), self.propagator, Running::default(), self.findings);
        }
        let pipeline = self.pipeline.builder();
        let pipeline = self.exporters.iter().fold(pipeline, |pipeline, plan| plan.add_to(pipeline));
        let pipeline = self.own_exporters.into_iter().fold(pipeline, |pipeline, add| add(pipeline));
        let pipeline: Pipeline = pipeline.start();
        let service_name = self.resource.service_name().to_owned();
        let mut tracer = Tracer::builder_for(self.resource).limits(self.limits).pipeline(&pipeline);
        let remote;
        (tracer, remote) = match self.own_sampler {
            Some(own) => (tracer.sampler(own.sampler), None),
            None => self.sampler.put_into(tracer, &service_name),
        };
        if let Some(rules) = &self.switch {
            let switch = Switch::new();
            // They were read before.
            let _ = switch.set(rules);
            tracer = tracer.switch(&switch);
        }
        let guard = Some(pipeline.shutdown_on_drop(self.pipeline.shutdown_timeout));
        let running = Running { remote, _guard: guard };
        Tracing::new(tracer.build(), self.propagator, running, self.findings)
    }
}

fn own_one<T>(sources: &mut Sources, setting: &'static crate::setting::Setting, own: T) -> T {
    sources.amend(setting, "the program's own", Origin::Builder(setting.key));
    own
}

/// The file of the builder must be good; one that a variable names is noted if it is not.
fn read_file(sources: &mut Sources) -> Result<(), ConfigError> {
    let Some(found) = sources.find(&CONFIG_FILE, |path, _| Ok(path.to_owned())) else { return Ok(()) };
    match file::read(Path::new(&found.value), &sources.environment) {
        Ok(values) => sources.file = values,
        Err(error) if matches!(found.origin, Origin::Builder(_)) => return Err(error.into()),
        Err(error) => note_file(sources, &found.value, &found.origin, &error),
    }
    Ok(())
}

fn note_file(sources: &mut Sources, path: &str, origin: &Origin, error: &FileError) {
    sources.refuse(&CONFIG_FILE, (path, origin), error.to_string(), "no file".into());
    sources.amend(&CONFIG_FILE, "none", Origin::Default);
}

fn note_unusable_keys(sources: &mut Sources) {
    let path = sources.file.path().display().to_string();
    for (key, line, reason) in std::mem::take(&mut sources.file.unusable) {
        sources.notes.push(Note {
            name: format!("{path}:{line}: {}", crate::setting::printable(&key)),
            value: "…".into(),
            reason,
            instead: String::new(),
            is_malformed: true,
            is_builders: false,
            key: "",
        });
    }
}

/// As the values are shown: without secrets.
impl std::fmt::Debug for Configuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Configuration").field("findings", &self.findings).finish_non_exhaustive()
    }
}
