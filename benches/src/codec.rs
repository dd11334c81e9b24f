//! Headers read and written, by us and by peers: always in an `http::HeaderMap` of ten other headers.
//! What is injected replaces what the map had of it, so that every operation finds the same map.

mod fastrace;
mod map_alone;
mod opentelemetry;
mod ours;

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// What is done once for each operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Shape {
    InjectTraceparent,
    ExtractTraceparent,
    InjectTracestate5,
    ExtractTracestate5,
    InjectBaggage3,
    ExtractBaggage3,
    InjectB3Single,
    ExtractB3Single,
    InjectB3Multi,
    ExtractB3Multi,
    InjectJaeger,
    ExtractJaeger,
    InjectComposite,
    ExtractComposite,
}

/// Does a shape so many times.
pub type Case = Box<dyn FnMut(usize)>;

/// A library: what it is called, and how it does a shape; `None` if it cannot.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    /// Its name.
    pub name: &'static str,
    /// Prepares a shape.
    pub case: fn(Shape) -> Option<Case>,
}

/// Ours first; then the map alone, which is no peer, but what is left of any of them in the end.
pub const LIBRARIES: [Library; 4] = [
    Library { name: "tracer-propagation", case: ours::case },
    Library { name: "the map alone", case: map_alone::case },
    Library { name: "opentelemetry", case: opentelemetry::case },
    Library { name: "fastrace", case: fastrace::case },
];

/// So many of them are no peers.
pub const BEFORE_PEERS: usize = 2;

impl Shape {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::InjectTraceparent,
        Self::ExtractTraceparent,
        Self::InjectTracestate5,
        Self::ExtractTracestate5,
        Self::InjectBaggage3,
        Self::ExtractBaggage3,
        Self::InjectB3Single,
        Self::ExtractB3Single,
        Self::InjectB3Multi,
        Self::ExtractB3Multi,
        Self::InjectJaeger,
        Self::ExtractJaeger,
        Self::InjectComposite,
        Self::ExtractComposite,
    ];

    /// The name in tables and in the list of limits.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InjectTraceparent => "inject_traceparent",
            Self::ExtractTraceparent => "extract_traceparent",
            Self::InjectTracestate5 => "inject_tracestate_5",
            Self::ExtractTracestate5 => "extract_tracestate_5",
            Self::InjectBaggage3 => "inject_baggage_3",
            Self::ExtractBaggage3 => "extract_baggage_3",
            Self::InjectB3Single => "inject_b3_single",
            Self::ExtractB3Single => "extract_b3_single",
            Self::InjectB3Multi => "inject_b3_multi",
            Self::ExtractB3Multi => "extract_b3_multi",
            Self::InjectJaeger => "inject_jaeger",
            Self::ExtractJaeger => "extract_jaeger",
            Self::InjectComposite => "inject_w3c_all",
            Self::ExtractComposite => "extract_w3c_all",
        }
    }

    /// The headers that are read.
    const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::InjectTraceparent | Self::ExtractTraceparent => &[TRACEPARENT],
            Self::InjectTracestate5 | Self::ExtractTracestate5 => &[TRACEPARENT, TRACESTATE],
            Self::InjectBaggage3 | Self::ExtractBaggage3 => &[BAGGAGE],
            Self::InjectB3Single | Self::ExtractB3Single => {
                &[("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1")]
            }
            Self::InjectB3Multi | Self::ExtractB3Multi => &[
                ("x-b3-traceid", "4bf92f3577b34da6a3ce929d0e0e4736"),
                ("x-b3-spanid", "00f067aa0ba902b7"),
                ("x-b3-sampled", "1"),
            ],
            Self::InjectJaeger | Self::ExtractJaeger => {
                &[("uber-trace-id", "4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:1")]
            }
            Self::InjectComposite | Self::ExtractComposite => &[TRACEPARENT, TRACESTATE, BAGGAGE],
        }
    }
}

const TRACEPARENT: (&str, &str) = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
const TRACESTATE: (&str, &str) =
    ("tracestate", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7,dd=s:1;o:rum,tenant@vendor=x1,es=s:0.25");
const BAGGAGE: (&str, &str) = ("baggage", "session=7f3a9c,city=S%C3%A3o%20Paulo,tier=gold");

/// What a browser's request has, and a mesh's.
const OTHERS: [(&str, &str); 10] = [
    ("host", "shop.internal:8080"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("accept-language", "en-GB,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br"),
    ("content-type", "application/json"),
    ("content-length", "348"),
    ("cookie", "session=0123456789abcdef"),
    ("x-request-id", "5f2b1c9e-8a8e-4a43-9d4e-0b7b8c2f1a11"),
    ("x-forwarded-for", "10.1.2.3"),
];

/// The ten others, and those of a shape.
fn headers(shape: Shape) -> HeaderMap {
    let all = OTHERS.iter().chain(shape.headers());
    all.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_can_do_what_it_says() {
        for library in LIBRARIES {
            let cases = Shape::ALL.into_iter().filter_map(library.case);
            assert!(cases.map(|mut case| case(3)).count() >= 4, "{}", library.name);
        }
    }
}
