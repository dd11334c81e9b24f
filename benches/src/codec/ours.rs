//! `tracer-propagation`.

use std::hint::black_box;

use tracer_propagation::{B3, Codec, Composite, Jaeger, TraceContext, W3cBaggage};

use super::{Case, Shape, headers};

#[expect(clippy::unnecessary_wraps, reason = "other libraries cannot do all")]
pub(super) fn case(shape: Shape) -> Option<Case> {
    Some(match shape {
        Shape::ExtractTraceparent | Shape::ExtractTracestate5 => extract(TraceContext, shape),
        Shape::InjectTraceparent | Shape::InjectTracestate5 => inject(TraceContext, shape),
        Shape::ExtractBaggage3 => extract(W3cBaggage, shape),
        Shape::InjectBaggage3 => inject(W3cBaggage, shape),
        Shape::ExtractB3Single => extract(B3::single(), shape),
        Shape::InjectB3Single => inject(B3::single(), shape),
        Shape::ExtractB3Multi => extract(B3::multi(), shape),
        Shape::InjectB3Multi => inject(B3::multi(), shape),
        Shape::ExtractJaeger => extract(Jaeger, shape),
        Shape::InjectJaeger => inject(Jaeger, shape),
        Shape::ExtractComposite => extract(Composite::w3c(), shape),
        Shape::InjectComposite => inject(Composite::w3c(), shape),
    })
}

fn extract(codec: impl Codec + 'static, shape: Shape) -> Case {
    let headers = headers(shape);
    assert!(codec.extract(&headers).is_ok_and(|extracted| !extracted.is_empty()));
    Box::new(move |count| {
        for _ in 0..count {
            let _ = black_box(codec.extract(black_box(&headers)));
        }
    })
}

fn inject(codec: impl Codec + 'static, shape: Shape) -> Case {
    let mut headers = headers(shape);
    let context = codec.extract(&headers).ok().and_then(|extracted| extracted.parent());
    let context = context.expect("the headers of a shape are valid");
    Box::new(move |count| {
        for _ in 0..count {
            let _ = black_box(codec.inject(black_box(&context), black_box(&mut headers)));
        }
    })
}
