//! The settings of Jaeger's remote sampling.

use std::time::Duration;

#[cfg(feature = "grpc")]
use tracer_exporter_jaeger::GrpcStrategies;
use tracer_exporter_jaeger::{HttpStrategies, RemoteSampler, RemoteSamplerBuilder};

use super::super::exporters::checked;
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

/// Who is asked there, over gRPC by its usual ports, else over HTTP; or why that is nobody's address.
fn source(url: &str) -> Result<Source, String> {
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let is_grpc = GRPC_PORTS.iter().any(|port| url.trim_end_matches('/').ends_with(port));
    #[cfg(feature = "grpc")]
    if is_grpc {
        return checked(GrpcStrategies::builder().endpoint(&url), &url).map(Source::Grpc);
    }
    if is_grpc {
        return Err("asking over gRPC needs this crate's feature `grpc`".into());
    }
    checked(HttpStrategies::builder().endpoint(&url), &url).map(Source::Http)
}

fn endpoint(url: &str) -> Result<String, String> {
    source(url).map(|_| url.to_owned())
}

/// Who has strategies, and the URL.
enum Source {
    Http(String),
    #[cfg(feature = "grpc")]
    Grpc(String),
}

impl Remote {
    /// Starts asking. `None` if that cannot be; then the initial share is recorded.
    pub(super) fn start(&self, service_name: &str) -> Option<RemoteSampler> {
        // The end point was looked at when it was read.
        let started = match source(&self.endpoint).ok()? {
            Source::Http(url) => {
                let strategies = HttpStrategies::builder().endpoint(url).build().ok()?;
                self.builder(RemoteSampler::builder(service_name, strategies)).start()
            }
            #[cfg(feature = "grpc")]
            Source::Grpc(url) => {
                let strategies = GrpcStrategies::builder().endpoint(url).build().ok()?;
                self.builder(RemoteSampler::builder(service_name, strategies)).start()
            }
        };
        started.map_err(|error| log::error!("no thread for the remote sampler: {error}")).ok()
    }

    fn builder(&self, builder: RemoteSamplerBuilder) -> RemoteSamplerBuilder {
        builder.interval(self.interval).initial(super::share_of(self.initial_share))
    }
}
