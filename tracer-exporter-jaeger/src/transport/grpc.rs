//! One unary call over gRPC, blocking: a runtime of our own runs until it is answered.

use std::error::Error;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, Bytes};
use tokio::runtime::{Builder, Handle, Runtime};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint as TonicEndpoint};
use tonic::{Code, Request, Status};
use tracer_core::ExportError;
use ureq::http::HeaderMap;
use ureq::http::uri::PathAndQuery;

use super::answer::{printable, retry_info};
use super::compression::Compression;
use super::retry::RETRY_AFTER_MAX;
use super::sender::Failure;
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::config::endpoint::Endpoint;

/// How much of an answer to spans is read.
pub(crate) const RESPONSE_BYTES_MAX: usize = 64 * 1024;

const USER_AGENT: &str = concat!("tracer-exporter-jaeger/", env!("CARGO_PKG_VERSION"));

/// What a client is made of.
#[derive(Clone, Debug)]
pub(crate) struct GrpcSettings {
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: HeaderMap,
    /// The path of the method.
    pub(crate) method: &'static str,
    pub(crate) compression: Compression,
    /// How much of an answer is read.
    pub(crate) response_bytes_max: usize,
    #[cfg(feature = "tls")]
    pub(crate) tls: Tls,
}

/// A receiver and the connection to it.
#[derive(Debug)]
pub(crate) struct Grpc {
    settings: GrpcSettings,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    channel: Channel,
    /// Where the channel's tasks live; always there but in `drop`.
    runtime: Option<Runtime>,
}

/// A runtime that is dropped within another would wait, which is not allowed there.
impl Drop for Open {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Grpc {
    pub(crate) const fn new(settings: GrpcSettings) -> Self {
        Self { settings, open: None }
    }

    /// A client of the same settings with a connection of its own.
    pub(crate) fn apart(&self) -> Self {
        Self::new(self.settings.clone())
    }

    /// The end point without credentials.
    pub(crate) fn endpoint(&self) -> &str {
        self.settings.endpoint.shown()
    }

    /// Makes a call, and waits for the answer until the deadline.
    pub(crate) fn call(&mut self, message: Bytes, deadline: Instant) -> Result<Bytes, Box<Failure>> {
        let open = match self.open.take() {
            Some(open) => open,
            None => self.open()?,
        };
        let open = self.open.insert(open);
        let call = Call { settings: &self.settings, open, message, deadline };
        // Within a runtime, which a flush by hand may be called in, no other may run on the same thread.
        let answer = match Handle::try_current() {
            Err(_) => call.run(),
            Ok(_) => std::thread::scope(|scope| scope.spawn(|| call.run()).join().unwrap_or(Err(None))),
        };
        answer.map_err(|status| status.map_or_else(|| self.timed_out(), |status| self.failure(&status)))
    }

    /// A runtime, and a channel that connects when it is used, and again after it broke; each time it
    /// looks the host's name up.
    fn open(&self) -> Result<Open, Box<Failure>> {
        let failed = |cause: String| {
            let error = ExportError::Failed(format!("no gRPC: {cause}"));
            Box::new(Failure { error, is_retryable: false, retry_after: None })
        };
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(|error| failed(error.to_string()))?;
        let endpoint = self.tonic_endpoint().map_err(|error| failed(causes(&error)))?;
        let entered = runtime.enter();
        let channel = endpoint.connect_lazy();
        drop(entered);
        Ok(Open { channel, runtime: Some(runtime) })
    }

    fn tonic_endpoint(&self) -> Result<TonicEndpoint, tonic::transport::Error> {
        let endpoint = TonicEndpoint::from(self.settings.endpoint.uri().clone()).user_agent(USER_AGENT)?;
        #[cfg(feature = "tls")]
        if self.settings.endpoint.uri().scheme_str() == Some("https") {
            return endpoint.tls_config(tls_config(&self.settings.tls));
        }
        Ok(endpoint)
    }

    fn timed_out(&self) -> Box<Failure> {
        let error = ExportError::TimedOut { endpoint: self.endpoint().to_owned() };
        Box::new(Failure { error, is_retryable: false, retry_after: None })
    }

    fn failure(&self, status: &Status) -> Box<Failure> {
        let endpoint = self.endpoint().to_owned();
        let retry_after = retry_info(status.details()).map(|pause| pause.min(RETRY_AFTER_MAX));
        let is_retryable = is_retryable(status.code(), retry_after);
        // What the client itself found has a source; what the receiver answered has none.
        let error = match status.source() {
            Some(source) => ExportError::Unreachable { endpoint, cause: causes(source) },
            None => ExportError::Refused {
                endpoint,
                status: u16::try_from(i32::from(status.code())).unwrap_or(u16::MAX),
                message: printable(status.message().as_bytes()),
            },
        };
        Box::new(Failure { error, is_retryable, retry_after })
    }
}

/// One call.
struct Call<'a> {
    settings: &'a GrpcSettings,
    open: &'a Open,
    message: Bytes,
    deadline: Instant,
}

impl Call<'_> {
    /// `Err(None)` if there was no answer in time.
    fn run(self) -> Result<Bytes, Option<Status>> {
        let remaining = self.deadline.saturating_duration_since(Instant::now());
        let Some(runtime) = self.open.runtime.as_ref().filter(|_| !remaining.is_zero()) else {
            return Err(None);
        };
        runtime.block_on(async {
            let answer = tokio::time::timeout(remaining, self.unary(remaining)).await;
            match answer {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(status)) if is_own_timeout(&status) => Err(None),
                Ok(Err(status)) => Err(Some(status)),
                Err(_) => Err(None),
            }
        })
    }

    async fn unary(&self, timeout: Duration) -> Result<Bytes, Status> {
        let client = tonic::client::Grpc::new(self.open.channel.clone());
        let client = client.max_decoding_message_size(self.settings.response_bytes_max);
        let mut client = compressing(client, self.settings.compression);
        client.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
        let metadata = MetadataMap::from_headers(self.settings.headers.clone());
        let mut request = Request::from_parts(metadata, tonic::Extensions::default(), self.message.clone());
        request.set_timeout(timeout);
        let method = PathAndQuery::from_static(self.settings.method);
        Ok(client.unary(request, method, Raw).await?.into_inner())
    }
}

/// Who is sent compressed messages may answer so too.
fn compressing(
    client: tonic::client::Grpc<Channel>,
    compression: Compression,
) -> tonic::client::Grpc<Channel> {
    match compression {
        Compression::None => client,
        #[cfg(feature = "gzip")]
        Compression::Gzip => both_ways(client, tonic::codec::CompressionEncoding::Gzip),
        #[cfg(feature = "zstd")]
        Compression::Zstd => both_ways(client, tonic::codec::CompressionEncoding::Zstd),
    }
}

#[cfg(any(feature = "gzip", feature = "zstd"))]
fn both_ways(
    client: tonic::client::Grpc<Channel>,
    encoding: tonic::codec::CompressionEncoding,
) -> tonic::client::Grpc<Channel> {
    client.send_compressed(encoding).accept_compressed(encoding)
}

#[cfg(feature = "tls")]
fn tls_config(tls: &Tls) -> tonic::transport::ClientTlsConfig {
    use tonic::transport::{Certificate, ClientTlsConfig, Identity};
    let config = match tls.roots_pem() {
        Some(roots) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(roots)),
        None => ClientTlsConfig::new().with_webpki_roots(),
    };
    match tls.identity_pem() {
        Some((chain, key)) => config.identity(Identity::from_pem(chain, key)),
        None => config,
    }
}

/// OTLP's table of retryable codes; it is as good for Jaeger's own.
const fn is_retryable(code: Code, retry_after: Option<Duration>) -> bool {
    match code {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => true,
        Code::ResourceExhausted => retry_after.is_some(),
        _ => false,
    }
}

/// The timeout that a request carries runs out on both sides; ours says so by a source.
fn is_own_timeout(status: &Status) -> bool {
    chain(status).any(|error| error.is::<tonic::TimeoutExpired>())
}

/// An error and its causes.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// An error with its causes: the last says most.
fn causes(error: &(dyn Error + 'static)) -> String {
    let texts: Vec<String> = chain(error).map(ToString::to_string).collect();
    printable(texts.join(": ").as_bytes())
}

/// Messages that are encoded already.
#[derive(Clone, Copy, Debug, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}
