//! Packets on a real socket, read by Apache's Thrift.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use thrift::protocol::{TCompactInputProtocol, TInputProtocol, TMessageType};
use tracer_core::row::Rows;
use tracer_core::row::wire::put_bytes;
use tracer_core::{Batch, ExportError, Exported, Exporter, Resource, Scope};
use tracer_exporter_jaeger::ThriftUdp;

use super::jaeger_model::{Seen, Tag, expected, normalized};
use super::spans::{capture, random_batches};
use super::thrift_reader::{Struct, Value, read_struct, seen};

/// A receiver whose packets wait in the system's buffer.
pub(crate) struct Receiver {
    socket: UdpSocket,
    buffer: Vec<u8>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self { socket, buffer: vec![0; 70_000] }
    }

    fn endpoint(&self) -> String {
        self.socket.local_addr().unwrap().to_string()
    }

    pub(crate) fn exporter(&self, packet_bytes_max: usize) -> ThriftUdp {
        ThriftUdp::builder().endpoint(self.endpoint()).packet_bytes_max(packet_bytes_max).build().unwrap()
    }

    /// The next packet: its size, and what it holds.
    pub(crate) fn packet(&mut self) -> (usize, Struct) {
        let len = self.socket.recv(&mut self.buffer).unwrap();
        let mut rest = &self.buffer[..len];
        let mut input = TCompactInputProtocol::new(&mut rest);
        let message = input.read_message_begin().unwrap();
        assert_eq!((message.name.as_str(), message.message_type), ("emitBatch", TMessageType::OneWay));
        let mut arguments = read_struct(&mut input);
        assert_eq!(rest, [0_u8; 0]);
        let Some(Value::Struct(batch)) = arguments.take(1) else { panic!("no batch") };
        assert_eq!(arguments, Struct::default());
        (len, batch)
    }
}

fn spans(batch: &mut Struct) -> Vec<Seen> {
    batch.structs(2).into_iter().map(seen).map(normalized).collect()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[test]
fn packets_are_filled_exactly_and_lose_nothing() {
    // One thread and one process: whatever is sent is in the buffer when it is read.
    let mut receiver = Receiver::start();
    let mut exporter = receiver.exporter(20_000);
    let mut largest = receiver.exporter(60_000);
    random_batches(0x5eed_0000_0000_0006, |batch, records| {
        if records.is_empty() {
            return;
        }
        let mut receiver = Receiver { socket: receiver.socket.try_clone().unwrap(), buffer: vec![0; 70_000] };
        let mut exporter = receiver.exporter(20_000);
        assert_eq!(exporter.export(batch, soon()), Ok(Exported::ALL));
        let (mut all, mut sizes, mut firsts) = (Vec::new(), Vec::new(), Vec::new());
        while all.len() < records.len() {
            let (size, mut packet) = receiver.packet();
            let spans = spans(&mut packet);
            assert!(size <= 20_000);
            sizes.push(size);
            firsts.push(all.len());
            all.extend(spans);
        }
        let trimmed = exporter.trimmed().get();
        let expected: Vec<_> = records.iter().map(expected).map(normalized).collect();
        let differ = all.iter().zip(&expected).filter(|(seen, expected)| seen != expected).count();
        assert_eq!(differ as u64, trimmed);
        // The first span of each packet would not have fit into the one before.
        for (size, first) in sizes.iter().zip(firsts.iter().skip(1)) {
            let alone = exported_size(&mut receiver, batch, *first);
            let without_spans = exported_size(&mut receiver, batch, usize::MAX);
            assert!(size + (alone - without_spans) > 20_000 || alone > 20_000, "{size} {alone}");
        }
    });
    let batch = capture(|tracer| tracer.span("last").start().finish());
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let batch = Batch::new(&resource, &scope, Rows::from_bytes(&batch.rows).unwrap());
    for exporter in [&mut exporter, &mut largest] {
        exporter.export(&batch, soon()).unwrap();
        assert_eq!(receiver.packet().1.structs(2).len(), 1);
    }
}

/// The size of a packet with that span of the batch alone; without a span, what a packet takes anyway.
fn exported_size(receiver: &mut Receiver, batch: &Batch<'_>, index: usize) -> usize {
    let empty = [&[0x0a, 16][..], &[1; 16], &[0x12, 8], &[1; 8]].concat();
    let row = batch.rows.iter().nth(index).unwrap_or(&empty);
    let mut rows = Vec::new();
    put_bytes(&mut rows, 0x12, row);
    let rows = Rows::from_bytes(&rows).unwrap();
    receiver.exporter(65_507).export(&Batch::new(batch.resource, batch.scope, rows), soon()).unwrap();
    let size = receiver.packet().0;
    if index == usize::MAX { size - EMPTY_SPAN_BYTES } else { size }
}

/// At least what the smallest span takes: ids of nine or ten bytes, and the scope's tags.
const EMPTY_SPAN_BYTES: usize = 60;

#[test]
fn many_small_spans_share_packets_of_every_limit() {
    let captured = capture(|tracer| {
        for n in 0..2_000 {
            tracer.span("work").tag("n", n).start().finish();
        }
    });
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let batch = Batch::new(&resource, &scope, Rows::from_bytes(&captured.rows).unwrap());
    for limit in [512, 1_400, 9_216, 65_000] {
        let mut receiver = Receiver::start();
        let mut exporter = receiver.exporter(limit);
        let smallest = batch.rows.len().min(200);
        let rows: Vec<u8> = rows_of(&batch, smallest);
        let few = Batch::new(&resource, &scope, Rows::from_bytes(&rows).unwrap());
        assert_eq!(exporter.export(&few, soon()), Ok(Exported::ALL));
        let mut left = smallest;
        while left > 0 {
            let (size, mut packet) = receiver.packet();
            let count = packet.structs(2).len();
            left -= count;
            // All spans are about as large as each other, so this is how full it can be.
            let span = size / count;
            assert!(size <= limit && (left == 0 || size + span + 16 > limit), "{size} of {limit}");
        }
        assert_eq!(exporter.trimmed().get(), 0);
    }
}

fn rows_of(batch: &Batch<'_>, count: usize) -> Vec<u8> {
    let mut rows = Vec::new();
    batch.rows.iter().take(count).for_each(|row| put_bytes(&mut rows, 0x12, row));
    rows
}

#[test]
fn a_span_larger_than_a_packet_is_trimmed_marked_and_counted() {
    let text = "é".repeat(4_000);
    let captured = capture(|tracer| {
        tracer.span("small").start().finish();
        let mut span = tracer.span("large").kind(tracer_core::SpanKind::Client).start();
        span.set_tag("n", 7).set_tag("text", &*text).set_tag("bytes", text.as_bytes());
        for n in 0..20 {
            span.set_tag(&format!("more{n}"), &text[..200]).log("event", &[("text", text[..500].into())]);
        }
        span.set_status(tracer_core::StatusCode::Error, "broken");
        span.finish();
        tracer.span("small").start().finish();
    });
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let batch = Batch::new(&resource, &scope, Rows::from_bytes(&captured.rows).unwrap());
    let whole =
        expected(&tracer_core::row::record::SpanRecord::decode(batch.rows.iter().nth(1).unwrap()).unwrap());
    for limit in [512, 600, 1_000, 1_400, 4_000, 9_000] {
        let mut receiver = Receiver::start();
        let mut exporter = receiver.exporter(limit);
        assert_eq!(exporter.export(&batch, soon()), Ok(Exported::ALL), "{limit}");
        let mut all = Vec::new();
        while all.len() < 3 {
            let (size, mut packet) = receiver.packet();
            assert!(size <= limit);
            all.extend(spans(&mut packet));
        }
        let large = all.iter().find(|span| span.name == "large").unwrap();
        let tag = |key: &str| large.tags.iter().find(|(name, _)| name == key).map(|(_, tag)| tag.clone());
        assert_eq!(
            (large.span_id, large.start_us, large.duration_us),
            (whole.span_id, whole.start_us, whole.duration_us)
        );
        assert_eq!(tag("otel.span_trimmed"), Some(Tag::Bool(true)));
        assert_eq!(tag("error"), Some(Tag::Bool(true)));
        assert_eq!(tag("span.kind"), Some(Tag::Str("client".into())));
        assert_eq!(tag("n"), Some(Tag::I64(7)));
        let dropped = |key: &str| match tag(key) {
            Some(Tag::I64(count)) => usize::try_from(count).unwrap(),
            None => 0,
            other => panic!("{other:?}"),
        };
        assert_eq!(large.logs.len() + dropped("otel.dropped_events_count"), 20, "{limit}");
        let kept = large.tags.iter().filter(|(key, _)| whole.tags.iter().any(|(name, _)| name == key));
        let of_its_own = whole.tags.len();
        assert_eq!(kept.count() + dropped("otel.dropped_attributes_count"), of_its_own, "{limit}");
        assert_eq!(exporter.trimmed().get(), 1);
    }
}

#[test]
fn a_process_that_fills_a_packet_leaves_room_for_spans() {
    let mut resource = Resource::bare(&"s".repeat(5_000)).with_tag("host", "h");
    for n in 0..100 {
        resource = resource.with_tag(&format!("tag{n}"), "0123456789");
    }
    let captured = capture(|tracer| tracer.span("work").start().finish());
    let scope = Scope::default();
    let batch = Batch::new(&resource, &scope, Rows::from_bytes(&captured.rows).unwrap());
    let mut receiver = Receiver::start();
    assert_eq!(receiver.exporter(1_000).export(&batch, soon()), Ok(Exported::ALL));
    let (size, mut packet) = receiver.packet();
    assert!(size <= 1_000);
    let Some(Value::Struct(mut process)) = packet.take(1) else { panic!("no process") };
    assert!(process.text(1).starts_with("sss"));
    let tags: Vec<_> = process.structs(2).into_iter().map(super::thrift_reader::tag).collect();
    let Some((_, Tag::I64(left_out))) = tags.last() else { panic!("{tags:?}") };
    assert_eq!(tags.len() - 1 + usize::try_from(*left_out).unwrap(), 101);
    assert_eq!(packet.structs(2).len(), 1);
}

#[test]
fn rows_that_are_no_spans_are_counted_and_do_not_split_packets() {
    let good = [&[0x0a, 16][..], &[1; 16], &[0x12, 8], &[2; 8]].concat();
    let mut rows = Vec::new();
    for row in [&good[..], b"", &good, &[0x12, 0], &good] {
        put_bytes(&mut rows, 0x12, row);
    }
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let batch = Batch::new(&resource, &scope, Rows::from_bytes(&rows).unwrap());
    let mut receiver = Receiver::start();
    assert_eq!(receiver.exporter(65_000).export(&batch, soon()), Ok(Exported::all_but(2)));
    assert_eq!(receiver.packet().1.structs(2).len(), 3);
}

#[test]
fn nobody_on_the_port_is_an_error_and_later_spans_arrive() {
    let captured = capture(|tracer| tracer.span("work").start().finish());
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let batch = Batch::new(&resource, &scope, Rows::from_bytes(&captured.rows).unwrap());
    let receiver = Receiver::start();
    let address = receiver.socket.local_addr().unwrap();
    let mut exporter = receiver.exporter(65_000);
    drop(receiver);
    let refused = (0..100).find_map(|_| exporter.export(&batch, soon()).err());
    let Some(ExportError::Unreachable { endpoint, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(endpoint, format!("udp://{address}"));
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut receiver = Receiver { socket, buffer: vec![0; 70_000] };
    assert_eq!(exporter.export(&batch, soon()), Ok(Exported::ALL));
    assert_eq!(receiver.packet().1.structs(2).len(), 1);
}
