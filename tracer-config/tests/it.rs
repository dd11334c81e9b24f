//! Layers, notes, exporters, and the doctor, by the public API. No test changes the process's environment.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may, as tests do")]

#[cfg(feature = "tls")]
#[path = "../../tracer-exporter-jaeger/tests/shared/authority.rs"]
mod authority;
#[path = "it/doctor.rs"]
mod doctor;
#[path = "it/documentation.rs"]
mod documentation;
#[path = "it/exporters.rs"]
mod exporters;
#[path = "it/files.rs"]
mod files;
#[path = "it/layers.rs"]
mod layers;
#[path = "it/notes.rs"]
mod notes;
#[path = "it/program.rs"]
mod program;
#[path = "it/resource.rs"]
mod resource;
#[path = "it/samplers.rs"]
mod samplers;
#[path = "it/servers.rs"]
mod servers;
#[path = "it/tls.rs"]
mod tls;

use tracer_config::{Configuration, ConfigurationBuilder, Environment};

/// A builder with these variables and no others.
fn with(variables: &[(&str, &str)]) -> ConfigurationBuilder {
    Configuration::builder("test").environment(variables.iter().copied().collect::<Environment>())
}

fn resolved(variables: &[(&str, &str)]) -> Configuration {
    with(variables).resolve().unwrap()
}

/// A setting's value and where it comes from.
fn value(configuration: &Configuration, key: &str) -> (String, String) {
    let found = configuration.findings().values.iter().find(|value| value.key == key);
    let found = found.unwrap_or_else(|| panic!("{key} was not looked at"));
    (found.value.clone(), found.origin.to_string())
}

fn notes(configuration: &Configuration) -> Vec<String> {
    configuration.findings().notes.iter().map(ToString::to_string).collect()
}
