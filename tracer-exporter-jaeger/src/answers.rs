//! What others answer, as it is read: for fuzzers. Nothing here is for applications, and it may change at any time.

use std::time::Duration;

use tracer_core::Clock;
use tracer_core::sampler::Strategy;

use crate::sampling::{json, proto};
use crate::transport::answer::{self, Answer, MediaType};
use crate::transport::retry;

/// A sampling strategy in JSON, or why it is none.
///
/// # Errors
/// A message for people.
pub fn strategy_from_json(answer: &[u8]) -> Result<Strategy, String> {
    json::read(answer)
}

/// A sampling strategy in protobuf, or why it is none.
///
/// # Errors
/// A message for people.
pub fn strategy_from_proto(answer: &[u8]) -> Result<Strategy, String> {
    proto::read(answer)
}

/// How many spans an `ExportTraceServiceResponse` rejects, and its message.
///
/// # Errors
/// A message for people.
pub fn rejected_spans(body: &[u8], content_type: &str) -> Result<(u64, String), String> {
    Answer::read(body, MediaType::of(content_type)).map(|answer| (answer.rejected, answer.message))
}

/// What is told of a refusal.
#[must_use]
pub fn refusal(body: &[u8], content_type: &str) -> String {
    answer::failure_message(body, MediaType::of(content_type))
}

/// The pause that a header `Retry-After` asks for.
#[must_use]
pub fn retry_after(value: &str) -> Option<Duration> {
    retry::retry_after(value, &Clock::system())
}

/// The pause that a `google.rpc.Status` with `RetryInfo` asks for.
#[must_use]
pub fn retry_info(status: &[u8]) -> Option<Duration> {
    answer::retry_info(status)
}
