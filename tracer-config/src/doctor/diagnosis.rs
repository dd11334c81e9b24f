//! What went wrong, in plain words.

use std::time::Duration;

use tracer_core::ExportError;
use tracer_exporter_jaeger::StrategyError;

use super::address::Address;
use super::speech::{self, NoConnection, Speech};
use crate::configuration::exporters::{Protocol, Target};
use crate::setting::printable;

/// The ports of the receivers, as a rule.
const USUAL_PORTS: [(Protocol, u16); 9] = [
    (Protocol::OtlpHttp, 4318),
    (Protocol::OtlpHttpJson, 4318),
    (Protocol::OtlpGrpc, 4317),
    (Protocol::ThriftHttp, 14_268),
    (Protocol::JaegerGrpc, 14_250),
    (Protocol::Zipkin, 9411),
    (Protocol::ThriftUdp, 6831),
    (Protocol::SamplingHttp, 5778),
    (Protocol::SamplingGrpc, 5779),
];

impl Protocol {
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::OtlpHttp => "OTLP over HTTP",
            Self::OtlpHttpJson => "OTLP over HTTP in JSON",
            Self::OtlpGrpc => "OTLP over gRPC",
            Self::ThriftHttp => "Jaeger's Thrift over HTTP",
            Self::ThriftUdp => "Jaeger's Thrift over UDP",
            Self::JaegerGrpc => "Jaeger's own gRPC",
            Self::Zipkin => "Zipkin's JSON over HTTP",
            Self::SamplingHttp => "remote sampling over HTTP",
            Self::SamplingGrpc => "remote sampling over gRPC",
            Self::Local => "local output",
        }
    }

    const fn is_grpc(self) -> bool {
        matches!(self, Self::OtlpGrpc | Self::JaegerGrpc | Self::SamplingGrpc)
    }

    fn usual_port(self) -> Option<u16> {
        USUAL_PORTS.iter().find(|(protocol, _)| *protocol == self).map(|(_, port)| *port)
    }

    /// The path that receivers of it listen on.
    const fn usual_path(self) -> &'static str {
        match self {
            Self::OtlpHttp | Self::OtlpHttpJson => "/v1/traces",
            Self::ThriftHttp => "/api/traces",
            Self::Zipkin => "/api/v2/spans",
            Self::SamplingHttp => "/api/sampling",
            _ => "/",
        }
    }
}

/// Why an export failed.
pub(super) fn of_failure(target: &Target, error: &ExportError, patience: Duration) -> String {
    let Some(address) = Address::parse(&target.endpoint) else { return printable(&error.to_string()) };
    let words = match error {
        ExportError::Refused { status, message, .. } if target.protocol.is_grpc() => {
            of_code(target, &address, *status, message, patience)
        }
        ExportError::Refused { status, message, .. } => of_status(target, &address, *status, message),
        ExportError::Unreachable { cause, .. } if target.protocol == Protocol::ThriftUdp => {
            of_datagram(&address, cause)
        }
        ExportError::Unreachable { cause, .. } => of_no_answer(target, &address, cause, patience),
        ExportError::TimedOut { .. } => of_no_answer(target, &address, "no answer in time", patience),
        other => printable(&other.to_string()),
    };
    words + &port_hint(target.protocol, &address)
}

/// Why there is no sampling strategy.
pub(super) fn of_strategy(target: &Target, error: &StrategyError, patience: Duration) -> String {
    match error {
        StrategyError::Unanswered(error) => of_failure(target, error, patience),
        other => printable(&other.to_string()),
    }
}

/// What is wrong although the export seems to have gone well: a page answers everything with itself.
pub(super) fn of_success(target: &Target, patience: Duration) -> Option<String> {
    let address = Address::parse(&target.endpoint)?;
    if target.protocol.is_grpc() || address.is_tls {
        return None;
    }
    // Not what an exporter sends, but whoever has a receiver there will not answer it with a page.
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\
         connection: close\r\n\r\n",
        address.path,
        address.host_port()
    );
    let answer = speech::answer(&address, request.as_bytes(), patience)?.to_ascii_lowercase();
    let (head, _) = answer.split_once("\r\n\r\n")?;
    let is_page = head.starts_with("http/1.1 2") && head.contains("content-type: text/html");
    is_page.then(|| {
        "a web page answers there, no receiver: that is the port of a user interface".to_owned()
            + &port_hint(target.protocol, &address)
    })
}

/// There was no answer of the protocol's. What is there?
fn of_no_answer(target: &Target, address: &Address, cause: &str, patience: Duration) -> String {
    let at = address.host_port();
    match speech::listen(address, patience) {
        Err(NoConnection::NameNotFound(cause)) => {
            format!("the name {:?} is not found ({})", address.host, printable(&cause))
        }
        Err(NoConnection::Refused) => format!("nobody listens on {at}{}", elsewhere(target, address)),
        Err(NoConnection::TimedOut) => {
            format!("{at} does not answer at all: the host is away, or a firewall is between")
        }
        Err(NoConnection::Other(cause)) => format!("no connection to {at}: {}", printable(&cause)),
        Ok(speech) => of_speech(target, address, &speech, cause),
    }
}

fn of_speech(target: &Target, address: &Address, speech: &Speech, cause: &str) -> String {
    let at = address.host_port();
    let is_grpc = target.protocol.is_grpc();
    match speech {
        Speech::Tls if address.is_tls => of_tls(&address.host, cause),
        Speech::Tls => format!("{at} wants TLS, and the end point says http: use https://"),
        Speech::Http1(_) | Speech::Http2 if address.is_tls => {
            format!("{at} has no TLS, and the end point says https: use http://")
        }
        Speech::Http2 if !is_grpc => {
            format!("{at} speaks HTTP/2 alone, as gRPC does, and no HTTP/1: it wants another protocol")
        }
        Speech::Http1(_) if is_grpc => format!("{at} speaks HTTP/1 and no gRPC: it wants another protocol"),
        Speech::Silent => {
            format!("{at} takes connections and never answers: it hangs, or speaks something else")
        }
        Speech::Closes => format!("{at} ends each connection without a word ({})", printable(cause)),
        Speech::Other => format!("{at} speaks neither HTTP nor TLS ({})", printable(cause)),
        Speech::Http1(_) | Speech::Http2 => {
            format!("{at} answers other requests, but not this one ({})", printable(cause))
        }
    }
}

/// By what rustls says of certificates.
fn of_tls(host: &str, cause: &str) -> String {
    let said = printable(cause);
    let words = if cause.contains("UnknownIssuer")
        || cause.contains("BadSignature")
        || cause.contains("unknown issuer")
    {
        "the server's certificate is by an authority that is not trusted; name its roots by OTEL_EXPORTER_OTLP_CERTIFICATE"
    } else if cause.contains("NotValidForName") || cause.contains("not valid for name") {
        return format!("the server's certificate is for another name than {host:?} ({said})");
    } else if cause.contains("Expired") || cause.contains("expired") {
        "the server's certificate has expired, or the clock is wrong"
    } else if cause.contains("CertificateRequired") {
        "the server wants a certificate of the client; set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY"
    } else if cause.contains("UnknownCA")
        || cause.contains("BadCertificate")
        || cause.contains("AccessDenied")
    {
        "the server does not trust the client's certificate"
    } else if ["roken pipe", "reset", "closed"].iter().any(|word| cause.contains(word)) {
        // With TLS 1.3 the client may be writing already when it is refused, and never reads why.
        "the server ends the connection by TLS, as one does that wants a certificate of the client and is shown none or a wrong one"
    } else {
        "the connection by TLS fails"
    };
    format!("{words} ({said})")
}

/// A receiver answered with a status of HTTP.
fn of_status(target: &Target, address: &Address, status: u16, message: &str) -> String {
    let says = if message.is_empty() { String::new() } else { format!(" ({})", printable(message)) };
    let usual = target.protocol.usual_path();
    // Whoever is asked in plain HTTP and wants TLS says so with a 400.
    if message.contains("HTTP request to an HTTPS server") || message.contains("sent to HTTPS port") {
        return of_speech(target, address, &Speech::Tls, message);
    }
    match status {
        300..400 => format!(
            "it answers {status}: a redirection, which is not followed: use the address it leads to{says}"
        ),
        401 => format!("it answers 401: it wants credentials, and those sent, if any, are not good{says}"),
        403 => format!("it answers 403: who these credentials are of may not send spans{says}"),
        404 | 405 if address.path == usual => {
            format!(
                "it answers {status}: it has no {usual}, so it is no receiver of {}{says}",
                target.protocol.in_words()
            )
        }
        404 | 405 => format!(
            "it answers {status}: there is no path {:?}; receivers of {} have {usual}{says}",
            address.path,
            target.protocol.in_words()
        ),
        413 => format!(
            "it answers 413: what was sent is too large for it; a proxy's limit, since it was one span{says}"
        ),
        400 | 415 => format!(
            "it answers {status}: it does not understand what was sent; it wants another protocol{says}"
        ),
        429 => format!("it answers 429: it is sent too much{says}"),
        502..=504 => {
            format!("it answers {status}: a proxy is there, and the receiver behind it is not{says}")
        }
        500.. => format!("it answers {status}: it has an error of its own{says}"),
        _ => format!("it answers {status}{says}"),
    }
}

/// A receiver answered with a code of gRPC, or the client made one of what it got.
fn of_code(target: &Target, address: &Address, code: u16, message: &str, patience: Duration) -> String {
    let says = if message.is_empty() { String::new() } else { format!(" ({})", printable(message)) };
    match code {
        12 => format!(
            "it speaks gRPC and does not know {}: it wants another protocol{says}",
            target.protocol.in_words()
        ),
        16 => format!(
            "it answers UNAUTHENTICATED: it wants credentials, and those sent, if any, are not good{says}"
        ),
        7 => format!("it answers PERMISSION_DENIED: who these credentials are of may not send spans{says}"),
        8 => format!("it answers RESOURCE_EXHAUSTED: it is sent too much, or too much at once{says}"),
        3 => format!("it answers INVALID_ARGUMENT: it does not understand what was sent{says}"),
        // The transport's own failures: what is there tells more.
        2 | 13 | 14 => match speech::listen(address, patience) {
            Ok(Speech::Http2) if !address.is_tls => format!("it answers code {code} of gRPC{says}"),
            _ => of_no_answer(target, address, message, patience),
        },
        _ => format!("it answers code {code} of gRPC{says}"),
    }
}

fn of_datagram(address: &Address, cause: &str) -> String {
    if cause.contains("refused") {
        return format!("nobody listens on {} (the machine there says so)", address.host_port());
    }
    format!("the packet did not leave: {}", printable(cause))
}

/// Where somebody listens instead: on the protocol's own port.
fn elsewhere(target: &Target, address: &Address) -> String {
    let usual = target.protocol.usual_port().filter(|port| *port != address.port);
    let other = usual.map(|port| Address { port, ..address.clone() });
    let open = other.filter(|other| speech::is_open(other, Duration::from_millis(500)));
    open.map_or_else(String::new, |other| format!("; on {} somebody does", other.host_port()))
}

/// That a port is another protocol's, as a rule.
fn port_hint(protocol: Protocol, address: &Address) -> String {
    const PAGE: u16 = 16_686;
    let usual = protocol.usual_port().unwrap_or_default();
    if address.port == usual {
        return String::new();
    }
    let other = USUAL_PORTS.iter().find(|(other, port)| *other != protocol && *port == address.port);
    match other {
        Some((other, port)) => format!(
            ". {port} is the port of {} as a rule; that of {} is {usual}",
            other.in_words(),
            protocol.in_words()
        ),
        None if address.port == PAGE => {
            format!(
                ". {PAGE} is the port of Jaeger's page as a rule; that of {} is {usual}",
                protocol.in_words()
            )
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(protocol: Protocol, endpoint: &str, status: u16) -> String {
        let target = Target { protocol, endpoint: endpoint.to_owned() };
        let error =
            ExportError::Refused { endpoint: endpoint.to_owned(), status, message: "because\n".to_owned() };
        of_failure(&target, &error, Duration::from_millis(1))
    }

    #[test]
    fn codes_of_grpc_are_explained() {
        let cases = [
            (16, "UNAUTHENTICATED: it wants credentials"),
            (7, "PERMISSION_DENIED"),
            (8, "RESOURCE_EXHAUSTED"),
            (3, "INVALID_ARGUMENT"),
            (12, "it speaks gRPC and does not know OTLP over gRPC"),
            (5, "it answers code 5"),
        ];
        for (code, expected) in cases {
            let words = words(Protocol::OtlpGrpc, "http://127.0.0.1:1/", code);
            assert!(words.contains(expected) && words.contains("(because\u{fffd})"), "{words}");
        }
    }

    #[test]
    fn ports_of_other_protocols_are_remarked() {
        let words = words(Protocol::ThriftHttp, "http://h:4318/api/traces", 404);
        assert!(
            words.contains("it has no /api/traces, so it is no receiver of Jaeger's Thrift over HTTP"),
            "{words}"
        );
        assert!(words.contains("4318 is the port of OTLP over HTTP as a rule"), "{words}");
        let page = port_hint(Protocol::OtlpHttp, &Address::parse("http://h:16686/").unwrap());
        assert!(page.contains("the port of Jaeger's page"), "{page}");
    }
}
