//! Jaeger's own protocols, by the variables of its clients and by OpenTelemetry's for them.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
#[cfg(feature = "grpc")]
use tracer_exporter_jaeger::JaegerGrpc;
use tracer_exporter_jaeger::{ExporterBuilder, ThriftHttp, ThriftUdp, Transport};

use super::{Plan, checked, reason};
use crate::note::Origin;
use crate::parse;
use crate::setting::{
    JAEGER_AGENT_HOST, JAEGER_AGENT_PORT, JAEGER_AUTH_TOKEN, JAEGER_ENDPOINT, JAEGER_PASSWORD,
    JAEGER_PROTOCOL, JAEGER_TIMEOUT, JAEGER_USER,
};
use crate::sources::Sources;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http,
    Udp,
    Grpc,
}

const PROTOCOLS: [(&str, Protocol); 3] =
    [("http/thrift.binary", Protocol::Http), ("udp/thrift.compact", Protocol::Udp), ("grpc", Protocol::Grpc)];

pub(super) fn plan(sources: &mut Sources) -> Plan {
    match protocol(sources) {
        Protocol::Udp => udp(sources),
        #[cfg(feature = "grpc")]
        Protocol::Grpc => Plan::JaegerGrpc(over_url(sources, JaegerGrpc::builder, "http://localhost:14250")),
        _ => Plan::ThriftHttp(over_url(sources, ThriftHttp::builder, "http://localhost:14268/api/traces")),
    }
}

fn protocol(sources: &mut Sources) -> Protocol {
    let found = sources.find(&JAEGER_PROTOCOL, |text, _| match parse::one_of(text, &PROTOCOLS)? {
        Protocol::Grpc if !cfg!(feature = "grpc") => Err("it needs this crate's feature `grpc`".into()),
        protocol => Ok(protocol),
    });
    if let Some(found) = found {
        return found.value;
    }
    let protocol = match sources.texts(&JAEGER_ENDPOINT).first() {
        None => Protocol::Udp,
        Some((url, _)) if cfg!(feature = "grpc") && url.trim_end_matches('/').ends_with(":14250") => {
            Protocol::Grpc
        }
        Some(_) => Protocol::Http,
    };
    let name = PROTOCOLS.iter().find(|(_, other)| *other == protocol).map_or("", |(name, _)| *name);
    sources.amend(&JAEGER_PROTOCOL, name, Origin::Default);
    protocol
}

fn udp(sources: &mut Sources) -> Plan {
    let at = |host: &str, port: u16| {
        let is_bare_v6 = host.contains(':') && !host.starts_with('[');
        if is_bare_v6 { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    };
    let host = sources.find(&JAEGER_AGENT_HOST, |host, _| {
        let trial = ThriftUdp::builder().endpoint(at(host, 1)).build();
        trial.map(|_| host.to_owned()).map_err(|error| reason(&error))
    });
    let port = sources.find(&JAEGER_AGENT_PORT, |text, _| {
        parse::number(text, 1, 65_535).map(|port| u16::try_from(port).unwrap_or(u16::MAX))
    });
    let host = host.map_or_else(|| "localhost".to_owned(), |found| found.value);
    Plan::ThriftUdp(ThriftUdp::builder().endpoint(at(&host, port.map_or(6831, |found| found.value))))
}

fn over_url<X: Transport>(
    sources: &mut Sources,
    builder: fn() -> ExporterBuilder<X>,
    default_endpoint: &'static str,
) -> ExporterBuilder<X> {
    let endpoint = sources.find(&JAEGER_ENDPOINT, |url, _| checked(builder().endpoint(url), url));
    if endpoint.is_none() {
        sources.amend(&JAEGER_ENDPOINT, default_endpoint, Origin::Default);
    }
    let endpoint = endpoint.map_or_else(|| default_endpoint.to_owned(), |found| found.value);
    let mut exporter = builder();
    if let Some(timeout) = sources.find(&JAEGER_TIMEOUT, |text, _| parse::duration(text)) {
        exporter = exporter.timeout(timeout.value);
    }
    let token = sources.find(&JAEGER_AUTH_TOKEN, |token, _| checked(builder().bearer_token(token), token));
    if let Some(token) = token {
        return exporter.endpoint(endpoint).bearer_token(token.value);
    }
    let user = sources.find(&JAEGER_USER, |user, _| Ok(user.to_owned()));
    let password = sources.find(&JAEGER_PASSWORD, |password, _| Ok(password.to_owned()));
    match (user, password) {
        (Some(user), Some(password)) => {
            exporter.endpoint(with_credentials(&endpoint, &user.value, &password.value))
        }
        (Some(user), None) => {
            let reason = "there is no password";
            sources.refuse(&JAEGER_USER, (&user.value, &user.origin), reason, "no authorization".into());
            exporter.endpoint(endpoint)
        }
        (None, Some(password)) => {
            sources.refuse(
                &JAEGER_PASSWORD,
                ("", &password.origin),
                "there is no user",
                "no authorization".into(),
            );
            exporter.endpoint(endpoint)
        }
        (None, None) => exporter.endpoint(endpoint),
    }
}

/// The URL with user and password, if it has none of its own.
fn with_credentials(url: &str, user: &str, password: &str) -> String {
    let encoded = |part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string();
    match url.split_once("://") {
        Some((scheme, rest)) if !rest.contains('@') => {
            format!("{scheme}://{}:{}@{rest}", encoded(user), encoded(password))
        }
        _ => url.to_owned(),
    }
}
