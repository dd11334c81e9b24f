//! fastrace has `traceparent` alone and leaves the map to its user: this is what its own middleware does.
//! The list of five is passed on as one string, unread, as its `tracestate` is.

use std::hint::black_box;

use ::fastrace::prelude::SpanContext;
use http::HeaderValue;

use super::{Case, Shape, headers};

pub(super) fn case(shape: Shape) -> Option<Case> {
    let mut headers = headers(shape);
    let traceparent = headers.get("traceparent")?.to_str().ok()?.to_owned();
    let context = SpanContext::decode_w3c_traceparent(&traceparent)?;
    match shape {
        Shape::ExtractTraceparent => Some(Box::new(move |count| {
            for _ in 0..count {
                let value = black_box(&headers).get("traceparent").and_then(|value| value.to_str().ok());
                black_box(value.and_then(SpanContext::decode_w3c_traceparent));
            }
        })),
        Shape::InjectTraceparent => Some(Box::new(move |count| {
            for _ in 0..count {
                let value = HeaderValue::from_str(&black_box(&context).encode_w3c_traceparent());
                black_box(&mut headers).insert("traceparent", value.expect("no strange characters"));
            }
        })),
        Shape::ExtractTracestate5 => Some(Box::new(move |count| {
            for _ in 0..count {
                let value = black_box(&headers).get("traceparent").and_then(|value| value.to_str().ok());
                black_box(value.and_then(SpanContext::decode_w3c_traceparent));
                black_box(headers.get("tracestate").and_then(|value| value.to_str().ok()).map(str::to_owned));
            }
        })),
        Shape::InjectTracestate5 => {
            let state = headers.get("tracestate")?.to_str().ok()?.to_owned();
            Some(Box::new(move |count| {
                for _ in 0..count {
                    let value = HeaderValue::from_str(&black_box(&context).encode_w3c_traceparent());
                    black_box(&mut headers).insert("traceparent", value.expect("no strange characters"));
                    let value = HeaderValue::from_str(black_box(&state));
                    black_box(&mut headers).insert("tracestate", value.expect("no strange characters"));
                }
            }))
        }
        _ => None,
    }
}
