//! Requests and responses as tags, by OpenTelemetry's semantic conventions
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>,
//! <https://opentelemetry.io/docs/specs/semconv/rpc/grpc/>).
//!
//! What samplers may want is set before a span starts, and the rest only if it is recorded.

pub(crate) mod host;
pub(crate) mod method;
mod redact;

use std::net::SocketAddr;

use http::header::{HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, Uri, Version};
use tracer_core::tags::{self, Tag};
use tracer_core::{Span, SpanBuilder};

use crate::grpc::Rpc;
use crate::head::RequestHead;

pub use self::redact::SENSITIVE_QUERY_KEYS;
pub(crate) use self::redact::SensitiveKeys;

const METHOD_ORIGINAL: Tag<str> = Tag::new("http.request.method_original");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The address of the peer of a connection, as an extension of a request: for servers other than
/// axum's, which has its `ConnectInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// Which server the requests of a client go to, where their URIs do not say.
#[derive(Clone, Debug)]
pub(crate) struct ServerAddress {
    pub(crate) host: Box<str>,
    pub(crate) port: u16,
}

/// What a sampler can go by.
pub(crate) fn at_start<'a>(
    builder: SpanBuilder<'a>,
    head: &RequestHead<'a>,
    rpc: Option<Rpc<'a>>,
) -> SpanBuilder<'a> {
    match rpc {
        Some(rpc) => builder
            .tag(tags::RPC_SYSTEM, "grpc")
            .tag(tags::RPC_SERVICE, rpc.service)
            .tag(tags::RPC_METHOD, rpc.method),
        None => builder.tag(tags::HTTP_REQUEST_METHOD, method::name(head.method)),
    }
}

/// What a sampler of a server can go by.
pub(crate) fn at_server_start<'a>(
    builder: SpanBuilder<'a>,
    head: &RequestHead<'a>,
    rpc: Option<Rpc<'a>>,
) -> SpanBuilder<'a> {
    let builder = at_start(builder, head, rpc);
    match (rpc, head.route()) {
        (Some(_), _) => builder,
        (None, None) => builder.tag(tags::URL_PATH, head.uri.path()),
        (None, Some(route)) => builder.tag(tags::URL_PATH, head.uri.path()).tag(tags::HTTP_ROUTE, route),
    }
}

/// What a server knows of a request.
pub(crate) fn of_server(span: &mut Span, head: &RequestHead<'_>, is_rpc: bool, see: &ServerView<'_>) {
    if !is_rpc {
        original_method(span, head);
        if let Some(query) = head.uri.query() {
            span.set_tag(tags::URL_QUERY, &see.sensitive_keys.redact(query));
        }
        span.set_tag(tags::URL_SCHEME, see.scheme(head));
    }
    server_address(span, head);
    client_address(span, head, see.trust_forwarded);
    user_agent(span, head.headers);
    protocol_version(span, head.version);
}

/// What a client knows of a request.
pub(crate) fn of_client(
    span: &mut Span,
    head: &RequestHead<'_>,
    is_rpc: bool,
    server: Option<&ServerAddress>,
    sensitive_keys: &SensitiveKeys,
) {
    if !is_rpc {
        original_method(span, head);
        span.set_tag(tags::URL_FULL, &full_url(head.uri, sensitive_keys));
    }
    let authority = head.uri.authority().map(|authority| host::split(authority.as_str()));
    match (authority, server) {
        (Some((host, port)), _) => {
            let port = port.or_else(|| host::default_port(head.uri.scheme_str()?));
            address(span, host, port);
        }
        (None, Some(server)) => address(span, &server.host, Some(server.port)),
        (None, None) => {}
    }
}

/// How a server sees requests.
#[derive(Debug)]
pub(crate) struct ServerView<'a> {
    pub(crate) sensitive_keys: &'a SensitiveKeys,
    pub(crate) trust_forwarded: bool,
}

impl ServerView<'_> {
    fn scheme<'h>(&self, head: &RequestHead<'h>) -> &'h str {
        let forwarded = self.trust_forwarded.then(|| text(head.headers, &FORWARDED_PROTO));
        match forwarded.flatten().and_then(first_of_list) {
            Some("https") => "https",
            Some("http") => "http",
            _ => head.uri.scheme_str().unwrap_or("http"),
        }
    }
}

fn original_method(span: &mut Span, head: &RequestHead<'_>) {
    if method::name(head.method) == method::OTHER {
        span.set_tag(METHOD_ORIGINAL, head.method.as_str());
    }
}

/// The server as the client names it: from the target, else from `Host`.
fn server_address(span: &mut Span, head: &RequestHead<'_>) {
    let authority = head.uri.authority().map(http::uri::Authority::as_str);
    if let Some(authority) = authority.or_else(|| text(head.headers, &HOST)) {
        let (host, port) = host::split(authority);
        address(span, host, port);
    }
}

fn address(span: &mut Span, host: &str, port: Option<u16>) {
    if host.is_empty() {
        return;
    }
    span.set_tag(tags::SERVER_ADDRESS, host);
    if let Some(port) = port {
        span.set_tag(tags::SERVER_PORT, port);
    }
}

fn client_address(span: &mut Span, head: &RequestHead<'_>, trust_forwarded: bool) {
    let forwarded = trust_forwarded.then(|| text(head.headers, &FORWARDED_FOR));
    if let Some(client) = forwarded.flatten().and_then(first_of_list) {
        span.set_tag(tags::CLIENT_ADDRESS, client);
        return;
    }
    let peer = head.extensions.get::<PeerAddr>().map(|peer| peer.0);
    #[cfg(feature = "axum")]
    let peer = peer.or_else(|| crate::axum::connected_from(head.extensions));
    if let Some(peer) = peer {
        span.set_tag_display(tags::CLIENT_ADDRESS.key(), &peer.ip());
    }
}

fn user_agent(span: &mut Span, headers: &HeaderMap) {
    if let Some(agent) = headers.get(USER_AGENT) {
        span.set_tag(tags::USER_AGENT_ORIGINAL, &String::from_utf8_lossy(agent.as_bytes()));
    }
}

fn protocol_version(span: &mut Span, version: Version) {
    let number = match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_11 => "1.1",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => return,
    };
    span.set_tag(tags::NETWORK_PROTOCOL_VERSION, number);
}

/// The URL without credentials and secrets.
fn full_url(uri: &Uri, sensitive_keys: &SensitiveKeys) -> String {
    let mut url = String::new();
    if let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) {
        let authority = authority.as_str();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        url.extend([scheme, "://", host]);
    }
    url.push_str(uri.path());
    if let Some(query) = uri.query() {
        url.extend(["?", &sensitive_keys.redact(query)]);
    }
    url
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn first_of_list(list: &str) -> Option<&str> {
    let first = list.split(',').next()?.trim_matches([' ', '\t']);
    (!first.is_empty()).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_shows_no_credentials_and_no_secrets() {
        for (url, shown) in [
            ("http://example.com", "http://example.com/"),
            ("https://me:pass@h:8/p?q=1", "https://h:8/p?q=1"),
            ("https://me@[::1]:8/p?token=1", "https://[::1]:8/p?token=REDACTED"),
            ("/path?a=b", "/path?a=b"),
            ("*", "*"),
        ] {
            let uri = Uri::from_static(url);
            assert_eq!(full_url(&uri, &SensitiveKeys::Usual), shown);
        }
    }

    #[test]
    fn the_first_forwarded_address_is_the_clients() {
        assert_eq!(first_of_list(" 203.0.113.7 , 10.0.0.1"), Some("203.0.113.7"));
        assert_eq!(first_of_list(""), None);
        assert_eq!(first_of_list(" ,x"), None);
    }
}
