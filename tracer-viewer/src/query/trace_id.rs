//! Trace ids in addresses: Jaeger takes 1 to 32 digits and shows 64-bit ids with 16.

use tracer_core::TraceId;

/// A text that is no trace id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("trace id must have 1 to 32 hexadecimal digits, not {0:?}")]
pub(crate) struct InvalidTraceId(pub(crate) String);

/// Reads 1 to 32 hexadecimal digits of either case.
pub(crate) fn parse(text: &str) -> Result<TraceId, InvalidTraceId> {
    let invalid = || InvalidTraceId(text.chars().take(64).collect());
    if text.is_empty() || text.len() > 32 {
        return Err(invalid());
    }
    TraceId::from_hex(format!("{text:0>32}").as_bytes()).ok_or_else(invalid)
}

/// 32 digits, or 16 if the upper half is zero.
pub(crate) fn text(id: TraceId) -> String {
    let mut digits = id.to_string();
    if digits.starts_with("0000000000000000") {
        digits.drain(..16);
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_are_padded_and_shown_short() {
        assert_eq!(text(parse("1f").unwrap()), "000000000000001f");
        assert_eq!(
            text(parse("4BF92F3577B34DA6A3CE929D0E0E4736").unwrap()),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        for bad in ["", "xyz", "+1", "é", "4bf92f3577b34da6a3ce929d0e0e47360"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
