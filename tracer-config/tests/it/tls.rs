//! TLS: whom to trust, by which name, and plain HTTP where it is wanted.

#![cfg(feature = "tls")]

use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use tracer_config::doctor::{Check, Verdict, examine};

use super::authority::{Authority, Signed};
use super::files::TemporaryFile;
use super::servers::{Answer, Server, read_request};
use super::{notes, resolved, with};

const PATIENT: Duration = Duration::from_secs(30);

fn file(authority: &Authority) -> TemporaryFile {
    TemporaryFile::with(authority.pem())
}

/// A receiver with that certificate; with `clients`, for those only whom this authority knows.
fn server(authority: &Authority, name: &str, clients: Option<&Authority>) -> Server {
    let config = authority.sign(name).server_config(clients);
    Server::raw(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        // A client that does not trust us goes away.
        if read_request(&mut stream).is_ok() {
            use std::io::Write;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.flush();
        }
    })
}

fn check(server: &Server, more: &[(&str, &str)]) -> Check {
    let url = format!("https://localhost:{}", server.port());
    let mut variables = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str())];
    variables.extend(more);
    let configuration = with(&variables).resolve().unwrap();
    assert_eq!(notes(&configuration), [""; 0]);
    let report = examine(&configuration, PATIENT);
    report.checks.unwrap().remove(0)
}

#[test]
fn roots_names_and_clients_are_explained() {
    let (ours, strangers) = (Authority::new(), Authority::new());
    let (our_file, strange_file) = (file(&ours), file(&strangers));
    let trusting = ("OTEL_EXPORTER_OTLP_CERTIFICATE", our_file.path());
    let good = server(&ours, "localhost", None);
    let well = check(&good, &[trusting]);
    assert_eq!(well.verdict, Verdict::Arrived, "{well}");
    let unknown = check(&good, &[("OTEL_EXPORTER_OTLP_CERTIFICATE", strange_file.path())]);
    assert!(unknown.words.contains("by an authority that is not trusted"), "{unknown}");
    let misnamed = check(&server(&ours, "elsewhere.example", None), &[trusting]);
    assert!(misnamed.words.contains("for another name than \"localhost\""), "{misnamed}");
    let guarded = server(&ours, "localhost", Some(&ours));
    let refused = check(&guarded, &[trusting]);
    assert_eq!(refused.verdict, Verdict::Failed, "{refused}");
    assert!(refused.words.contains("wants a certificate of the client"), "{refused}");
    let Signed { chain, key } = ours.sign("client");
    let (chain, key) = (TemporaryFile::with(chain), TemporaryFile::with(key));
    let with_certificate = [
        trusting,
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", chain.path()),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", key.path()),
    ];
    let known = check(&guarded, &with_certificate);
    assert_eq!(known.verdict, Verdict::Arrived, "{known}");
}

#[test]
fn plain_http_where_tls_was_wanted_and_the_reverse() {
    let plain = check(&Server::http(|_| Answer::status(200)), &[]);
    assert!(plain.words.contains("has no TLS, and the end point says https: use http://"), "{plain}");
    let secure = server(&Authority::new(), "localhost", None);
    let configuration = resolved(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &secure.url())]);
    let report = examine(&configuration, PATIENT);
    assert!(
        report.checks.as_ref().unwrap()[0].words.contains("wants TLS, and the end point says http"),
        "{report}"
    );
}

#[test]
fn files_that_are_no_certificates_are_said() {
    let junk = TemporaryFile::with("no PEM");
    let configuration = resolved(&[
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", junk.path()),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/no/such/file"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", junk.path()),
    ]);
    let notes = notes(&configuration);
    assert_eq!(notes.len(), 3, "{notes:#?}");
    assert!(notes[0].contains("there is no certificate in the PEM; the Mozilla roots is used"), "{notes:#?}");
    assert!(notes[1].contains("cannot be read"), "{notes:#?}");
    assert!(notes[2].contains("there is no certificate for it"), "{notes:#?}");
}

#[cfg(feature = "grpc")]
#[test]
fn roots_and_names_are_explained_for_grpc_too() {
    let (ours, strangers) = (Authority::new(), Authority::new());
    let (our_file, strange_file) = (file(&ours), file(&strangers));
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let good = server(&ours, "localhost", None);
    let unknown = check(&good, &[grpc, ("OTEL_EXPORTER_OTLP_CERTIFICATE", strange_file.path())]);
    assert!(unknown.words.contains("by an authority that is not trusted"), "{unknown}");
    let trusting = ("OTEL_EXPORTER_OTLP_CERTIFICATE", our_file.path());
    let misnamed = check(&server(&ours, "elsewhere.example", None), &[grpc, trusting]);
    assert!(misnamed.words.contains("for another name than \"localhost\""), "{misnamed}");
    // It has TLS, and speaks HTTP/1 behind it.
    let other = check(&good, &[grpc, trusting]);
    assert_eq!(other.verdict, Verdict::Failed, "{other}");
}
