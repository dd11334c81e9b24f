//! Formats by name, as the environment has them.
//!
//! ```text
//! OTEL_PROPAGATORS   = list       empty is as if it were not set
//! JAEGER_PROPAGATION = list       read only if the other one is not set
//!
//! list = name *( "," name )
//! name = "tracecontext" / "baggage" / "b3" / "b3multi" / "jaeger" / "none"
//!      / "grpc-trace-bin"         ours: OpenTelemetry has no name for it
//!      / "w3c"                    Jaeger's clients' name for "tracecontext,baggage"
//! ```
//! (OpenTelemetry, "General SDK configuration"; Jaeger's client libraries.) Letter case and blanks
//! around a name do not matter, and a name that comes again counts once.

use super::Composite;
use crate::codec::b3::B3;
use crate::codec::grpc_bin::GrpcTraceBin;
use crate::codec::jaeger::Jaeger;
use crate::codec::w3c::{TraceContext, W3cBaggage};

const OTEL_PROPAGATORS: &str = "OTEL_PROPAGATORS";
const JAEGER_PROPAGATION: &str = "JAEGER_PROPAGATION";

/// What is used where nothing is named, or nothing that is known.
const USUAL: &str = "tracecontext,baggage";

/// A name of no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown propagation format {0:?}")]
pub struct UnknownFormat(pub Box<str>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    TraceContext,
    Baggage,
    B3Single,
    B3Multi,
    Jaeger,
    GrpcTraceBin,
}

impl Composite {
    /// The formats of a list of names, in its order: `tracecontext`, `baggage`, `w3c` (both of
    /// these), `b3` (one header), `b3multi`, `jaeger`, `grpc-trace-bin`; `none` names none. With both
    /// of B3's names both of its formats are written; either reads both.
    ///
    /// ```
    /// use tracer_propagation::{Codec, Composite};
    ///
    /// let composite = Composite::from_names("tracecontext, b3")?;
    /// assert!(composite.fields().iter().any(|field| field.name() == "b3"));
    /// assert_eq!(Composite::from_names("zipkin").unwrap_err().to_string(), r#"unknown propagation format "zipkin""#);
    /// # Ok::<(), tracer_propagation::UnknownFormat>(())
    /// ```
    ///
    /// # Errors
    /// The first name that is unknown.
    pub fn from_names(names: &str) -> Result<Self, UnknownFormat> {
        let (formats, unknown) = formats(names);
        unknown.first().map_or_else(|| Ok(of_formats(&formats)), |name| Err(UnknownFormat((*name).into())))
    }

    /// The formats that the environment names: the list in `OTEL_PROPAGATORS`, or if that is not set
    /// or empty the one in `JAEGER_PROPAGATION`, or W3C Trace Context and Baggage. The names are those
    /// of [`from_names`](Self::from_names).
    ///
    /// A name that is unknown is left out, and a list of unknown names alone is as if nothing were
    /// set; a warning in the log says so, once for each call. `none` is a choice: nothing is then read
    /// or written.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_variables(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &'static str| Some((name, variable(name).filter(|list| !list.trim().is_empty())?));
        let Some((name, list)) = set(OTEL_PROPAGATORS).or_else(|| set(JAEGER_PROPAGATION)) else {
            return Self::w3c();
        };
        let (formats, unknown) = formats(&list);
        let is_of_unknown_alone = formats.is_empty() && !names(&list).any(|name| is(name, "none"));
        if !unknown.is_empty() {
            let used = if is_of_unknown_alone { USUAL } else { "the others" };
            log::warn!("{name}: unknown propagation formats {unknown:?}; {used} will be used");
        }
        if is_of_unknown_alone { Self::w3c() } else { of_formats(&formats) }
    }
}

/// What a list names, each once and in order, and the names that are unknown.
fn formats(list: &str) -> (Vec<Format>, Vec<&str>) {
    let (mut formats, mut unknown) = (Vec::new(), Vec::new());
    for name in names(list) {
        let Some(named) = named(name) else {
            unknown.push(name);
            continue;
        };
        for format in named {
            if !formats.contains(format) {
                formats.push(*format);
            }
        }
    }
    (formats, unknown)
}

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}

fn named(name: &str) -> Option<&'static [Format]> {
    const NAMES: [(&str, &[Format]); 8] = [
        ("tracecontext", &[Format::TraceContext]),
        ("baggage", &[Format::Baggage]),
        ("w3c", &[Format::TraceContext, Format::Baggage]),
        ("b3", &[Format::B3Single]),
        ("b3multi", &[Format::B3Multi]),
        ("jaeger", &[Format::Jaeger]),
        ("grpc-trace-bin", &[Format::GrpcTraceBin]),
        ("none", &[]),
    ];
    NAMES.iter().find(|(known, _)| is(name, known)).map(|(_, formats)| *formats)
}

fn is(name: &str, known: &str) -> bool {
    name.eq_ignore_ascii_case(known)
}

fn of_formats(formats: &[Format]) -> Composite {
    let has_b3 = |format| formats.contains(&format);
    // One codec for both of B3's formats: they share their headers.
    let is_second_b3 = |at: usize, format: &Format| {
        let before = formats.get(..at).unwrap_or_default();
        matches!(format, Format::B3Single | Format::B3Multi)
            && before.iter().any(|earlier| matches!(earlier, Format::B3Single | Format::B3Multi))
    };
    let b3 = match (has_b3(Format::B3Single), has_b3(Format::B3Multi)) {
        (true, true) => B3::both(),
        (false, true) => B3::multi(),
        _ => B3::single(),
    };
    let distinct = formats.iter().enumerate().filter(|(at, format)| !is_second_b3(*at, format));
    distinct.fold(Composite::new(), |composite, (_, format)| match format {
        Format::TraceContext => composite.with(TraceContext),
        Format::Baggage => composite.with(W3cBaggage),
        Format::B3Single | Format::B3Multi => composite.with(b3),
        Format::Jaeger => composite.with(Jaeger),
        Format::GrpcTraceBin => composite.with(GrpcTraceBin),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};

    use super::*;
    use crate::codec::Codec;

    /// The headers that a composite writes.
    fn written(composite: &Composite) -> Vec<String> {
        let ids = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]));
        let context = SpanContext::new(ids.0, ids.1, TraceFlags::SAMPLED).with_baggage_item("k", "v");
        let mut headers = BTreeMap::new();
        composite.inject(&context, &mut headers).unwrap();
        headers.into_keys().collect()
    }

    fn of(variables: &[(&str, &str)]) -> Vec<String> {
        let find = |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, v)| (*v).to_owned());
        written(&Composite::from_variables(find))
    }

    const W3C: [&str; 2] = ["baggage", "traceparent"];
    const MULTI: [&str; 3] = ["x-b3-sampled", "x-b3-spanid", "x-b3-traceid"];

    #[test]
    fn names_stand_for_formats() {
        let cases: [(&str, &[&str]); 12] = [
            ("tracecontext", &["traceparent"]),
            ("baggage", &["baggage"]),
            ("w3c", &W3C),
            (" TraceContext ,, baggage,", &W3C),
            ("b3", &["b3"]),
            ("b3multi", &MULTI),
            ("b3,b3multi,b3", &["b3", "x-b3-sampled", "x-b3-spanid", "x-b3-traceid"]),
            ("jaeger", &["uber-trace-id", "uberctx-k"]),
            ("grpc-trace-bin", &["grpc-trace-bin"]),
            ("none", &[]),
            ("none,b3", &["b3"]),
            ("", &[]),
        ];
        for (names, expected) in cases {
            assert_eq!(written(&Composite::from_names(names).unwrap()), expected, "{names}");
        }
        assert_eq!(Composite::from_names("b3,ottrace,x").unwrap_err(), UnknownFormat("ottrace".into()));
    }

    #[test]
    fn opentelemetrys_variable_goes_first_and_an_empty_one_is_not_set() {
        let (otel, jaeger) = ("OTEL_PROPAGATORS", "JAEGER_PROPAGATION");
        assert_eq!(of(&[]), W3C);
        assert_eq!(of(&[(otel, " "), (jaeger, "")]), W3C);
        assert_eq!(of(&[(otel, ""), (jaeger, "b3")]), ["b3"]);
        assert_eq!(of(&[(otel, "b3"), (jaeger, "jaeger")]), ["b3"]);
        assert_eq!(of(&[(jaeger, "w3c")]), W3C);
    }

    #[test]
    fn unknown_names_are_left_out_and_none_is_a_choice() {
        let otel = "OTEL_PROPAGATORS";
        assert_eq!(of(&[(otel, "xray,b3")]), ["b3"]);
        assert_eq!(of(&[(otel, "xray,ottrace")]), W3C);
        assert_eq!(of(&[(otel, "none")]), [""; 0]);
        assert_eq!(of(&[(otel, "xray,none")]), [""; 0]);
        assert_eq!(of(&[(otel, "xray"), ("JAEGER_PROPAGATION", "b3")]), W3C);
    }

    #[test]
    fn the_order_of_names_is_the_order_of_reading() {
        let headers = BTreeMap::from([
            ("b3".to_owned(), "0".to_owned()),
            ("uber-trace-id".to_owned(), "1:2:0:1".to_owned()),
            ("x-b3-traceid".to_owned(), "00000000000000ff".to_owned()),
            ("traceparent".to_owned(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        ]);
        let read = |names| {
            let extracted = Composite::from_names(names).unwrap().extract(&headers).unwrap();
            extracted.context.unwrap().trace_id().low_u64()
        };
        assert_eq!(read("b3,jaeger,tracecontext"), 1);
        assert_eq!(read("tracecontext,b3,jaeger"), 0xa3ce_929d_0e0e_4736);
    }
}
