//! The table of settings, which the documentation's is written from.

use super::ignored::IGNORED;
use super::{Setting, Show};

macro_rules! settings {
    ($($name:ident = $key:literal, $variables:expr, $default:literal, $show:ident, $meaning:literal;)+) => {
        $(pub(crate) static $name: Setting = Setting {
            key: $key,
            variables: &$variables,
            default: $default,
            meaning: $meaning,
            show: Show::$show,
        };)+

        pub(crate) static SETTINGS: &[&Setting] = &[$(&$name),+];
    };
}

settings! {
    CONFIG_FILE = "config_file", ["TRACER_CONFIG_FILE"], "none", All,
        "a file in TOML with the keys of this table";
    DISABLED = "disabled", ["OTEL_SDK_DISABLED", "JAEGER_DISABLED"], "false", All,
        "`true`: nothing is recorded; contexts are passed on";
    SERVICE_NAME = "service_name", ["OTEL_SERVICE_NAME", "JAEGER_SERVICE_NAME"], "the program's", All,
        "the service; before a `service.name` in `OTEL_RESOURCE_ATTRIBUTES`";
    RESOURCE = "resource", ["OTEL_RESOURCE_ATTRIBUTES"], "", All,
        "`key=value,…`, percent-encoded: tags of the process; a table in the file";
    JAEGER_TAGS = "jaeger.tags", ["JAEGER_TAGS"], "", All,
        "`key=value,…` with `${VARIABLE:default}`: tags of the process";
    DETECTORS = "resource_detectors", ["TRACER_RESOURCE_DETECTORS"],
        "host,ip,process,runtime,instance,container,kubernetes", All,
        "what is found out about the process: a list, `all`, or `none`; `process_args` only if it is named, since arguments may hold secrets";
    PROPAGATORS = "propagators", ["OTEL_PROPAGATORS", "JAEGER_PROPAGATION"], "tracecontext,baggage", All,
        "headers: `tracecontext`, `baggage`, `b3`, `b3multi`, `jaeger`, `w3c`, `grpc-trace-bin`, `none`";
    SWITCH = "switch", ["TRACER_SWITCH"], "", All,
        "operations, targets and tags that are off: the rules of `tracer_core::Switch`";
    SAMPLER = "sampler", ["OTEL_TRACES_SAMPLER"], "parentbased_always_on", All,
        "`always_on`, `always_off`, `traceidratio`, `jaeger_remote`, each also with `parentbased_` before it";
    SAMPLER_ARG = "sampler_arg", ["OTEL_TRACES_SAMPLER_ARG"], "1.0", Endpoint,
        "the share for `traceidratio`; `endpoint=…,pollingIntervalMs=…,initialSamplingRate=…` for `jaeger_remote`";
    JAEGER_SAMPLER_TYPE = "jaeger.sampler_type", ["JAEGER_SAMPLER_TYPE"], "that of `OTEL_TRACES_SAMPLER`, or `remote` if an address for it is set", All,
        "`const`, `probabilistic`, `ratelimiting` or `remote`; children follow their parents";
    JAEGER_SAMPLER_PARAM = "jaeger.sampler_param", ["JAEGER_SAMPLER_PARAM"], "1, of remote 0.001", All,
        "0 or 1, a share, traces per second, or the share until the first answer";
    JAEGER_SAMPLING_ENDPOINT = "jaeger.sampling_endpoint", ["JAEGER_SAMPLING_ENDPOINT"],
        "http://localhost:5778/sampling", Url, "where `remote` asks";
    JAEGER_SAMPLER_HOST_PORT = "jaeger.sampler_manager_host_port", ["JAEGER_SAMPLER_MANAGER_HOST_PORT"],
        "", Url, "the same as `host:port`; obsolete";
    JAEGER_SAMPLER_REFRESH = "jaeger.sampler_refresh_interval", ["JAEGER_SAMPLER_REFRESH_INTERVAL"], "60s", All,
        "how often `remote` asks: `60s`, or a number of milliseconds";
    EXPORTERS = "exporters", ["OTEL_TRACES_EXPORTER"],
        "otlp; jaeger, if `JAEGER_ENDPOINT` or `JAEGER_AGENT_HOST` is set and no end point for OTLP", All,
        "a list of `otlp`, `jaeger`, `zipkin`, `console` (OTLP's JSON on standard output), or `none`";
    OTLP_PROTOCOL = "otlp.protocol", ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"],
        "http/protobuf", All, "`http/protobuf`, `http/json`, or `grpc` (feature `grpc`)";
    OTLP_ENDPOINT = "otlp.endpoint", ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"],
        "http://localhost:4318, of gRPC http://localhost:4317", Url,
        "the form for traces is used as it is; the other is a base, to which `/v1/traces` is appended over HTTP";
    OTLP_INSECURE = "otlp.insecure", ["OTEL_EXPORTER_OTLP_TRACES_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE"],
        "false", All, "`true`: gRPC to an end point without a scheme goes without TLS";
    OTLP_HEADERS = "otlp.headers", ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"],
        "", Names, "`name=value,…`, percent-encoded; a table in the file";
    OTLP_TIMEOUT = "otlp.timeout_ms", ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"],
        "10000", All, "milliseconds for an export";
    OTLP_COMPRESSION = "otlp.compression",
        ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"], "none", All,
        "`none`, `gzip`, `zstd` (features of the same names)";
    OTLP_CERTIFICATE = "otlp.certificate",
        ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"], "the Mozilla roots", All,
        "a PEM file: whom to trust (feature `tls`)";
    OTLP_CLIENT_KEY = "otlp.client_key",
        ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY"], "none", All,
        "a PEM file: the key of the client's certificate (feature `tls`)";
    OTLP_CLIENT_CERTIFICATE = "otlp.client_certificate",
        ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"], "none", All,
        "a PEM file: the client's certificate, with its chain (feature `tls`)";
    ZIPKIN_ENDPOINT = "zipkin.endpoint", ["OTEL_EXPORTER_ZIPKIN_ENDPOINT"],
        "http://localhost:9411/api/v2/spans", Url, "where Zipkin's JSON is posted to";
    ZIPKIN_TIMEOUT = "zipkin.timeout_ms", ["OTEL_EXPORTER_ZIPKIN_TIMEOUT"], "10000", All,
        "milliseconds for an export";
    JAEGER_PROTOCOL = "jaeger.protocol", ["OTEL_EXPORTER_JAEGER_PROTOCOL"],
        "http/thrift.binary with an end point, else udp/thrift.compact", All,
        "`http/thrift.binary`, `udp/thrift.compact`, or `grpc` (feature `grpc`)";
    JAEGER_ENDPOINT = "jaeger.endpoint", ["OTEL_EXPORTER_JAEGER_ENDPOINT", "JAEGER_ENDPOINT"],
        "http://localhost:14268/api/traces, of gRPC http://localhost:14250", Url,
        "where Jaeger's Thrift is posted to, or its own gRPC sent";
    JAEGER_AGENT_HOST = "jaeger.agent_host", ["OTEL_EXPORTER_JAEGER_AGENT_HOST", "JAEGER_AGENT_HOST"],
        "localhost", Url, "where Jaeger's Thrift is sent over UDP";
    JAEGER_AGENT_PORT = "jaeger.agent_port", ["OTEL_EXPORTER_JAEGER_AGENT_PORT", "JAEGER_AGENT_PORT"],
        "6831", All, "its port";
    JAEGER_TIMEOUT = "jaeger.timeout_ms", ["OTEL_EXPORTER_JAEGER_TIMEOUT"], "10000", All,
        "milliseconds for an export over HTTP or gRPC";
    JAEGER_USER = "jaeger.user", ["OTEL_EXPORTER_JAEGER_USER", "JAEGER_USER"], "none", All,
        "basic authorization over HTTP and gRPC";
    JAEGER_PASSWORD = "jaeger.password", ["OTEL_EXPORTER_JAEGER_PASSWORD", "JAEGER_PASSWORD"], "none", Nothing,
        "its password";
    JAEGER_AUTH_TOKEN = "jaeger.auth_token", ["JAEGER_AUTH_TOKEN"], "none", Nothing,
        "a bearer token, before user and password";
    LOG_SPANS = "jaeger.log_spans", ["JAEGER_REPORTER_LOG_SPANS"], "false", All,
        "`true`: spans are also logged, as OTLP's JSON, by the `log` crate at level info";
    INTERVAL = "pipeline.interval_ms", ["OTEL_BSP_SCHEDULE_DELAY", "JAEGER_REPORTER_FLUSH_INTERVAL"], "1000", All,
        "milliseconds, or `1s`: how long a span waits for others at most";
    EXPORT_TIMEOUT = "pipeline.export_timeout_ms", ["OTEL_BSP_EXPORT_TIMEOUT"], "10000", All,
        "milliseconds for an export by any exporter";
    BATCH_SPANS = "pipeline.batch_spans_max", ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"], "8192", All,
        "spans of a batch; it has at most 512 KiB besides";
    QUEUE_SPANS = "pipeline.queue_spans", ["OTEL_BSP_MAX_QUEUE_SIZE", "JAEGER_REPORTER_MAX_QUEUE_SIZE"],
        "65536", All, "spans on their way; here memory is bounded in bytes, so that each counts as 512 of them, and what comes to less than the 32 MiB of the default is ignored";
    MEMORY_BYTES = "pipeline.memory_bytes_max", ["TRACER_MEMORY_BYTES_MAX"], "33554432", All,
        "bytes for spans on their way, before the number of spans";
    CONCURRENT_SENDS = "pipeline.concurrent_sends_max", ["TRACER_CONCURRENT_SENDS_MAX"], "1", All,
        "requests at the same time over HTTP and gRPC, from 1 to 64: more help where an answer takes long, each on a thread of its own";
    SHUTDOWN_TIMEOUT = "pipeline.shutdown_timeout_ms", ["TRACER_SHUTDOWN_TIMEOUT"], "5000", All,
        "milliseconds that the last spans may take at the end of the program";
    ATTRIBUTES_MAX = "limits.attributes_max",
        ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"], "128", All, "tags of a span";
    VALUE_BYTES_MAX = "limits.value_bytes_max",
        ["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"], "8192", All,
        "bytes of a value; texts are cut between characters";
    EVENTS_MAX = "limits.events_max", ["OTEL_SPAN_EVENT_COUNT_LIMIT"], "128", All, "logs of a span";
    LINKS_MAX = "limits.links_max", ["OTEL_SPAN_LINK_COUNT_LIMIT"], "128", All, "links of a span";
}

/// The tables of the crate's documentation: what is read, and what is known and not used.
///
/// A test holds the documentation against it.
#[must_use]
pub fn variables_table() -> String {
    let mut text =
        String::from("| variables, strongest first | key | default | meaning |\n|---|---|---|---|\n");
    for setting in SETTINGS {
        let variables: Vec<String> = setting.variables.iter().map(|name| format!("`{name}`")).collect();
        let Setting { key, default, meaning, .. } = setting;
        text += &format!("| {} | `{key}` | {default} | {meaning} |\n", variables.join(", "));
    }
    text += "\nKnown, and not used:\n\n| variables | why |\n|---|---|\n";
    for (name, why) in IGNORED {
        text += &format!("| `{name}` | {why} |\n");
    }
    text
}
