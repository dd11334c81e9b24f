//! Rows that were damaged: every encoder writes what can be read, counts the rest, and never panics.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use tracer_core::row::Rows;
use tracer_core::row::wire::put_bytes;
use tracer_core::{Batch, Exporter, Resource, Scope, SpanLimits};
use tracer_exporter_jaeger::ThriftUdp;
use tracer_exporter_jaeger::encode::jaeger_json::Traces;
use tracer_exporter_jaeger::encode::{Encoded, jaeger_proto, otlp_json, thrift, zipkin};

use super::random::Random;
use super::spans::capture_with;

/// A row with some bytes changed, left out, put in, or cut off.
fn damaged(random: &mut Random, row: &[u8]) -> Vec<u8> {
    let mut row = row.to_vec();
    for _ in 0..=random.below(4) {
        if row.is_empty() {
            break;
        }
        let at = random.below(row.len() as u64);
        match random.below(5) {
            0 => row[at] = random.one_of(&[0, 1, 0x7f, 0x80, 0xff]),
            1 => row[at] ^= 1 << random.below(8),
            2 => drop(row.remove(at)),
            3 => row.insert(at, random.one_of(&[0, 0x0a, 0x12, 0x4a, 0x5a, 0x6a, 0x80, 0xff])),
            _ => row.truncate(at),
        }
    }
    row
}

#[test]
fn no_encoder_panics_and_every_row_is_counted() {
    let mut random = Random(0x5eed_0000_0000_0007);
    let (resource, scope) = (Resource::bare("svc").with_tag("k", "v"), Scope::new("lib", "1"));
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let endpoint = receiver.local_addr().unwrap().to_string();
    let mut udp = ThriftUdp::builder().endpoint(endpoint).packet_bytes_max(1_000).build().unwrap();
    let mut unreadable = 0;
    for _ in 0..300 {
        let captured = capture_with(SpanLimits::default(), |tracer| {
            (0..4).for_each(|_| random.finish_span(tracer));
        });
        let mut rows = Vec::new();
        for row in Rows::from_bytes(&captured.rows).unwrap().iter() {
            (0..5).for_each(|_| put_bytes(&mut rows, 0x12, &damaged(&mut random, row)));
        }
        let batch = Batch::new(&resource, &scope, Rows::from_bytes(&rows).unwrap());
        let encoders: [fn(&Batch<'_>, &mut Vec<u8>) -> Encoded; 5] = [
            thrift::encode_compact,
            thrift::encode_binary,
            jaeger_proto::encode,
            otlp_json::encode,
            zipkin::encode,
        ];
        let mut out = Vec::new();
        for encode in encoders {
            let encoded = encode(&batch, &mut out);
            assert_eq!(encoded.spans + encoded.unreadable, 20);
            unreadable += encoded.unreadable;
        }
        let (encoded, over) = Traces::default().add(&batch, usize::MAX);
        assert_eq!((encoded.spans + encoded.unreadable, over), (20, 0));
        let exported = udp.export(&batch, Instant::now() + Duration::from_secs(20)).unwrap();
        assert!(exported.rejected <= 20);
    }
    assert!(unreadable > 1_000, "the damage was done: {unreadable}");
}
