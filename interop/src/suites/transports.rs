//! Suite `transports`: the same rich trace through every exporter, into receivers that others wrote.
//!
//! | scenario | receiver |
//! |---|---|
//! | `jaeger` | the real Jaeger, by each of its protocols; its query API must answer the same |
//! | `viewer` | our viewer, by OTLP in every form, likewise |
//! | `outage` | the real Jaeger, ended and started again under load |
//! | `zipkin` | the real Zipkin |
//! | `third` | a small program on OpenTelemetry's Python types |

mod compare;
mod outage;
mod rich;
mod send;
mod third;
mod zipkin;

use std::io::Write;
use std::time::Duration;

use tracer_exporter_jaeger::JaegerFile;

use self::compare::{Differences, Losses, differences};
use self::rich::{RichTrace, SPANS, Width};
use self::send::{Transport, all, temporary_file, to_viewer};
use crate::jaeger_json::{Envelope, Trace};
use crate::peers::{Jaeger, QueryApi, Viewer};
use crate::poll;
use crate::report::Report;

pub(super) use self::outage::outage;
pub(super) use self::third::third;
pub(super) use self::zipkin::zipkin;

/// How long a trace may take to be found.
const SOON: Duration = Duration::from_secs(20);

/// All transports into the real Jaeger.
pub(super) fn jaeger<W: Write>(report: &mut Report<W>) {
    let started =
        report.test("transports/jaeger: starts", || Jaeger::start().map_err(|error| error.to_string()));
    let Some(jaeger) = started else { return };
    for width in [Width::Bits128, Width::Bits64] {
        let rich = RichTrace::new(width);
        let reference = compare(report, "jaeger", &rich, &all(&jaeger), &jaeger.query());
        let Some(reference) = reference else { continue };
        report.test(&format!("transports/jaeger: jaeger-file, {width}: the same as Jaeger's answer"), || {
            // What the server remarks is not in a file that it has not seen.
            let mut reference = reference.clone();
            reference.spans.iter_mut().for_each(|span| span.warnings.clear());
            differences(&reference, &through_file(&rich)?, Losses::None).into_result()
        });
    }
}

/// All transports into our viewer.
pub(super) fn viewer<W: Write>(report: &mut Report<W>) {
    let started =
        report.test("transports/viewer: starts", || Viewer::start().map_err(|error| error.to_string()));
    let Some(viewer) = started else { return };
    for width in [Width::Bits128, Width::Bits64] {
        compare(report, "viewer", &RichTrace::new(width), &to_viewer(&viewer), &viewer.query());
    }
}

/// Sends the trace through each; answers what is there by the first, if that is all.
fn compare<W: Write>(
    report: &mut Report<W>,
    scenario: &str,
    rich: &RichTrace,
    transports: &[Transport],
    query: &QueryApi,
) -> Option<Trace> {
    let (first, others) = transports.split_first()?;
    let width = rich.width();
    let name = format!("transports/{scenario}: {}, {width}: all is there", first.name);
    let reference = report.test(&name, || {
        let seen = through(first, rich, query)?;
        RichTrace::check(&seen)?;
        Ok(seen)
    })?;
    for transport in others {
        let name = format!("transports/{scenario}: {}, {width}: the same", transport.name);
        report.test(&name, || {
            let seen = through(transport, rich, query)?;
            differences(&reference, &seen, transport.losses).into_result()
        });
    }
    Some(reference)
}

/// Sends the trace under an id of its own, and answers what Jaeger has of it, with the id that all have.
fn through(transport: &Transport, rich: &RichTrace, query: &QueryApi) -> Result<Trace, String> {
    let rich = rich.with_new_id();
    (transport.send)(&rich).map_err(|error| format!("not sent: {error}"))?;
    let found = poll::until(SOON, || {
        let trace = query.trace(&rich.trace_id_hex())?;
        match trace.spans.len() {
            count if count == SPANS.len() => Ok(trace),
            count => Err(format!("{count} of {} spans are there", SPANS.len())),
        }
    })?;
    Ok(rich.with_common_id(found))
}

/// Writes the trace as a file for Jaeger's page, and answers what is in it.
fn through_file(rich: &RichTrace) -> Result<Trace, String> {
    let path = temporary_file("jaeger");
    let mut exporter = JaegerFile::new(&path);
    let written = rich.export(&mut exporter, SOON).map_err(|error| error.to_string());
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
    // Nobody else has it, and a file that is not there is no harm.
    let _ = std::fs::remove_file(&path);
    written?;
    let file: Envelope<Vec<Trace>> = serde_json::from_str(&text?).map_err(|error| error.to_string())?;
    let trace = file.data.and_then(|mut traces| traces.pop()).ok_or("no trace in the file")?;
    Ok(rich.with_common_id(trace))
}

impl Differences {
    fn into_result(self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0.join("\n")) }
    }
}
