//! The map alone, with names parsed beforehand: what look-ups and insertions cost without a format.
//! Reading is a look-up of each header that is there, writing a copy of each value and its insertion;
//! nothing is parsed or formatted.

use std::hint::black_box;

use http::{HeaderName, HeaderValue};

use super::{Case, Shape, headers};

#[expect(clippy::unnecessary_wraps, reason = "other libraries cannot do all")]
pub(super) fn case(shape: Shape) -> Option<Case> {
    let mut map = headers(shape);
    let own = shape.headers().iter().map(|(name, value)| (HeaderName::from_static(name), value.as_bytes()));
    let own: Vec<(HeaderName, &[u8])> = own.collect();
    if shape.name().starts_with("extract") {
        return Some(Box::new(move |count| {
            for _ in 0..count {
                for (name, _) in &own {
                    black_box(black_box(&map).get(name));
                }
            }
        }));
    }
    Some(Box::new(move |count| {
        for _ in 0..count {
            for (name, value) in &own {
                let value = HeaderValue::from_bytes(black_box(value)).expect("no strange characters");
                black_box(black_box(&mut map).insert(name, value));
            }
        }
    }))
}
