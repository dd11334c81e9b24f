//! How a call ended.

use http::{HeaderMap, StatusCode};

/// Longer messages are cut before they are decoded.
const MESSAGE_BYTES_MAX: usize = 4096;

/// The codes by number, and whether a server is at fault
/// (<https://opentelemetry.io/docs/specs/semconv/rpc/grpc/>).
const CODES: [(&str, bool); 17] = [
    ("OK", false),
    ("CANCELLED", false),
    ("UNKNOWN", true),
    ("INVALID_ARGUMENT", false),
    ("DEADLINE_EXCEEDED", true),
    ("NOT_FOUND", false),
    ("ALREADY_EXISTS", false),
    ("PERMISSION_DENIED", false),
    ("RESOURCE_EXHAUSTED", false),
    ("FAILED_PRECONDITION", false),
    ("ABORTED", false),
    ("OUT_OF_RANGE", false),
    ("UNIMPLEMENTED", true),
    ("INTERNAL", true),
    ("UNAVAILABLE", true),
    ("DATA_LOSS", true),
    ("UNAUTHENTICATED", false),
];

const UNKNOWN: u8 = 2;
const UNIMPLEMENTED: u8 = 12;

/// A `grpc-status` and its `grpc-message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl Status {
    /// What headers or trailers say; `None` if they say nothing.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let code = headers.get("grpc-status")?.as_bytes();
        let message = headers.get("grpc-message").map(http::HeaderValue::as_bytes);
        Some(Self {
            code: parse_code(code).unwrap_or(UNKNOWN),
            message: message.map(percent_decoded).unwrap_or_default(),
        })
    }

    /// What an HTTP status stands for where a proxy answers in the server's place
    /// (<https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>).
    /// `None` for 200, which says nothing.
    pub(crate) fn of_http(status: StatusCode) -> Option<Self> {
        let code = match status.as_u16() {
            200 => return None,
            400 => 13,
            401 => 16,
            403 => 7,
            404 => UNIMPLEMENTED,
            429 | 502 | 503 | 504 => 14,
            _ => UNKNOWN,
        };
        let message = format!("HTTP status {}", status.as_u16());
        Some(Self { code, message })
    }

    /// A response that ended without saying how.
    pub(crate) fn missing() -> Self {
        Self { code: UNKNOWN, message: "grpc-status is missing".to_owned() }
    }

    pub(crate) fn name(&self) -> &'static str {
        CODES.get(usize::from(self.code)).map_or("UNKNOWN", |code| code.0)
    }

    pub(crate) const fn is_ok(&self) -> bool {
        self.code == 0
    }

    pub(crate) const fn is_unimplemented(&self) -> bool {
        self.code == UNIMPLEMENTED
    }

    pub(crate) fn is_fault_of_server(&self) -> bool {
        CODES.get(usize::from(self.code)).is_none_or(|code| code.1)
    }
}

/// One or two digits, 0 to 16: other numbers are none of gRPC's.
fn parse_code(digits: &[u8]) -> Option<u8> {
    let code = match digits {
        [ones @ b'0'..=b'9'] => ones - b'0',
        [b'1', ones @ b'0'..=b'6'] => 10 + (ones - b'0'),
        _ => return None,
    };
    Some(code)
}

/// The message; what is not well encoded stays as it is.
fn percent_decoded(message: &[u8]) -> String {
    let message = message.get(..MESSAGE_BYTES_MAX).unwrap_or(message);
    let bytes: Vec<u8> = crate::percent::decoded(message).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn status(code: &'static str, message: &'static str) -> Option<Status> {
        Status::of(&HeaderMap::from_iter([
            (http::HeaderName::from_static("grpc-status"), HeaderValue::from_static(code)),
            (http::HeaderName::from_static("grpc-message"), HeaderValue::from_static(message)),
        ]))
    }

    #[test]
    fn codes_and_messages_are_read() {
        let not_found = status("5", "no%20such%20driver%3A %zz 100%").unwrap();
        assert_eq!((not_found.code, not_found.name()), (5, "NOT_FOUND"));
        assert_eq!(not_found.message, "no such driver: %zz 100%");
        assert!(!not_found.is_fault_of_server());
        assert!(status("0", "").unwrap().is_ok());
        assert_eq!(status("16", "").unwrap().name(), "UNAUTHENTICATED");
        assert_eq!(Status::of(&HeaderMap::new()), None);
    }

    #[test]
    fn other_codes_are_unknown() {
        for code in ["", "17", "016", "-1", "x", "99999999999999999999"] {
            let status = status(code, "").unwrap();
            assert_eq!((status.code, status.is_fault_of_server()), (UNKNOWN, true), "{code}");
        }
    }

    #[test]
    fn an_endless_message_is_cut() {
        let long = HeaderValue::from_bytes(&[b'm'; 100_000]).unwrap();
        let headers = HeaderMap::from_iter([
            (http::HeaderName::from_static("grpc-status"), HeaderValue::from_static("13")),
            (http::HeaderName::from_static("grpc-message"), long),
        ]);
        assert_eq!(Status::of(&headers).unwrap().message.len(), MESSAGE_BYTES_MAX);
    }

    #[test]
    fn a_proxys_answer_stands_for_a_status() {
        assert_eq!(Status::of_http(StatusCode::OK), None);
        let name = |status| Status::of_http(status).unwrap().name();
        assert_eq!(name(StatusCode::NOT_FOUND), "UNIMPLEMENTED");
        assert_eq!(name(StatusCode::BAD_GATEWAY), "UNAVAILABLE");
        assert_eq!(name(StatusCode::IM_A_TEAPOT), "UNKNOWN");
    }
}
