//! What may leave for which server.

use std::fmt;
use std::sync::Arc;

use http::header::HOST;
use http::{HeaderMap, Uri};
use tracer_propagation::{OutgoingPolicy, Propagation};

use crate::tags::{ServerAddress, host};

type TargetFn = dyn Fn(&Uri) -> Propagation + Send + Sync;

/// How it is decided.
#[derive(Clone)]
pub(super) enum Policy {
    ByHost(OutgoingPolicy),
    ByTarget(Arc<TargetFn>),
}

impl Policy {
    pub(super) fn decide(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        server: Option<&ServerAddress>,
    ) -> Propagation {
        match self {
            Self::ByHost(policy) => policy.for_host(host_of(uri, headers, server)),
            Self::ByTarget(policy) => policy(uri),
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByHost(policy) => f.debug_tuple("ByHost").field(policy).finish(),
            Self::ByTarget(_) => f.debug_tuple("ByTarget").finish_non_exhaustive(),
        }
    }
}

/// Where a request goes: what its URI says, else what the layer was told, else its `Host` header,
/// which may be made up and so comes last.
fn host_of<'a>(uri: &'a Uri, headers: &'a HeaderMap, server: Option<&'a ServerAddress>) -> Option<&'a str> {
    let of_authority = |authority| host::split(authority).0;
    let of_uri = uri.authority().map(|authority| of_authority(authority.as_str()));
    let known = of_uri.or_else(|| server.map(|server| &*server.host));
    let header = || headers.get(HOST)?.to_str().ok().map(of_authority);
    known.or_else(header).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_host_is_the_uris_else_the_layers_else_the_headers() {
        let told = ServerAddress { host: "told".into(), port: 80 };
        let mut headers = HeaderMap::new();
        let hosts = |uri, headers: &HeaderMap| {
            let uri = Uri::from_static(uri);
            [Some(&told), None].map(|server| host_of(&uri, headers, server).unwrap_or("-").to_owned())
        };
        assert_eq!(hosts("/p", &headers), ["told", "-"]);
        for header in ["header", "header:8080"] {
            headers.insert(HOST, HeaderValue::from_static(header));
            assert_eq!(hosts("http://uri:1/p", &headers), ["uri", "uri"]);
            assert_eq!(hosts("http://me:pass@uri/p", &headers), ["uri", "uri"]);
            assert_eq!(hosts("http://[::1]:1/p", &headers), ["::1", "::1"]);
            assert_eq!(hosts("/p", &headers), ["told", "header"]);
        }
        for unusable in [b"".as_slice(), b":80", b"\xff"] {
            headers.insert(HOST, HeaderValue::from_bytes(unusable).unwrap());
            assert_eq!(hosts("/p", &headers), ["told", "-"]);
        }
    }
}
