//! What a receiver may answer to spans: what is told of it is short and printable, pauses are bounded, and what was
//! written by the schema is read as it was meant.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tracer_core::row::wire::{put_bytes, put_varint};
use tracer_exporter_jaeger::answers::{refusal, rejected_spans, retry_after, retry_info};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

#[derive(Arbitrary, Debug)]
enum Input {
    Body(Vec<u8>),
    ContentType(String, Vec<u8>),
    Partial { rejected: i64, message: String },
    RetryAfter(String),
    RetryInfo { seconds: i64, nanos: i32, others: Vec<Vec<u8>> },
}

fuzz_target!(|input: Input| {
    match input {
        Input::Body(body) => {
            for content_type in [PROTOBUF, JSON, "text/html"] {
                check_body(&body, content_type);
            }
            let _ = retry_info(&body);
        }
        Input::ContentType(content_type, body) => check_body(&body, &content_type),
        Input::Partial { rejected, message } => check_partial(rejected, &message),
        Input::RetryAfter(value) => check_retry_after(&value),
        Input::RetryInfo { seconds, nanos, others } => check_retry_info(seconds, nanos, &others),
    }
});

fn check_body(body: &[u8], content_type: &str) {
    check_told(&refusal(body, content_type));
    if let Ok((_, message)) = rejected_spans(body, content_type) {
        check_told(&message);
    }
}

fn check_told(message: &str) {
    assert!(message.chars().count() <= 200 && !message.chars().any(char::is_control), "{message:?}");
}

fn check_partial(rejected: i64, message: &str) {
    let expected = u64::try_from(rejected).unwrap_or(0);
    let mut partial = vec![0x08];
    put_varint(&mut partial, u64::from_le_bytes(rejected.to_le_bytes()));
    put_bytes(&mut partial, 0x12, message.as_bytes());
    let mut protobuf = Vec::new();
    put_bytes(&mut protobuf, 0x0a, &partial);
    let as_text = serde_json::json!({
        "partialSuccess": { "rejectedSpans": rejected.to_string(), "errorMessage": message }
    });
    let as_number =
        serde_json::json!({ "partialSuccess": { "rejectedSpans": rejected, "errorMessage": message } });
    let of_protobuf = rejected_spans(&protobuf, PROTOBUF).unwrap();
    assert_eq!(of_protobuf.0, expected);
    check_told(&of_protobuf.1);
    for json in [as_text, as_number] {
        assert_eq!(rejected_spans(json.to_string().as_bytes(), JSON), Ok(of_protobuf.clone()));
    }
}

fn check_retry_after(value: &str) {
    let pause = retry_after(value);
    assert!(pause.is_none_or(|pause| pause <= Duration::from_secs(60)), "{value:?}");
    if let Ok(seconds) = value.trim().parse::<u64>() {
        assert_eq!(pause, Some(Duration::from_secs(seconds.min(60))), "{value:?}");
    }
}

fn check_retry_info(seconds: i64, nanos: i32, others: &[Vec<u8>]) {
    let (mut delay, mut info, mut any, mut status) = (vec![0x08], Vec::new(), Vec::new(), Vec::new());
    put_varint(&mut delay, u64::from_le_bytes(seconds.to_le_bytes()));
    delay.push(0x10);
    put_varint(&mut delay, u64::from_le_bytes(i64::from(nanos).to_le_bytes()));
    put_bytes(&mut info, 0x0a, &delay);
    put_bytes(&mut any, 0x0a, b"type.googleapis.com/google.rpc.RetryInfo");
    put_bytes(&mut any, 0x12, &info);
    for other in others {
        let mut unlike = Vec::new();
        put_bytes(&mut unlike, 0x0a, b"type.googleapis.com/google.rpc.DebugInfo");
        put_bytes(&mut unlike, 0x12, other);
        put_bytes(&mut status, 0x1a, &unlike);
    }
    put_bytes(&mut status, 0x1a, &any);
    let parts = (u64::try_from(seconds), u32::try_from(nanos));
    let expected = match parts {
        (Ok(seconds), Ok(nanos)) if nanos < 1_000_000_000 => Some(Duration::new(seconds, nanos)),
        _ => None,
    };
    assert_eq!(retry_info(&status), expected);
}
