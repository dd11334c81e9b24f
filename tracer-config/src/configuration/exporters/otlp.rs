//! OTLP's own settings (OpenTelemetry, "OTLP Exporter Configuration").

use std::time::Duration;

#[cfg(feature = "grpc")]
use tracer_exporter_jaeger::OtlpGrpc;
use tracer_exporter_jaeger::{Compression, ExporterBuilder, OtlpEncoding, OtlpHttp, Transport};

use super::{Plan, checked};
use crate::note::Origin;
use crate::parse;
use crate::setting::{
    OTLP_CERTIFICATE, OTLP_CLIENT_CERTIFICATE, OTLP_CLIENT_KEY, OTLP_COMPRESSION, OTLP_ENDPOINT,
    OTLP_HEADERS, OTLP_INSECURE, OTLP_PROTOCOL, OTLP_TIMEOUT, Setting,
};
use crate::sources::{Found, Sources};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Grpc,
    Protobuf,
    Json,
}

const PROTOCOLS: [(&str, Protocol); 3] =
    [("grpc", Protocol::Grpc), ("http/protobuf", Protocol::Protobuf), ("http/json", Protocol::Json)];

/// What all protocols have.
struct Common {
    endpoint: Option<Found<String>>,
    headers: Vec<(String, String)>,
    timeout: Option<Duration>,
    compression: Compression,
    #[cfg(feature = "tls")]
    roots: Option<Vec<u8>>,
    #[cfg(feature = "tls")]
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

pub(super) fn plan(sources: &mut Sources) -> Plan {
    match protocol(sources) {
        #[cfg(feature = "grpc")]
        Protocol::Grpc => Plan::OtlpGrpc(builder(sources, OtlpGrpc::builder, true)),
        Protocol::Json => {
            let builder = builder(sources, OtlpHttp::builder, false);
            Plan::OtlpHttpJson(builder.encoding(OtlpEncoding::Json))
        }
        _ => Plan::OtlpHttp(builder(sources, OtlpHttp::builder, false)),
    }
}

fn builder<X: Transport>(
    sources: &mut Sources,
    builder: fn() -> ExporterBuilder<X>,
    is_grpc: bool,
) -> ExporterBuilder<X> {
    common(sources, builder, is_grpc).onto(builder())
}

fn protocol(sources: &mut Sources) -> Protocol {
    let found = sources.find(&OTLP_PROTOCOL, |text, _| match parse::one_of(text, &PROTOCOLS)? {
        Protocol::Grpc if !cfg!(feature = "grpc") => Err("it needs this crate's feature `grpc`".into()),
        protocol => Ok(protocol),
    });
    found.map_or(Protocol::Protobuf, |found| found.value)
}

fn common<X: Transport>(sources: &mut Sources, builder: fn() -> ExporterBuilder<X>, is_grpc: bool) -> Common {
    let is_insecure = is_grpc
        && sources.find(&OTLP_INSECURE, |text, _| parse::truth(text)).is_some_and(|found| found.value);
    let endpoint = sources.find(&OTLP_ENDPOINT, |text, origin| {
        let url = with_scheme(text, is_grpc, is_insecure);
        checked(with_endpoint(builder(), &url, origin), url.as_str())
    });
    let headers = sources.find(&OTLP_HEADERS, |text, _| {
        let headers = parse::pairs(text)?;
        let trial = headers.iter().fold(builder(), |trial, (name, value)| trial.header(name, value));
        checked(trial, &headers[..])
    });
    let timeout = sources.find(&OTLP_TIMEOUT, |text, _| parse::duration(text));
    let compression = sources.find(&OTLP_COMPRESSION, |text, _| compression(text));
    #[cfg(feature = "tls")]
    let (roots, identity) = (roots(sources, builder), identity(sources, builder));
    #[cfg(not(feature = "tls"))]
    no_certificates(sources);
    if endpoint.is_none() {
        let default = if is_grpc { "http://localhost:4317" } else { "http://localhost:4318" };
        sources.amend(&OTLP_ENDPOINT, default, Origin::Default);
    }
    Common {
        endpoint,
        headers: headers.map(|found| found.value).unwrap_or_default(),
        timeout: timeout.map(|found| found.value),
        compression: compression.map(|found| found.value).unwrap_or_default(),
        #[cfg(feature = "tls")]
        roots,
        #[cfg(feature = "tls")]
        identity,
    }
}

impl Common {
    fn onto<X: Transport>(self, mut builder: ExporterBuilder<X>) -> ExporterBuilder<X> {
        if let Some(endpoint) = self.endpoint {
            builder = with_endpoint(builder, &endpoint.value, &endpoint.origin);
        }
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        if let Some(timeout) = self.timeout {
            builder = builder.timeout(timeout);
        }
        #[cfg(feature = "tls")]
        if let Some(roots) = self.roots {
            builder = builder.root_certificates(roots);
        }
        #[cfg(feature = "tls")]
        if let Some((chain, key)) = self.identity {
            builder = builder.client_certificate(chain, key);
        }
        builder.compression(self.compression)
    }
}

/// gRPC's end points may lack a scheme; then it is https unless it is said otherwise.
fn with_scheme(url: &str, is_grpc: bool, is_insecure: bool) -> String {
    match () {
        () if !is_grpc || url.contains("://") => url.to_owned(),
        () if is_insecure => format!("http://{url}"),
        () => format!("https://{url}"),
    }
}

fn with_endpoint<X: Transport>(
    builder: ExporterBuilder<X>,
    url: &str,
    origin: &Origin,
) -> ExporterBuilder<X> {
    match origin {
        Origin::Variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") => builder.exact_endpoint(url),
        Origin::Variable(_) => builder.base_endpoint(url),
        _ => builder.endpoint(url),
    }
}

fn compression(text: &str) -> Result<Compression, String> {
    match text.to_ascii_lowercase().as_str() {
        "none" => Ok(Compression::None),
        #[cfg(feature = "gzip")]
        "gzip" => Ok(Compression::Gzip),
        #[cfg(feature = "zstd")]
        "zstd" => Ok(Compression::Zstd),
        #[cfg(not(feature = "gzip"))]
        "gzip" => Err("it needs this crate's feature `gzip`".into()),
        #[cfg(not(feature = "zstd"))]
        "zstd" => Err("it needs this crate's feature `zstd`".into()),
        _ => Err("none of none, gzip, zstd".into()),
    }
}

/// A file of certificates or keys.
#[cfg(feature = "tls")]
fn pem(path: &str) -> Result<Vec<u8>, String> {
    const PEM_BYTES_MAX: usize = 4 << 20;
    let file = std::path::Path::new(path);
    crate::detect::read_at_most(file, PEM_BYTES_MAX).map_err(|error| format!("cannot be read: {error}"))
}

#[cfg(feature = "tls")]
fn roots<X: Transport>(sources: &mut Sources, builder: fn() -> ExporterBuilder<X>) -> Option<Vec<u8>> {
    let found = sources.find(&OTLP_CERTIFICATE, |path, _| {
        let pem = pem(path)?;
        checked(builder().root_certificates(pem.clone()), &pem[..])
    });
    found.map(|found| found.value)
}

/// Chain and key; one is nothing without the other.
#[cfg(feature = "tls")]
fn identity<X: Transport>(
    sources: &mut Sources,
    builder: fn() -> ExporterBuilder<X>,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let key = sources.find(&OTLP_CLIENT_KEY, |path, _| Ok((pem(path)?, path.to_owned())));
    let key_pem = key.as_ref().map(|found| found.value.0.clone());
    let chain = sources.find(&OTLP_CLIENT_CERTIFICATE, |path, _| {
        let chain = pem(path)?;
        let key = key_pem.clone().ok_or("there is no key for it in OTEL_EXPORTER_OTLP_CLIENT_KEY")?;
        checked(builder().client_certificate(chain.clone(), key), &chain[..])
    });
    match (chain, key) {
        (Some(chain), Some(key)) => Some((chain.value, key.value.0)),
        (None, Some(key)) => {
            let reason = "there is no certificate for it in OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
            unused(sources, &OTLP_CLIENT_KEY, &key.value.1, &key.origin, reason);
            None
        }
        _ => None,
    }
}

#[cfg(feature = "tls")]
fn unused(sources: &mut Sources, setting: &'static Setting, text: &str, origin: &Origin, reason: &str) {
    sources.refuse(setting, (text, origin), reason, "none".into());
    sources.amend(setting, "none", Origin::Default);
}

#[cfg(not(feature = "tls"))]
fn no_certificates(sources: &mut Sources) {
    let settings: [&'static Setting; 3] = [&OTLP_CERTIFICATE, &OTLP_CLIENT_KEY, &OTLP_CLIENT_CERTIFICATE];
    for setting in settings {
        let _: Option<Found<()>> =
            sources.find(setting, |_, _| Err("it needs this crate's feature `tls`".to_owned()));
    }
}
