//! Files and requests with a byte changed, or cut: an error, or something else that is kept; never a
//! panic, and every span is accounted for.

use super::{jaeger_json, otlp, otlp_json, zipkin};
use crate::store::{Limits, Store};

const OTLP: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},
"scopeSpans":[{"scope":{"name":"lib"},"spans":[{"traceId":"01010101010101010101010101010101","spanId":"0202020202020202",
"parentSpanId":"0303030303030303","name":"x","kind":3,"startTimeUnixNano":"1795526049108715000","endTimeUnixNano":1795526049108715001,
"attributes":[{"key":"a","value":{"arrayValue":{"values":[{"intValue":"-1"},{"doubleValue":0.5},{"bytesValue":"AAH/"}]}}}],
"events":[{"timeUnixNano":"1","name":"e"}],"links":[{"traceId":"01010101010101010101010101010101","spanId":"0404040404040404"}],
"status":{"code":2,"message":"boom"}}]}]}]}"#;

const ZIPKIN: &str = r#"[{"traceId":"ab","id":"2","parentId":"1","kind":"CLIENT","name":"get","timestamp":1795526049108715,
"duration":18446744073709551615,"localEndpoint":{"serviceName":"front","ipv4":"10.0.0.1","port":80},
"annotations":[{"timestamp":9,"value":"retry|{\"n\":[2,{}]}|0"}],"tags":{"error":"x","otel.status_code":"OK"}}]"#;

const JAEGER: &str = r#"{"data":[{"traceID":"ab","spans":[{"traceID":"ab","spanID":"1","operationName":"x",
"references":[{"refType":"FOLLOWS_FROM","traceID":"ab","spanID":"2"}],"startTime":1795526049108715,"duration":18446744073709551615,
"tags":[{"key":"n","type":"int64","value":"9223372036854775807"},{"key":"f","type":"float64","value":"+Inf"},
{"key":"b","type":"binary","value":"AAH/"},{"key":"error","type":"bool","value":true}],
"logs":[{"timestamp":5,"fields":[{"key":"event","type":"string","value":"e"}]}],"processID":"p1"}],
"processes":{"p1":{"serviceName":"s","tags":[]}}}]}"#;

fn each_mutation(sample: &str, mut receive: impl FnMut(&Store, &[u8])) {
    let store = Store::new(Limits::default());
    receive(&store, sample.as_bytes());
    assert_eq!(store.stats().spans, 1, "the sample is good: {:?}", store.stats());
    for end in 0..sample.len() {
        receive(&store, &sample.as_bytes()[..end]);
    }
    for at in 0..sample.len() {
        for other in [b'"', b'{', b'[', b']', b'0', b'-', b'\\', b',', 0, 0xff] {
            let mut changed = sample.as_bytes().to_vec();
            changed[at] = other;
            receive(&store, &changed);
        }
    }
    let stats = store.stats();
    let gone = stats.rejected + stats.over_limit + stats.duplicates + stats.spans_evicted;
    assert_eq!(stats.received, gone + stats.spans, "{stats:?}");
    assert!(stats.spans > 1, "some are other spans: {stats:?}");
}

#[test]
fn otlp_in_json() {
    each_mutation(OTLP, |store, body| {
        if let Ok(request) = otlp_json::to_protobuf(body) {
            // Too deep, perhaps.
            let _ = otlp::receive(store, &request);
        }
    });
}

#[test]
fn zipkins_spans() {
    each_mutation(ZIPKIN, |store, body| {
        if let Ok(request) = zipkin::to_protobuf(body) {
            let _ = otlp::receive(store, &request);
        }
    });
}

#[test]
fn jaegers_files() {
    each_mutation(JAEGER, |store, body| {
        if let Ok(loaded) = jaeger_json::load(body) {
            let _ = otlp::receive(store, &loaded.request);
        }
    });
}
