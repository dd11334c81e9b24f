//! OTLP messages made by hand, as other programs' encoders would.

/// A protobuf message that grows field by field, in any order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    pub(crate) fn bytes(mut self, number: u64, bytes: impl AsRef<[u8]>) -> Self {
        self.varint_raw(number << 3 | 2);
        self.varint_raw(bytes.as_ref().len() as u64);
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    pub(crate) fn varint(mut self, number: u64, value: u64) -> Self {
        self.varint_raw(number << 3);
        self.varint_raw(value);
        self
    }

    pub(crate) fn fixed64(mut self, number: u64, value: u64) -> Self {
        self.varint_raw(number << 3 | 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn varint_raw(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
            value >>= 7;
        }
        self.0.push(u8::try_from(value).unwrap());
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The tests' time: a start within the default lookback.
pub(crate) fn now_ns() -> u64 {
    let now = tracer_core::Clock::system().now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    // Whole microseconds, so that nothing is cut off on the way.
    u64::try_from(since.as_micros()).unwrap() * 1_000 - 60_000_000_000
}

pub(crate) fn string(text: &str) -> Message {
    Message::default().bytes(1, text)
}

pub(crate) fn key_value(key: &str, value: &Message) -> Message {
    Message::default().bytes(1, key).bytes(2, value)
}

pub(crate) fn text_tag(key: &str, value: &str) -> Message {
    key_value(key, &string(value))
}

pub(crate) fn trace_id(number: u8) -> [u8; 16] {
    [number; 16]
}

pub(crate) fn span_id(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// A server span of 5 ms.
pub(crate) fn span(trace: u8, id: u64, parent: Option<u64>, name: &str) -> Message {
    span_at(trace, id, parent, name, (now_ns(), 5_000_000))
}

pub(crate) fn span_at(
    trace: u8,
    id: u64,
    parent: Option<u64>,
    name: &str,
    (start_ns, duration_ns): (u64, u64),
) -> Message {
    let span = Message::default().bytes(1, trace_id(trace)).bytes(2, span_id(id));
    let span = match parent {
        Some(parent) => span.bytes(4, span_id(parent)),
        None => span,
    };
    span.bytes(5, name).varint(6, 2).fixed64(7, start_ns).fixed64(8, start_ns + duration_ns)
}

/// A whole request of one service.
pub(crate) fn request(service: &str, spans: &[Message]) -> Message {
    let resource = Message::default().bytes(1, text_tag("service.name", service));
    let scope = Message::default().bytes(1, "by-hand").bytes(2, "1");
    let scope_spans = spans.iter().fold(Message::default().bytes(1, scope), |all, span| all.bytes(2, span));
    Message::default().bytes(1, Message::default().bytes(1, resource).bytes(2, scope_spans))
}
