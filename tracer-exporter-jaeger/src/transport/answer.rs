//! What receivers say: `ExportTraceServiceResponse` on success, `google.rpc.Status` or text on
//! failure. Over HTTP both may be protobuf or JSON, as the answer's media type says.

mod json;

use std::time::Duration;

use tracer_core::row::wire::{Field, Fields, WireError};

/// How much of a message from outside is kept, in characters.
const MESSAGE_CHARS_MAX: usize = 200;

/// What a receiver said of a request that it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Spans that were not taken.
    pub(crate) rejected: u64,
    /// Why; without rejected spans, a warning.
    pub(crate) message: String,
}

/// What a body is, by its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    Protobuf,
    Json,
    Other,
}

impl MediaType {
    /// Of a header `content-type`.
    pub(crate) fn of(content_type: &str) -> Self {
        let media_type = content_type.split(';').next().unwrap_or(content_type).trim();
        let is = |name: &str| media_type.eq_ignore_ascii_case(name);
        match () {
            () if is("application/x-protobuf") || is("application/protobuf") => Self::Protobuf,
            () if is("application/json") => Self::Json,
            () => Self::Other,
        }
    }
}

impl Answer {
    /// Reads an `ExportTraceServiceResponse` in protobuf or JSON, or says why it is none. Without a body all is well.
    pub(crate) fn read(body: &[u8], media_type: MediaType) -> Result<Self, String> {
        match media_type {
            _ if body.is_empty() => Ok(Self::default()),
            MediaType::Protobuf => Self::decode(body).map_err(|error| error.to_string()),
            MediaType::Json => json::answer(body),
            MediaType::Other => Err("it is neither protobuf nor JSON".into()),
        }
    }

    /// Decodes an `ExportTraceServiceResponse`; an empty one means that all is well.
    ///
    /// A negative count, which no receiver should send, is none.
    pub(crate) fn decode(response: &[u8]) -> Result<Self, WireError> {
        let mut answer = Self::default();
        for field in Fields::new(response) {
            if let (1, field) = field? {
                answer.merge_partial_success(field.bytes()?)?;
            }
        }
        Ok(answer)
    }

    fn merge_partial_success(&mut self, partial_success: &[u8]) -> Result<(), WireError> {
        for field in Fields::new(partial_success) {
            match field? {
                (1, field) => {
                    let rejected = i64::from_le_bytes(field.varint()?.to_le_bytes());
                    self.rejected = u64::try_from(rejected).unwrap_or(0);
                }
                (2, field) => self.message = printable(field.bytes()?),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The message of a failure: that of a `google.rpc.Status` in protobuf or JSON, else the text.
pub(crate) fn failure_message(body: &[u8], media_type: MediaType) -> String {
    match media_type {
        MediaType::Protobuf => {
            let message = Fields::new(body).find_map(|field| match field {
                Ok((2, Field::Bytes(message))) => Some(message),
                _ => None,
            });
            message.map(printable).unwrap_or_default()
        }
        MediaType::Json => json::status_message(body).unwrap_or_else(|| printable(body)),
        MediaType::Other => printable(body),
    }
}

/// The pause that a failure over gRPC asks for: `google.rpc.RetryInfo` among the details of a
/// `google.rpc.Status`.
///
/// ```text
/// Status = 1 code  2 message  3 Any*      Any = 1 type  2 RetryInfo
/// RetryInfo = 1 Duration                  Duration = 1 seconds  2 nanoseconds
/// ```
pub(crate) fn retry_info(status: &[u8]) -> Option<Duration> {
    let details = Fields::new(status).flatten().filter_map(|(number, field)| match field {
        Field::Bytes(any) if number == 3 => Some(any),
        _ => None,
    });
    let mut infos = details.filter(|any| {
        let retry_info: &[u8] = b"type.googleapis.com/google.rpc.RetryInfo";
        sub_message(any, 1) == Some(retry_info)
    });
    let delay = sub_message(sub_message(infos.next()?, 2)?, 1)?;
    let part = |wanted| {
        Fields::new(delay).flatten().find_map(|(number, field)| match field {
            Field::Varint(value) if number == wanted => Some(value),
            _ => None,
        })
    };
    // A negative number is a huge one here, and no pause.
    let seconds = i64::try_from(part(1).unwrap_or(0)).ok()?.unsigned_abs();
    let nanos = u32::try_from(part(2).unwrap_or(0)).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(seconds, nanos))
}

fn sub_message(message: &[u8], wanted: u64) -> Option<&[u8]> {
    Fields::new(message).flatten().find_map(|(number, field)| match field {
        Field::Bytes(bytes) if number == wanted => Some(bytes),
        _ => None,
    })
}

/// The start of a text from outside, on one line.
pub(crate) fn printable(bytes: &[u8]) -> String {
    // No character has more than four bytes, so this is enough, and bounds the work.
    let start = bytes.get(..4 * MESSAGE_CHARS_MAX).unwrap_or(bytes);
    let text = String::from_utf8_lossy(start);
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().take(MESSAGE_CHARS_MAX).map(clean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracer_core::row::wire::{put_bytes, put_varint};

    fn response(rejected: i64, message: &str) -> Vec<u8> {
        let mut partial = vec![0x08];
        put_varint(&mut partial, u64::from_le_bytes(rejected.to_le_bytes()));
        put_bytes(&mut partial, 0x12, message.as_bytes());
        let mut response = Vec::new();
        put_bytes(&mut response, 0x0a, &partial);
        response
    }

    #[test]
    fn a_partial_success_is_read() {
        let answer = Answer::decode(&response(7, "too\nold")).unwrap();
        assert_eq!(answer, Answer { rejected: 7, message: "too old".into() });
        assert_eq!(Answer::decode(&[]).unwrap(), Answer::default());
        assert_eq!(Answer::decode(&response(-1, "")).unwrap().rejected, 0);
    }

    #[test]
    fn a_malformed_response_is_an_error() {
        let whole = response(7, "why");
        assert!(Answer::decode(&whole[..whole.len() - 1]).is_err());
        assert_eq!(Answer::decode(&[0x08, 1]), Err(WireError::WrongType));
        assert_eq!(Answer::decode(b"<html></html>"), Err(WireError::WrongType));
    }

    #[test]
    fn the_pause_that_a_grpc_failure_asks_for_is_found() {
        let status = |type_name: &str, seconds: u64, nanos: u64| {
            let (mut delay, mut info, mut any, mut status) =
                (vec![0x08], Vec::new(), Vec::new(), vec![0x08, 14]);
            put_varint(&mut delay, seconds);
            delay.push(0x10);
            put_varint(&mut delay, nanos);
            put_bytes(&mut info, 0x0a, &delay);
            put_bytes(&mut any, 0x0a, format!("type.googleapis.com/google.rpc.{type_name}").as_bytes());
            put_bytes(&mut any, 0x12, &info);
            put_bytes(&mut status, 0x1a, b"");
            put_bytes(&mut status, 0x1a, &any);
            retry_info(&status)
        };
        assert_eq!(status("RetryInfo", 3, 500), Some(Duration::new(3, 500)));
        assert_eq!(status("RetryInfo", 0, 0), Some(Duration::ZERO));
        assert_eq!(status("DebugInfo", 3, 0), None);
        assert_eq!(status("RetryInfo", u64::MAX, 0), None, "minus one");
        assert_eq!(status("RetryInfo", 1, 1_000_000_000), None);
        assert_eq!(retry_info(b"no protobuf"), None);
        assert_eq!(retry_info(b""), None);
    }

    #[test]
    fn a_failure_is_told_as_status_or_as_text() {
        let status = [&[0x08, 3, 0x12, 3][..], b"bad"].concat();
        assert_eq!(failure_message(&status, MediaType::Protobuf), "bad");
        assert_eq!(failure_message(&[0x08, 3], MediaType::Protobuf), "");
        assert_eq!(failure_message(br#"{"code":3,"message":"b\nad"}"#, MediaType::Json), "b ad");
        assert_eq!(failure_message(br#"{"error":"why"}"#, MediaType::Json), r#"{"error":"why"}"#);
        assert_eq!(failure_message(b"  no\r\nroute \xff", MediaType::Other), "no  route \u{fffd}");
        assert_eq!(failure_message("é".repeat(5000).as_bytes(), MediaType::Other), "é".repeat(200));
    }

    #[test]
    fn the_media_type_says_what_a_body_is() {
        for (content_type, media_type) in [
            ("application/x-protobuf", MediaType::Protobuf),
            ("Application/JSON; charset=utf-8", MediaType::Json),
            ("text/html", MediaType::Other),
            ("", MediaType::Other),
        ] {
            assert_eq!(MediaType::of(content_type), media_type, "{content_type}");
        }
        assert_eq!(Answer::read(b"", MediaType::Other), Ok(Answer::default()));
        assert!(Answer::read(b"<p>", MediaType::Other).is_err());
    }
}
