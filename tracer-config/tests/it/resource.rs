//! Who reports.

use std::collections::BTreeMap;
use std::time::Duration;

use super::servers::{Answer, Server};
use super::{resolved, value, with};

/// The resource of what a receiver was sent, as texts.
fn sent_with(variables: &[(&str, &str)], tags: &[(&str, &str)]) -> BTreeMap<String, String> {
    let server = Server::http(|_| Answer::status(200));
    let endpoint = server.url();
    let mut variables = variables.to_vec();
    variables.push(("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint));
    let builder = tags.iter().fold(with(&variables), |builder, (key, value)| builder.tag(*key, *value));
    let tracing = builder.start().unwrap();
    tracing.tracer().span("work").start().finish();
    tracing.shutdown(Duration::from_secs(30)).unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    resource_of(&requests[0].body)
}

/// The resource's tags: `ExportTraceServiceRequest.1.1.1`.
fn resource_of(body: &[u8]) -> BTreeMap<String, String> {
    use tracer_core::row::wire::{Field, Fields};
    let inner = |message: &[u8], number: u64| -> Vec<Vec<u8>> {
        let fields = Fields::new(message).map(Result::unwrap);
        let found = fields.filter_map(|(at, field)| match field {
            Field::Bytes(bytes) if at == number => Some(bytes.to_vec()),
            _ => None,
        });
        found.collect()
    };
    let resource = inner(&inner(body, 1)[0], 1)[0].clone();
    let mut tags = BTreeMap::new();
    for pair in inner(&resource, 1) {
        let key = String::from_utf8(inner(&pair, 1)[0].clone()).unwrap();
        let value =
            inner(&inner(&pair, 2)[0], 1).first().map(|text| String::from_utf8(text.clone()).unwrap());
        assert!(tags.insert(key.clone(), value.unwrap_or_default()).is_none(), "{key} is there twice");
    }
    tags
}

#[test]
fn tags_come_from_all_layers_and_the_stronger_replace() {
    let tags = sent_with(
        &[
            ("OTEL_RESOURCE_ATTRIBUTES", "zone=a%20b,service.version=1,service.name=shop"),
            ("JAEGER_TAGS", "zone=weaker,rack=${RACK:r7}"),
            ("K8S_POD_NAME", "shop-1"),
        ],
        &[("service.version", "2")],
    );
    let of = |key: &str| tags.get(key).map(String::as_str);
    assert_eq!(of("service.name"), Some("shop"));
    assert_eq!(of("service.version"), Some("2"));
    assert_eq!((of("zone"), of("rack")), (Some("a b"), Some("r7")));
    assert_eq!(of("k8s.pod.name"), Some("shop-1"));
    assert_eq!(of("telemetry.sdk.language"), Some("rust"));
    assert!(of("service.instance.id").is_some() && of("client-uuid") == of("service.instance.id"));
    assert!(of("process.pid").is_some() && of("process.command_args").is_none());
}

#[test]
fn detection_can_be_turned_off() {
    let tags = sent_with(&[("TRACER_RESOURCE_DETECTORS", "none")], &[]);
    let keys: Vec<&str> = tags.keys().map(String::as_str).collect();
    let expected = ["service.name", "telemetry.sdk.language", "telemetry.sdk.name", "telemetry.sdk.version"];
    assert_eq!(keys, expected);
}

#[test]
fn the_name_has_an_order_of_its_own() {
    let tagged = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=tagged");
    let name = |variables: &[(&str, &str)]| value(&resolved(variables), "service_name");
    assert_eq!(name(&[tagged]), ("tagged".into(), "OTEL_RESOURCE_ATTRIBUTES".into()));
    assert_eq!(name(&[tagged, ("OTEL_SERVICE_NAME", "named")]).0, "named");
    let by_builder = with(&[tagged]).service_name("mine").resolve().unwrap();
    assert_eq!(value(&by_builder, "service_name").0, "mine");
}
