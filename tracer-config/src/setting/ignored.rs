//! Variables of others, and such as have no meaning here.

/// Variables that are known and not used; with a `*` at its end, all that begin so.
pub(super) const IGNORED: &[(&str, &str)] = &[
    (
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "tags of a log have no limit of their own; the span's bytes bound them",
    ),
    (
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        "tags of a link have no limit of their own; the span's bytes bound them",
    ),
    ("OTEL_LOG_LEVEL", "the logger of the `log` crate decides what is logged"),
    ("OTEL_CONFIG_FILE", "that format is not read; see `TRACER_CONFIG_FILE`"),
    ("OTEL_EXPERIMENTAL_CONFIG_FILE", "that format is not read; see `TRACER_CONFIG_FILE`"),
    ("JAEGER_TRACEID_128BIT", "new trace ids always have 128 bits; ids of 64 bits are read"),
    ("JAEGER_RPC_METRICS", "no metrics are made of spans"),
    (
        "JAEGER_SAMPLER_MAX_OPERATIONS",
        "the number of operations with strategies of their own is fixed: 2,000",
    ),
    (
        "JAEGER_REPORTER_ATTEMPT_RECONNECT_INTERVAL",
        "names are looked up again after a failure and every 30 seconds",
    ),
    (
        "JAEGER_REPORTER_ATTEMPT_RECONNECTING_DISABLED",
        "names are looked up again after a failure and every 30 seconds",
    ),
    ("JAEGER_SENDER_FACTORY", "exporters are chosen by `OTEL_TRACES_EXPORTER`"),
    ("JAEGER_DISABLE_GRPC_TAGS", "gRPC's tags are set by who instruments it"),
];

/// Those of other signals, languages and programs: nobody expects a tracer in Rust to heed them.
const OTHERS: &[&str] = &[
    "OTEL_METRICS_",
    "OTEL_METRIC_",
    "OTEL_LOGS_",
    "OTEL_BLRP_",
    "OTEL_LOGRECORD_",
    "OTEL_EXPORTER_OTLP_METRICS_",
    "OTEL_EXPORTER_OTLP_LOGS_",
    "OTEL_EXPORTER_OTLP_PROFILES_",
    "OTEL_EXPORTER_PROMETHEUS_",
    "OTEL_PYTHON_",
    "OTEL_JAVA",
    "OTEL_INSTRUMENTATION_",
    "OTEL_NODE_",
    "OTEL_DOTNET_",
    "OTEL_GO_",
    "OTEL_RUBY_",
    "OTEL_PHP_",
    "OTEL_SEMCONV_",
    "OTEL_INJECTOR_",
    "OTEL_RESOURCE_PROVIDERS_",
];

/// What becomes of a variable that no setting has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is nothing of ours.
    Foreign,
    /// It is not used, and why.
    Ignored(&'static str),
    /// It looks like one of ours, and is none.
    Unknown,
}

/// What becomes of a variable that no setting has.
pub(crate) fn fate(name: &str) -> Fate {
    let is_ours = ["OTEL_", "JAEGER_", "TRACER_"].iter().any(|prefix| name.starts_with(prefix));
    if !is_ours || OTHERS.iter().any(|prefix| name.starts_with(prefix)) || is_of_a_kubernetes_service(name) {
        return Fate::Foreign;
    }
    match IGNORED.iter().find(|(known, _)| *known == name) {
        Some((_, why)) => Fate::Ignored(why),
        None => Fate::Unknown,
    }
}

/// Kubernetes describes each service `jaeger-…` by variables such as `JAEGER_QUERY_SERVICE_HOST` and
/// `JAEGER_QUERY_PORT_16686_TCP_ADDR`.
fn is_of_a_kubernetes_service(name: &str) -> bool {
    let ends = ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT", "_TCP", "_UDP", "_ADDR", "_PROTO"];
    name.contains("_SERVICE_PORT_") || ends.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_others_are_nothing_of_ours() {
        let foreign = [
            "PATH",
            "OTEL_METRICS_EXPORTER",
            "OTEL_PYTHON_LOG_LEVEL",
            "JAEGER_QUERY_SERVICE_HOST",
            "JAEGER_QUERY_PORT_16686_TCP_ADDR",
            "JAEGER_COLLECTOR_SERVICE_PORT_HTTP",
        ];
        for name in foreign {
            assert_eq!(fate(name), Fate::Foreign, "{name}");
        }
        assert!(matches!(fate("JAEGER_RPC_METRICS"), Fate::Ignored(why) if why.contains("metrics")));
        assert_eq!(fate("OTEL_TRACES_SAMPLE"), Fate::Unknown);
    }
}
