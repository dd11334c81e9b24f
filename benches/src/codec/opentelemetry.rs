//! opentelemetry's propagators, by way of opentelemetry-http. The one for Jaeger is built on the API of
//! the release before, which has a trait of the same name for injectors.
#![expect(deprecated, reason = "their own advice is W3C; others still send B3 and Jaeger's headers")]

use std::hint::black_box;

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::{TextMapCompositePropagator, TextMapPropagator};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use opentelemetry_zipkin::{B3Encoding, Propagator as B3Propagator};

use super::{Case, Shape, headers};

pub(super) fn case(shape: Shape) -> Option<Case> {
    Some(match shape {
        Shape::ExtractTraceparent | Shape::ExtractTracestate5 => {
            extract(TraceContextPropagator::new(), shape)
        }
        Shape::InjectTraceparent | Shape::InjectTracestate5 => inject(TraceContextPropagator::new(), shape),
        Shape::ExtractBaggage3 => extract(BaggagePropagator::new(), shape),
        Shape::InjectBaggage3 => inject(BaggagePropagator::new(), shape),
        Shape::ExtractB3Single => extract(B3Propagator::with_encoding(B3Encoding::SingleHeader), shape),
        Shape::InjectB3Single => inject(B3Propagator::with_encoding(B3Encoding::SingleHeader), shape),
        Shape::ExtractB3Multi => extract(B3Propagator::with_encoding(B3Encoding::MultipleHeader), shape),
        Shape::InjectB3Multi => inject(B3Propagator::with_encoding(B3Encoding::MultipleHeader), shape),
        Shape::ExtractJaeger => jaeger::extract(headers(shape)),
        Shape::InjectJaeger => jaeger::inject(headers(shape)),
        Shape::ExtractComposite => extract(w3c(), shape),
        Shape::InjectComposite => inject(w3c(), shape),
    })
}

fn w3c() -> TextMapCompositePropagator {
    TextMapCompositePropagator::new(vec![
        Box::new(TraceContextPropagator::new()),
        Box::new(BaggagePropagator::new()),
    ])
}

fn extract(propagator: impl TextMapPropagator + 'static, shape: Shape) -> Case {
    let headers = headers(shape);
    let none = Context::new();
    Box::new(move |count| {
        for _ in 0..count {
            black_box(
                propagator.extract_with_context(black_box(&none), &HeaderExtractor(black_box(&headers))),
            );
        }
    })
}

fn inject(propagator: impl TextMapPropagator + 'static, shape: Shape) -> Case {
    let mut headers = headers(shape);
    let context = propagator.extract_with_context(&Context::new(), &HeaderExtractor(&headers));
    Box::new(move |count| {
        for _ in 0..count {
            let mut injector = HeaderInjector(black_box(&mut headers));
            propagator.inject_context(black_box(&context), &mut injector);
        }
    })
}

mod jaeger {
    use http::{HeaderName, HeaderValue};
    use opentelemetry_jaeger_propagator::Propagator;
    use opentelemetry_of_jaeger::Context;
    use opentelemetry_of_jaeger::propagation::{Extractor, Injector, TextMapPropagator};

    use super::{Case, HeaderMap, black_box};

    /// What opentelemetry-http has for its own API.
    struct Headers<M>(M);

    impl Injector for Headers<&mut HeaderMap> {
        fn set(&mut self, key: &str, value: String) {
            let name = HeaderName::from_bytes(key.as_bytes());
            let value = HeaderValue::from_str(&value);
            if let (Ok(name), Ok(value)) = (name, value) {
                self.0.insert(name, value);
            }
        }
    }

    impl Extractor for Headers<&HeaderMap> {
        fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key).and_then(|value| value.to_str().ok())
        }

        fn keys(&self) -> Vec<&str> {
            self.0.keys().map(HeaderName::as_str).collect()
        }
    }

    pub(super) fn extract(headers: HeaderMap) -> Case {
        let (propagator, none) = (Propagator::new(), Context::new());
        Box::new(move |count| {
            for _ in 0..count {
                let carrier = Headers(black_box(&headers));
                black_box(propagator.extract_with_context(black_box(&none), &carrier));
            }
        })
    }

    pub(super) fn inject(mut headers: HeaderMap) -> Case {
        let propagator = Propagator::new();
        let context = propagator.extract_with_context(&Context::new(), &Headers(&headers));
        Box::new(move |count| {
            for _ in 0..count {
                propagator.inject_context(black_box(&context), &mut Headers(black_box(&mut headers)));
            }
        })
    }
}
