//! The suites, and the choice among them by name.

mod browser;
mod doctor;
mod languages;
mod processes;
mod sampling;
mod shape;
mod tour;
mod transports;
mod viewer;

use std::io::Write;

use thiserror::Error;

use crate::report::Report;

/// One part of a suite: peers that are started, and the tests that are made on them.
#[derive(Clone, Copy, Debug)]
pub struct Scenario<W> {
    suite: &'static str,
    name: &'static str,
    run: fn(&mut Report<W>),
}

/// A name that is no suite's.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("no suite {name:?}; there are: {}", known.join(", "))]
#[non_exhaustive]
pub struct UnknownSuite {
    /// What was asked for.
    pub name: String,
    /// What there is.
    pub known: Vec<String>,
}

/// All scenarios, in the order they run.
#[must_use]
pub fn all<W: Write>() -> Vec<Scenario<W>> {
    let scenario = |suite, name, run| Scenario { suite, name, run };
    vec![
        scenario("shape", "original", shape::original as fn(&mut Report<W>)),
        scenario("shape", "failures", shape::failures),
        scenario("shape", "viewer", shape::viewer),
        scenario("shape", "otlp", shape::otlp),
        scenario("tour", "laws", tour::laws),
        scenario("processes", "namespaces", processes::namespaces),
        scenario("languages", "w3c", languages::w3c),
        scenario("languages", "b3", languages::b3),
        scenario("languages", "b3multi", languages::b3_multi),
        scenario("languages", "jaeger", languages::jaeger),
        scenario("languages", "uberctx", languages::uberctx),
        scenario("transports", "jaeger", transports::jaeger),
        scenario("transports", "viewer", transports::viewer),
        scenario("transports", "outage", transports::outage),
        scenario("transports", "zipkin", transports::zipkin),
        scenario("transports", "third", transports::third),
        scenario("browser", "order", browser::order),
        scenario("browser", "trace", browser::trace),
        scenario("browser", "views", browser::views),
        scenario("browser", "hostile", browser::hostile),
        scenario("browser", "large", browser::large),
        scenario("sampling", "http", sampling::http),
        scenario("sampling", "grpc", sampling::grpc),
        scenario("sampling", "adaptive", sampling::adaptive),
        scenario("viewer", "jaeger", viewer::jaeger),
        scenario("viewer", "sdks", viewer::sdks),
        scenario("doctor", "jaeger", doctor::jaeger),
    ]
}

/// The scenarios of the named suites; of all, if none is named. A name is a suite's, as
/// `shape`, or a scenario's, as `shape/viewer`.
///
/// # Errors
/// [`UnknownSuite`] for the first name that is neither.
pub fn select<W: Write>(names: &[String]) -> Result<Vec<Scenario<W>>, UnknownSuite> {
    for name in names {
        if !all::<W>().iter().any(|scenario| scenario.is(name)) {
            return Err(UnknownSuite { name: name.clone(), known: known::<W>() });
        }
    }
    let mut chosen = all::<W>();
    chosen.retain(|scenario| names.is_empty() || names.iter().any(|name| scenario.is(name)));
    Ok(chosen)
}

impl<W> Scenario<W> {
    /// Runs its tests.
    pub fn run(&self, report: &mut Report<W>) {
        (self.run)(report);
    }

    fn full_name(&self) -> String {
        format!("{}/{}", self.suite, self.name)
    }

    fn is(&self, name: &str) -> bool {
        name == self.suite || name == self.full_name()
    }
}

fn known<W: Write>() -> Vec<String> {
    let mut names = Vec::new();
    for scenario in all::<W>() {
        for name in [scenario.suite.to_owned(), scenario.full_name()] {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Result<Vec<String>, UnknownSuite> {
        let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
        let scenarios = select::<Vec<u8>>(&names)?;
        Ok(scenarios.iter().map(Scenario::full_name).collect())
    }

    #[test]
    fn names_choose() {
        let shape = ["shape/original", "shape/failures", "shape/viewer", "shape/otlp"];
        let all = chosen(&[]).unwrap();
        assert_eq!(all[..4], shape);
        assert_eq!(chosen(&["shape", "shape/otlp"]).unwrap(), shape);
        assert_eq!(chosen(&["shape/otlp"]).unwrap(), ["shape/otlp"]);
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = chosen(&["shape", "shap"]).unwrap_err();
        assert_eq!(error.name, "shap");
        let known =
            "there are: shape, shape/original, shape/failures, shape/viewer, shape/otlp, tour, tour/laws, ";
        assert!(error.to_string().contains(known));
    }
}
