//! The standard tags as typed constants, so that a key is spelt once and its value has one type.
//!
//! ```
//! use tracer_core::{tags, testing::TestTracer};
//!
//! let test = TestTracer::new("shop");
//! let mut span = test.tracer().span("checkout").start();
//! span.set_tag(tags::HTTP_RESPONSE_STATUS_CODE, 200);
//! span.set_tag(tags::PEER_SERVICE, "mysql");
//! span.set_tag("cart.items", 3); // any other key, any type
//! ```
//!
//! A value of another type does not compile:
//!
//! ```compile_fail
//! # use tracer_core::{tags, Span};
//! Span::noop().set_tag(tags::HTTP_RESPONSE_STATUS_CODE, "200");
//! ```

use std::borrow::Cow;
use std::marker::PhantomData;

/// A tag's key whose value is a `T`: `str`, `i64`, `f64` or `bool`.
#[derive(Debug)]
pub struct Tag<T: ?Sized> {
    key: &'static str,
    value: PhantomData<fn(&T)>,
}

impl<T: ?Sized> Tag<T> {
    /// A tag of one's own.
    #[must_use]
    pub const fn new(key: &'static str) -> Self {
        Self { key, value: PhantomData }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        self.key
    }
}

impl<T: ?Sized> Clone for Tag<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Tag<T> {}

/// What can name a tag whose value is a `V`: any text, or a typed [`Tag`].
pub trait Key<'k, V>: sealed::Sealed {
    /// The key's text.
    fn into_str(self) -> &'k str;
}

/// A value that a [`Tag<T>`] takes.
pub trait ValueOf<T: ?Sized> {}

impl<'k, V> Key<'k, V> for &'k str {
    fn into_str(self) -> &'k str {
        self
    }
}

impl<'k, V> Key<'k, V> for &'k String {
    fn into_str(self) -> &'k str {
        self
    }
}

impl<'k, T: ?Sized, V: ValueOf<T>> Key<'k, V> for Tag<T> {
    fn into_str(self) -> &'k str {
        self.key
    }
}

macro_rules! value_of {
    ($tag:ty: $($value:ty),+) => {
        $(impl ValueOf<$tag> for $value {})+
    };
}

value_of!(str: &str, &String, &Box<str>, &Cow<'_, str>);
value_of!(i64: i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);
value_of!(f64: f32, f64);
value_of!(bool: bool);

#[expect(unnameable_types, reason = "sealed: nobody else may implement `Key`")]
mod sealed {
    pub trait Sealed {}
    impl Sealed for &str {}
    impl Sealed for &String {}
    impl<T: ?Sized> Sealed for super::Tag<T> {}
}

macro_rules! tags {
    ($($(#[$doc:meta])* $name:ident: $value:ty = $key:literal;)+) => {
        $($(#[$doc])* pub const $name: Tag<$value> = Tag::new($key);)+
    };
}

// OpenTracing's semantic conventions.
tags! {
    /// The library that made the span.
    COMPONENT: str = "component";
    /// The database's name.
    DB_INSTANCE: str = "db.instance";
    /// The statement sent to the database.
    DB_STATEMENT: str = "db.statement";
    /// The kind of database: `sql`, `redis`, ….
    DB_TYPE: str = "db.type";
    /// The database's user.
    DB_USER: str = "db.user";
    /// Whether the operation failed. Sets the span's status.
    ERROR: bool = "error";
    /// The HTTP method (older convention, see [`HTTP_REQUEST_METHOD`]).
    HTTP_METHOD: str = "http.method";
    /// The HTTP status (older convention, see [`HTTP_RESPONSE_STATUS_CODE`]).
    HTTP_STATUS_CODE: i64 = "http.status_code";
    /// The URL of the request (older convention, see [`URL_FULL`]).
    HTTP_URL: str = "http.url";
    /// Where a message is sent to or comes from.
    MESSAGE_BUS_DESTINATION: str = "message_bus.destination";
    /// The remote address, as a connection string.
    PEER_ADDRESS: str = "peer.address";
    /// The remote host.
    PEER_HOSTNAME: str = "peer.hostname";
    /// The remote IPv4 address.
    PEER_IPV4: str = "peer.ipv4";
    /// The remote IPv6 address.
    PEER_IPV6: str = "peer.ipv6";
    /// The remote port.
    PEER_PORT: i64 = "peer.port";
    /// The remote service's name.
    PEER_SERVICE: str = "peer.service";
    /// More than 0: record this trace; 0: do not. See [`Span::set_tag`](crate::Span::set_tag).
    SAMPLING_PRIORITY: i64 = "sampling.priority";
    /// `client`, `server`, `producer`, `consumer` or `internal`. Sets the span's kind.
    SPAN_KIND: str = "span.kind";
}

// Jaeger's own.
tags! {
    /// The sampler that decided for this root.
    SAMPLER_TYPE: str = "sampler.type";
    /// The id under which a person asked for this trace.
    JAEGER_DEBUG_ID: str = "jaeger-debug-id";
}

/// What the sampler that decided for this root was set to: its type differs from sampler to sampler.
pub const SAMPLER_PARAM: &str = "sampler.param";

// OpenTelemetry's semantic conventions.
tags! {
    /// The client's address.
    CLIENT_ADDRESS: str = "client.address";
    /// The class of an error: a type's name, or a status code.
    ERROR_TYPE: str = "error.type";
    /// An error's message.
    EXCEPTION_MESSAGE: str = "exception.message";
    /// An error's type.
    EXCEPTION_TYPE: str = "exception.type";
    /// The method of the request.
    HTTP_REQUEST_METHOD: str = "http.request.method";
    /// The status of the response.
    HTTP_RESPONSE_STATUS_CODE: i64 = "http.response.status_code";
    /// The route's template, such as `/users/{id}`.
    HTTP_ROUTE: str = "http.route";
    /// `1.1`, `2`, `3`.
    NETWORK_PROTOCOL_VERSION: str = "network.protocol.version";
    /// The gRPC status, by number.
    RPC_GRPC_STATUS_CODE: i64 = "rpc.grpc.status_code";
    /// The method that is called.
    RPC_METHOD: str = "rpc.method";
    /// The service that is called.
    RPC_SERVICE: str = "rpc.service";
    /// The remote procedure system: `grpc`.
    RPC_SYSTEM: str = "rpc.system";
    /// The server's name or address, as the client used it.
    SERVER_ADDRESS: str = "server.address";
    /// The server's port.
    SERVER_PORT: i64 = "server.port";
    /// The whole URL, without credentials.
    URL_FULL: str = "url.full";
    /// The URL's path.
    URL_PATH: str = "url.path";
    /// The URL's query, without the question mark.
    URL_QUERY: str = "url.query";
    /// `http` or `https`.
    URL_SCHEME: str = "url.scheme";
    /// The `User-Agent` header.
    USER_AGENT_ORIGINAL: str = "user_agent.original";
}

// Ours.
tags! {
    /// The instrumented future or stream was dropped before its end.
    CANCELLED: bool = "cancelled";
}
