//! Every exporter, each with what its protocol loses.

use std::path::PathBuf;
use std::time::Duration;

use tracer_core::Exporter;
use tracer_exporter_jaeger::{
    Compression, JaegerGrpc, JsonLines, OtlpEncoding, OtlpGrpc, OtlpHttp, ThriftHttp, ThriftUdp, ZipkinHttp,
};

use super::compare::Losses;
use super::rich::RichTrace;
use crate::http::Client;
use crate::peers::{Jaeger, Viewer};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends the trace.
type Send = Box<dyn Fn(&RichTrace) -> Result<(), String>>;

/// A way from rows into a receiver.
pub(super) struct Transport {
    pub(super) name: &'static str,
    pub(super) losses: Losses,
    pub(super) send: Send,
}

/// All ways into Jaeger; the first is the one that loses nothing.
pub(super) fn all(jaeger: &Jaeger) -> Vec<Transport> {
    let otlp_http = jaeger.otlp_http();
    let mut transports = vec![
        by("otlp-http", Losses::None, {
            let url = otlp_http.clone();
            move || OtlpHttp::builder().endpoint(&url).build()
        }),
        by("otlp-http gzip", Losses::None, {
            let url = otlp_http.clone();
            move || OtlpHttp::builder().endpoint(&url).compression(Compression::Gzip).build()
        }),
        by("otlp-http zstd", Losses::None, {
            let url = otlp_http.clone();
            move || OtlpHttp::builder().endpoint(&url).compression(Compression::Zstd).build()
        }),
        json("otlp-http json", &otlp_http, Compression::None),
        json("otlp-http json gzip", &otlp_http, Compression::Gzip),
        Transport {
            name: "json-lines, posted",
            losses: Losses::None,
            send: Box::new(move |rich| post_json_lines(rich, &otlp_http)),
        },
    ];
    transports.extend(grpc(jaeger));
    transports.extend(thrift(jaeger));
    transports.extend(zipkin(jaeger.zipkin()));
    transports
}

/// Ways into our viewer that lose nothing.
pub(super) fn to_viewer(viewer: &Viewer) -> [Transport; 4] {
    let (http, grpc) = (viewer.otlp_http().to_owned(), viewer.otlp_grpc().to_owned());
    [
        json("otlp-http json", &http, Compression::None),
        json("otlp-http json gzip", &http, Compression::Gzip),
        by("otlp-http", Losses::None, move || OtlpHttp::builder().endpoint(&http).build()),
        by("otlp-grpc", Losses::None, move || OtlpGrpc::builder().endpoint(&grpc).build()),
    ]
}

fn json(name: &'static str, url: &str, compression: Compression) -> Transport {
    let builder = OtlpHttp::builder().endpoint(url).encoding(OtlpEncoding::Json).compression(compression);
    by(name, Losses::None, move || builder.clone().build())
}

fn grpc(jaeger: &Jaeger) -> [Transport; 4] {
    let (otlp, jaegers) = (jaeger.otlp_grpc(), jaeger.jaeger_grpc());
    let (otlp_gzip, jaegers_gzip) = (otlp.clone(), jaegers.clone());
    [
        by("otlp-grpc", Losses::None, move || OtlpGrpc::builder().endpoint(&otlp).build()),
        by("otlp-grpc gzip", Losses::None, move || {
            OtlpGrpc::builder().endpoint(&otlp_gzip).compression(Compression::Gzip).build()
        }),
        by("jaeger-grpc", Losses::None, move || JaegerGrpc::builder().endpoint(&jaegers).build()),
        by("jaeger-grpc gzip", Losses::None, move || {
            JaegerGrpc::builder().endpoint(&jaegers_gzip).compression(Compression::Gzip).build()
        }),
    ]
}

fn thrift(jaeger: &Jaeger) -> [Transport; 4] {
    let (udp, http) = (jaeger.thrift_udp(), jaeger.thrift_http());
    let (udp_small, http_gzip) = (udp.clone(), http.clone());
    [
        by("thrift-udp", Losses::None, move || ThriftUdp::builder().endpoint(&udp).build()),
        by("thrift-udp, small packets", Losses::None, move || {
            ThriftUdp::builder().endpoint(&udp_small).packet_bytes_max(1_400).build()
        }),
        by("thrift-http", Losses::None, move || ThriftHttp::builder().endpoint(&http).build()),
        by("thrift-http gzip", Losses::None, move || {
            ThriftHttp::builder().endpoint(&http_gzip).compression(Compression::Gzip).build()
        }),
    ]
}

fn zipkin(url: String) -> [Transport; 2] {
    let gzip = url.clone();
    [
        by("zipkin-http", Losses::Zipkin, move || ZipkinHttp::builder().endpoint(&url).build()),
        by("zipkin-http gzip", Losses::Zipkin, move || {
            ZipkinHttp::builder().endpoint(&gzip).compression(Compression::Gzip).build()
        }),
    ]
}

/// Through an exporter that is built for the occasion.
fn by<X: Exporter, E: std::error::Error>(
    name: &'static str,
    losses: Losses,
    build: impl Fn() -> Result<X, E> + 'static,
) -> Transport {
    let send = move |rich: &RichTrace| {
        let mut exporter = build().map_err(|error| error.to_string())?;
        rich.export(&mut exporter, TIMEOUT).map_err(|error| error.to_string())
    };
    Transport { name, losses, send: Box::new(send) }
}

/// Writes a file of lines, and posts each to a receiver of OTLP's JSON.
fn post_json_lines(rich: &RichTrace, otlp_http: &str) -> Result<(), String> {
    let file = temporary_file("lines");
    let written = JsonLines::append(&file)
        .map_err(|error| error.to_string())
        .and_then(|mut exporter| rich.export(&mut exporter, TIMEOUT).map_err(|error| error.to_string()));
    let text = std::fs::read_to_string(&file).map_err(|error| error.to_string());
    // Nobody else has it, and a file that is not there is no harm.
    let _ = std::fs::remove_file(&file);
    written?;
    let client = Client::new(TIMEOUT);
    for line in text?.lines() {
        let url = format!("{otlp_http}/v1/traces");
        let answer = client.post(&url, "application/json", line.as_bytes());
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status != 200 {
            return Err(format!("{url} answers {}: {}", answer.status, answer.body));
        }
    }
    Ok(())
}

/// A name that no other run has.
pub(super) fn temporary_file(what: &str) -> PathBuf {
    std::env::temp_dir().join(format!("tracer-interop-{}-{what}.json", std::process::id()))
}
