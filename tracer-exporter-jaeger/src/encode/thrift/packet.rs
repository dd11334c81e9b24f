//! Spans in packets of at most so many bytes: messages `emitBatch`, in the compact protocol.
//!
//! ```text
//! packet = 82 81 00 09 "emitBatch"  1c Batch  00
//! Batch  = 1c Process  19 list head, spans  16 number  1c ClientStats  00
//! ```
//!
//! Packets are numbered, and each says what was lost so far (`stats.rs`). Jaeger's agents read that of senders
//! that name themselves by the tag `client-uuid`, which stands in the process once something was lost.
//!
//! A packet takes spans until the next one would not fit. One that does not fit into a packet of its
//! own is trimmed (`trim.rs`).

use std::hash::{BuildHasher, Hasher, RandomState};

use tracer_core::row::record::Value;
use tracer_core::row::wire::{Fields, varint_len};
use tracer_core::{Batch, Scope};

use super::framed_row::FramedRow;
use super::protocol::{Protocol, Type, put_tag};
use super::stats::{self, ClientStats};
use super::trim::trim;
use super::{Compact, Spans, names, put_tags};
use crate::encode::process_tags;

/// A Thrift message of type "oneway", number 0, for the method `emitBatch`; then the head of its
/// argument.
const MESSAGE: &[u8] = b"\x82\x81\x00\x09emitBatch\x1c";

/// The ends of batch and arguments.
const STOPS: usize = 2;

/// Below this there is no point in trimming.
const SMALLEST_ROW_BYTES: usize = 64;

/// What the count of tags left out takes, and the head of their list.
const LEFT_OUT_TAG_BYTES: usize = 48;

const CLIENT_UUID: &str = "client-uuid";

/// Makes packets of the rows of one batch.
#[derive(Debug)]
pub(crate) struct Packer {
    bytes_max: usize,
    /// Everything before the list of spans.
    prefix: Vec<u8>,
    spans: Spans,
    /// Everything between the list of spans and the ends.
    tail: Vec<u8>,
    packet: Vec<u8>,
    /// How many packets were made.
    packets: u64,
    stats: ClientStats,
    client_uuid: String,
}

/// What became of the rows that were taken for one packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packed {
    /// Spans in the packet.
    pub(crate) spans: usize,
    /// How many of these were trimmed.
    pub(crate) trimmed: usize,
    /// Rows left out: not readable, or too large even without anything in them.
    pub(crate) left_out: usize,
}

/// What became of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Put {
    Fits,
    TooLarge,
    Unreadable,
}

impl Packer {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            prefix: Vec::new(),
            spans: Spans::over::<Compact>(Vec::new(), &Scope::default()),
            tail: Vec::new(),
            packet: Vec::new(),
            packets: 0,
            stats: ClientStats::default(),
            client_uuid: format!("{:016x}", RandomState::new().build_hasher().finish()),
        }
    }

    pub(crate) const fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Makes smaller packets from now on, the last one, which was not sent, again.
    pub(crate) const fn shrink(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
        self.packets = self.packets.saturating_sub(1);
    }

    /// The packet that [`pack`](Self::pack) made.
    pub(crate) fn packet(&self) -> &[u8] {
        &self.packet
    }

    /// Takes resource and scope of a batch, and what was lost before it, of that so many spans for their size.
    pub(crate) fn begin(&mut self, batch: &Batch<'_>, too_large: u64) {
        self.stats = ClientStats::new(&batch.losses, too_large);
        self.spans.begin::<Compact>(batch.scope);
        self.prefix.clear();
        self.prefix.extend_from_slice(MESSAGE);
        Compact::field(&mut self.prefix, 0, 1, Type::Struct);
        let client_uuid = Some(self.client_uuid.as_str()).filter(|_| self.stats != ClientStats::default());
        put_fitting_process(&mut self.prefix, batch, client_uuid, self.bytes_max / 2);
        Compact::field(&mut self.prefix, 1, 2, Type::List);
    }

    /// Takes as many rows as one packet holds, and makes it. With no spans there is no packet.
    pub(crate) fn pack(&mut self, rows: &mut Fields<'_>) -> Packed {
        let mut packed = Packed::default();
        self.begin_packet();
        loop {
            let before = rows.clone();
            let Some(row) = FramedRow::next(rows) else { break };
            match self.put(&row, packed.spans) {
                Put::Fits => packed.spans += 1,
                Put::Unreadable => packed.left_out += 1,
                Put::TooLarge if packed.spans > 0 => {
                    // It is the first of the next packet.
                    *rows = before;
                    break;
                }
                Put::TooLarge if self.put_trimmed(row.row) => (packed.spans, packed.trimmed) = (1, 1),
                Put::TooLarge => packed.left_out += 1,
            }
        }
        if packed.spans > 0 {
            self.assemble(packed.spans);
        }
        packed
    }

    /// Makes a packet that says what was lost, and holds no span.
    pub(crate) fn pack_losses(&mut self) {
        self.begin_packet();
        self.assemble(0);
    }

    fn begin_packet(&mut self) {
        self.packet.clear();
        self.spans.truncate(0);
        self.tail.clear();
        stats::put::<Compact>(&mut self.tail, self.packets + 1, self.stats);
    }

    /// Appends a span if it fits behind `count` others.
    fn put(&mut self, row: &FramedRow<'_>, count: usize) -> Put {
        let begin = self.spans.len();
        if !self.spans.put::<Compact>(row) {
            return Put::Unreadable;
        }
        if self.size(count + 1) <= self.bytes_max {
            return Put::Fits;
        }
        self.spans.truncate(begin);
        Put::TooLarge
    }

    /// Appends what is left of a span that is larger than a packet.
    fn put_trimmed(&mut self, row: &[u8]) -> bool {
        let mut room = self.bytes_max.saturating_sub(self.size(1));
        // A span is larger or smaller than its row, so the first attempt may miss.
        while room >= SMALLEST_ROW_BYTES {
            if matches!(self.put(&FramedRow::alone(&trim(row, room)), 0), Put::Fits) {
                return true;
            }
            room -= room / 8;
        }
        false
    }

    /// The size of a packet with the spans that are there, if they are so many.
    fn size(&self, count: usize) -> usize {
        let list_head = if count < 15 { 1 } else { 1 + varint_len(count as u64) };
        self.prefix.len() + list_head + self.spans.len() + self.tail.len() + STOPS
    }

    fn assemble(&mut self, count: usize) {
        self.packets += 1;
        self.packet.extend_from_slice(&self.prefix);
        Compact::list(&mut self.packet, Type::Struct, count);
        self.packet.extend_from_slice(self.spans.as_bytes());
        self.packet.extend_from_slice(&self.tail);
        self.packet.extend_from_slice(&[0; STOPS]);
    }
}

/// Appends a `Process` of at most so many bytes: the tags that fit, and how many did not.
fn put_fitting_process(out: &mut Vec<u8>, batch: &Batch<'_>, client_uuid: Option<&str>, bytes_max: usize) {
    let begin = out.len();
    let service = batch.resource.service_name().as_bytes();
    Compact::field(out, 0, 1, Type::Binary);
    Compact::bytes(out, service.get(..bytes_max / 2).unwrap_or(service));
    let mut tags = process_tags(batch.resource);
    if let Some(uuid) = client_uuid {
        tags.insert(0, (CLIENT_UUID.to_owned(), Value::Str(uuid.to_owned())));
    }
    let (mut room, all) = (bytes_max.saturating_sub(out.len() - begin + LEFT_OUT_TAG_BYTES), tags.len());
    tags.retain(|(key, value)| {
        let mut tag = Vec::new();
        put_tag::<Compact>(&mut tag, key.as_bytes(), value);
        let fits = tag.len() <= room;
        room -= if fits { tag.len() } else { 0 };
        fits
    });
    if tags.len() < all {
        let left_out = i64::try_from(all - tags.len()).unwrap_or(i64::MAX);
        tags.push((names::DROPPED_ATTRIBUTES.to_owned(), Value::I64(left_out)));
    }
    if !tags.is_empty() {
        Compact::field(out, 1, 2, Type::List);
        put_tags::<Compact>(out, &tags);
    }
    Compact::stop(out);
}
