//! Jaeger's Thrift over UDP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tracer_core::row::wire::Fields;
use tracer_core::{Batch, ExportError, Exported, Exporter};

use crate::config::ConfigError;
use crate::encode::thrift::{Packed, Packer};
use crate::transport::udp::{Sent, Udp};

/// Jaeger's port for it.
const DEFAULT_ENDPOINT: &str = "localhost:6831";

/// What Jaeger reads of a packet.
const PACKET_BYTES_DEFAULT: usize = 65_000;
/// Room for a service's name and a span without tags.
const PACKET_BYTES_MIN: usize = 512;
/// What a datagram over IPv4 can hold.
const PACKET_BYTES_MAX: usize = 65_507;

/// What a receiver on a busy machine reads: the buffer of its socket holds three packets on Linux.
const BYTES_PER_SECOND_DEFAULT: u32 = 20_000_000;

/// A host's name has at most 253 characters.
const ENDPOINT_BYTES_MAX: usize = 300;

/// Sends spans in packets of Jaeger's Thrift, compact protocol, over UDP: port 6831 of Jaeger, v1
/// (agent or all-in-one) or v2.
///
/// Packets are filled up to their limit. A span that is larger than a packet is trimmed: it loses
/// logs, then links, then tags, long texts are cut, and a tag `otel.span_trimmed` and the counts of what
/// is gone say so; [`trimmed`](Self::trimmed) counts such spans. The host's name is looked up again every
/// 30 seconds and after a failure.
///
/// A burst is sent at no more than 20 MB a second, about 70,000 spans with some tags: receivers lose what
/// comes faster, and nobody learns of it.
///
/// **Accounts.** UDP is not answered: "exported" means that a packet left. Where the receiving machine
/// says that nobody listens, which on the same machine is known at once, the packet's spans count as
/// failed. Each packet also says what was lost so far, as those of Jaeger's own clients (`Batch.stats`).
///
/// **What is never known.** What a network drops, and what a receiver's buffer has no room for: on Linux
/// `net.core.rmem_default`, 208 KiB, which three packets fill, so that a receiver needs a larger one or a slower pace
/// ([`bytes_per_second_max`](ThriftUdpBuilder::bytes_per_second_max)). The sender's own buffer is the system's
/// (`net.core.wmem_default`, as large): while it is full a packet waits for a second at most, and what then did not
/// leave counts as failed, as does what a full interface refuses where the system tells that (`ENOBUFS`: BSD and macOS;
/// Linux drops it in silence). A larger buffer would help nobody: at that pace it is never full.
///
/// ```
/// use tracer_exporter_jaeger::ThriftUdp;
///
/// let exporter = ThriftUdp::builder().endpoint("jaeger-agent:6831").packet_bytes_max(1_400).build()?;
/// let trimmed = exporter.trimmed();
/// assert_eq!(trimmed.get(), 0);
/// # Ok::<(), tracer_exporter_jaeger::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct ThriftUdp {
    udp: Udp,
    packer: Packer,
    pace: Pace,
    trimmed: TrimmedSpans,
    complaints: Complaints,
    /// Spans that were lost for their size.
    too_large: u64,
}

/// How many spans were trimmed to fit a packet. Clones see the same count.
#[derive(Clone, Debug, Default)]
pub struct TrimmedSpans(Arc<AtomicU64>);

/// Settings of a [`ThriftUdp`]; the errors of all of them come from [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent without `build`"]
pub struct ThriftUdpBuilder {
    endpoint: String,
    packet_bytes_max: usize,
    bytes_per_second: u32,
}

/// When the next packet may be sent.
#[derive(Debug)]
struct Pace {
    bytes_per_second: u32,
    next: Option<Instant>,
}

#[derive(Debug, Default)]
struct Complaints {
    trimmed: bool,
    left_out: bool,
}

impl ThriftUdp {
    /// Settings, beginning with the defaults and not with the environment's.
    pub fn builder() -> ThriftUdpBuilder {
        ThriftUdpBuilder {
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            packet_bytes_max: PACKET_BYTES_DEFAULT,
            bytes_per_second: BYTES_PER_SECOND_DEFAULT,
        }
    }

    /// Where packets go: host and port.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.udp.target()
    }

    /// The count of trimmed spans, which can be read while the pipeline has the exporter.
    #[must_use]
    pub fn trimmed(&self) -> TrimmedSpans {
        self.trimmed.clone()
    }

    /// Sends all packets of a batch; answers how many spans are not on their way, and why.
    fn send(&mut self, batch: &Batch<'_>, deadline: Instant) -> (usize, Option<ExportError>) {
        let mut rows = Fields::new(batch.rows.as_bytes());
        let (mut lost, mut error) = (0, None);
        self.packer.begin(batch, self.too_large);
        loop {
            let before = rows.clone();
            let packed = self.packer.pack(&mut rows);
            if packed == Packed::default() {
                return (lost, error);
            }
            let sent = self.send_packet(packed, deadline);
            match sent {
                Ok(Sent::Gone) => self.note_trimmed(packed.trimmed),
                Ok(Sent::TooLarge) if self.shrink_packets() => {
                    self.packer.begin(batch, self.too_large);
                    rows = before;
                    continue;
                }
                Ok(Sent::TooLarge) => {
                    lost += packed.spans;
                    self.too_large += packed.spans as u64;
                }
                Err(cause) => {
                    lost += packed.spans;
                    error = Some(self.unreachable(&cause));
                }
            }
            lost += packed.left_out;
            self.too_large += packed.left_out as u64;
            self.note_left_out(packed.left_out);
            if error.is_some() && Instant::now() >= deadline {
                // Each further packet might wait as long again.
                return (lost + rows.count(), error);
            }
        }
    }

    /// Sends the packet at its pace, if there is one.
    fn send_packet(&mut self, packed: Packed, deadline: Instant) -> std::io::Result<Sent> {
        if packed.spans == 0 {
            return Ok(Sent::Gone);
        }
        self.pace.wait(self.packer.packet().len(), deadline);
        self.udp.send(self.packer.packet())
    }

    /// Halves the limit, where a system or network takes less: macOS takes 9,216 bytes.
    fn shrink_packets(&mut self) -> bool {
        let smaller = self.packer.bytes_max() / 2;
        if smaller < PACKET_BYTES_MIN {
            return false;
        }
        log::warn!("{}: packets are too large here; from now on at most {smaller} bytes", self.udp.target());
        self.packer.shrink(smaller);
        true
    }

    fn note_trimmed(&mut self, spans: usize) {
        self.trimmed.0.fetch_add(spans as u64, Ordering::Relaxed);
        if spans > 0 && !self.complaints.trimmed {
            self.complaints.trimmed = true;
            log::warn!(
                "{}: a span is larger than a packet of {} bytes and was trimmed; later ones are counted only",
                self.udp.target(),
                self.packer.bytes_max()
            );
        }
    }

    fn note_left_out(&mut self, spans: usize) {
        if spans > 0 && !self.complaints.left_out {
            self.complaints.left_out = true;
            log::warn!("{}: {spans} spans cannot be put into a packet and are lost", self.udp.target());
        }
    }

    fn unreachable(&self, cause: &std::io::Error) -> ExportError {
        ExportError::Unreachable {
            endpoint: format!("udp://{}", self.udp.target()),
            cause: cause.to_string(),
        }
    }
}

impl Exporter for ThriftUdp {
    fn name(&self) -> &'static str {
        "thrift-udp"
    }

    /// Sends without waiting for anybody, at its pace, and towards the deadline without that.
    fn export(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<Exported, ExportError> {
        let (lost, error) = self.send(batch, deadline);
        match error {
            Some(error) if lost >= batch.rows.len() => Err(error),
            _ => Ok(Exported::all_but(lost)),
        }
    }

    fn report_losses(&mut self, batch: &Batch<'_>, _deadline: Instant) -> Result<(), ExportError> {
        self.packer.begin(batch, self.too_large);
        self.packer.pack_losses();
        self.udp.send(self.packer.packet()).map(drop).map_err(|cause| self.unreachable(&cause))
    }
}

impl Pace {
    /// Waits until a packet of that size may be sent; not beyond the deadline.
    fn wait(&mut self, bytes: usize, deadline: Instant) {
        let now = Instant::now();
        let at = self.next.map_or(now, |next| next.max(now).min(deadline));
        std::thread::sleep(at.saturating_duration_since(now));
        let seconds = bytes as f64 / f64::from(self.bytes_per_second);
        self.next = at.checked_add(Duration::from_secs_f64(seconds));
    }
}

impl TrimmedSpans {
    /// The count so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl ThriftUdpBuilder {
    /// The receiver, as `host:port`: `localhost:6831`.
    pub fn endpoint(mut self, host_port: impl Into<String>) -> Self {
        self.endpoint = host_port.into();
        self
    }

    /// The largest packet, in bytes: 65,000, which is what Jaeger reads. Over a network that drops
    /// fragments, 1,400 are safe.
    pub const fn packet_bytes_max(mut self, bytes: usize) -> Self {
        self.packet_bytes_max = bytes;
        self
    }

    /// How fast bursts are sent at most: 20,000,000 bytes a second. 0 counts as 1.
    pub const fn bytes_per_second_max(mut self, bytes: u32) -> Self {
        self.bytes_per_second = if bytes == 0 { 1 } else { bytes };
        self
    }

    /// The exporter. The host's name is looked up when there is something to send.
    ///
    /// # Errors
    /// If a setting is malformed.
    pub fn build(self) -> Result<ThriftUdp, ConfigError> {
        let (min, max) = (PACKET_BYTES_MIN, PACKET_BYTES_MAX);
        if !(min..=max).contains(&self.packet_bytes_max) {
            let value = self.packet_bytes_max;
            return Err(ConfigError::Size { setting: "packet_bytes_max", value, min, max });
        }
        if let Err(reason) = check_host_port(&self.endpoint) {
            let value = self.endpoint.chars().take(100).collect();
            return Err(ConfigError::Endpoint { setting: "endpoint", value, reason });
        }
        Ok(ThriftUdp {
            udp: Udp::new(self.endpoint),
            packer: Packer::new(self.packet_bytes_max),
            pace: Pace { bytes_per_second: self.bytes_per_second, next: None },
            trimmed: TrimmedSpans::default(),
            complaints: Complaints::default(),
            too_large: 0,
        })
    }
}

fn check_host_port(endpoint: &str) -> Result<(), &'static str> {
    if endpoint.len() > ENDPOINT_BYTES_MAX {
        return Err("it is longer than 300 bytes");
    }
    let (host, port) = endpoint.rsplit_once(':').ok_or("it has no port")?;
    if host.is_empty() || host.contains(['/', '@', ' ']) {
        return Err("it is no host and port, as localhost:6831");
    }
    if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
        return Err("an IPv6 address stands in brackets");
    }
    match port.parse::<u16>() {
        Ok(1..) => Ok(()),
        _ => Err("its port is not a number from 1 to 65535"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_has_its_pace_and_the_deadline_ends_it() {
        let mut pace = Pace { bytes_per_second: 1_000_000, next: None };
        let (begun, far) = (Instant::now(), Instant::now() + Duration::from_secs(60));
        (0..4).for_each(|_| pace.wait(50_000, far));
        assert!(begun.elapsed() >= Duration::from_millis(150), "{:?}", begun.elapsed());
        let mut slow = Pace { bytes_per_second: 1, next: None };
        (0..4).for_each(|_| slow.wait(50_000, Instant::now()));
        assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    }

    #[test]
    fn settings_are_checked() {
        let endpoint = |endpoint: &str| ThriftUdp::builder().endpoint(endpoint).build();
        for good in ["localhost:6831", "10.0.0.1:1", "[::1]:6831"] {
            assert_eq!(endpoint(good).unwrap().endpoint(), good);
        }
        let long = format!("{}:1", "h".repeat(300));
        let bad = [
            "",
            "localhost",
            ":1",
            "h:0",
            "h:x",
            "h:70000",
            "::1:6831",
            "udp://h:1",
            "me@h:1",
            "a b:1",
            &long,
        ];
        for bad in bad {
            assert!(matches!(endpoint(bad), Err(ConfigError::Endpoint { .. })), "{bad}");
        }
        for (bytes, good) in [(511, false), (512, true), (65_507, true), (65_508, false)] {
            assert_eq!(ThriftUdp::builder().packet_bytes_max(bytes).build().is_ok(), good, "{bytes}");
        }
    }

    /// So many spans in packets of one each, of which the system refuses the first; answers what became of them, and
    /// how many packets arrived.
    fn export_with(fault: i32, spans: usize, timeout: Duration) -> (Result<Exported, ExportError>, usize) {
        let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        receiver.set_nonblocking(true).unwrap();
        let endpoint = receiver.local_addr().unwrap().to_string();
        let mut exporter = ThriftUdp::builder().endpoint(endpoint).packet_bytes_max(512).build().unwrap();
        exporter.udp.faults = vec![std::io::Error::from_raw_os_error(fault)];
        let mut rows = Vec::new();
        let mut span = [&[0x0a, 16][..], &[1; 16], &[0x12, 8], &[2; 8]].concat();
        tracer_core::row::wire::put_bytes(&mut span, 0x2a, &[b'n'; 250]);
        for _ in 0..spans {
            tracer_core::row::wire::put_bytes(&mut rows, 0x12, &span);
        }
        let (resource, scope) = (tracer_core::Resource::bare("svc"), tracer_core::Scope::default());
        let rows = tracer_core::row::Rows::from_bytes(&rows).unwrap();
        let sent = exporter.export(&Batch::new(&resource, &scope, rows), Instant::now() + timeout);
        let arrived = std::iter::from_fn(|| receiver.recv(&mut [0; 1024]).ok()).count();
        (sent, arrived)
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_system_refuses_is_counted_and_the_deadline_ends_it() {
        const EAGAIN: i32 = 11;
        const ENOBUFS: i32 = 105;
        let long = Duration::from_secs(60);
        assert_eq!(export_with(ENOBUFS, 4, long), (Ok(Exported::all_but(1)), 3));
        assert_eq!(export_with(EAGAIN, 4, long), (Ok(Exported::all_but(1)), 3));
        let (sent, arrived) = export_with(EAGAIN, 4, Duration::ZERO);
        assert!(matches!(sent, Err(ExportError::Unreachable { .. })), "{sent:?}");
        assert_eq!(arrived, 0);
    }
}
