//! TLS against servers with certificates of the tests' own.

#![cfg(all(feature = "tls", feature = "grpc"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests may, as tests do")]

#[path = "shared/authority.rs"]
mod authority;
#[path = "shared/grpc_server.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod grpc_server;
#[path = "it/random.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod random;
#[path = "it/spans.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod spans;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tracer_core::row::Rows;
use tracer_core::{Batch, ExportError, Exported, Exporter, Resource, Scope};
use tracer_exporter_jaeger::{ConfigError, OtlpGrpc, OtlpHttp};

use self::authority::{Authority, Signed};
use self::grpc_server::{Receiver, ok};

/// A gRPC server; with `clients`, only for those that this authority knows.
fn secure_grpc(server: &Signed, clients: Option<&Authority>) -> Receiver {
    let mut tls = ServerTlsConfig::new().identity(Identity::from_pem(&server.chain, &server.key));
    if let Some(clients) = clients {
        tls = tls.client_ca_root(Certificate::from_pem(clients.pem()));
    }
    Receiver::serve(Server::builder().tls_config(tls).unwrap(), "127.0.0.1:0".parse().unwrap(), ok)
}

/// The same with HTTP/1.1: it reads a request, and says that all is well.
mod https {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::sync::Arc;

    use rustls::{ServerConnection, StreamOwned};

    use super::{Authority, Signed};

    pub(crate) fn server(server: &Signed, clients: Option<&Authority>) -> SocketAddr {
        let config = server.server_config(clients);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let accept = move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                // A client that does not trust us goes away.
                let _ = answer(&mut StreamOwned::new(connection, stream));
            }
        };
        std::thread::Builder::new().spawn(accept).unwrap();
        address
    }

    fn answer(stream: &mut (impl Read + Write)) -> std::io::Result<()> {
        let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let read = stream.read(&mut buffer)?;
            request.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&request);
            let Some((head, _)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
            });
            if request.len() >= head.len() + 4 + length.unwrap_or(0) {
                break;
            }
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
        stream.flush()
    }
}

fn export(exporter: &mut dyn Exporter) -> Result<Exported, ExportError> {
    let captured = spans::capture(|tracer| tracer.span("work").start().finish());
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let rows = Rows::from_bytes(&captured.rows).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    exporter.export(&Batch::new(&resource, &scope, rows), deadline)
}

fn is_unreachable(sent: &Result<Exported, ExportError>) -> bool {
    matches!(sent, Err(ExportError::Unreachable { .. }))
}

#[test]
fn own_roots_and_client_certificates_over_http() {
    let (ours, strangers) = (Authority::new(), Authority::new());
    let (server, client) = (ours.sign("localhost"), ours.sign("client"));
    let builder = |address: SocketAddr| {
        OtlpHttp::builder()
            .endpoint(format!("https://localhost:{}", address.port()))
            .timeout(Duration::from_secs(15))
    };
    let open = https::server(&server, None);
    let trusting = builder(open).root_certificates(ours.pem());
    assert_eq!(export(&mut trusting.build().unwrap()), Ok(Exported::ALL));
    let mistrusting = builder(open).root_certificates(strangers.pem());
    let sent = export(&mut mistrusting.build().unwrap());
    assert!(is_unreachable(&sent), "{sent:?}");
    let sent = export(&mut builder(open).build().unwrap());
    assert!(is_unreachable(&sent), "the Mozilla roots do not have it: {sent:?}");
    let guarded = https::server(&server, Some(&ours));
    let known = builder(guarded).root_certificates(ours.pem());
    let known = known.client_certificate(client.chain, client.key);
    assert!(!format!("{known:?}").contains("PRIVATE"));
    assert_eq!(export(&mut known.build().unwrap()), Ok(Exported::ALL));
    let sent = export(&mut builder(guarded).root_certificates(ours.pem()).build().unwrap());
    assert!(sent.is_err(), "{sent:?}");
}

#[test]
fn own_roots_and_client_certificates_over_grpc() {
    let (ours, strangers) = (Authority::new(), Authority::new());
    let (server, client) = (ours.sign("localhost"), ours.sign("client"));
    let builder = |address: SocketAddr| {
        OtlpGrpc::builder()
            .endpoint(format!("https://localhost:{}", address.port()))
            .timeout(Duration::from_secs(15))
    };
    let open_receiver = secure_grpc(&server, None);
    let open = open_receiver.address;
    let trusting = builder(open).root_certificates(ours.pem());
    assert_eq!(export(&mut trusting.build().unwrap()), Ok(Exported::ALL));
    let sent = export(&mut builder(open).root_certificates(strangers.pem()).build().unwrap());
    assert!(is_unreachable(&sent), "{sent:?}");
    let guarded_receiver = secure_grpc(&server, Some(&ours));
    let guarded = guarded_receiver.address;
    let known = builder(guarded).root_certificates(ours.pem());
    let known = known.client_certificate(client.chain, client.key);
    assert!(!format!("{known:?}").contains("PRIVATE"));
    assert_eq!(export(&mut known.build().unwrap()), Ok(Exported::ALL));
    let sent = export(&mut builder(guarded).root_certificates(ours.pem()).build().unwrap());
    assert!(sent.is_err(), "{sent:?}");
}

/// What is said of an export that failed.
fn complaint(sent: Result<Exported, ExportError>) -> String {
    let error = sent.unwrap_err();
    assert!(matches!(error, ExportError::Unreachable { .. }), "{error:?}");
    error.to_string()
}

/// In TLS 1.3 a server looks at a client's certificate after the handshake: its alert, or the end of the connection, is
/// what is seen first.
fn is_refusal(complaint: &str) -> bool {
    ["certificate", "alert", "Broken pipe", "broken pipe", "reset", "closed"]
        .iter()
        .any(|text| complaint.contains(text))
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_over_http() {
    let (ours, strangers) = (Authority::new(), Authority::new());
    let elsewhere = https::server(&ours.sign("elsewhere.example"), None);
    let guarded = https::server(&ours.sign("localhost"), Some(&ours));
    let url = |address: SocketAddr| format!("https://localhost:{}", address.port());
    let builder = |address| {
        let builder = OtlpHttp::builder().endpoint(url(address)).timeout(Duration::from_secs(15));
        builder.root_certificates(ours.pem())
    };
    let wrong_name = complaint(export(&mut builder(elsewhere).build().unwrap()));
    assert!(wrong_name.contains("not valid for name"), "{wrong_name}");
    assert!(wrong_name.contains(&url(elsewhere)), "{wrong_name}");
    let wrong_root = builder(guarded).root_certificates(strangers.pem());
    let wrong_root = complaint(export(&mut wrong_root.build().unwrap()));
    assert!(wrong_root.contains("UnknownIssuer"), "{wrong_root}");
    let without = complaint(export(&mut builder(guarded).build().unwrap()));
    assert!(is_refusal(&without), "{without}");
    let stranger = strangers.sign("client");
    let stranger = builder(guarded).client_certificate(stranger.chain, stranger.key);
    let unknown = complaint(export(&mut stranger.build().unwrap()));
    assert!(is_refusal(&unknown), "{unknown}");
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_over_grpc() {
    let (ours, strangers) = (Authority::new(), Authority::new());
    let misnamed = secure_grpc(&ours.sign("elsewhere.example"), None);
    let guarded_receiver = secure_grpc(&ours.sign("localhost"), Some(&ours));
    let (elsewhere, guarded) = (misnamed.address, guarded_receiver.address);
    let url = |address: SocketAddr| format!("https://localhost:{}", address.port());
    let builder = |address| {
        let builder = OtlpGrpc::builder().endpoint(url(address)).timeout(Duration::from_secs(15));
        builder.root_certificates(ours.pem())
    };
    let wrong_name = complaint(export(&mut builder(elsewhere).build().unwrap()));
    assert!(wrong_name.contains("not valid for name"), "{wrong_name}");
    let wrong_root = builder(guarded).root_certificates(strangers.pem());
    let wrong_root = complaint(export(&mut wrong_root.build().unwrap()));
    assert!(wrong_root.contains("UnknownIssuer"), "{wrong_root}");
    let without = complaint(export(&mut builder(guarded).build().unwrap()));
    assert!(is_refusal(&without), "{without}");
}

#[test]
fn what_is_no_certificate_is_refused_when_it_is_set() {
    let ours = Authority::new();
    let signed = ours.sign("client");
    let large = vec![b' '; 5 << 20];
    let wrong: [(ConfigError, &str); 4] = [
        (
            errors(|http| http.root_certificates("no PEM")),
            "root_certificates: there is no certificate in the PEM",
        ),
        (
            errors(|http| http.root_certificates(large.clone())),
            "root_certificates: the PEM is larger than 4 MiB",
        ),
        (
            errors(|http| http.client_certificate(signed.key.clone(), signed.key.clone())),
            "client_certificate: there is no certificate in the PEM",
        ),
        (
            errors(|http| http.client_certificate(signed.chain.clone(), signed.chain.clone())),
            "client_certificate: there is no private key in the PEM",
        ),
    ];
    for (error, expected) in wrong {
        assert_eq!(error.to_string(), expected);
    }
    let error = OtlpGrpc::builder().root_certificates("no PEM").build().unwrap_err();
    assert!(matches!(error, ConfigError::Certificate { setting: "root_certificates", .. }));
}

fn errors(
    set: impl FnOnce(tracer_exporter_jaeger::OtlpHttpBuilder) -> tracer_exporter_jaeger::OtlpHttpBuilder,
) -> ConfigError {
    set(OtlpHttp::builder()).build().unwrap_err()
}
