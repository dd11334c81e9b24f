//! gRPC over HTTP/2: which requests are calls, and how a call ended.
//!
//! A call is a request whose content type is `application/grpc…`, to `/package.Service/Method`. It
//! ends with `grpc-status` in the trailers, or in the headers of a response without a body
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

mod status;

use http::HeaderMap;
use http::header::CONTENT_TYPE;

pub(crate) use self::status::Status;

const GRPC: &[u8] = b"application/grpc";
const GRPC_WEB: &[u8] = b"application/grpc-web";

/// A method that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rpc<'a> {
    /// `package.Service/Method`
    pub(crate) full_method: &'a str,
    /// `package.Service`
    pub(crate) service: &'a str,
    /// `Method`
    pub(crate) method: &'a str,
}

impl<'a> Rpc<'a> {
    pub(crate) fn of_path(path: &'a str) -> Option<Self> {
        let full_method = path.strip_prefix('/')?;
        let (service, method) = full_method.split_once('/')?;
        let is_call = !service.is_empty() && !method.is_empty() && !method.contains('/');
        is_call.then_some(Self { full_method, service, method })
    }
}

/// Whether a message's content type is gRPC's or gRPC-Web's.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let Some(rest) = content_type(headers).and_then(|text| text.strip_prefix(GRPC)) else {
        return false;
    };
    matches!(rest.first(), None | Some(b'+' | b';' | b' ')) || is_grpc_web(headers)
}

/// Whether it is gRPC-Web, whose trailers are hidden in the body.
pub(crate) fn is_grpc_web(headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(|text| text.starts_with(GRPC_WEB))
}

fn content_type(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_call_has_a_service_and_a_method() {
        let rpc = Rpc::of_path("/driver.DriverService/FindNearest").unwrap();
        assert_eq!(rpc.full_method, "driver.DriverService/FindNearest");
        assert_eq!((rpc.service, rpc.method), ("driver.DriverService", "FindNearest"));
        for path in ["", "*", "/", "/a", "/a/", "//b", "/a/b/c"] {
            assert_eq!(Rpc::of_path(path), None, "{path}");
        }
    }

    #[test]
    fn calls_are_known_by_their_content_type() {
        let headers = |text| HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(text))]);
        for text in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc;x=1",
            "application/grpc-web-text",
        ] {
            assert!(is_grpc(&headers(text)), "{text}");
        }
        for text in ["application/json", "application/grpcx", "application/grp", ""] {
            assert!(!is_grpc(&headers(text)), "{text}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }
}
