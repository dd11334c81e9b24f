//! Durations as Go writes them: `1.2s`, `100ms`, `1h15m`.
//!
//! ```text
//! duration = "0" / 1*( number unit )      number = *DIGIT [ "." *DIGIT ], with a digit in it
//! unit     = "ns" / "us" / "µs" / "ms" / "s" / "m" / "h"
//! ```

use std::time::Duration;

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a duration such as 1.2s or 100ms: {0:?}")]
pub(crate) struct InvalidDuration(String);

/// Longest first, since a unit may be the start of another. Two ways to write a micro sign.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration that is not negative.
pub(crate) fn parse(text: &str) -> Result<Duration, InvalidDuration> {
    parse_ns(text).map(Duration::from_nanos).ok_or_else(|| InvalidDuration(text.chars().take(64).collect()))
}

fn parse_ns(text: &str) -> Option<u64> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    let mut total_ns = 0_u64;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let (unit, unit_ns) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        total_ns = total_ns.checked_add(scaled(number, *unit_ns)?)?;
        rest = after.strip_prefix(unit)?;
    }
    (!text.is_empty() && text != "+").then_some(total_ns)
}

/// A decimal number times a unit; digits below a nanosecond are cut off.
fn scaled(number: &str, unit_ns: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let mut total_ns = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()?.checked_mul(unit_ns)? };
    let mut digit_ns = u128::from(unit_ns);
    for digit in fraction.chars() {
        digit_ns /= 10;
        let digit = digit.to_digit(10)?;
        // Small: at most nine tenths of an hour, and so on down.
        total_ns = total_ns.checked_add(u64::try_from(digit_ns * u128::from(digit)).ok()?)?;
    }
    Some(total_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        let cases = [
            ("0", 0),
            ("+5s", 5_000_000_000),
            ("1.2s", 1_200_000_000),
            (".5ms", 500_000),
            ("1.s", 1_000_000_000),
            ("100ms", 100_000_000),
            ("3µs", 3_000),
            ("3\u{3bc}s", 3_000),
            ("7us9ns", 7_009),
            ("1h15m30.918s", 4_530_918_000_000),
            ("0.000000001s", 1),
        ];
        for (text, ns) in cases {
            assert_eq!(parse(text), Ok(Duration::from_nanos(ns)), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in ["", "+", "5", "s", ".s", "-1s", "1.2.3s", "1 s", "1d", "1e3s", "9999999999999h", "1s1"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
