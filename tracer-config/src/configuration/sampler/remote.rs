//! The settings of Jaeger's remote sampling.

use std::time::{Duration, Instant};

use tracer_core::ExportError;
use tracer_core::sampler::Strategy;

#[cfg(feature = "grpc")]
use tracer_exporter_jaeger::GrpcStrategies;
use tracer_exporter_jaeger::{HttpStrategies, RemoteSampler, StrategyError, StrategySource};

use super::super::exporters::{Protocol, Target, reason};
use crate::note::Origin;
use crate::parse;
use crate::setting::{
    JAEGER_SAMPLER_HOST_PORT, JAEGER_SAMPLER_REFRESH, JAEGER_SAMPLING_ENDPOINT, SAMPLER_ARG, Setting,
};
use crate::sources::{Found, Sources};

/// What is recorded until the first answer, as in Jaeger's clients.
pub(super) const INITIAL_SHARE: f64 = 0.001;

const INTERVAL: Duration = Duration::from_secs(60);
/// Jaeger's `SamplingManager`: of v2, of v1's collector.
const GRPC_PORTS: [&str; 2] = [":5779", ":14250"];
const ENDPOINT: &str = "http://localhost:5778/sampling";

/// Where strategies come from, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    pub(crate) endpoint: String,
    pub(crate) interval: Duration,
    pub(crate) initial_share: f64,
}

/// `endpoint=…,pollingIntervalMs=…,initialSamplingRate=…` (OpenTelemetry, "General SDK configuration").
pub(super) fn of_otel(sources: &mut Sources) -> Remote {
    let found = sources.find(&SAMPLER_ARG, |text, _| read(text));
    let default = Remote { endpoint: ENDPOINT.into(), interval: INTERVAL, initial_share: INITIAL_SHARE };
    if found.is_none() {
        let Remote { endpoint, interval, initial_share } = &default;
        let text = format!(
            "endpoint={endpoint},pollingIntervalMs={},initialSamplingRate={initial_share}",
            interval.as_millis()
        );
        sources.amend(&SAMPLER_ARG, text, Origin::Default);
    }
    found.map_or(default, |found| found.value)
}

fn read(text: &str) -> Result<Remote, String> {
    let mut remote = Remote { endpoint: ENDPOINT.into(), interval: INTERVAL, initial_share: INITIAL_SHARE };
    for item in parse::list(text) {
        let (name, value) = item.split_once('=').ok_or("no `=` in an entry")?;
        match name.trim() {
            "endpoint" => remote.endpoint = endpoint(value.trim())?,
            "pollingIntervalMs" | "pollingInterval" => remote.interval = parse::duration(value.trim())?,
            "initialSamplingRate" => remote.initial_share = parse::share(value.trim())?,
            _ => return Err("an entry is none of endpoint, pollingIntervalMs, initialSamplingRate".into()),
        }
    }
    Ok(remote)
}

/// How strong the layer is that says anything of remote sampling by Jaeger's names.
pub(super) fn jaeger_strength(sources: &Sources) -> u8 {
    let settings: [&'static Setting; 2] = [&JAEGER_SAMPLING_ENDPOINT, &JAEGER_SAMPLER_HOST_PORT];
    settings.into_iter().map(|setting| super::strength(sources, setting)).max().unwrap_or(0)
}

pub(super) fn of_jaeger(sources: &mut Sources, initial_share: f64) -> Remote {
    let by_host_port = sources.find(&JAEGER_SAMPLER_HOST_PORT, |host_port, _| {
        let is_host_port = host_port.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if is_host_port {
            endpoint(&format!("http://{host_port}/sampling"))
        } else {
            Err("no host:port".into())
        }
    });
    let by_url = sources.find(&JAEGER_SAMPLING_ENDPOINT, |url, _| endpoint(url));
    let endpoint = match (by_url, by_host_port) {
        (Some(url), Some(other)) if other.strength() > url.strength() => Some(other),
        (Some(url), _) => Some(url),
        (None, other) => other,
    };
    let interval = sources.find(&JAEGER_SAMPLER_REFRESH, |text, _| parse::duration(text));
    Remote {
        endpoint: endpoint.map_or_else(|| ENDPOINT.into(), |found| found.value),
        interval: interval.map_or(INTERVAL, |found: Found<Duration>| found.value),
        initial_share,
    }
}

/// Who has strategies.
enum Source {
    Http(HttpStrategies),
    #[cfg(feature = "grpc")]
    Grpc(GrpcStrategies),
}

impl Source {
    fn of(url: &str) -> Result<Self, String> {
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let is_grpc = GRPC_PORTS.iter().any(|port| url.trim_end_matches('/').ends_with(port));
        #[cfg(feature = "grpc")]
        if is_grpc {
            let made = GrpcStrategies::builder().endpoint(url).build();
            return made.map(Self::Grpc).map_err(|error| reason(&error));
        }
        if is_grpc {
            return Err("asking over gRPC needs this crate's feature `grpc`".into());
        }
        let made = HttpStrategies::builder().endpoint(url).build();
        made.map(Self::Http).map_err(|error| reason(&error))
    }
}

/// An address of Jaeger's, or why that is none.
fn endpoint(url: &str) -> Result<String, String> {
    Source::of(url).map(|_| url.to_owned())
}

impl Remote {
    /// Starts asking. `None` if that cannot be; then the initial share is recorded.
    pub(super) fn start(&self, service_name: &str) -> Option<RemoteSampler> {
        // The end point was looked at when it was read.
        let builder = match Source::of(&self.endpoint).ok()? {
            Source::Http(source) => RemoteSampler::builder(service_name, source),
            #[cfg(feature = "grpc")]
            Source::Grpc(source) => RemoteSampler::builder(service_name, source),
        };
        let builder = builder.interval(self.interval).initial(super::share_of(self.initial_share));
        builder.start().map_err(|error| log::error!("no thread for the remote sampler: {error}")).ok()
    }

    /// Asks once, for who wants to know whether that goes.
    pub(crate) fn fetch(&self, service_name: &str, deadline: Instant) -> Result<Strategy, StrategyError> {
        let unusable = |cause| StrategyError::Unanswered(ExportError::Failed(cause));
        match Source::of(&self.endpoint).map_err(unusable)? {
            Source::Http(mut source) => source.fetch(service_name, deadline),
            #[cfg(feature = "grpc")]
            Source::Grpc(mut source) => source.fetch(service_name, deadline),
        }
    }

    /// How and where it asks.
    pub(crate) fn target(&self) -> Target {
        match Source::of(&self.endpoint) {
            Ok(Source::Http(source)) => {
                Target { protocol: Protocol::SamplingHttp, endpoint: source.endpoint().to_owned() }
            }
            #[cfg(feature = "grpc")]
            Ok(Source::Grpc(source)) => {
                Target { protocol: Protocol::SamplingGrpc, endpoint: source.endpoint().to_owned() }
            }
            Err(reason) => Target { protocol: Protocol::Local, endpoint: reason },
        }
    }
}
