//! Methods: a fixed set of names, so that no client can make up new ones.

use http::Method;

/// The names that OpenTelemetry knows (HTTP semantic conventions, `http.request.method`).
const KNOWN: [&str; 10] =
    ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "QUERY"];

/// What stands for any other method.
pub(crate) const OTHER: &str = "_OTHER";

/// The method's name for tags.
pub(crate) fn name(method: &Method) -> &'static str {
    let text = method.as_str();
    KNOWN.into_iter().find(|known| *known == text).unwrap_or(OTHER)
}

/// The method's name for span names.
pub(crate) fn span_name(method: &Method) -> &'static str {
    match name(method) {
        OTHER => "HTTP",
        known => known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_methods_have_one_name() {
        assert_eq!(name(&Method::DELETE), "DELETE");
        for text in ["get", "BREW", "A-VERY-LONG-METHOD-THAT-IS-ALLOCATED"] {
            let method = Method::from_bytes(text.as_bytes()).unwrap();
            assert_eq!((name(&method), span_name(&method)), (OTHER, "HTTP"), "{text}");
        }
    }
}
