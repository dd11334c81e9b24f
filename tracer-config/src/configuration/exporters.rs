//! Where spans go: which exporters, and which settings each has.

mod jaeger;
mod otlp;

use std::io::{self, Write};

use tracer_core::{Exporter, PipelineBuilder};
use tracer_exporter_jaeger::{
    ConfigError, ExporterBuilder, JsonLines, OtlpHttpBuilder, ThriftHttpBuilder, ThriftUdpBuilder, Transport,
    ZipkinHttp, ZipkinHttpBuilder,
};
#[cfg(feature = "grpc")]
use tracer_exporter_jaeger::{JaegerGrpcBuilder, OtlpGrpcBuilder};

use crate::builder::AddExporter;
use crate::parse;
use crate::setting::{
    CONCURRENT_SENDS, EXPORTERS, JAEGER_AGENT_HOST, JAEGER_ENDPOINT, LOG_SPANS, OTLP_ENDPOINT,
    ZIPKIN_ENDPOINT, ZIPKIN_TIMEOUT,
};
use crate::sources::Sources;

/// Where logged spans can be turned on and off, by the logger.
const LOG_TARGET: &str = "tracer_config::spans";

/// An exporter that can be made, more than once.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    OtlpHttp(OtlpHttpBuilder),
    OtlpHttpJson(OtlpHttpBuilder),
    #[cfg(feature = "grpc")]
    OtlpGrpc(OtlpGrpcBuilder),
    ThriftHttp(ThriftHttpBuilder),
    ThriftUdp(ThriftUdpBuilder),
    #[cfg(feature = "grpc")]
    JaegerGrpc(JaegerGrpcBuilder),
    Zipkin(ZipkinHttpBuilder),
    Console,
    Log,
}

/// What a plan comes to: the protocol in words, and the address of the receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) protocol: Protocol,
    /// A URL, `host:port`, or what it is otherwise.
    pub(crate) endpoint: String,
}

/// How spans travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    OtlpHttp,
    OtlpHttpJson,
    OtlpGrpc,
    ThriftHttp,
    ThriftUdp,
    JaegerGrpc,
    Zipkin,
    SamplingHttp,
    SamplingGrpc,
    Local,
}

/// Makes an exporter and does something with it, whatever its type is.
macro_rules! with_exporter {
    ($plan:expr, $exporter:ident => $body:expr) => {
        match $plan {
            Plan::OtlpHttp(builder) | Plan::OtlpHttpJson(builder) => {
                builder.clone().build().map(|$exporter| $body)
            }
            #[cfg(feature = "grpc")]
            Plan::OtlpGrpc(builder) => builder.clone().build().map(|$exporter| $body),
            Plan::ThriftHttp(builder) => builder.clone().build().map(|$exporter| $body),
            Plan::ThriftUdp(builder) => builder.clone().build().map(|$exporter| $body),
            #[cfg(feature = "grpc")]
            Plan::JaegerGrpc(builder) => builder.clone().build().map(|$exporter| $body),
            Plan::Zipkin(builder) => builder.clone().build().map(|$exporter| $body),
            Plan::Console => Ok(JsonLines::stdout()).map(|$exporter| $body),
            Plan::Log => Ok(JsonLines::to(LogLines)).map(|$exporter| $body),
        }
    };
}

impl Plan {
    /// Adds the exporter to a pipeline.
    pub(crate) fn add_to(&self, pipeline: PipelineBuilder) -> PipelineBuilder {
        // Planned, it can be made.
        let added: Result<AddExporter, ConfigError> = with_exporter!(self, exporter => add(exporter));
        match added {
            Ok(add) => add(pipeline),
            Err(error) => {
                log::error!("an exporter cannot be made: {error}");
                pipeline
            }
        }
    }

    /// Whether what it sends is answered.
    const fn is_answered(&self) -> bool {
        !matches!(self, Self::ThriftUdp(_) | Self::Console | Self::Log)
    }

    fn with_concurrent_sends(self, max: usize) -> Self {
        match self {
            Self::OtlpHttp(builder) => Self::OtlpHttp(builder.concurrent_sends_max(max)),
            Self::OtlpHttpJson(builder) => Self::OtlpHttpJson(builder.concurrent_sends_max(max)),
            #[cfg(feature = "grpc")]
            Self::OtlpGrpc(builder) => Self::OtlpGrpc(builder.concurrent_sends_max(max)),
            Self::ThriftHttp(builder) => Self::ThriftHttp(builder.concurrent_sends_max(max)),
            #[cfg(feature = "grpc")]
            Self::JaegerGrpc(builder) => Self::JaegerGrpc(builder.concurrent_sends_max(max)),
            Self::Zipkin(builder) => Self::Zipkin(builder.concurrent_sends_max(max)),
            Self::ThriftUdp(_) | Self::Console | Self::Log => self,
        }
    }

    /// The exporter alone.
    pub(crate) fn exporter(&self) -> Result<Box<dyn Exporter>, ConfigError> {
        with_exporter!(self, exporter => Box::new(exporter) as Box<dyn Exporter>)
    }

    /// How and where it sends.
    pub(crate) fn target(&self) -> Result<Target, ConfigError> {
        let target = |protocol, endpoint: &str| Target { protocol, endpoint: endpoint.to_owned() };
        Ok(match self {
            Self::OtlpHttp(builder) => target(Protocol::OtlpHttp, builder.clone().build()?.endpoint()),
            Self::OtlpHttpJson(builder) => {
                target(Protocol::OtlpHttpJson, builder.clone().build()?.endpoint())
            }
            #[cfg(feature = "grpc")]
            Self::OtlpGrpc(builder) => target(Protocol::OtlpGrpc, builder.clone().build()?.endpoint()),
            Self::ThriftHttp(builder) => target(Protocol::ThriftHttp, builder.clone().build()?.endpoint()),
            Self::ThriftUdp(builder) => target(Protocol::ThriftUdp, builder.clone().build()?.endpoint()),
            #[cfg(feature = "grpc")]
            Self::JaegerGrpc(builder) => target(Protocol::JaegerGrpc, builder.clone().build()?.endpoint()),
            Self::Zipkin(builder) => target(Protocol::Zipkin, builder.clone().build()?.endpoint()),
            Self::Console => target(Protocol::Local, "standard output"),
            Self::Log => target(Protocol::Local, LOG_TARGET),
        })
    }
}

fn add(exporter: impl Exporter + 'static) -> AddExporter {
    Box::new(move |pipeline| pipeline.exporter(exporter))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Otlp,
    Jaeger,
    Zipkin,
    Console,
    None,
}

const KINDS: [(&str, Kind); 7] = [
    ("otlp", Kind::Otlp),
    ("jaeger", Kind::Jaeger),
    ("zipkin", Kind::Zipkin),
    ("console", Kind::Console),
    ("logging", Kind::Console),
    ("stdout", Kind::Console),
    ("none", Kind::None),
];

/// The exporters that the layers ask for.
pub(super) fn plan(sources: &mut Sources) -> Vec<Plan> {
    let mut plans = Vec::new();
    for kind in kinds(sources) {
        match kind {
            Kind::Otlp => plans.push(otlp::plan(sources)),
            Kind::Jaeger => plans.push(jaeger::plan(sources)),
            Kind::Zipkin => plans.push(zipkin(sources)),
            Kind::Console => plans.push(Plan::Console),
            Kind::None => {}
        }
    }
    if sources.find(&LOG_SPANS, |text, _| parse::truth(text)).is_some_and(|found| found.value) {
        plans.push(Plan::Log);
    }
    concurrent(sources, plans)
}

fn kinds(sources: &mut Sources) -> Vec<Kind> {
    let default = default_kind(sources);
    let found = sources.find(&EXPORTERS, |text, _| {
        let (known, unknown): (Vec<&str>, Vec<&str>) =
            parse::list(text).partition(|name| parse::one_of(name, &KINDS).is_ok());
        match (known.is_empty(), unknown.is_empty()) {
            (true, true) => return Err("no name in the list".into()),
            (true, false) => return Err(format!("no exporter is called {}", unknown.join(", "))),
            (false, _) => {}
        }
        let mut kinds: Vec<Kind> = known.iter().filter_map(|name| parse::one_of(name, &KINDS).ok()).collect();
        let unknown: Vec<String> = unknown.into_iter().map(str::to_owned).collect();
        kinds.dedup();
        Ok((kinds, unknown))
    });
    let Some(found) = found else {
        let (kind, name, origin) = default;
        sources.amend(&EXPORTERS, name, origin);
        return vec![kind];
    };
    let (mut kinds, unknown) = found.value;
    for name in unknown {
        let reason = "no exporter has that name";
        sources.refuse(&EXPORTERS, (&name, &found.origin), reason, "the rest of the list".into());
    }
    if kinds.contains(&Kind::None) && kinds.iter().any(|kind| *kind != Kind::None) {
        let reason = "the list has others";
        sources.refuse(&EXPORTERS, ("none", &found.origin), reason, "the rest of the list".into());
    }
    let mut distinct = Vec::new();
    kinds.retain(|kind| {
        let is_new = !distinct.contains(kind);
        distinct.push(*kind);
        is_new
    });
    kinds
}

/// Who has set up Jaeger's client alone means that.
fn default_kind(sources: &Sources) -> (Kind, &'static str, crate::Origin) {
    let jaeger = ["JAEGER_ENDPOINT", "JAEGER_AGENT_HOST"].into_iter().find_map(|name| {
        let settings = [&JAEGER_ENDPOINT, &JAEGER_AGENT_HOST];
        let found = settings.into_iter().flat_map(|setting| sources.texts(setting));
        found.map(|(_, origin)| origin).find(|origin| *origin == crate::Origin::Variable(name))
    });
    match jaeger {
        Some(origin) if !sources.is_set(&OTLP_ENDPOINT) => (Kind::Jaeger, "jaeger", origin),
        _ => (Kind::Otlp, "otlp", crate::Origin::Default),
    }
}

fn zipkin(sources: &mut Sources) -> Plan {
    let mut builder = ZipkinHttp::builder();
    let endpoint =
        sources.find(&ZIPKIN_ENDPOINT, |text, _| checked(ZipkinHttp::builder().endpoint(text), text));
    if let Some(endpoint) = endpoint {
        builder = builder.endpoint(endpoint.value);
    }
    if let Some(timeout) = sources.find(&ZIPKIN_TIMEOUT, |text, _| parse::duration(text)) {
        builder = builder.timeout(timeout.value);
    }
    Plan::Zipkin(builder)
}

/// How many requests are sent at the same time, by those that send requests.
fn concurrent(sources: &mut Sources, plans: Vec<Plan>) -> Vec<Plan> {
    if !plans.iter().any(Plan::is_answered) {
        return plans;
    }
    match sources.find(&CONCURRENT_SENDS, |text, _| parse::number(text, 1, 64)) {
        Some(found) => plans.into_iter().map(|plan| plan.with_concurrent_sends(found.value)).collect(),
        None => plans,
    }
}

/// A value that an exporter can be made with, or why not.
fn checked<X: Transport, T: ToOwned + ?Sized>(
    trial: ExporterBuilder<X>,
    value: &T,
) -> Result<T::Owned, String> {
    trial.build().map(|_| value.to_owned()).map_err(|error| reason(&error))
}

/// What is wrong, without the setting and the value, which are told already.
pub(super) fn reason(error: &ConfigError) -> String {
    match error {
        ConfigError::Endpoint { reason, .. } | ConfigError::Certificate { reason, .. } => {
            (*reason).to_owned()
        }
        ConfigError::Header { name, reason, .. } => format!("header {name:?}: {reason}"),
        other => other.to_string(),
    }
}

/// Lines to the logger.
#[derive(Debug)]
struct LogLines;

impl Write for LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        log::info!(target: LOG_TARGET, "{}", text.trim_end());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
